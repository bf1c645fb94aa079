"""silver.medication_dispense: drugs given out."""

from __future__ import annotations

import datetime
from decimal import Decimal

from pyspark.sql import functions as F

from jobs.silver._event_drug import of_dispenses
from jobs.silver.medication_dispense import build

DISPENSE = {
    "resourceType": "MedicationDispense",
    "id": "d1",
    "status": "completed",
    "medicationCodeableConcept": {"text": "penicillin"},
    "subject": {"reference": "Patient/1"},
    "context": {"reference": "Encounter/e1"},
    "authorizingPrescription": [{"reference": "MedicationRequest/r1"}],
    "performer": [{"actor": {"reference": "Practitioner/p1"}}],
    "quantity": {"value": 60, "unit": "tablets"},
    "daysSupply": {"value": 30},
    "whenPrepared": "2020-02-10",
    "whenHandedOver": "2020-02-11T14:00:00-05:00",
}


def test_a_dispense_says_what_was_handed_over_when_and_for_how_long(only):
    row = only(DISPENSE)
    assert (row.code_text, row.quantity, row.quantity_unit, row.days_supply) == ("penicillin", 60, "tablets", 30)
    assert (row.handed_over_date, row.prepared_date) == (datetime.date(2020, 2, 11), datetime.date(2020, 2, 10))
    assert (row.handed_over_at, row.prepared_at) == (datetime.datetime(2020, 2, 11, 19), None)
    assert (row.prescription_refs, row.performer_ref) == (["MedicationRequest/r1"], "Practitioner/p1")
    assert (row.encounter_ref, row.faults) == ("Encounter/e1", [])


def test_a_supply_in_hours_is_a_part_of_a_day(only):
    row = only({**DISPENSE, "daysSupply": {"value": 36, "unit": "hours", "code": "h"}})
    assert row.days_supply == Decimal("1.5")


def test_a_supply_in_tablets_is_no_time(only):
    assert only({**DISPENSE, "daysSupply": {"value": 30, "unit": "tablets"}}).days_supply is None


def test_a_date_that_is_none_is_a_fault(only):
    assert only({**DISPENSE, "whenHandedOver": "yesterday"}).faults == ["malformed_date"]


def test_nobody_has_what_was_declined_or_still_waits_to_be_fetched(rows, fhir_records):
    def dispense(status, **given):
        return {**{k: v for k, v in DISPENSE.items() if k != "whenHandedOver"}, "id": status, "status": status, **given}

    sent = [dispense(one) for one in ("declined", "in-progress", "preparation", "stopped", "unknown")]
    built = build(fhir_records(*sent, dispense("on-hold", whenHandedOver="2020-02-11")))
    events = of_dispenses(built, rows("silver.medication"), rows("silver.concept_map"))
    named = events.join(built, F.col("source_row_id") == F.col("medication_dispense_id"), how="inner")
    assert {row.resource_id: row.excluded for row in named.select("resource_id", "excluded").collect()} == {
        "declined": "declined",
        "in-progress": "not_handed_over",
        "preparation": "not_done",
        "stopped": None,
        "unknown": None,
        "on-hold": None,
    }
