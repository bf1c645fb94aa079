"""silver.care_plan: plans of care."""

from __future__ import annotations

import datetime

# As Synthea writes one.
PLAN = {
    "resourceType": "CarePlan",
    "id": "c1",
    "status": "completed",
    "intent": "order",
    "category": [
        {"coding": [{"system": "http://hl7.org/fhir/us/core/CodeSystem/careplan-category", "code": "assess-plan"}]},
        {"coding": [{"system": "http://snomed.info/sct", "code": "384758001"}], "text": "Self-care interventions"},
    ],
    "subject": {"reference": "Patient/1"},
    "encounter": {"reference": "Encounter/e1"},
    "period": {"start": "2020-06-23T03:59:40+00:00", "end": "2022-07-15T08:27:40+00:00"},
    "careTeam": [{"reference": "CareTeam/t1"}],
    "addresses": [{"reference": "Condition/c1"}],
    "activity": [
        {
            "detail": {
                "code": {"coding": [{"code": "58332002"}], "text": "Allergy education"},
                "status": "completed",
                "location": {"reference": "Location/l1"},
                "reasonReference": [{"reference": "Condition/c1"}],
            }
        },
        {"reference": {"reference": "MedicationRequest/r1"}},
    ],
}


def test_a_plan_with_what_it_addresses_and_when(only):
    row = only(PLAN)
    assert [code.code for code in row.category_codes] == ["assess-plan", "384758001"]
    assert (row.category_texts, row.condition_refs) == (["Self-care interventions"], ["Condition/c1"])
    assert (row.start_date, row.end_date) == (datetime.date(2020, 6, 22), datetime.date(2022, 7, 15))
    assert (row.care_team_refs, row.faults) == (["CareTeam/t1"], [])


def test_activities_are_told_in_full_or_by_reference(only):
    taught, ordered = only(PLAN).activities
    assert (taught.codes[0].code, taught.code_text, taught.status) == ("58332002", "Allergy education", "completed")
    assert (taught.location_ref, taught.reason_refs) == ("Location/l1", ["Condition/c1"])
    assert (ordered.activity_ref, ordered.codes, ordered.status) == ("MedicationRequest/r1", [], None)


def test_a_plan_that_ends_before_it_begins_is_a_fault(only):
    assert only({**PLAN, "period": {"start": "2021-01-02", "end": "2021-01-01"}}).faults == ["bad_period"]
