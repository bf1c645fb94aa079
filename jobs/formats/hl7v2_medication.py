"""Drugs in HL7 v2 messages: one row per RXO, RXE, RXD or RXA, with its route and its order."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from jobs.formats.hl7v2_dialect import NOTHING_CODED, Coded
from jobs.formats.hl7v2_fields import Fields
from jobs.formats.hl7v2_message import Message, Segment, below
from jobs.formats.hl7v2_subject import Subject, walk
from jobs.formats.hl7v2_timing import Timing, timing
from jobs.formats.hl7v2_types import EntityId, Party

REQUEST, ENCODED, DISPENSE, ADMINISTRATION = "request", "encoded", "dispense", "administration"
KINDS = {"RXO": REQUEST, "RXE": ENCODED, "RXD": DISPENSE, "RXA": ADMINISTRATION}
_ENDS = frozenset(("ORC", *KINDS))
NO_DRUG = "no_drug_code"
FAULTS = {NO_DRUG: "a drug that is not named (RXO-1, RXE-2, RXD-2, RXA-5)"}
# Field numbers (HL7 v2.5 sections 4.14.1, 4.14.4, 4.14.5 and 4.14.7); 0: the segment has no such field.
_FIELDS = {
    #       code amount most units form start end quantity q.unit refills number strength s.unit party
    "RXO": (1, 2, 3, 4, 5, 0, 0, 11, 12, 13, 0, 18, 19, 14),
    "RXE": (2, 3, 4, 5, 6, 0, 0, 10, 11, 12, 15, 25, 26, 13),
    "RXD": (2, 0, 0, 0, 6, 3, 0, 4, 5, 0, 7, 16, 17, 10),
    "RXA": (5, 6, 0, 7, 8, 3, 4, 0, 0, 0, 0, 13, 14, 10),
}
# How it is to be given in words, and how fast (RXO-7, RXO-21, RXO-22; RXE-7, RXE-23, RXE-24).
_INSTRUCTED = {"RXO": (7, 21, 22), "RXE": (7, 23, 24)}
# "Not known, or as the component has it" (HL7 v2.5 section 4.14.7.6, as immunization registries write it).
UNKNOWN_AMOUNT = Decimal("999")


class Medication(NamedTuple):
    """One drug ordered, encoded, dispensed or given; `kind` says which.

    `amount` and `unit` are one dose (`amount_most` of a range), `quantity` what is dispensed. `starts_at`: RXA-3,
    RXD-3, or the begin in `timing`. `party` gives or dispenses it, of an order is the prescriber with a DEA number;
    `orderer` is ORC-12, `order_status` ORC-5, `effective_at` ORC-15, `first_ordered_at` RXE-32. `status` is RXA-20
    (CP complete, PA part, NA not, RE refused), `action` RXA-21 (A add, D delete, U update), `refusals` RXA-18 and
    `indications` RXA-19. `control`: ORC-1. `components`: RXC. Of a dispense `counter` is
    RXD-1, which tells it from the others of its order, and `substitution` RXD-11 (table 0167).
    """

    segment: int
    patient_segment: int | None
    patient_id: str | None
    patient_assigner: str | None
    patient_id_type: str | None
    visit_number: str | None
    visit_assigner: str | None
    kind: str
    counter: str | None
    control: str | None
    placer: EntityId
    filler: EntityId
    drug: Coded
    amount: Decimal | None
    amount_most: Decimal | None
    unit: Coded
    form: Coded
    route: Coded
    site: Coded
    starts_at: str | None
    ends_at: str | None
    ordered_at: str | None
    effective_at: str | None
    first_ordered_at: str | None
    quantity: Decimal | None
    quantity_unit: Coded
    refills: Decimal | None
    prescription_number: str | None
    substitution: str | None
    strength: Decimal | None
    strength_unit: Coded
    party: Party
    orderer: Party
    order_status: str | None
    timing: Timing
    instructions: tuple[Coded, ...]
    rate: Decimal | None
    rate_unit: Coded
    status: str | None
    action: str | None
    refusals: tuple[Coded, ...]
    indications: tuple[Coded, ...]
    components: tuple[Coded, ...]
    nulls: tuple[str, ...]
    faults: tuple[str, ...]


def medications(message: Message) -> list[Medication]:
    """The drugs of a message."""
    found = []
    orc: Segment = ["ORC"]
    for index, segment, subject in walk(message):
        if segment[0] == "ORC":
            orc = segment
        elif segment[0] in KINDS:
            found.append(_medication(message, index, orc, subject))
    return found


def _medication(message: Message, index: int, segment: Segment, subject: Subject) -> Medication:
    rx, orc = Fields(message, message.segments[index]), Fields(message, segment)
    name = rx.segment[0]
    code, amount, most, unit, form, start, end, quantity, of, refills, number, strength, per, by = _FIELDS[name]
    under = below(message.segments, index, _ENDS)
    # RXR-1 route, RXR-2 site; TQ1-3 how often, TQ1-7 and TQ1-8 from when to when.
    tq1 = Fields(message, next((one for one in under if one[0] == "TQ1"), ["TQ1"]))
    rxr = Fields(message, _route(message.segments, index))
    when = timing(tq1, orc, rx)
    words, rate, pace = _INSTRUCTED.get(name, (0, 0, 0))
    drug = rx.coded(code, "drug")
    given = name == "RXA"
    return Medication(
        index,
        *subject,
        kind=KINDS[name],
        counter=rx.text(1, "counter") if name == "RXD" else None,
        control=orc.text(1, "control"),
        placer=orc.entity(2, "placer"),
        filler=orc.entity(3, "filler"),
        drug=drug,
        amount=rx.number(amount, "amount") if amount else None,
        amount_most=rx.number(most, "amount_most") if most else None,
        unit=rx.coded(unit, "unit") if unit else NOTHING_CODED,
        form=rx.coded(form, "form"),
        route=rxr.coded(1, "route"),
        site=rxr.coded(2, "site"),
        starts_at=(rx.time(start, "starts_at") if start else None) or when.starts_at,
        ends_at=(rx.time(end, "ends_at") if end else None) or when.ends_at,
        ordered_at=orc.time(9, "ordered_at"),
        effective_at=orc.time(15, "effective_at"),
        first_ordered_at=rx.time(32, "first_ordered_at") if name == "RXE" else None,
        quantity=rx.number(quantity, "quantity") if quantity else None,
        quantity_unit=rx.coded(of, "quantity_unit") if of else NOTHING_CODED,
        refills=rx.number(refills, "refills") if refills else None,
        prescription_number=rx.text(number, "prescription_number") if number else None,
        substitution=rx.text(11, "substitution") if name == "RXD" else None,
        strength=rx.number(strength, "strength"),
        strength_unit=rx.coded(per, "strength_unit"),
        party=rx.party(by, "party"),
        orderer=orc.party(12, "orderer"),
        order_status=orc.text(5, "order_status"),
        timing=when,
        instructions=rx.all_coded(words, "instructions") if words else (),
        rate=rx.number(rate, "rate") if rate else None,
        rate_unit=rx.coded(pace, "rate_unit") if pace else NOTHING_CODED,
        status=rx.text(20, "status") if given else None,
        action=rx.text(21, "action") if given else None,
        refusals=rx.all_coded(18, "refusals") if given else (),
        indications=rx.all_coded(19, "indications") if given else (),
        components=tuple(Fields(message, one).coded(2, "components") for one in under if one[0] == "RXC"),
        nulls=rx.nulls,
        faults=orc.faults + rx.faults + tq1.faults + (() if any(drug) else (NO_DRUG,)),
    )


def _route(segments: list[Segment], index: int) -> Segment:
    """The RXR of a drug; of doses given one after another that of them all (RAS_O17: {RXA} RXR)."""
    while segments[index][0] == "RXA" and index + 1 < len(segments) and segments[index + 1][0] == "RXA":
        index += 1
    return next((one for one in below(segments, index, _ENDS) if one[0] == "RXR"), ["RXR"])
