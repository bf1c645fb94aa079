"""Charges of HL7 v2 messages (DFT) as FHIR R4 ChargeItems: what was posted to a patient's account.

After the FT1 column of the ChargeItem mappings in FHIR R4. Extensions of ours say what a ChargeItem has no place for:
the type of the transaction (FT1-6), its procedure and modifiers (FT1-25, FT1-26) beside the code of the price list
(FT1-7), the price of one (FT1-12), the plan that is to pay (FT1-14), where the patient was (FT1-16) and by which
schedule of fees it is priced (FT1-17). A posting is no claim: it asks nobody outside to pay.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import orjson

from jobs.formats import hl7v2_fhir_parties as parties
from jobs.formats.hl7v2_charge import Charge, charges
from jobs.formats.hl7v2_fhir_codes import THO, assigner_system, coded, concept
from jobs.formats.hl7v2_fhir_story import Story, Whose, owned
from jobs.formats.hl7v2_types import Identifier
from jobs.formats.translation import without_nothing
from jobs.formats.x12_fhir_codes import OURS

TRANSACTION_TYPE = f"{OURS}transaction-type"
PROCEDURE, MODIFIER, UNIT_PRICE = f"{OURS}charged-procedure", f"{OURS}procedure-modifier", f"{OURS}unit-price"
PLAN, PLACE, FEE_SCHEDULE = f"{OURS}charged-plan", f"{OURS}charged-location", f"{OURS}fee-schedule"
# HL7 table 0017, transaction type; sites add to it.
CHARGE, CREDIT = "CG", "CD"
MONEY = ("PY", "AJ", "CO")
_STATES = {CHARGE: "billable", CREDIT: "billable", **dict.fromkeys(MONEY, "not-billable")}
# HL7 table 0443, provider role: who ordered what another one did.
ORDERING = "OP"
BATCH = "batch"
_AMOUNT, _UNIT_AMOUNT, _QUANTITY = 11, 12, 10


def tell_charges(story: Story) -> None:
    """The ChargeItem of each FT1 (HL7 v2.5 section 6.5.1).

    A charge and the credit that takes it back share their number (FT1-2) and are two postings, hence two ChargeItems.
    Without a number a posting is known by its message and place there.
    """
    for row in charges(story.message):
        whose = story.whose[row.segment]
        if row.transaction_id:
            name = owned(whose.patient, "FT1", row.transaction_id, row.kind)
        else:
            said = story.message.control_id or story.said_at
            name = owned(whose.patient, "FT1", "at", said, str(row.segment))
        story.tell("ChargeItem", story.unique("ChargeItem", name), without_nothing(_charge(story, row, whose)))


def _charge(story: Story, row: Charge, whose: Whose) -> dict[str, Any]:
    code = row.code if row.code.code or row.code.text else row.procedure
    words = code.original_text or row.description or code.text
    return {
        "extension": _extensions(story, row),
        "identifier": _identifiers(row),
        "status": _STATES.get((row.kind or "").upper(), "unknown"),
        "code": concept(code._replace(original_text=words)),
        "subject": whose.patient_ref,
        "context": whose.encounter_ref,
        **_occurrence(story, row),
        "performer": _performers(story, row),
        "costCenter": _named_by("Organization", None, row.department.code, row.department.text),
        "quantity": {"value": _number(story, row, row.quantity, _QUANTITY)},
        "priceOverride": _money(story, row, row.amount, _AMOUNT),
        "enterer": story.refer(parties.practitioner(row.entered_by)),
        "enteredDate": story.time(row.posted_at) or _as_sent(story, row, 5),
        "reason": [concept(one) for one in row.diagnoses],
        "productCodeableConcept": concept(row.drug),
        "account": [_account(one) for one in row.account],
        "supportingInformation": [
            _named_by("ServiceRequest", assigner_system(row.filler.assigner), row.filler.value, None)
        ],
    }


def _extensions(story: Story, row: Charge) -> list[dict[str, Any]]:
    said = [(TRANSACTION_TYPE, coded(f"{THO}v2-0017", row.kind)), (PROCEDURE, concept(row.procedure))]
    said += [(MODIFIER, concept(one)) for one in row.modifiers]
    said += [(PLAN, concept(row.plan)), (FEE_SCHEDULE, coded(f"{THO}v2-0024", row.fee_schedule))]
    found: list[dict[str, Any]] = [{"url": url, "valueCodeableConcept": one} for url, one in said if one is not None]
    price = _money(story, row, row.unit_amount, _UNIT_AMOUNT)
    place = story.refer_place(row.location) if any(row.location) else None
    found += [{"url": UNIT_PRICE, "valueMoney": price}] if price else []
    return found + ([{"url": PLACE, "valueReference": place}] if place is not None else [])


def _identifiers(row: Charge) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [{"value": row.transaction_id}] if row.transaction_id else []
    return found + ([{"type": {"text": BATCH}, "value": row.batch_id}] if row.batch_id else [])


def _occurrence(story: Story, row: Charge) -> dict[str, Any]:
    """FT1-4, since 2.5 a range."""
    begin = story.time(row.transacted_at) or _as_sent(story, row, 4)
    last = story.message.value(story.message.segments[row.segment], 4, 2)
    end = story.raw_time(last) if last else None
    if end and end != begin:
        return {"occurrencePeriod": {"start": begin, "end": end}}
    return {"occurrenceDateTime": begin}


def _performers(story: Story, row: Charge) -> list[dict[str, Any]]:
    did, asked = (story.refer(parties.practitioner(one)) for one in (row.performer, row.orderer))
    found: list[dict[str, Any]] = [{"actor": did}] if did is not None else []
    function = coded(f"{THO}v2-0443", ORDERING)
    return found + ([{"function": function, "actor": asked}] if asked is not None else [])


def _named_by(kind: str, url: str | None, value: str | None, words: str | None) -> dict[str, Any]:
    """A reference to what the message does not tell, by its number."""
    known = {"type": kind, "identifier": {"system": url, "value": value}} if value else {}
    return {**known, "display": words}


def _account(found: Identifier) -> dict[str, Any]:
    return _named_by("Account", assigner_system(found.assigner, found.assigner_universal_id), found.value, None)


def _money(story: Story, row: Charge, amount: Decimal | None, field: int) -> dict[str, Any]:
    value = _number(story, row, amount, field)
    return {"value": value, "currency": row.currency} if value is not None else {}


def _number(story: Story, row: Charge, found: Decimal | None, field: int) -> Any:
    """A number with all its digits; what is none as it was sent, for silver to name the fault."""
    if found is not None:
        return orjson.Fragment(format(found, "f"))
    return story.message.value(story.message.segments[row.segment], field)


def _as_sent(story: Story, row: Charge, field: int) -> str | None:
    return story.raw_time(story.message.field(story.message.segments[row.segment], field))
