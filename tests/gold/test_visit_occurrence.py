"""gold.visit_occurrence: a visit that several feeds tell of is one."""

import datetime

import pytest
from pyspark.sql import functions as F

from jobs.gold.visit_occurrence import build

DAY = datetime.date(2026, 1, 12)
OTHER = datetime.date(2026, 1, 20)


CASES = {}
EMR = "urn:oid:1.2.840.114350"
# What a site says of its own classes: that 3 is inpatient, 4 outpatient, and of 5 something that is no visit.
LOCAL = [
    {"vocabulary_id": EMR, "source_vocabulary_id": "emr class", "code_key": code, "source_concept_id": 0,
     "targets": [(concept, domain, None, None)]}
    for code, concept, domain in [("3", 9201, "Visit"), ("4", 9202, "Visit"), ("5", 77, "Observation")]
]  # fmt: skip


def local_class(code):
    return {"class_code": code, "class_codes": [(EMR, code, None, None, None)]}


def told(*encounters, over=()):
    """What a test is about: encounters of one person, by number; `over` are those whose claims are over.

    All that tests are about is built at once, each with a person of its own.
    """

    def about(test):
        CASES[test.__name__] = (encounters, over)
        return test

    return about


@pytest.fixture(scope="module")
def all_visits(rows):
    given, states, known = [], [], []
    for person, (encounters, over) in enumerate(CASES.values(), 1):
        known += [
            {"patient_id": 100 * person + n, "feed": one["feed"], "tenant": "demo", "aliases": []}
            for n, one in enumerate(encounters)
        ]
        given += [_encounter(person, n, one) for n, one in enumerate(encounters, 1)]
        states += [{"encounter_id": 100 * person + number, "state": "replaced"} for number in over]
    links = rows("silver.person_link", *[
        {"patient_id": one["patient_id"], "person_id": one["patient_id"] // 100} for one in known
    ])  # fmt: skip
    people = rows("gold.person", *[{"person_id": person} for person in range(1, len(CASES) + 1)])
    none = [rows(name) for name in ("silver.practitioner", "silver.organization")]
    none.append(rows("silver.concept_map", *LOCAL))
    encounters, over = rows("silver.encounter", *given), rows("silver.claim_state", *states)
    found = build(encounters, over, rows("silver.patient", *known), links, people, *none)
    return found.where(F.size("faults") == 0).collect()


def _encounter(person, number, one):
    return {
        "encounter_id": 100 * person + number,
        "record_id": 100 * person + number,
        "tenant": "demo",
        "resource_id": f"{person} {number}",
        "patient_id": 100 * person + number - 1,
        "status": "finished",
        "class_code": "AMB",
        "start_date": DAY,
        "admit_source_codes": [],
        "discharge_codes": [],
        **one,
        "identifiers": [(None, None, None, None, f"{person} {name}") for name in one.get("identifiers", ())],
    }


@pytest.fixture
def visits(request, all_visits):
    person = [*CASES].index(request.function.__name__) + 1
    return [row for row in all_visits if row.person_id == person]


def tellers(visits):
    """The encounters of each visit, by number."""
    return sorted(sorted(one % 100 for one in row.lw_told_by) for row in visits)


def codes(*said):
    return [(None, code, None, None, None) for code in said]


@told({"feed": "ehr_fhir"}, {"feed": "claims_x12"}, {"feed": "claims_x12", "start_date": OTHER})
def test_a_visit_is_of_a_claim_where_nobody_but_a_payer_tells_of_it(visits):
    said = sorted((row.visit_start_date, row.visit_type_concept_id) for row in visits)
    assert said == [(DAY, 32827), (OTHER, 32810)]


@told({"feed": "ehr_fhir"}, {"feed": "claims_x12"})
def test_the_same_day_and_kind_in_two_feeds_is_one_visit(visits):
    assert tellers(visits) == [[1, 2]]


@told({"feed": "claims_x12", "start_date": OTHER}, {"feed": "claims_x12"}, {"feed": "claims_x12"}, over=[2])
def test_a_visit_whose_claims_are_all_over_is_none(visits):
    """Its claim was replaced under another number: the visit of the new claim is the one that took place."""
    assert tellers(visits) == [[1], [3]]


@told(
    {"feed": "ehr_fhir", "discharge_codes": codes("home")},
    {"feed": "claims_x12", "admit_source_codes": codes("1"), "discharge_codes": codes("30")},
    {"feed": "adt_hl7v2", "admit_source_codes": codes("7")},
)
def test_from_where_and_to_where_says_whoever_knows_it(visits):
    [row] = visits
    assert (row.admitted_from_source_value, row.discharged_to_source_value) == ("7", "home")


@told({"feed": "ehr_fhir", **local_class("4")}, {"feed": "claims_x12", "class_code": "AMB"})
def test_a_class_of_a_sites_own_is_the_kind_that_its_map_says(visits):
    [row] = visits
    assert (row.visit_concept_id, row.visit_source_value, len(row.lw_told_by)) == (9202, "4", 2)


@told({"feed": "ehr_fhir", **local_class("3"), "status": "in-progress", "received_at": datetime.datetime(2026, 1, 20)})
def test_a_stay_of_a_class_of_a_sites_own_goes_on(visits):
    [row] = visits
    assert (row.visit_concept_id, row.visit_end_date) == (9201, datetime.date(2026, 1, 20))


@told(
    {"feed": "ehr_fhir", **local_class("5")},
    {"feed": "ehr_fhir", **local_class("6"), "start_date": OTHER},
    {"feed": "ehr_fhir", **local_class("emer"), "start_date": datetime.date(2026, 1, 30)},
)
def test_a_class_that_the_map_calls_no_visit_is_what_hl7_calls_it_or_unknown(visits):
    assert sorted((row.visit_start_date, row.visit_concept_id) for row in visits) == [
        (DAY, 0), (OTHER, 0), (datetime.date(2026, 1, 30), 9203),
    ]  # fmt: skip


@told({"feed": "ehr_fhir"}, {"feed": "claims_x12", "start_date": OTHER})
def test_another_day_is_another_visit(visits):
    assert tellers(visits) == [[1], [2]]


@told({"feed": "ehr_fhir", "class_code": "VR"}, {"feed": "adt_hl7v2", "identifiers": [1]})
def test_a_feed_that_names_the_number_tells_of_that_visit_whatever_kind_it_says(visits):
    assert tellers(visits) == [[1, 2]]


@told(
    {"feed": "ehr_fhir"},
    {"feed": "ehr_fhir"},
    {"feed": "adt_hl7v2", "identifiers": [2]},
    {"feed": "adt_hl7v2", "identifiers": [1]},
)
def test_of_two_visits_on_a_day_each_goes_with_the_one_it_names(visits):
    assert tellers(visits) == [[1, 4], [2, 3]]


@told({"feed": "ehr_fhir"}, {"feed": "lab_hl7v2", "start_date": None, "status": "unknown", "identifiers": [1]})
def test_an_encounter_that_is_only_mentioned_is_the_one_whose_number_it_has(visits):
    assert tellers(visits) == [[1, 2]]
