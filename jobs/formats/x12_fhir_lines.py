"""Service lines of an 837 as FHIR R4 Claim.item, and how claim and remittance number the same line alike.

A payer returns the line item control number (REF 6R) that it was sent, else LX01 (835 TR3, 2110 REF). So where every
line of a claim has one of its own, the line's number is made from it, on both sides: itself when it is a small whole
number, else a checksum of it. FHIR has no place for the number as such: extension line-item-control-number.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from jobs.formats import x12_fhir_codes as codes
from jobs.formats.x12_fhir_json import (
    Text,
    concept,
    day,
    decimal,
    extension,
    joined,
    known,
    listed,
    money,
    period,
    quoted,
)
from jobs.formats.x12_fhir_parties import reference_of
from jobs.formats.x12_segments import Node

_MOST_DIGITS = 6
_MOST = (1 << 31) - 1
_CONTROL_NUMBER = f"{codes.OURS}line-item-control-number"


def quantity(value: Decimal | None, unit: str | None) -> Text:
    """A quantity; the unit in UCUM where X12's has one."""
    if value is None:
        return None
    if not unit:
        return f'{{"value":{decimal(value)}}}'
    code = codes.UNITS.get(unit)
    exact = f',"system":"{codes.UCUM}","code":{known(code)}' if code else ""
    return f'{{"value":{decimal(value)},"unit":{known(unit)}{exact}}}'


def control_number(line: Node) -> Text:
    """The line item control number (REF 6R), as an extension."""
    return extension(_CONTROL_NUMBER, "String", quoted(reference_of(line, "6R")))


def _plain(told: str | None) -> int | None:
    """A small whole number."""
    if told and told.isascii() and told.isdigit() and len(told) <= _MOST_DIGITS and int(told):
        return int(told)
    return None


def claimed(lines: Sequence[Node]) -> list[int | None]:
    """For each line the number of the line of the claim that it is or answers; None where nothing tells.

    >>> claimed([{"number": "1"}, {"number": "2"}])
    [1, 2]
    """
    told = [reference_of(line, "6R") for line in lines]
    if any(told):
        small = [_plain(one) for one in told]
        if all(small):
            return small
        return [zlib.crc32(one.encode(errors="replace")) & _MOST or 1 if one else None for one in told]
    return [_plain(line.get("number")) for line in lines]


def sequences(numbers: Sequence[int | None]) -> list[int]:
    """A number for each line that no other line of it has, the claimed one where that is free.

    >>> sequences([7, 7, None, 1])
    [7, 2, 3, 1]
    """
    if None not in numbers and len(set(numbers)) == len(numbers):
        return [one for one in numbers if one]
    found: list[int] = []
    used = {one for one in numbers if one}
    taken: set[int] = set()
    free = 0
    for one in numbers:
        if one is None or one in taken:
            free += 1
            while free in used or free in taken:
                free += 1
            one = free
        taken.add(one)
        found.append(one)
    return found


class Pointed(NamedTuple):
    """What of its claim a line points to: its own providers in careTeam, what it says besides in supportingInfo."""

    team: list[int]
    information: list[int]


def item(line: Node, sequence: int, claim: Node, currency: str, pointed: Pointed, encounter: Text) -> Text:
    """One line as Claim.item."""
    equipment = line.get("equipment") or {}
    service = line if line.get("code") or not equipment else equipment
    count, own = line.get("quantity"), claim.get("place_of_service") if claim.get("place_qualifier") != "A" else None
    parts = {
        "extension": _more(line, currency),
        "sequence": str(sequence),
        "careTeamSequence": listed(map(str, pointed.team)),
        "diagnosisSequence": listed([str(one) for one in line.get("pointers") or () if one]),
        "informationSequence": listed(map(str, pointed.information)),
        "revenue": concept(codes.REVENUE, line.get("revenue_code")),
        "productOrService": _what(service, line.get("drugs")),
        "modifier": codes.modifiers(service.get("modifiers") or []),
        **serviced(line),
        "locationCodeableConcept": concept(codes.PLACE_OF_SERVICE, line.get("place_of_service") or own),
        "quantity": quantity(
            equipment.get("quantity") if count is None else count, line.get("unit") or equipment.get("unit")
        ),
        "unitPrice": money(line.get("rate"), currency),
        "net": money(line.get("charge"), currency),
        "encounter": f"[{encounter}]" if encounter else None,
    }
    if line.get("teeth") or line.get("oral_cavity"):
        parts |= _teeth(line)
    if line.get("drugs"):
        parts["detail"] = listed(_drug(one, at) for at, one in enumerate(line["drugs"], 1) if one["code"])
    return joined(parts)


def serviced(line: Node) -> dict[str, Text]:
    """servicedDate of one day, servicedPeriod of several."""
    start, end = line.get("service_start"), line.get("service_end")
    if start is not None and (end is None or start == end):
        return {"servicedDate": day(start)}
    return {"servicedPeriod": period(start, end)}


def _what(service: Node, drugs: list[Node] | None) -> Text:
    """Service and drug are one thing told twice: J1885 and its NDC are codings of one concept."""
    found = codes.service_coding(service.get("code_qualifier"), service.get("code"))
    told = [one for one in drugs or () if one["qualifier"] == "N4" and one["code"]]
    drug = codes.service_coding("N4", told[0]["code"]) if len(told) == 1 else None
    return joined({"coding": listed([found, drug])})


def _drug(told: Node, sequence: int) -> Text:
    return joined(
        {
            "sequence": str(sequence),
            "productOrService": codes.service(told["qualifier"], told["code"]),
            "quantity": quantity(told.get("drug_quantity"), told.get("drug_unit")),
        }
    )


def _teeth(line: Node) -> dict[str, Text]:
    """The first tooth with its surfaces, else the first area; the others stand in supportingInfo."""
    teeth, areas = line.get("teeth"), line.get("oral_cavity")
    if not teeth:
        return {"bodySite": concept(codes.ORAL_AREA, areas[0]) if areas else None}
    surfaces = [concept(codes.SURFACE, one) for one in teeth[0]["surfaces"]]
    return {"bodySite": concept(codes.TOOTH, teeth[0]["code"]), "subSite": listed(surfaces)}


def _more(line: Node, currency: str) -> Text:
    found = [control_number(line)]
    if line.get("non_covered") is not None:
        found.append(extension(f"{codes.OURS}non-covered", "Money", money(line["non_covered"], currency)))
    for told in line.get("adjudications") or ():
        left = [one["amount"] for one in told.get("amounts") or () if one["qualifier"] == "EAF"]
        days = [one["start"] for one in told.get("dates") or () if one["qualifier"] == "573"]
        parts = [
            extension("payer", "String", quoted(told["payer_id"])),
            extension("paid", "Money", money(told["paid"], currency)),
            extension("left-to-patient", "Money", money(left[0], currency) if left else None),
            extension("decided", "Date", day(days[0]) if days else None),
            *[adjusted(one, currency) for one in told["adjustments"]],
        ]
        found.append(prior_adjudication(parts))
    return listed(found)


def prior_adjudication(parts: list[Text]) -> Text:
    """What a former payer decided."""
    told = listed(parts)
    return f'{{"url":"{codes.OURS}prior-adjudication","extension":{told}}}' if told else None


def adjusted(told: Node, currency: str) -> Text:
    """What a former payer took off (CAS), group and reason as the name of the part."""
    amount, name = money(told["amount"], currency), f"{told['group']}-{told['reason']}"
    return f'{{"url":{quoted(name)},"valueMoney":{amount}}}' if amount else None
