"""Drugs and vaccines of HL7 v2 messages as FHIR R4: ordered, dispensed, given, and immunizations."""

from __future__ import annotations

from typing import Any

from jobs.formats import hl7v2_fhir_parties as parties
from jobs.formats.hl7v2_dialect import Coded
from jobs.formats.hl7v2_fhir_codes import concept
from jobs.formats.hl7v2_fhir_prescription import amount_of, changed_request, cleaned, instruction, named_drug, request
from jobs.formats.hl7v2_fhir_story import Story, Whose, owned, reference
from jobs.formats.hl7v2_immunization import Immunization, immunizations
from jobs.formats.hl7v2_medication import ADMINISTRATION, DISPENSE, Medication, medications
from jobs.formats.hl7v2_order import Order, Replacement, orders
from jobs.formats.hl7v2_types import EntityId, Organization, Place
from jobs.formats.translation import DELETE

# What was not given, or in part (RXA-20, table 0322); CVX 998 "no vaccine administered".
_NOT_GIVEN, _IN_PART, _NO_VACCINE = ("NA", "RE"), "PA", "998"
# HL7 table 0227, manufacturers of vaccines, is that of the MVX codes.
_MAKERS = ("HL70227", "0227")
# HL7 table 0167, what was done: a generic drug or another therapy dispensed instead, or none.
_SUBSTITUTED = {"G": True, "T": True, "N": False}
# What registries write for an order number where there was no order (CDC guide 2.5.1 release 1.5, ORC-3).
_NO_ORDER = "9999"
# Messages whose ORC may stand alone for an order of a drug; the others that order are of tests.
_ORDERING = ("ORM", "OMP", "RDE")


def tell_medications(story: Story) -> None:
    """The MedicationRequest, MedicationDispense or MedicationAdministration of each RXO, RXE, RXD and RXA.

    An order may be cancelled, stopped, held and released by its ORC alone, which has its number (HL7 v2.5 section
    4.5.1.1). In an ORM nobody can tell whether that is the number of a drug or of a test: then it is of both.
    """
    # A dispense or administration repeats its order; the order's own messages know better how it stands.
    repeated = story.kind.startswith(("RAS", "RDS"))
    replacement = Replacement()
    told: list[Medication | Order] = [*medications(story.message), *_alone(story)]
    for row in sorted(told, key=lambda one: one.segment):
        whose = story.whose[row.segment]
        if isinstance(row, Order):
            _tell_changed(story, row, whose, replacement)
            continue
        ordered = _request_name(row, whose)
        if row.kind == DISPENSE:
            _tell_dispense(story, row, whose, ordered)
        elif row.kind == ADMINISTRATION:
            _tell_administration(story, row, whose, ordered)
        elif ordered:
            body = request(story, row, whose)
            if prior := replacement.of(row.control, ordered):
                body["priorPrescription"] = reference("MedicationRequest", prior[0])
            story.tell("MedicationRequest", ordered, body, in_passing=repeated)


def _alone(story: Story) -> list[Order]:
    """The ORCs with nothing under them of messages that may order drugs."""
    if not story.kind.startswith(_ORDERING):
        return []
    return [row for row in orders(story.message) if row.kind == "ORC" and (row.placer.value or row.filler.value)]


def _tell_changed(story: Story, row: Order, whose: Whose, replacement: Replacement) -> None:
    number = row.placer if row.placer.value else row.filler
    name = owned(whose.patient, number.assigner, number.value)
    replacement.of(row.control, name)
    body = changed_request(story, row, whose, is_drug=not story.kind.startswith("ORM"))
    if body and ("MedicationRequest", name) not in story.told:
        story.tell("MedicationRequest", name, body)


def _request_name(row: Medication, whose: Whose) -> str | None:
    order = row.placer if row.placer.value else row.filler
    if order.value:
        return owned(whose.patient, order.assigner, order.value)
    if row.prescription_number:
        return owned(whose.patient, "RX", row.prescription_number)
    return owned(whose.patient, _drug(row.drug), row.starts_at or row.ordered_at) if whose.patient else None


def _drug(found: Coded) -> str | None:
    return found.code or found.text or found.alternate_code or found.alternate_text


def _request_ref(request: str | None) -> dict[str, Any] | None:
    return {"reference": f"MedicationRequest/{request}"} if request else None


def _performers(story: Story, row: Medication) -> list[dict[str, Any]]:
    who = story.refer(parties.practitioner(row.party))
    return [{"actor": who}] if who is not None else []


