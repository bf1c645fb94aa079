"""837P and 837I: the claims of a day, billed by the hospital's group (005010X222A1, 005010X223A2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from infra.hospital.simulation import site
from infra.hospital.simulation.claims import Claim, Line, dollars
from infra.hospital.simulation.outbox import Part
from infra.hospital.simulation.people import Person
from infra.hospital.simulation.registry import Registry
from infra.hospital.simulation.x12_writing import Envelope, basic, interchange, part

GUIDES = {"professional": ("005010X222A1", "837p"), "institutional": ("005010X223A2", "837i")}
_BILLING = (
    f"NM1*85*2*{site.GROUP}*****XX*{site.GROUP_NPI}", "N3*1 RIVER STREET", "N4*BOSTON*MA*021010001",
    "REF*EI*999999999",
)  # fmt: skip
ORIGINAL, REPLACEMENT, VOID = "1", "7", "8"


class Billed(NamedTuple):
    """A claim as it is sent once: under which id, with what frequency code and lines, what was planted in it."""

    claim: Claim
    frequency: str
    lines: Sequence[Line]
    faults: list[dict[str, Any]]
    id: str
    charge: int | None = None
    bad_date: bool = False
    diagnoses: Sequence[str] = ()


def file(kind: str, claims: Sequence[Billed], sent: datetime, number: int, registry: Registry) -> list[Part]:
    """The parts of a file; a claim's part begins with its CLM."""
    body = [part([
        f"BHT*0019*00*{number:09}*{sent:%Y%m%d}*{sent:%H%M}*CH",
        f"NM1*41*2*NORTH RIVER BILLING*****46*{site.SUBMITTER}",
        "PER*IC*BILLING DESK*TE*5555550100", f"NM1*40*2*BAY CLEARING HOUSE*****46*{site.CLEARING}",
    ])]  # fmt: skip
    body.append(part(["HL*1**20*1", *_BILLING]))
    write = _professional if kind == "professional" else _institutional
    for level, one in enumerate(claims, 2):
        body.append(part(_subscriber(one.claim, level)))
        made = part(list(write(one, registry)), one.id)
        made.faults = one.faults
        body.append(made)
    envelope = Envelope("HC", GUIDES[kind][0], site.SUBMITTER, site.CLEARING, sent, number)
    return interchange(envelope, body)


def _subscriber(claim: Claim, level: int) -> list[str]:
    person = claim.person
    return [
        f"HL*{level}*1*22*0",
        f"SBR*P*18*******{claim.filing}",
        f"NM1*IL*1*{_name(person)}***MI*{person.member_id}",
        f"N3*{basic(person.street, 55)}",
        f"N4*{basic(person.city, 30)}*{person.state}*{person.postal_code.replace('-', '')[:9]}",
        f"DMG*D8*{person.birth_date:%Y%m%d}*{person.sex}",
        f"NM1*PR*2*{basic(claim.payer_name)}*****PI*{claim.payer}",
    ]


def _name(person: Person) -> str:
    name = person.names["claims"]
    middle = basic(name.middle, 25) if name.middle else ""
    return f"{basic(name.family)}*{basic(name.given, 35)}*{middle}"


def _facility(claim: Claim, registry: Registry) -> Iterator[str]:
    """Where the service was given."""
    street, city, state, postal_code = registry.address(claim.organization)
    yield f"NM1*77*2*{basic(registry.organization(claim.organization))}*****XX*{registry.npi(claim.organization)}"
    yield f"N3*{basic(street, 55)}"
    yield f"N4*{basic(city, 30)}*{state}*{postal_code.replace('-', '')[:9]}"


def _about(one: Billed) -> Iterator[str]:
    """References: the payer's number of the claim that is replaced or voided, the EHR's of the patient."""
    if one.frequency != ORIGINAL:
        yield f"REF*F8*{one.claim.payer_claim}"
    if one.claim.person.number % 10 < 7:
        yield f"REF*EA*{one.claim.person.fhir_id}"


def _professional(one: Billed, registry: Registry) -> Iterator[str]:
    claim = one.claim
    charge = dollars(one.charge if one.charge is not None else sum(line.charge for line in one.lines))
    place = "23" if claim.visit_kind == "EMER" else "11"
    yield f"CLM*{one.id}*{charge}***{place}:B:{one.frequency}*Y*A*Y*Y"
    yield from _about(one)
    yield "HI*" + "*".join(_codes(one, "ABK", "ABF"))
    npi, family, given = registry.doctor(claim.doctor)
    yield f"NM1*82*1*{basic(family)}*{basic(given, 35)}****XX*{npi}"
    yield from _facility(claim, registry)
    for line in one.lines:
        yield f"LX*{line.number}"
        yield f"SV1*HC:{line.code}*{dollars(line.charge)}*UN*{line.units}***1"
        yield _service_date(one)
        yield f"REF*6R*{one.id[:14]}{line.number:02}"


def _institutional(one: Billed, registry: Registry) -> Iterator[str]:
    claim = one.claim
    charge = dollars(one.charge if one.charge is not None else sum(line.charge for line in one.lines))
    is_inpatient = claim.visit_kind == "IMP"
    yield f"CLM*{one.id}*{charge}***{'11' if is_inpatient else '13'}:A:{one.frequency}**A*Y*Y"
    if is_inpatient:
        yield f"DTP*096*TM*{claim.end:%H%M}"
    yield f"DTP*434*RD8*{claim.start:%Y%m%d}-{claim.end:%Y%m%d}"
    if is_inpatient:
        yield f"DTP*435*DT*{claim.start:%Y%m%d%H%M}"
    yield "CL1*1*1*01"
    yield from _about(one)
    first, *others = _codes(one, "ABK", "ABF")
    yield f"HI*{first}"
    if is_inpatient:
        yield f"HI*ABJ:{first.partition(':')[2]}"
    if others:
        yield "HI*" + "*".join(others)
    npi, family, given = registry.doctor(claim.doctor)
    yield f"NM1*71*1*{basic(family)}*{basic(given, 35)}****XX*{npi}"
    yield from _facility(claim, registry)
    for line in one.lines:
        yield f"LX*{line.number}"
        yield f"SV2*{line.revenue}*HC:{line.code}*{dollars(line.charge)}*UN*{line.units}"
        yield _service_date(one)
        yield f"REF*6R*{one.id[:14]}{line.number:02}"


def _service_date(one: Billed) -> str:
    # A 13th month, as a form filled in by hand has it.
    return f"DTP*472*D8*{one.claim.start:%Y}1345" if one.bad_date else f"DTP*472*D8*{one.claim.start:%Y%m%d}"


def _codes(one: Billed, first: str, others: str) -> list[str]:
    codes = [code.replace(".", "") for code in one.diagnoses or one.claim.diagnoses]
    return [f"{first if not place else others}:{code}" for place, code in enumerate(codes)]
