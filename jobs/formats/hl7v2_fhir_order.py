"""Orders of HL7 v2 messages (ORM, OML, OMG, OMI) as FHIR R4 ServiceRequests: what is to be done, and how that stands.

After the maps of ORC, OBR, TQ1 and SPM to ServiceRequest of the HL7 v2-to-FHIR guide (STU 1). Orders for drugs (RXO)
are `hl7v2_fhir_drug`'s; those for diets and supplies (ODS, RQD) are no services and stay in bronze.
"""

from __future__ import annotations

from typing import Any

import orjson

from jobs.formats import hl7v2_fhir_parties as parties
from jobs.formats import hl7v2_fhir_report as reports
from jobs.formats import hl7v2_order_context as contexts
from jobs.formats.hl7v2_dialect import Coded
from jobs.formats.hl7v2_fhir_clinical import told_conditions
from jobs.formats.hl7v2_fhir_codes import THO, assigner_system, coded, concept
from jobs.formats.hl7v2_fhir_story import Story, Whose, owned, reference, shortened
from jobs.formats.hl7v2_order import Order, Replacement, orders
from jobs.formats.hl7v2_types import EntityId
from jobs.formats.translation import UNSAID, ident, without_nothing

# Messages that order; others repeat an order above what they tell.
_ORDERING = ("ORM", "OML", "OMG", "OMI")
TEST, ALONE = "OBR", "ORC"
ACTIVE, HELD, COMPLETED, REVOKED, WRONG = "active", "on-hold", "completed", "revoked", "entered-in-error"
# HL7 table 0119. The guide waits for the filler's word on a CA; a placer who cancels wants it no more. An order that
# is replaced (RP, RQ, RU) ends, its replacement (RO) is an order of its own.
_ENDS = frozenset(("CA", "OC", "CR", "DC", "OD", "DR", "RP", "RQ", "RU", "UA", "DF"))
_HOLDS = frozenset(("HD", "OH", "HR"))
# ORC-9 is when the order was written only where ORC-1 says that it is (HL7 v2.5 section 4.5.1.9).
WRITES = frozenset(("NW", "SN", "RO", ""))
# HL7 table 0038, order status, and table 0123, status of the results, of which these tell that the order is over.
_STATES = {"A": ACTIVE, "CA": REVOKED, "CM": COMPLETED, "DC": REVOKED, "ER": WRONG, "HD": HELD, "IP": ACTIVE,
           "RP": REVOKED, "SC": ACTIVE}  # fmt: skip
_RESULTS = {"F": COMPLETED, "C": COMPLETED, "M": COMPLETED, "X": REVOKED}
# What of an order another message on it may leave unsaid, by the word for it.
UNSAID_PARTS = {"code": "code", "authored": "authoredOn", "time": "occurrenceDateTime", "requester": "requester",
                "category": "category", "priority": "priority", "reason": "reasonCode", "because": "reasonReference",
                "specimen": "specimen", "visit": "encounter", "group": "requisition", "parent": "basedOn",
                "note": "note"}  # fmt: skip
# HL7 table 0485; what FHIR has no word for (P before an operation, C call back, T at that time) is passed on as sent.
PRIORITIES = {"S": "stat", "A": "asap", "R": "routine"}


def tell_orders(story: Story) -> None:
    """The ServiceRequest of each OBR and of each ORC alone (HL7 v2.5 sections 4.4.1, 4.4.6), newest state as told.

    A placer's number names one order (section 4.5.1.2). Who sends several tests under one number tells of the first
    under it, of the others under the number and their code.
    """
    if not story.kind.startswith(_ORDERING):
        return
    specimens = contexts.specimens(story.names)
    conditions = told_conditions(story) if "DG1" in story.names else {}
    tests: dict[str, str] = {}
    replacement = Replacement()
    for row, end in _bounded(story):
        if row.kind not in (TEST, ALONE):
            continue
        whose = story.whose[row.segment]
        name, what = _name(story, row, whose), _what(row.service)
        tests[name] = tests.get(name) or what
        if what and what != tests[name]:
            name = shortened(f"{name}-{what}")
        body = _request(story, row, whose)
        body["reasonReference"] = [reference("Condition", conditions[at]) for at in range(row.segment, end)
                                   if at in conditions]  # fmt: skip
        replaced = replacement.of(row.control, name)
        body["replaces"] = [reference("ServiceRequest", one) for one in replaced]
        body["specimen"] = [_specimen(story, row, specimens, whose)]
        kept = without_nothing(body)
        if unsaid := _unsaid(row, kept):
            kept["extension"] = [{"url": UNSAID, "valueString": unsaid}]
        story.tell("ServiceRequest", name, kept)


