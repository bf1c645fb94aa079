"""silver.coverage: insurance."""

from __future__ import annotations

import datetime

COVERAGE = {
    "resourceType": "Coverage",
    "id": "v1",
    "identifier": [{"system": "http://payer/member", "value": "17"}],
    "status": "active",
    "type": {"coding": [{"code": "EHCPOL"}], "text": "Blue Cross"},
    "subscriber": {"reference": "Patient/2"},
    "subscriberId": "S-17",
    "beneficiary": {"reference": "Patient/1"},
    "relationship": {"coding": [{"code": "child"}]},
    "period": {"start": "2020-01-01", "end": "2020-12-31"},
    "payor": [{"reference": "Organization/o1", "display": "Blue Cross"}],
    "class": [
        {"type": {"coding": [{"code": "group"}]}, "value": "G1", "name": "Steel Workers"},
        {"type": {"coding": [{"code": "plan"}]}, "value": "B37FC"},
    ],
    "order": 1,
}


def test_a_coverage_says_who_pays_for_whom_and_when(only):
    row = only(COVERAGE)
    assert (row.patient_ref, row.subscriber_ref, row.relationship_codes[0].code) == ("Patient/1", "Patient/2", "child")
    assert (row.payer_refs, row.payer_names, row.type_text) == (["Organization/o1"], ["Blue Cross"], "Blue Cross")
    assert (row.start_date, row.end_date) == (datetime.date(2020, 1, 1), datetime.date(2020, 12, 31))
    assert (row.aliases, row.faults) == (["Coverage/v1", "Coverage?identifier=http://payer/member|17"], [])


def test_plan_and_group_go_by_their_name_else_by_their_number(only):
    row = only(COVERAGE)
    assert (row.plan, row.plan_group, row.subscriber_number) == ("B37FC", "Steel Workers", "S-17")


def test_a_contained_payer_gives_its_name(only):
    inside = {"resourceType": "Organization", "id": "org", "name": "Humana"}
    row = only({**COVERAGE, "contained": [inside], "payor": [{"reference": "#org"}]})
    assert row.payer_names == ["Humana"]


def test_a_coverage_of_nobody_is_a_fault(only):
    given = {k: v for k, v in COVERAGE.items() if k != "beneficiary"}
    assert only(given).faults == ["no_subject"]
