"""A row of a laboratory's extract (one result) as FHIR R4: Patient, Observation, Specimen, the laboratory.

Columns: result_id, patient_id (needed), last_name, first_name, middle_name, birth_date, sex, order_id, specimen_id,
specimen_type, loinc, test_code, test_name, value (a number, or what was written: "<0.5"), value_text, unit, range or
reference_low and reference_high, flag, status (HL7 table 0085), collected, received, reported, note, performer.
Of the feed's `columns`: `patient_system` (who numbers the patients), `unit_system` (of the units, as UCUM),
`code_system` (of the test codes).
"""

from __future__ import annotations

import functools
import re
from datetime import date, datetime
from decimal import Decimal

from jobs.formats import csv_said
from jobs.formats import x12_fhir_codes as codes
from jobs.formats.csv_said import Values, moment, text
from jobs.formats.translation import Resource, Said, Source, ident
from jobs.formats.x12_fhir_json import (
    Text,
    alone,
    body,
    coding,
    concept,
    concepts,
    day,
    decimal,
    identifier,
    joined,
    known,
    listed,
    named,
    quoted,
    reference,
    resource,
    written,
)
from jobs.formats.x12_fhir_parties import human_name

LOINC = "http://loinc.org"
# HL7 table 0085; X: no result can be had.
STATUSES = {
    "F": "final", "P": "preliminary", "C": "corrected", "X": "cancelled", "W": "entered-in-error",
    "D": "entered-in-error", "R": "preliminary", "I": "registered", "O": "registered", "S": "preliminary",
}  # fmt: skip
_GENDERS = {"F": "female", "M": "male", "U": "unknown", "X": "other", "O": "other"}
_FLAGS = f"{codes.TERMINOLOGY}v3-ObservationInterpretation"
_LABORATORY = concept(f"{codes.TERMINOLOGY}observation-category", "laboratory")
_NUMBER = r"[+-]?[0-9]+(?:[.,][0-9]+)?"
_COMPARED = re.compile(rf"(<=|>=|<|>|)\s*({_NUMBER})")
_BETWEEN = re.compile(rf"({_NUMBER})\s*(?:-|–|to|bis)\s*({_NUMBER})")


def translate(record: Said, feed: Source) -> list[Resource]:
    """The resources that a row says; none for a row of another kind."""
    return [resource(one) for one in _said(record, feed)]


def translate_written(record: Said, feed: Source) -> list[tuple[str, str, datetime | None, str | None, str]]:
    """The same with their JSON written: type, id, last_updated, method, text."""
    return [written(one) for one in _said(record, feed)]


def _said(record: Said, feed: Source) -> list[Resource]:
    row = csv_said.values(record, feed)
    if not row:
        return []
    result, patient = text(row, "result_id"), text(row, "patient_id")
    if not result or not patient:
        return []
    at = moment(row, feed, "reported", "resulted", "collected") or record.received_at
    subject = reference("Patient", named(patient))
    specimen, laboratory = text(row, "specimen_id", "accession"), text(row, "performer")
    made = [_patient(row, patient, at, feed)]
    if specimen:
        made.append(_specimen(row, specimen, subject, at, feed))
    if laboratory:
        parts = {"name": quoted(laboratory), "type": listed([concept(f"{codes.TERMINOLOGY}organization-type", "prov")])}
        made.append(Resource("Organization", named("laboratory", laboratory), None, None, body(parts)))
    made.append(
        Resource("Observation", named(result), at, None, body(_observation(row, subject, specimen, laboratory, feed)))
    )
    return made


def _patient(row: Values, number: str, at: datetime, feed: Source) -> Resource:
    system = str(feed.columns.get("patient_system") or f"{codes.OURS}patient/{ident(feed.feed)}")
    party = {
        "name": text(row, "last_name", "family_name"),
        "first_name": text(row, "first_name", "given_name"),
        "middle_name": text(row, "middle_name"),
    }
    sex = text(row, "sex")
    parts = {
        "identifier": listed([identifier(system, number, "MR")]),
        "name": human_name(party),
        "gender": known(_GENDERS.get(sex, sex)) if sex else None,
        "birthDate": day(csv_said.date(row, "birth_date")),
    }
    return Resource("Patient", named(number), at, None, body(parts))


def _specimen(row: Values, number: str, subject: Text, at: datetime, feed: Source) -> Resource:
    system = f"{codes.OURS}accession/{ident(feed.feed)}"
    parts = {
        "accessionIdentifier": identifier(system, number),
        "type": concept(None, None, text(row, "specimen_type")),
        "subject": subject,
        "receivedTime": _time(row, feed, "received"),
        "collection": joined({"collectedDateTime": _time(row, feed, "collected")}),
    }
    return Resource("Specimen", named(number), at, None, body(parts))