def _tell_dispense(story: Story, row: Medication, whose: Whose, request: str | None) -> None:
    when = row.starts_at or story.said_at
    name = owned(request or whose.patient, row.prescription_number, _drug(row.drug), when, row.counter)
    substituted = _SUBSTITUTED.get((row.substitution or "").upper())
    body = {
        "status": "cancelled" if (row.control or "").upper() in ("CA", "OC", "CR") else "completed",
        **named_drug(row, whose),
        "context": whose.encounter_ref,
        "performer": _performers(story, row),
        "authorizingPrescription": [_request_ref(request)],
        "quantity": amount_of(row.quantity, row.quantity_unit),
        "whenHandedOver": story.time(row.starts_at) or story.said_at,
        "dosageInstruction": [instruction(row)],
        "substitution": {"wasSubstituted": substituted},
    }
    story.tell("MedicationDispense", story.unique("MedicationDispense", name), cleaned(body))


def _tell_administration(story: Story, row: Medication, whose: Whose, request: str | None) -> None:
    name = owned(request or whose.patient, _drug(row.drug), row.starts_at or story.said_at)
    if row.action == "D":
        story.tell("MedicationAdministration", name, {}, method=DELETE)
        return
    start, end = story.time(row.starts_at) or story.said_at, story.time(row.ends_at)
    spans = end is not None and end != start
    body = {
        "status": "completed" if _is_given(row) else "not-done",
        "statusReason": [concept(one) for one in row.refusals],
        **named_drug(row, whose),
        "context": whose.encounter_ref,
        "effectiveDateTime": None if spans else start,
        "effectivePeriod": {"start": start, "end": end} if spans else None,
        "performer": _performers(story, row),
        "request": _request_ref(request),
        "reasonCode": [concept(one) for one in row.indications],
        "dosage": {
            "text": row.timing.frequency,
            "route": concept(row.route),
            "site": concept(row.site),
            "dose": amount_of(row.amount, row.unit),
        },
    }
    story.tell("MedicationAdministration", story.unique("MedicationAdministration", name), cleaned(body))


def _is_given(row: Medication | Immunization) -> bool:
    """Whether it was taken: any reason to refuse it (RXA-18) says that it was not (HL7 v2.5 section 4.14.7.18)."""
    return (row.status or "").upper() not in _NOT_GIVEN and not row.refusals


def tell_immunizations(story: Story) -> None:
    """The Immunization of each RXA of a VXU."""
    for row in immunizations(story.message):
        whose = story.whose[row.segment]
        name = _immunization_name(row, whose)
        if row.action == "D":
            story.tell("Immunization", name, {}, method=DELETE)
        else:
            story.tell("Immunization", story.unique("Immunization", name), _immunization(story, row, whose))


def _immunization_name(row: Immunization, whose: Whose) -> str:
    order: EntityId = row.filler if row.filler.value else row.placer
    if order.value and order.value != _NO_ORDER:
        return owned(whose.patient, order.assigner, order.value)
    return owned(whose.patient, _drug(row.vaccine), row.given_at)


def _immunization(story: Story, row: Immunization, whose: Whose) -> dict[str, Any]:
    given = _is_given(row) and row.vaccine.code != _NO_VACCINE
    source = row.source.code or row.source.alternate_code
    performer = story.refer(parties.practitioner(row.provider))
    registered = "MVX" if row.manufacturer.system in _MAKERS else row.manufacturer.system
    maker = Organization(row.manufacturer.text, row.manufacturer.code, registered)
    where = row.place.name
    body = {
        "status": "completed" if given else "not-done",
        "statusReason": next((concept(one) for one in row.refusals), None),
        "vaccineCode": concept(row.vaccine),
        "patient": whose.patient_ref,
        "encounter": whose.encounter_ref,
        "occurrenceDateTime": story.time(row.given_at) or _as_sent(story, row.segment, 3),
        "recorded": story.time(row.entered_at) or story.said_at,
        # NIP001: 00 is a new record of who gave it, all others are from what somebody told.
        "primarySource": source == "00" if source else None,
        "reportOrigin": concept(row.source) if source and source != "00" else None,
        "location": story.refer_place(Place(None, None, None, where)) if where else None,
        "manufacturer": story.refer(parties.organization(maker)),
        # A dose given in part may not protect: FHIR R4 immunization-subpotent-reason has "partial dose".
        "isSubpotent": True if (row.status or "").upper() == _IN_PART else None,
        "lotNumber": row.lots[0] if row.lots else None,
        "expirationDate": (row.expires_on or "")[:10],
        "site": concept(row.site),
        "route": concept(row.route),
        "doseQuantity": amount_of(row.amount, row.unit),
        "performer": [{"actor": performer}] if performer is not None else [],
        "reasonCode": [concept(one) for one in row.indications],
        "protocolApplied": [_dose(row.dose_number)],
    }
    return cleaned(body)


def _dose(number: str | None) -> dict[str, Any]:
    """Which dose of its series it is, as the observation under it says."""
    if number and len(number) < 4 and number.isascii() and number.isdigit() and int(number):
        return {"doseNumberPositiveInt": int(number)}
    return {"doseNumberString": number}


def _as_sent(story: Story, segment: int, number: int) -> str | None:
    return story.raw_time(story.message.field(story.message.segments[segment], number))
