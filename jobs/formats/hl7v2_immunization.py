"""Immunizations of HL7 v2 messages (VXU, answers of registries): one row per RXA, with route, order and eligibility."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from jobs.formats.hl7v2_dialect import NOTHING_CODED, Coded
from jobs.formats.hl7v2_fields import Fields
from jobs.formats.hl7v2_medication import UNKNOWN_AMOUNT
from jobs.formats.hl7v2_message import Message, Segment, below
from jobs.formats.hl7v2_subject import Subject, walk
from jobs.formats.hl7v2_types import EntityId, Organization, Party

NO_VACCINE = "no_vaccine_code"
FAULTS = {NO_VACCINE: "an immunization without vaccine code (RXA-5)"}
# LOINC codes of the observations that registries ask for (CDC implementation guide 2.5.1, release 1.5, chapter 3).
ELIGIBILITY, FUNDING, DOSE_NUMBER = "64994-7", "30963-3", "30973-2"


class Immunization(NamedTuple):
    """One RXA (HL7 v2.5 section 4.14.7) of a VXU.

    `vaccine` has CVX and NDC side by side when both are sent. `amount` 999 means not known and is empty here.
    `source` is RXA-9 (table NIP001): 00 given here, 01 to 08 told by somebody. `status` is RXA-20: CP complete, PA
    part, NA not given, RE refused with `refusals`; empty means complete. `action` is RXA-21: A add, U update, D
    delete, `entered_at` RXA-22. Other observations under it are rows of lab_results with this segment as their group.
    """

    segment: int
    patient_segment: int | None
    patient_id: str | None
    patient_assigner: str | None
    patient_id_type: str | None
    visit_number: str | None
    visit_assigner: str | None
    placer: EntityId
    filler: EntityId
    control: str | None
    given_at: str | None
    ended_at: str | None
    vaccine: Coded
    amount: Decimal | None
    unit: Coded
    source: Coded
    provider: Party
    ordering_provider: Party
    place: Organization
    lots: tuple[str, ...]
    expires_on: str | None
    manufacturer: Coded
    refusals: tuple[Coded, ...]
    indications: tuple[Coded, ...]
    status: str | None
    action: str | None
    route: Coded
    site: Coded
    eligibility: Coded
    funding: Coded
    dose_number: str | None
    entered_at: str | None
    nulls: tuple[str, ...]
    faults: tuple[str, ...]


def immunizations(message: Message) -> list[Immunization]:
    """The immunizations of a message."""
    found = []
    orc: Segment = ["ORC"]
    for index, segment, subject in walk(message):
        if segment[0] == "ORC":
            orc = segment
        elif segment[0] == "RXA":
            found.append(_immunization(message, index, orc, subject))
            # Before 2.5.1 an RXA may come without ORC: it must not take that of the one before.
            orc = ["ORC"]
    return found


def _immunization(message: Message, index: int, segment: Segment, subject: Subject) -> Immunization:
    rxa, orc = Fields(message, message.segments[index]), Fields(message, segment)
    under = below(message.segments, index, ("ORC", "RXA"))
    rxr = Fields(message, next((one for one in under if one[0] == "RXR"), ["RXR"]))
    vaccine, amount = rxa.coded(5, "vaccine"), rxa.number(6, "amount")
    return Immunization(
        index,
        *subject,
        placer=orc.entity(2, "placer"),
        filler=orc.entity(3, "filler"),
        control=orc.text(1, "control"),
        given_at=rxa.time(3, "given_at"),
        ended_at=rxa.time(4, "ended_at"),
        vaccine=vaccine,
        amount=None if amount == UNKNOWN_AMOUNT else amount,
        unit=rxa.coded(7, "unit"),
        source=rxa.coded(9, "source"),
        provider=rxa.party(10, "provider"),
        ordering_provider=orc.party(12, "ordering_provider"),
        place=_facility(rxa),
        lots=rxa.texts(15, "lots"),
        expires_on=rxa.time(16, "expires_on"),
        manufacturer=rxa.coded(17, "manufacturer"),
        refusals=rxa.all_coded(18, "refusals"),
        indications=rxa.all_coded(19, "indications"),
        status=rxa.text(20, "status"),
        action=rxa.text(21, "action"),
        route=rxr.coded(1, "route"),
        site=rxr.coded(2, "site"),
        eligibility=_observed(message, under, ELIGIBILITY),
        funding=_observed(message, under, FUNDING),
        dose_number=_observed(message, under, DOSE_NUMBER).code,
        entered_at=rxa.time(22, "entered_at"),
        nulls=rxa.nulls,
        faults=rxa.faults + (() if any(vaccine) else (NO_VACCINE,)),
    )


def _facility(rxa: Fields) -> Organization:
    """LA2, RXA-11, since 2.7 PL, RXA-27: component 4 is the facility."""
    found = rxa.place(11, "place").facility or rxa.place(27, "place").facility
    return Organization(found, None, None)


def _observed(message: Message, under: list[Segment], code: str) -> Coded:
    for segment in under:
        fields = Fields(message, segment)
        if segment[0] == "OBX" and fields.coded(3, "code").code == code:
            return fields.coded(5, "value")
    return NOTHING_CODED
