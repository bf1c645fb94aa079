"""gold.visit_occurrence: a visit that several feeds tell of is one."""

import datetime

import pytest

from jobs.columns.people import own_person
from jobs.gold.visit_occurrence import build

DAY = datetime.date(2026, 1, 12)
OTHER = datetime.date(2026, 1, 20)


@pytest.fixture
def visits(rows):
    """`visits({...}, {...})`: encounters of one person of several feeds; encounter ids of each visit."""
    from pyspark.sql import functions as F

    def make(*encounters, of=lambda row: sorted(row.lw_told_by), over=()):
        feeds = sorted({one["feed"] for one in encounters})
        patients = rows("silver.patient", *[
            {"patient_id": number, "feed": feed, "tenant": "demo", "aliases": [f"Patient/{feed}"]}
            for number, feed in enumerate(feeds, 1)
        ])  # fmt: skip
        person = rows("silver.patient", {"patient_id": 1}).select(own_person(F.col("patient_id"))).first()[0]
        links = rows("silver.person_link", *[{"patient_id": n, "person_id": person} for n in range(1, len(feeds) + 1)])
        given = [
            {
                "encounter_id": number,
                "record_id": number * 10,
                "tenant": "demo",
                "resource_id": f"e{number}",
                "patient_id": feeds.index(one["feed"]) + 1,
                "patient_ref": f"Patient/{one['feed']}",
                "status": "finished",
                "class_code": "AMB",
                "start_date": DAY,
                "identifiers": [],
                "admit_source_codes": [],
                "discharge_codes": [],
                **one,
            }
            for number, one in enumerate(encounters, 1)
        ]
        none = [rows(name) for name in ("silver.practitioner", "silver.organization", "silver.concept_map")]
        people = rows("gold.person", {"person_id": person})
        states = rows("silver.claim_state", *[{"encounter_id": number, "state": "replaced"} for number in over])
        found = build(rows("silver.encounter", *given), states, patients, links, people, *none)
        return sorted(of(row) for row in found.where(F.size("faults") == 0).collect())

    return make


def number(value):
    return [(None, None, None, None, value)]


def test_a_visit_is_of_a_claim_where_nobody_but_a_payer_tells_of_it(visits):
    told = [{"feed": "ehr_fhir"}, {"feed": "claims_x12"}, {"feed": "claims_x12", "start_date": OTHER}]
    assert visits(*told, of=lambda row: (row.visit_start_date, row.visit_type_concept_id)) == [
        (DAY, 32827),
        (OTHER, 32810),
    ]


def test_the_same_day_and_kind_in_two_feeds_is_one_visit(visits):
    assert visits({"feed": "ehr_fhir"}, {"feed": "claims_x12"}) == [[1, 2]]


def test_a_visit_whose_claims_are_all_over_is_none(visits):
    """Its claim was replaced under another number: the visit of the new claim is the one that took place."""
    told = [{"feed": "claims_x12", "start_date": OTHER}, {"feed": "claims_x12"}, {"feed": "claims_x12"}]
    assert visits(*told, over=[2]) == [[1], [3]]


def test_from_where_and_to_where_says_whoever_knows_it(visits):
    def codes(*said):
        return [(None, code, None, None, None) for code in said]

    told = [
        {"feed": "ehr_fhir", "discharge_codes": codes("home")},
        {"feed": "claims_x12", "admit_source_codes": codes("1"), "discharge_codes": codes("30")},
        {"feed": "adt_hl7v2", "admit_source_codes": codes("7")},
    ]
    said = visits(*told, of=lambda row: (row.admitted_from_source_value, row.discharged_to_source_value))
    assert said == [("7", "home")]


def test_another_day_is_another_visit(visits):
    assert visits({"feed": "ehr_fhir"}, {"feed": "claims_x12", "start_date": OTHER}) == [[1], [2]]


def test_a_feed_that_names_the_number_tells_of_that_visit_whatever_kind_it_says(visits):
    virtual = {"feed": "ehr_fhir", "class_code": "VR"}
    assert visits(virtual, {"feed": "adt_hl7v2", "identifiers": number("e1")}) == [[1, 2]]


def test_of_two_visits_on_a_day_each_goes_with_the_one_it_names(visits):
    ehr = {"feed": "ehr_fhir"}
    told = [{"feed": "adt_hl7v2", "identifiers": number(name)} for name in ("e2", "e1")]
    assert visits(ehr, ehr, *told) == [[1, 4], [2, 3]]


def test_an_encounter_that_is_only_mentioned_is_the_one_whose_number_it_has(visits):
    mentioned = {"feed": "lab_hl7v2", "start_date": None, "status": "unknown", "identifiers": number("e1")}
    assert visits({"feed": "ehr_fhir"}, mentioned) == [[1, 2]]
