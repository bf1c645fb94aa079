"""silver.person_link: which person a patient record stands for."""

from __future__ import annotations

import pytest

from jobs.silver.person_link import build


@pytest.fixture
def people(rows):
    """`people({1: [("replaced-by", 2)], 2: []})`: who stands for whom, told by patient numbers."""

    def make(links, said=(), before=(), told=(), born=None):
        given = [
            {
                "patient_id": number,
                "resource_id": str(number),
                "aliases": [f"Patient/{number}"],
                "links": [(kind, f"Patient/{other}") for kind, other in linked],
                "tenant": "demo",
                "feed": "ehr_fhir",
                "record_id": number,
                "birth_sent": (born or {}).get(number),
            }
            for number, linked in links.items()
        ]
        built = build(
            rows("silver.patient", *given),
            rows("silver.linkage", *told),
            rows("ops.decision", *said),
            rows("silver.person_link", *before),
        )
        found = {row.patient_id: row for row in built.collect()}
        own = {row.person_id: number for number, row in found.items() if row.is_survivor}
        return {number: own[row.person_id] for number, row in found.items()}

    return make


def test_a_patient_record_is_its_own_person(people):
    assert people({1: [], 2: [("seealso", 1)]}) == {1: 1, 2: 2}


def test_who_is_told_by_name_only_is_the_one_who_may_be_meant_and_of_two_neither(people):
    refer = {1: [], 2: [("seealso", 1)]}
    assert people(refer, born={2: "2010-03-04"}) == {1: 2, 2: 2}
    assert people(refer, born={1: "2010-03-04", 2: "2010-03-04"}) == {1: 1, 2: 2}
    two = {**refer, 3: [("seealso", 1)]}
    assert people(two, born={2: "2010-03-04", 3: "2015-06-07"}) == {1: 1, 2: 2, 3: 3}


def test_a_replaced_record_stands_for_the_one_that_replaced_it(people):
    assert people({1: [("replaced-by", 2)], 2: []}) == {1: 2, 2: 2}


def test_a_record_that_says_it_replaces_another_is_believed(people):
    assert people({1: [], 2: [("replaces", 1)]}) == {1: 2, 2: 2}


def test_a_chain_of_merges_ends_at_the_last_record(people):
    assert people({1: [("replaced-by", 2)], 2: [("replaced-by", 3)], 3: []}) == {1: 3, 2: 3, 3: 3}


def test_records_that_replace_each_other_stay_apart(people):
    assert people({1: [("replaced-by", 2)], 2: [("replaced-by", 1)]}) == {1: 1, 2: 2}


def test_a_record_replaced_by_one_that_was_never_sent_is_its_own_person(people):
    assert people({1: [("replaced-by", 9)]}) == {1: 1}


def word(left, right, decision):
    return {"left_id": left, "right_id": right, "decision": decision, "decided_at": "2026-03-01T00:00:00+00:00"}


def test_a_steward_links_what_nothing_else_does(people):
    assert people({1: [], 2: []}, [word(1, 2, "link")]) in ({1: 1, 2: 1}, {1: 2, 2: 2})


def test_a_steward_takes_a_record_out_of_a_chain_of_merges(people):
    links = {1: [("replaced-by", 2)], 2: [("replaced-by", 3)], 3: []}
    assert people(links, [word(1, 2, "unlink")]) == {1: 1, 2: 3, 3: 3}


def test_a_steward_is_believed_before_the_source(people):
    assert people({1: [("replaced-by", 2)], 2: []}, [word(1, 2, "never")]) == {1: 1, 2: 2}


def test_a_linkage_holds_though_the_lost_record_is_told_anew(people):
    told = {"tenant": "demo", "feed": "ehr_fhir", "patient_ref": "Patient/1", "survivor_ref": "Patient/2"}
    assert people({1: [], 2: []}, told=[told]) == {1: 2, 2: 2}
    assert people({1: [], 2: []}, told=[{**told, "is_active": False}]) == {1: 1, 2: 2}
