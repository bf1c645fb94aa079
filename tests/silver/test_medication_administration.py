"""silver.medication_administration: drugs given to patients."""

from __future__ import annotations

import datetime

# As Synthea writes one.
GIVEN = {
    "resourceType": "MedicationAdministration",
    "id": "a1",
    "status": "completed",
    "medicationCodeableConcept": {"coding": [{"code": "1535362"}], "text": "Enoxaparin"},
    "subject": {"reference": "Patient/1"},
    "context": {"reference": "Encounter/e1"},
    "effectiveDateTime": "2020-02-11T01:50:10+00:00",
    "dosage": {"dose": {"value": 4.0}, "rateQuantity": {"value": 2}},
}


def test_what_was_given_is_its_quantity_and_its_one_dosage(only):
    row = only(GIVEN)
    assert (row.quantity, row.quantity_unit, row.start_date) == (4, None, datetime.date(2020, 2, 10))
    [dosage] = row.dosages
    assert (dosage.dose, dosage.rate, dosage.frequency, row.encounter_ref) == (4, 2, None, "Encounter/e1")
    assert row.faults == []


def test_an_infusion_has_a_beginning_and_an_end(only):
    given = {k: v for k, v in GIVEN.items() if k not in ("effectiveDateTime", "dosage")}
    row = only({**given, "effectivePeriod": {"start": "2020-02-11T10:00:00Z", "end": "2020-02-11T12:00:00Z"}})
    assert (row.start_at, row.end_at) == (datetime.datetime(2020, 2, 11, 10), datetime.datetime(2020, 2, 11, 12))
    assert (row.dosages, row.quantity) == ([], None)


def test_what_was_not_given_stays_with_its_reason(only):
    row = only({**GIVEN, "status": "not-done", "statusReason": [{"text": "refused"}]})
    assert (row.status, row.status_reason_text, row.faults) == ("not-done", "refused", [])


def test_an_end_before_the_start_is_a_fault(only):
    given = {k: v for k, v in GIVEN.items() if k != "effectiveDateTime"}
    row = only({**given, "effectivePeriod": {"start": "2020-02-11T10:00:00Z", "end": "2020-02-11T09:00:00Z"}})
    assert row.faults == ["bad_period"]
