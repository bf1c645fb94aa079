"""A population as a FHIR bulk export (NDJSON, gzip or not) tells it: its patients, registries, and what each lived."""

from __future__ import annotations

import gzip
import pathlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson

from infra.hospital.simulation.history import Bill, Diagnosis, History, Image, Item, Report, Result, Visit

SHARED = ("Organization", "Location", "Practitioner", "PractitionerRole", "Medication")
OF_PATIENT = re.compile(rb'"(?:subject|patient)":\{"reference":"Patient/([0-9a-f-]{36})"')


def files(folder: pathlib.Path) -> list[pathlib.Path]:
    """The NDJSON files of an export, in order."""
    return sorted(path for path in folder.iterdir() if path.name.endswith((".ndjson", ".ndjson.gz")))


def lines(folder: pathlib.Path, kind: str) -> Iterator[bytes]:
    """The lines of all files of a resource type."""
    for path in files(folder):
        if path.name.split(".")[0] == kind:
            yield from lines_of(path)


def lines_of(path: pathlib.Path) -> Iterator[bytes]:
    """The lines of a file, gzip or not."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
        yield from stream


def moment(text: str) -> datetime:
    """An instant, in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def last_day(folder: pathlib.Path) -> datetime:
    """The begin of the last encounter there is."""
    return max(moment(orjson.loads(line)["period"]["start"]) for line in lines(folder, "Encounter"))


def histories(folder: pathlib.Path, known: set[str], since: datetime) -> dict[str, History]:
    """What some patients lived from a moment on."""
    found = {one: History() for one in sorted(known)}
    loose: dict[str, Result] = {}
    for kind, read in (("Encounter", _visit), ("Condition", _diagnosis), ("Claim", _bill), ("ImagingStudy", _images)):
        for line in lines(folder, kind):
            whose = OF_PATIENT.search(line)
            if whose and (history := found.get(whose[1].decode())) is not None:
                read(history, orjson.loads(line), since)
    whose_result: dict[str, tuple[History, str]] = {}
    for line in lines(folder, "Observation"):
        whose = OF_PATIENT.search(line)
        if b'"laboratory"' in line and whose and (history := found.get(whose[1].decode())) is not None:
            said = orjson.loads(line)
            if (result := _result(said)) and result.at >= since:
                loose[result.id] = result
                whose_result[result.id] = history, _target(said.get("encounter"))
    for line in lines(folder, "DiagnosticReport"):
        whose = OF_PATIENT.search(line) if b'"result":[' in line else None
        if whose and (history := found.get(whose[1].decode())) is not None:
            _report(history, orjson.loads(line), loose)
    # Results that stand in no report were ordered alone.
    for name, result in loose.items():
        history, visit = whose_result[name]
        history.reports.append(Report(name, result.loinc, result.text, result.at, visit, (result,)))
    for history in found.values():
        history.reports.sort(key=lambda one: (one.at, one.id))
    return found


def _visit(history: History, said: dict[str, Any], since: datetime) -> None:
    start, end = moment(said["period"]["start"]), moment(said["period"].get("end") or said["period"]["start"])
    if end < since:
        return
    coded = said["type"][0]["coding"][0]
    doctor = _target((said.get("participant") or [{}])[0].get("individual"))
    history.visits[said["id"]] = Visit(
        said["id"], start, end, said["class"]["code"], coded["code"], coded["display"], doctor,
        _target(said.get("serviceProvider")),
    )  # fmt: skip


def _diagnosis(history: History, said: dict[str, Any], since: datetime) -> None:
    coded = said["code"]["coding"][0]
    at = moment(said.get("recordedDate") or said["onsetDateTime"])
    found = Diagnosis(said["id"], _target(said.get("encounter")), coded["code"], coded["display"], at)
    history.diagnoses[said["id"]] = found


def _result(said: dict[str, Any]) -> Result | None:
    coded = said["code"]["coding"][0]
    value, unit, code = said.get("valueString", ""), "", ""
    if quantity := said.get("valueQuantity"):
        value, unit = f"{Decimal(str(quantity['value'])):f}", quantity.get("code") or quantity["unit"]
    elif concept := said.get("valueCodeableConcept"):
        value, code = concept["coding"][0]["display"], concept["coding"][0]["code"]
    if not value:
        return None
    return Result(said["id"], coded["code"], coded["display"], moment(said["effectiveDateTime"]), value, unit, code)


def _report(history: History, said: dict[str, Any], loose: dict[str, Result]) -> None:
    results = tuple(r for one in said["result"] if (r := loose.pop(_target(one), None)))
    if results:
        coded = said["code"]["coding"][0]
        at = moment(said["effectiveDateTime"])
        visit = _target(said.get("encounter"))
        history.reports.append(Report(said["id"], coded["code"], coded["display"], at, visit, results))


def _bill(history: History, said: dict[str, Any], since: datetime) -> None:
    created = moment(said["created"])
    payer = said["insurance"][0]["coverage"].get("display", "")
    history.insurers[created.year] = payer
    if created < since:
        return
    items, charged = [], 0
    for one in said["item"]:
        coded = one["productOrService"]["coding"][0]
        if "net" in one:
            charged += (cents := _cents(one["net"]["value"]))
            items.append(Item(coded["code"], coded["system"], coded["display"], cents))
        elif not items:
            items.append(Item(coded["code"], coded["system"], coded["display"], 0))
    # The first item is the visit itself (or the drug): it has what the others leave of the total.
    items[0] = items[0]._replace(cents=items[0].cents + _cents(said["total"]["value"]) - charged)
    period = said["billablePeriod"]
    visit = _target((said["item"][0].get("encounter") or [None])[0])
    diagnoses = tuple(_target(one.get("diagnosisReference")) for one in said.get("diagnosis", ()))
    history.bills.append(Bill(
        said["id"], said["type"]["coding"][0]["code"], visit, moment(period["start"]),
        moment(period.get("end") or period["start"]), created, payer, _target(said.get("provider")), tuple(items),
        diagnoses,
    ))  # fmt: skip


def _images(history: History, said: dict[str, Any], since: datetime) -> None:
    at = moment(said["started"])
    if at < since:
        return
    study = said["identifier"][0]["value"].removeprefix("urn:oid:")
    description = said["procedureCode"][0]["coding"][0]["display"]
    for series in said["series"]:
        for one in series["instance"]:
            history.images.append(Image(
                said["id"], study, series["uid"], one["uid"], one["sopClass"]["code"].removeprefix("urn:oid:"),
                series["modality"]["code"], series["bodySite"]["display"], description, one.get("title", ""), at,
                _target(said.get("encounter")), one["number"],
            ))  # fmt: skip


def _cents(value: float) -> int:
    return round(Decimal(str(value)) * 100)


def _target(reference: dict[str, Any] | None) -> str:
    """The id a reference ends in; of a conditional one, the identifier's value."""
    return re.split(r"[/|]", reference["reference"])[-1] if reference and "reference" in reference else ""
