"""silver.procedure: what was done."""

from __future__ import annotations

import datetime

from jobs.silver._event_procedure import of_procedures
from jobs.silver.procedure import build

SNOMED = "http://snomed.info/sct"
# As Synthea writes one.
CLEANING = {
    "resourceType": "Procedure",
    "id": "a83e",
    "status": "completed",
    "code": {"coding": [{"system": SNOMED, "code": "34043003", "display": "Dental consultation and report"}]},
    "subject": {"reference": "Patient/1"},
    "encounter": {"reference": "Encounter/e1"},
    "performedPeriod": {"start": "2020-02-04T02:15:00+00:00", "end": "2020-02-04T06:24:43+00:00"},
    "location": {"reference": "Location/l1", "display": "A CLINIC"},
    "reasonReference": [{"reference": "Condition/c1", "display": "Gingivitis"}],
}


def procedure(**given):
    return {**CLEANING, **given}


def test_a_period_keeps_its_instants_and_the_dates_on_the_wall(only):
    row = only(CLEANING)
    assert (row.start_date, row.end_date) == (datetime.date(2020, 2, 3), datetime.date(2020, 2, 4))
    assert row.start_at == datetime.datetime(2020, 2, 4, 2, 15)
    assert (row.encounter_ref, row.location_ref, row.reason_refs) == ("Encounter/e1", "Location/l1", ["Condition/c1"])
    assert (row.codes[0].code, row.code_text, row.faults) == ("34043003", "Dental consultation and report", [])


def test_a_single_time_has_no_end(only):
    given = procedure(performedDateTime="2020-02-03")
    del given["performedPeriod"]
    row = only(given)
    assert (row.start_date, row.start_at, row.end_date) == (datetime.date(2020, 2, 3), None, None)


def test_a_time_in_words_is_kept_in_words(only):
    given = procedure(performedString="in childhood")
    del given["performedPeriod"]
    row = only(given)
    assert (row.performed_text, row.start_date, row.faults) == ("in childhood", None, [])


def test_an_age_is_kept_in_words_and_dates_nothing(only):
    untimed = {name: value for name, value in CLEANING.items() if name != "performedPeriod"}
    years = [{"value": value, "unit": "years", "code": "a"} for value in (12, 14)]
    aged = only({**untimed, "performedAge": years[0]})
    assert (aged.performed_text, aged.start_date, aged.faults) == ("12 a", None, [])
    assert (
        only({**untimed, "performedRange": dict(zip(("low", "high"), years, strict=True))}).performed_text
        == "12 a - 14 a"
    )
    assert only(CLEANING).performed_text is None


def test_what_was_entered_in_error_stays_with_its_status(only):
    row = only(procedure(status="entered-in-error"))
    assert (row.status, row.faults) == ("entered-in-error", [])


def test_focal_and_used_devices_are_its_devices(only):
    given = procedure(
        focalDevice=[{"manipulated": {"reference": "Device/d1"}}],
        usedReference=[{"reference": "http://hospital/fhir/Device/d2/_history/3"}],
    )
    assert only(given).device_refs == ["Device/d1", "Device/d2"]


def test_what_was_done_in_a_year_was_done_by_its_last_day(only, rows, fhir_records):
    year = {**CLEANING, "performedDateTime": "2009"}
    year.pop("performedPeriod", None)
    row = only(year)
    assert (row.start_date, row.start_by_date, row.faults) == (None, datetime.date(2009, 12, 31), [])
    [event] = of_procedures(build(fhir_records(year)), rows("silver.encounter")).collect()
    assert event.start_date == datetime.date(2009, 12, 31)


def test_only_used_devices_are_devices_too(only):
    assert only(procedure(usedReference=[{"reference": "Device/d2"}])).device_refs == ["Device/d2"]


FAULTY = {
    "no_code": {"code": {}},
    "no_subject": {"subject": {"display": "somebody"}},
    "malformed_date": {"performedPeriod": {"start": "2020-02-30"}},
    "bad_period": {"performedPeriod": {"start": "2020-02-02", "end": "2020-02-01"}},
}


def test_what_cannot_be_used_says_why(fhir_records):
    rows = build(fhir_records(*[{**CLEANING, **given, "id": fault} for fault, given in FAULTY.items()])).collect()
    assert {row.resource_id: row.faults for row in rows} == {fault: [fault] for fault in FAULTY}
