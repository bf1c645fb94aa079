"""Orders for drugs of HL7 v2 messages as FHIR R4 MedicationRequests: how they stand, what is to be given and how.

After the maps of RXO, RXR and TQ1 to MedicationRequest of the HL7 v2-to-FHIR guide, and of ORC to ServiceRequest,
which the guide has not for drugs.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import orjson

from jobs.formats import hl7v2_fhir_parties as parties
from jobs.formats.hl7v2_dialect import Coded
from jobs.formats.hl7v2_fhir_codes import THO, concept, quantity, unit_members
from jobs.formats.hl7v2_fhir_order import PRIORITIES, WRITES
from jobs.formats.hl7v2_fhir_story import Story, Whose
from jobs.formats.hl7v2_medication import Medication
from jobs.formats.hl7v2_order import Order
from jobs.formats.hl7v2_timing import Duration, is_as_needed, repeat
from jobs.formats.translation import UNSAID, without_nothing

ACTIVE, HELD, COMPLETED, CANCELLED, STOPPED, WRONG = (
    "active", "on-hold", "completed", "cancelled", "stopped", "entered-in-error",
)  # fmt: skip
# HL7 table 0119, what becomes of the order. What was replaced was in force until then; a refill that is refused (UF,
# DF) and a link to a problem that is cut (UN) leave it so.
_CONTROLS = {
    "CA": CANCELLED, "OC": CANCELLED, "CR": CANCELLED, "UA": CANCELLED, "DC": STOPPED, "OD": STOPPED, "DR": STOPPED,
    "RP": STOPPED, "RQ": STOPPED, "RU": STOPPED, "HD": HELD, "OH": HELD, "HR": HELD,
}  # fmt: skip
# HL7 table 0038, order status.
_STATES = {"A": ACTIVE, "CA": CANCELLED, "CM": COMPLETED, "DC": STOPPED, "ER": WRONG, "HD": HELD, "IP": ACTIVE,
           "RP": STOPPED, "SC": ACTIVE}  # fmt: skip
# What is released (RL, OE, OR) is no longer on hold.
_RELEASES = frozenset(("RL", "OE", "OR"))
# What a message leaves unsaid that may be of a test as well.
WHETHER_DRUG = "kind"
# All that a message may leave unsaid of an order.
_PARTS = (
    "drug",
    "visit",
    "priority",
    "authored",
    "requester",
    "dosage",
    "start",
    "end",
    "quantity",
    "refills",
    "duration",
)


def request(story: Story, row: Medication, whose: Whose) -> dict[str, Any]:
    """The MedicationRequest of an RXO or RXE under its ORC."""
    lasts = _duration(row.timing.duration)
    control, order_status = (row.control or "").upper(), (row.order_status or "").upper()
    status = _CONTROLS.get(control) or _STATES.get(order_status, ACTIVE)
    status, start, end = _validity(status, row.starts_at, row.ends_at, row.effective_at or row.ordered_at)
    refills = row.refills
    supply = {
        "validityPeriod": {"start": story.time(start), "end": story.time(end)},
        "numberOfRepeatsAllowed": int(refills) if refills is not None and refills == refills.to_integral() else None,
        "quantity": amount_of(row.quantity, row.quantity_unit),
        "expectedSupplyDuration": lasts,
    }
    priority = (row.timing.priority or "").strip()
    body = {
        "status": status,
        "intent": "order",
        "priority": PRIORITIES.get(priority.upper(), priority or None),
        **named_drug(row, whose),
        "encounter": whose.encounter_ref,
        "authoredOn": story.time(row.first_ordered_at or row.ordered_at) or story.said_at,
        # RXO-14 and RXE-13 are there for the prescriber's DEA number, ORC-12 says who it is.
        "requester": story.refer(parties.practitioner(row.orderer if any(row.orderer) else row.party)),
        "dosageInstruction": [instruction(row)],
        "dispenseRequest": supply,
    }
    kept = cleaned(body)
    if unsaid := _unsaid(row, kept):
        kept["extension"] = [{"url": UNSAID, "valueString": unsaid}]
    return kept


def changed_request(story: Story, row: Order, whose: Whose, *, is_drug: bool) -> dict[str, Any] | None:
    """The MedicationRequest of an ORC with no drug under it, of which it tells how it stands; None when it does not.

    Where it is not said that it is a drug that was ordered (`is_drug`), it counts only what ends an order.
    """
    control = (row.control or "").upper()
    status = _CONTROLS.get(control)
    if is_drug and status is None and control not in WRITES:
        status = _STATES.get((row.status or "").upper()) or (ACTIVE if control in _RELEASES else None)
    if status is None or (status == HELD and not is_drug):
        return None
    status, _, end = _validity(status, None, None, row.effective_at or row.ordered_at)
    body = {
        "status": status,
        "intent": "order",
        "subject": whose.patient_ref,
        "encounter": whose.encounter_ref,
        "requester": story.refer(parties.practitioner(row.provider)),
        "dispenseRequest": {"validityPeriod": {"end": story.time(end)}},
    }
    kept = cleaned(body)
    said = (("requester", "requester"), ("visit", "encounter"), ("end", "dispenseRequest"))
    left_out = [word for word in _PARTS if word not in [told for told, name in said if name in kept]]
    if not is_drug:
        left_out.append(WHETHER_DRUG)
    return {**kept, "extension": [{"url": UNSAID, "valueString": " ".join(left_out)}]}


def _validity(status: str, start: str | None, end: str | None, stop: str | None) -> tuple[str, str | None, str | None]:
    """Status, begin and end. An order that is stopped ends then (ORC-15, else ORC-9), before its begin never was."""
    if status != STOPPED or not stop or (end and end[:10] <= stop[:10]):
        return status, start, end
    # Where this message does not say the begin, silver compares with that of an earlier one.
    return (CANCELLED, start, end) if start and stop[:10] < start[:10] else (status, start, stop)


def _unsaid(row: Medication, body: dict[str, Any]) -> str:
    """What a message on an order leaves out, which says nothing (HL7 v2.5 section 2.5.3); a new order says all."""
    control = (row.control or "").upper()
    if control in WRITES:
        return ""
    supply = body.get("dispenseRequest", {})
    period = supply.get("validityPeriod", {})
    left_out = (
        # ORC-9 of other messages is when they were made (section 4.5.1.9).
        ("authored", not row.first_ordered_at),
        ("requester", "requester" not in body),
        ("dosage", "dosageInstruction" not in body),
        ("start", "start" not in period),
        ("end", "end" not in period),
        ("quantity", "quantity" not in supply and "quantity" not in row.nulls),
        ("refills", "numberOfRepeatsAllowed" not in supply and "refills" not in row.nulls),
        ("duration", "expectedSupplyDuration" not in supply),
    )
    return " ".join(name for name, is_so in left_out if is_so)


def instruction(row: Medication) -> dict[str, Any]:
    """The Dosage: how much, how often, by which way; its text is what the giver is told, else the repeat pattern."""
    unit = unit_members(row.unit)
    low, high = row.amount, row.amount_most
    dose: dict[str, Any] = {"doseQuantity": amount_of(low, row.unit)}
    if low is not None and high is not None and low != high:
        dose = {"doseRange": {"low": amount_of(low, row.unit), "high": quantity(format(high, "f"), None, unit)}}
    dose["rateQuantity"] = amount_of(row.rate, row.rate_unit)
    words = [one.text or one.original_text or one.code or one.alternate_text for one in row.instructions]
    frequency = row.timing.frequency
    return {
        "text": "; ".join(one for one in words if one) or row.timing.instruction or frequency,
        "timing": _timing(frequency),
        "asNeededBoolean": True if frequency and is_as_needed(frequency) else None,
        "route": concept(row.route),
        "site": concept(row.site),
        "doseAndRate": [dose],
    }


def _timing(frequency: str | None) -> dict[str, Any]:
    if not frequency:
        return {}
    found = repeat(frequency)
    code = {"coding": [{"system": f"{THO}v2-0335", "code": frequency}], "text": frequency}
    numbers = {"frequency": found.frequency, "period": found.period, "periodUnit": found.unit} if found else {}
    return {"repeat": numbers, "code": code}


def _duration(lasts: Duration | None) -> orjson.Fragment | None:
    """How long it is to go on, which is what the supply is for (TQ1-6, TQ-3)."""
    if lasts is None:
        return None
    return amount_of(lasts.value, Coded(lasts.unit, lasts.unit, "UCUM", None, None, None))


def amount_of(amount: Decimal | None, unit: Coded) -> orjson.Fragment | None:
    """A Quantity; None where no amount is said."""
    return quantity(format(amount, "f"), None, unit_members(unit)) if amount is not None else None


def named_drug(row: Medication, whose: Whose) -> dict[str, Any]:
    """The drug, and for whom."""
    return {"medicationCodeableConcept": concept(row.drug), "subject": whose.patient_ref}


def cleaned(body: dict[str, Any]) -> dict[str, Any]:
    """The same without what is empty."""
    kept: dict[str, Any] = without_nothing(body)
    return kept