def _observation(row: Values, subject: Text, specimen: str | None, laboratory: str | None,
                 feed: Source) -> dict[str, Text]:  # fmt: skip
    status, flag, order, note = (
        text(row, "status"),
        text(row, "flag"),
        text(row, "order_id"),
        text(row, "note", "comment"),
    )
    parts: dict[str, Text] = {
        "identifier": listed([identifier(f"{codes.OURS}result/{ident(feed.feed)}", text(row, "result_id"))]),
        "basedOn": f'[{{"identifier":{identifier(f"{codes.OURS}order/{ident(feed.feed)}", order)}}}]'
        if order
        else None,
        "status": known(STATUSES.get(status.upper(), status)) if status else None,
        "category": alone(_LABORATORY),
        "code": _code(row, feed),
        "subject": subject,
        "effectiveDateTime": _time(row, feed, "collected"),
        "issued": _time(row, feed, "reported", "resulted"),
        "performer": alone(reference("Organization", named("laboratory", laboratory))) if laboratory else None,
        "interpretation": alone(concept(_FLAGS, flag)),
        "note": f'[{{"text":{quoted(note)}}}]' if note else None,
        "specimen": reference("Specimen", named(specimen)) if specimen else None,
        "referenceRange": _range(row, feed),
    }
    return {**parts, **_value(row, feed)}


def _code(row: Values, feed: Source) -> Text:
    loinc, local = text(row, "loinc", "loinc_code"), text(row, "test_code")
    system = str(feed.columns.get("code_system") or f"{codes.OURS}test/{ident(feed.feed)}")
    told = [coding(LOINC, loinc) if loinc else "", coding(system, local) if local else ""]
    return concepts([one for one in told if one], text(row, "test_name"))


def _value(row: Values, feed: Source) -> dict[str, Text]:
    """A quantity where a number is told, with < and the like before it; else the words; else nothing."""
    value, words = row.get("value"), text(row, "value_text")
    if isinstance(value, (Decimal, int)):
        return {"valueQuantity": _quantity(Decimal(value), row, feed, "")}
    told = value if isinstance(value, str) else words
    if not told:
        return {}
    found = _COMPARED.fullmatch(told.strip())
    number = _number(found[2], _mark(feed)) if found else None
    if found and number is not None and (isinstance(value, str) or text(row, "unit")):
        return {"valueQuantity": _quantity(number, row, feed, found[1])}
    return {"valueString": quoted(told)}


def _quantity(value: Decimal, row: Values, feed: Source, comparator: str) -> Text:
    unit, system = text(row, "unit"), feed.columns.get("unit_system")
    parts = {
        "value": decimal(value),
        "comparator": quoted(comparator),
        "unit": quoted(unit),
        "system": known(str(system)) if unit and system else None,
        "code": quoted(unit) if system else None,
    }
    return joined(parts)


def _mark(feed: Source) -> str:
    return str(feed.options.get("decimal") or ".")


@functools.lru_cache(1 << 10)
def _number(told: str, mark: str) -> Decimal | None:
    """A number that was written among words: with the feed's decimal mark, or another that cannot divide thousands.

    >>> _number("0,5", ","), _number("3.5", ","), _number("1.500", ",")
    (Decimal('0.5'), Decimal('3.5'), None)
    """
    used = "," if "," in told else "."
    if used != mark and used in told and len(told.rpartition(used)[2]) == 3:
        return None
    return Decimal(told.replace(",", "."))


def _range(row: Values, feed: Source) -> Text:
    written_, unit = text(row, "range", "reference_range"), text(row, "unit")
    low, high = csv_said.amount(row, "reference_low"), csv_said.amount(row, "reference_high")
    if low is None and high is None and written_:
        low, high = _limits(written_.strip(), _mark(feed))
    parts = {"low": _limit(low, unit), "high": _limit(high, unit), "text": quoted(written_)}
    return alone(joined(parts))


@functools.lru_cache(1 << 10)
def _limits(told: str, mark: str) -> tuple[Decimal | None, Decimal | None]:
    """The limits of a written range; None where there is none, or it cannot be made out.

    >>> _limits("3.5-5.1", "."), _limits("< 5", "."), _limits("negative", ".")
    ((Decimal('3.5'), Decimal('5.1')), (None, Decimal('5')), (None, None))
    """
    if found := _BETWEEN.fullmatch(told):
        return _number(found[1], mark), _number(found[2], mark)
    if (found := _COMPARED.fullmatch(told)) and found[1]:
        limit = _number(found[2], mark)
        return (limit, None) if found[1][0] == ">" else (None, limit)
    return None, None


def _limit(value: Decimal | None, unit: str | None) -> Text:
    return None if value is None else joined({"value": decimal(value), "unit": quoted(unit)})


def _time(row: Values, feed: Source, *names: str) -> Text:
    """A moment with its offset; a day alone stays a day."""
    for name in names:
        value = row.get(name)
        if isinstance(value, date) and not isinstance(value, datetime):
            return day(value)
        if isinstance(value, datetime):
            told = value if value.tzinfo else value.replace(tzinfo=feed.time_zone)
            return f'"{told.isoformat()}"'
    return None
