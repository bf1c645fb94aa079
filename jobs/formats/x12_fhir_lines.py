"""Service lines of an 837 as FHIR R4 Claim.item, and how claim and remittance number the same line alike.

A payer returns the line item control number (REF 6R) that it was sent, else LX01 (835 TR3, 2110 REF). So where every
line of a claim has one of its own, the line's number is made from it, on both sides: itself when it is a small whole
number, else a checksum of it. FHIR has no place for the number as such: extension line-item-control-number.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from jobs.formats import x12_fhir_codes as codes
from jobs.formats.translation import number
from jobs.formats.x12_fhir_parties import iso, reference_of
from jobs.formats.x12_segments import Node

_MOST_DIGITS = 6
_MOST = (1 << 31) - 1


def money(amount: Decimal | None, currency: str) -> Node | None:
    """An amount with every digit it came with."""
    return None if amount is None else {"value": number(f"{amount:f}"), "currency": currency}


def quantity(value: Decimal | None, unit: str | None) -> Node | None:
    """A quantity; the unit in UCUM where X12's has one."""
    if value is None:
        return None
    found: Node = {"value": number(f"{value:f}"), "unit": unit}
    if unit in codes.UNITS:
        found |= {"system": codes.UCUM, "code": codes.UNITS[unit]}
    return found


def extension(name: str, kind: str, value: Any) -> Node | None:
    """An extension of ours; None without a value."""
    return None if value is None else {"url": f"{codes.OURS}{name}", f"value{kind}": value}


def control_number(line: Node) -> str | None:
    """The line item control number (REF 6R)."""
    return reference_of(line, "6R")


def _plain(told: str | None) -> int | None:
    """A small whole number."""
    if told and told.isascii() and told.isdigit() and len(told) <= _MOST_DIGITS and int(told):
        return int(told)
    return None


def claimed(lines: Sequence[Node]) -> list[int | None]:
    """For each line the number of the line of the claim that it is or answers; None where nothing tells."""
    told = [control_number(line) for line in lines]
    if any(told):
        small = [_plain(one) for one in told]
        if all(small):
            return small
        return [zlib.crc32(one.encode()) & _MOST or 1 if one else None for one in told]
    return [_plain(line.get("number")) for line in lines]


def sequences(lines: Sequence[Node], numbers: Sequence[int | None]) -> list[int]:
    """A number for each line that no other line of it has, the claimed one where that is free."""
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


def item(line: Node, sequence: int, claim: Node, currency: str, team: list[int], encounter: Node | None) -> Node:
    """One line as Claim.item; `team` are the numbers of its own providers in Claim.careTeam."""
    equipment = line.get("equipment") or {}
    service = line if line.get("code") or not equipment else equipment
    unit = line.get("unit") or equipment.get("unit")
    count = line.get("quantity")
    found: Node = {
        "sequence": sequence,
        "careTeamSequence": team,
        "diagnosisSequence": [one for one in line.get("pointers") or () if one],
        "revenue": codes.concept(codes.REVENUE, line.get("revenue_code")),
        "productOrService": _what(service, line.get("drugs")),
        "modifier": codes.modifiers(service.get("modifiers") or []),
        **serviced(line),
        "quantity": quantity(equipment.get("quantity") if count is None else count, unit),
        "unitPrice": money(line.get("rate"), currency),
        "net": money(line.get("charge"), currency),
        "encounter": [encounter] if encounter else None,
        "extension": _more(line, currency),
    }
    place = line.get("place_of_service") or (
        None if claim.get("place_qualifier") == "A" else claim.get("place_of_service")
    )
    if place:
        found["locationCodeableConcept"] = codes.concept(codes.PLACE_OF_SERVICE, place)
    if line.get("teeth") or line.get("oral_cavity"):
        found |= _teeth(line)
    if line.get("drugs"):
        found["detail"] = [_drug(one, at) for at, one in enumerate(line["drugs"], 1) if one["code"]]
    return found


def serviced(line: Node) -> Node:
    """servicedDate of one day, servicedPeriod of several."""
    start, end = line.get("service_start"), line.get("service_end")
    if start is None and end is None:
        return {}
    if start == end or end is None:
        return {"servicedDate": iso(start)}
    return {"servicedPeriod": {"start": iso(start), "end": iso(end)}}


def _what(service: Node, drugs: list[Node] | None) -> Node | None:
    """Service and drug are one thing told twice: J1885 and its NDC are codings of one concept."""
    found = codes.service(service.get("code_qualifier"), service.get("code"))
    told = [codes.concept(codes.NDC, one["code"]) for one in drugs or () if one["qualifier"] == "N4" and one["code"]]
    if len(told) != 1 or told[0] is None:
        return found
    return {"coding": [*found["coding"], *told[0]["coding"]]} if found else told[0]


def _drug(told: Node, sequence: int) -> Node:
    return {
        "sequence": sequence,
        "productOrService": codes.service(told["qualifier"], told["code"]),
        "quantity": quantity(told.get("drug_quantity"), told.get("drug_unit")),
    }


def _teeth(line: Node) -> Node:
    teeth = line.get("teeth") or []
    surfaces = [codes.concept(f"{codes.TERMINOLOGY}FDI-surface", one) for tooth in teeth for one in tooth["surfaces"]]
    tooth = teeth[0]["code"] if teeth else None
    area = codes.concept(f"{codes.TERMINOLOGY}ex-tooth", tooth)
    return {
        "bodySite": area or codes.concept(f"{codes.OURS}oral-cavity", (line.get("oral_cavity") or [None])[0]),
        "subSite": surfaces,
    }


def _more(line: Node, currency: str) -> list[Node | None]:
    found = [
        extension("line-item-control-number", "String", control_number(line)),
        extension("non-covered", "Money", money(line.get("non_covered"), currency)),
    ]
    for told in line.get("adjudications") or ():
        parts = [
            extension("payer", "String", told["payer_id"]),
            extension("paid", "Money", money(told["paid"], currency)),
            *[adjusted(one, currency) for one in told["adjustments"]],
        ]
        found.append({"url": f"{codes.OURS}prior-adjudication", "extension": parts})
    return found


def adjusted(told: Node, currency: str) -> Node:
    """What a former payer took off (CAS), group and reason as the name of the part."""
    return {"url": f"{told['group']}-{told['reason']}", "valueMoney": money(told["amount"], currency)}