def _unsaid(row: Order, body: dict[str, Any]) -> str:
    """What a message on an order leaves out, which says nothing (HL7 v2.5 section 2.5.3); a new order says all."""
    if (row.control or "").upper() in WRITES:
        return ""
    return " ".join(word for word, name in UNSAID_PARTS.items() if name not in body)


def _bounded(story: Story) -> list[tuple[Order, int]]:
    """Each order, and where the next one begins."""
    rows = orders(story.message)
    ends = [row.segment for row in rows[1:]] + [len(story.names)]
    return list(zip(rows, ends, strict=True)) if rows else []


def _what(service: Coded) -> str:
    return ident(service.code or service.text or service.alternate_code or service.alternate_text)


def _name(story: Story, row: Order, whose: Whose) -> str:
    number = row.placer if row.placer.value else row.filler
    if number.value:
        return owned(whose.patient, number.assigner, number.value)
    what, at = _what(row.service), row.requested_at or row.ordered_at or story.said_at
    if whose.patient and what and at:
        return owned(whose.patient, what, at)
    return owned(whose.patient, "at", story.message.control_id, str(row.segment))


def _status(row: Order) -> str:
    """An ORC-1 that ends or holds the order says how it stands; else ORC-5, else the results (OBR-25)."""
    control = (row.control or "").upper()
    if control in _ENDS:
        return REVOKED
    if control in _HOLDS:
        return HELD
    told = _STATES.get((row.status or "").upper()) or _RESULTS.get((row.result_status or "").upper())
    return told or ACTIVE


def _request(story: Story, row: Order, whose: Whose) -> dict[str, Any]:
    written = (row.control or "").upper() in WRITES
    priority = (row.priority or "").strip()
    return {
        "identifier": [*_identifier("PLAC", row.placer), *_identifier("FILL", row.filler)],
        "basedOn": [reference("ServiceRequest", owned(whose.patient, row.parent.assigner, row.parent.value))]
        if row.parent.value
        else [],
        "requisition": next(iter(_identifier("PGN", row.group)), None),
        "status": _status(row),
        "intent": "order",
        "category": [coded(f"{THO}v2-0074", row.section)],
        "priority": PRIORITIES.get(priority.upper(), priority or None),
        "code": concept(row.service),
        "subject": whose.patient_ref,
        "encounter": whose.encounter_ref,
        "occurrenceDateTime": story.time(row.requested_at) or _as_sent(story, row, TEST, 36, 6),
        "authoredOn": (story.time(row.ordered_at) or _as_sent(story, row, ALONE, 9)) if written else None,
        "requester": story.refer(parties.practitioner(row.provider)),
        "reasonCode": [concept(one) for one in row.reasons],
        "note": [{"text": row.comment}] if row.comment else [],
    }


def _as_sent(story: Story, row: Order, segment: str, *fields: int) -> str | None:
    """A time that is none, in the words of the sender: silver names the fault."""
    above = [at for at in range(row.segment + 1) if story.names[at] in (segment, "PID")]
    if not above or story.names[above[-1]] != segment:
        return None
    sent = story.message.segments[above[-1]]
    return next((text for n in fields if (text := story.raw_time(story.message.field(sent, n)))), None)


def _identifier(kind: str, found: EntityId) -> list[dict[str, Any]]:
    if not found.value:
        return []
    url = assigner_system(found.assigner)
    return [{"type": coded(f"{THO}v2-0203", kind), "system": url, "value": found.value}]


def _specimen(story: Story, row: Order, specimens: contexts.Specimens | None, whose: Whose) -> orjson.Fragment | None:
    """The specimen of an order, told like that of a result."""
    return reports.group_of(story, row.segment, row.segment, specimens, whose, False).specimen
