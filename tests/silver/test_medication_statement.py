"""silver.medication_statement: drugs that somebody says are taken."""

from __future__ import annotations

import datetime

STATEMENT = {
    "resourceType": "MedicationStatement",
    "id": "s1",
    "status": "active",
    "medicationCodeableConcept": {"text": "aspirin"},
    "subject": {"reference": "Patient/1"},
    "effectivePeriod": {"start": "2019", "end": "2020-03-01"},
    "dateAsserted": "2020-03-02",
    "informationSource": {"reference": "Patient/1"},
    "dosage": [{"text": "one a day"}, {"text": "two on Sundays"}],
}


def test_a_statement_says_since_when_by_whom_and_how(only):
    row = only(STATEMENT)
    # The year alone gives no day, and none is made up.
    assert (row.start_date, row.end_date) == (None, datetime.date(2020, 3, 1))
    assert (row.asserted_date, row.source_ref) == (datetime.date(2020, 3, 2), "Patient/1")
    assert (row.sig, len(row.dosages), row.faults) == ("one a day; two on Sundays", 2, [])


def test_what_was_entered_in_error_stays_with_its_status(only):
    assert only({**STATEMENT, "status": "entered-in-error"}).status == "entered-in-error"


def test_bounds_of_a_dosage_are_local_days(only):
    bounds = {"repeat": {"boundsPeriod": {"start": "2020-01-02T03:00:00Z"}, "count": 3}}
    [dosage] = only({**STATEMENT, "dosage": [{"timing": bounds}]}).dosages
    assert (dosage.start_date, dosage.start_at) == (datetime.date(2020, 1, 1), datetime.datetime(2020, 1, 2, 3))


def test_a_drug_known_by_words_of_its_reference_is_known(only):
    given = {k: v for k, v in STATEMENT.items() if k != "medicationCodeableConcept"}
    row = only({**given, "medicationReference": {"display": "the white pill"}})
    assert (row.code_text, row.codes, row.faults) == ("the white pill", [], [])
