"""silver.order: what was ordered and how it stands."""

from __future__ import annotations

import datetime

import pytest

from jobs.silver.order import build
from tests.hl7v2_messages import message, translated

ORDER = {
    "resourceType": "ServiceRequest",
    "id": "o1",
    "meta": {"lastUpdated": "2026-03-01T12:00:00Z"},
    "identifier": [{"type": {"coding": [{"code": "PLAC"}]}, "system": "EHR", "value": "P1"}],
    "requisition": {"value": "G1"},
    "status": "active",
    "intent": "order",
    "priority": "stat",
    "code": {"coding": [{"system": "http://loinc.org", "code": "24323-8"}], "text": "panel"},
    "subject": {"reference": "Patient/1"},
    "encounter": {"reference": "Encounter/2"},
    "authoredOn": "2026-03-01",
    "occurrenceDateTime": "2026-03-02T09:00:00-05:00",
    "requester": {"reference": "Practitioner/3"},
    "specimen": [{"reference": "Specimen/4"}],
    "note": [{"text": "fasting"}],
}


@pytest.fixture
def only(fhir_records):
    def make(*resources):
        [row] = build(fhir_records(*resources)).collect()
        return row

    return make


def test_an_order_says_what_for_whom_by_whom_and_when(only):
    row = only(ORDER)
    assert (row.codes[0].code, row.code_text, row.status, row.priority) == ("24323-8", "panel", "active", "stat")
    assert (row.patient_ref, row.encounter_ref, row.requester_ref) == ("Patient/1", "Encounter/2", "Practitioner/3")
    assert (row.authored_date, row.start_at) == (datetime.date(2026, 3, 1), datetime.datetime(2026, 3, 2, 14))
    assert (row.identifiers[0].value, row.group_number, row.specimen_refs) == ("P1", "G1", ["Specimen/4"])
    assert (row.aliases, row.note_text, row.faults) == (
        ["ServiceRequest/o1", "ServiceRequest?identifier=EHR|P1"],
        "fasting",
        [],
    )


def test_an_order_for_a_time_in_each_form_begins_on_its_day(fhir_records):
    plain = {name: value for name, value in ORDER.items() if name != "occurrenceDateTime"}
    forms = {
        "within": {"occurrencePeriod": {"start": "2026-03-02", "end": "2026-03-04"}},
        "repeated": {"occurrenceTiming": {"repeat": {"boundsPeriod": {"start": "2026-03-02"}}}},
        "listed": {"occurrenceTiming": {"event": ["2026-03-02"]}},
    }
    found = build(fhir_records(*[{**plain, "id": name, **form} for name, form in forms.items()])).collect()
    assert {row.start_date for row in found} == {datetime.date(2026, 3, 2)}


def test_a_cancel_is_the_newest_version_and_needs_no_more_than_the_number(only):
    later = {"lastUpdated": "2026-03-02T12:00:00Z"}
    cancel = {name: ORDER[name] for name in ("resourceType", "id", "identifier", "subject")}
    row = only(ORDER, {**cancel, "status": "revoked", "meta": later})
    assert (row.status, row.codes, row.faults) == ("revoked", [], [])


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [({"code": None}, "no_code"), ({"subject": None}, "no_subject"), ({"authoredOn": "soon"}, "malformed_date"),
     ({"occurrenceDateTime": None, "occurrencePeriod": {"start": "2026-03-02", "end": "2026-03-01"}}, "bad_period")],
)  # fmt: skip
def test_what_an_order_cannot_do_without_is_a_fault_by_name(only, wrong, fault):
    assert only({name: value for name, value in {**ORDER, **wrong}.items() if value is not None}).faults == [fault]


def test_a_message_that_only_cancels_an_order_takes_nothing_else_of_it_away(rows, fhir_records):
    pid = "PID|1||7^^^NORTH^MR"
    messages = (
        message("ORM^O01", 9, pid, "ORC|NW|P1^EHR|||||||20260301090000|||99^Doe", "OBR|1|P1^EHR||24323-8^Panel^LN"),
        message("ORM^O01", 30, pid, "ORC|CA|P1^EHR|||||||20260302090000"),
    )
    [row] = build(fhir_records(), translated(rows, *messages)).collect()
    assert (row.status, row.codes[0].code, row.requester_ref, row.faults) == (
        "revoked",
        "24323-8",
        "Practitioner/-99",
        [],
    )
    assert row.authored_date == datetime.date(2026, 3, 1)
