"""Synthetic populations for the bench: Synthea from pinned JARs, offline, the same bytes for the same number.

The export lies in .bench/synthea/<patients> and is made once; 1,000 living patients are 3.4 GB and ten minutes.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import shutil

from infra.setup import commands, jars, java
from infra.setup.commands import CHECKOUT, TOOLS

LOCK = pathlib.Path(__file__).with_name("synthea.lock")
FOLDER = TOOLS / "synthea"
MADE = CHECKOUT / ".bench" / "synthea"
OPTIONS = (
    *("-s", "11", "-cs", "11", "-r", "20260101", "--generate.thread_pool_size=1"),
    *("--exporter.fhir.export=true", "--exporter.fhir.bulk_data=true", "--exporter.fhir.transaction_bundle=false"),
)
# Not clinical; they name a server that does not exist.
LEFT_OUT = ("Provenance.ndjson", "parameters.json")
SENT_AGAIN = "2026-02-01T00:00:00Z"
_WHOSE = re.compile(rb'"Patient/([0-9a-f-]{36})"')
_META = re.compile(rb'"meta":\{')


def export(patients: int) -> pathlib.Path:
    """The folder of a FHIR bulk export of so many living patients."""
    out = MADE / str(patients)
    if not out.is_dir():
        if not jars.whole(LOCK, FOLDER):
            jars.make(LOCK, FOLDER)
        _generate(patients, out)
    return out


def _generate(patients: int, out: pathlib.Path) -> None:
    work = MADE / f"{patients}.part"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    command = [str(java.home() / "bin" / "java"), "-Xmx4g", "-cp", f"{FOLDER}/*", "App", *OPTIONS, "-p", str(patients)]
    commands.run([*command, f"--exporter.baseDirectory={work}/"])
    for name in LEFT_OUT:
        (work / "fhir" / name).unlink(missing_ok=True)
    os.replace(work / "fhir", out)
    shutil.rmtree(work)


def sent_again(whole: pathlib.Path, out: pathlib.Path, share: float) -> int:
    """Every record of a share of the patients as a newer version of itself; returns how many patients they are."""
    with (whole / "Patient.ndjson").open("rb") as lines:
        known = sorted(json.loads(line)["id"] for line in lines)
    step = max(round(1 / share), 1)
    chosen = {one.encode() for one in known[::step]}
    out.mkdir(parents=True)
    for path in sorted(whole.glob("*.ndjson")):
        with path.open("rb") as lines:
            kept = [_newer(line) for line in lines if _whose(line, path.name) in chosen]
        if kept:
            (out / path.name).write_bytes(b"".join(kept))
    return len(chosen)


def _whose(line: bytes, name: str) -> bytes | None:
    if name == "Patient.ndjson":
        return str(json.loads(line)["id"]).encode()
    found = _WHOSE.search(line)
    return found[1] if found else None


def _newer(line: bytes) -> bytes:
    said = b'"versionId":"2","lastUpdated":"' + SENT_AGAIN.encode() + b'"'
    if _META.search(line):
        return _META.sub(b'"meta":{' + said + b",", line, count=1)
    return line.replace(b"{", b'{"meta":{' + said + b"},", 1)
