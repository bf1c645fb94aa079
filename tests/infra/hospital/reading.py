"""Everything a simulation wrote, read by the lake's own parsers: the faults of files and those of records."""

from __future__ import annotations

import pathlib
from collections import defaultdict
from typing import Any

import orjson
import yaml

from infra.hospital.simulation import claim_extract, lims
from jobs.formats import (
    csv_inspection,
    csv_rows,
    dicom,
    dicom_inspection,
    fhir,
    fhir_inspection,
    hl7v2,
    hl7v2_inspection,
    x12,
    x12_balance,
    x12_claim,
    x12_inspection,
    x12_remittance,
)
from jobs.formats.hl7v2_lab_result import lab_results
from jobs.formats.hl7v2_merge import merges
from jobs.formats.hl7v2_message import parse

HERE = pathlib.Path(__file__).parent
SCHEMAS = HERE.parents[2] / "schemas" / "feeds"
SHEETS = (lims.SHEET, claim_extract.ENROLMENT, claim_extract.HEADERS, claim_extract.LINES, claim_extract.PHARMACY)


def truth(out: pathlib.Path, kind: str) -> list[dict[str, Any]]:
    """The truth of a kind."""
    return [orjson.loads(line) for line in (out / "truth" / f"{kind}.jsonl").read_bytes().splitlines()]


class Read:
    """What was found: `held` faults of files, `records` how many each has, `faulty` record faults by file and place."""

    def __init__(self, out: pathlib.Path) -> None:
        self.held: dict[str, set[str]] = {}
        self.records: dict[str, int] = {}
        self.faulty: dict[str, dict[int, set[str]]] = defaultdict(dict)
        first = min(path.name for path in out.iterdir())
        for file in truth(out, "files"):
            name, feed = file["file"], file["feed"]
            # All that the EHR had before is in it as the population has it.
            if feed == "ehr_fhir" and name.startswith(first):
                continue
            read = {"hl7v2": _hl7v2, "x12": _x12, "csv": _csv, "dicom": _dicom, "fhir": _fhir}[feed.split("_")[1]]
            faults, records = read(str(out / name), feed)
            self.records[name] = len(records)
            if faults:
                self.held[name] = set(faults)
                continue
            for position, found in records:
                if found:
                    self.faulty[name][position] = set(found)


Found = tuple[tuple[str, ...], list[tuple[int, tuple[str, ...]]]]


def _hl7v2(path: str, feed: str) -> Found:
    found = []
    for record in hl7v2.read(path, limits=hl7v2.Limits()):
        faults = record.faults
        if not faults:
            message = parse(record.payload)
            faults += tuple(fault for row in lab_results(message) for fault in row.faults)
            faults += tuple(fault for row in merges(message) for fault in row.faults)
        found.append((record.position, faults))
    return hl7v2_inspection.inspect(path).faults, found


def _x12(path: str, feed: str) -> Found:
    found = []
    for record in x12.read(path, limits=x12.Limits()):
        faults = record.faults
        if record.resource_type in ("837P", "837I", "835") and not faults:
            remits = record.resource_type == "835"
            said = (x12_remittance if remits else x12_claim).parse(record.payload, record.context)
            faults += tuple(problem.fault for problem in said["problems"])
            faults += tuple(one.fault for one in (x12_balance.of_payment if remits else x12_balance.of_claim)(said))
        if record.entry is not None or faults:
            found.append((record.position, faults))
    return x12_inspection.inspect(path).faults, found


def layout(feed: str) -> csv_inspection.Layout:
    """How a feed's CSV files are declared to be written."""
    for path in (SCHEMAS / f"{feed}.yaml", HERE / f"{feed}.yaml"):
        found = csv_inspection.Layout.of(yaml.safe_load(path.read_text())["options"])
        known = {kind.name: {column.name for column in kind.columns} for kind in found.files}
        if all(known.get(sheet.kind, set()).issuperset(sheet.columns) for sheet in SHEETS if sheet.feed == feed):
            break
    return found


def _csv(path: str, feed: str) -> Found:
    declared = layout(feed)
    records = csv_rows.read(path, limits=csv_rows.Limits(), layout=declared)
    return csv_inspection.inspect(path, declared).faults, [(record.position, record.faults) for record in records]


def _dicom(path: str, feed: str) -> Found:
    records = dicom.read(path, document=True, limits=dicom.Limits())
    # The header of an instance begins after its preamble; its file has one.
    return dicom_inspection.inspect(path).faults, [(0, record.faults) for record in records]


def _fhir(path: str, feed: str) -> Found:
    found = fhir_inspection.inspect(path)
    records = fhir.read(path, limits=fhir.Limits())
    return found.faults, [(record.position, record.faults) for record in records]
