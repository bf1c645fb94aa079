"""gold.visit_detail: the parts of a visit, and which part each lies in."""

import datetime
from collections import Counter

import pytest
from pyspark.sql import functions as F

from jobs.columns.people import own_person
from jobs.formats.x12_fhir_codes import PLACE_OF_SERVICE, TYPE_OF_BILL
from jobs.gold import visit_detail, visit_occurrence
from jobs.shell import arrow_rows

DAY = datetime.date(2026, 1, 12)
STAY = {"class_code": "IMP", "end_date": datetime.date(2026, 1, 16)}


@pytest.fixture
def placed(rows):
    """`placed(a={...}, b={...})`: the visit in which each of these encounters lies, and the part of it, by name."""
    doctors, sites, nowhere, codes = [
        rows(f"silver.{name}") for name in ("practitioner", "organization", "location", "concept_map")
    ]
    patients = rows("silver.patient", *[
        {"patient_id": n, "feed": "ehr_fhir", "tenant": "demo", "aliases": [f"Patient/{n}"]} for n in (1, 2)
    ])  # fmt: skip
    person = patients.select("patient_id", own_person(F.col("patient_id")).alias("person_id"))
    links = rows("silver.person_link").select("patient_id", "person_id").unionByName(person)
    people = rows("gold.person", *[{"person_id": row.person_id} for row in person.collect()])

    def make(*, count=False, preceding=False, over=(), places=nowhere, whole=False, **encounters):
        numbers = {name: number for number, name in enumerate(encounters, 1)}
        given = [
            {
                "encounter_id": numbers[name],
                "record_id": numbers[name],
                "tenant": "demo",
                "feed": "ehr_fhir",
                "resource_id": name,
                "aliases": [f"Encounter/{name}"],
                "patient_id": one.pop("who", 1),
                "status": "finished",
                "start_date": DAY,
                "identifiers": [],
                "type_codes": [],
                "admit_source_codes": [],
                "discharge_codes": [],
                **({"part_of_ref": f"Encounter/{one.pop('of')}"} if "of" in one else {}),
                **one,
            }
            for name, one in encounters.items()
        ]
        told = rows("silver.encounter", *given)
        states = rows("silver.claim_state", *[{"encounter_id": numbers[name], "state": "replaced"} for name in over])
        visits = visit_occurrence.build(told, states, patients, links, people, doctors, sites, codes)
        kept = rows("gold.visit_occurrence").sparkSession.createDataFrame(visits.collect(), visits.schema)
        details = visit_detail.build(
            told, states, patients, links, people, doctors, sites, places, codes, kept
        ).collect()
        if whole:
            return sorted(details, key=lambda row: row.lw_place or 0)
        owner = {row.visit_occurrence_id: row.lw_source.split("|")[1] for row in kept.collect()}
        source = {row.visit_detail_id: row.lw_source.split("|")[1] for row in details}
        named = {str(number): name for name, number in numbers.items()}
        assert [row for row in details if row.faults] == []
        before = {
            named[source[row.visit_detail_id]]: named[source[row.preceding_visit_detail_id]]
            for row in details
            if row.preceding_visit_detail_id
        }
        if preceding:
            return before
        found = {named[one]: None for one in owner.values()}
        for row in details:
            inside = named[source[row.parent_visit_detail_id]] if row.parent_visit_detail_id else None
            found[named[source[row.visit_detail_id]]] = (named[owner[row.visit_occurrence_id]], inside)
        if count:
            given = {"encounters": told, "claim_states": states, "visits": kept}
            asked = {name: frame.toArrow() for name, frame in given.items()}
            return found, dict(Counter(reason for (reason,) in arrow_rows.ask(visit_detail.RECEIVED, **asked)))
        return found

    return make


def test_a_bed_on_a_ward_of_a_stay_is_a_part_of_the_ward_and_both_are_of_the_stay(placed):
    told = {"stay": {**STAY}, "ward": {"of": "stay"}, "bed": {"of": "ward"}, "other": {}}
    assert placed(**told, count=True) == (
        {"stay": None, "ward": ("stay", None), "bed": ("stay", "ward"), "other": None},
        {None: 2, "visit_of_its_own": 2},
    )


def test_an_encounter_whose_parent_nobody_knows_or_is_somebody_elses_is_a_visit(placed):
    told = {"lost": {"of": "nowhere"}, "below": {"of": "lost"}, "theirs": {"who": 2}, "mine": {"of": "theirs"}}
    assert placed(**told) == {"lost": None, "below": ("lost", None), "theirs": None, "mine": None}


def test_encounters_that_are_parts_of_each_other_are_visits(placed):
    told = {"a": {"of": "c"}, "b": {"of": "a"}, "c": {"of": "b"}, "self": {"of": "self"}, "tail": {"of": "a"}}
    assert placed(**told) == dict.fromkeys(told)


def test_each_part_knows_the_one_before_it_in_its_visit(placed):
    later = {"start_date": DAY + datetime.timedelta(1)}
    told = {"stay": {**STAY}, "bed": {"of": "stay", **later}, "ward": {"of": "stay"}, "lab": {"of": "stay", **later}}
    assert placed(**told, preceding=True) == {"bed": "ward", "lab": "bed"}


def test_a_part_that_was_called_off_is_passed_over_and_one_whose_claims_are_over_is_none(placed):
    told = {"stay": {**STAY}, "ward": {"of": "stay", "status": "cancelled"}, "bed": {"of": "ward"}}
    told["billed"] = {"of": "stay", "feed": "claims_x12"}
    assert placed(**told, count=True, over=["billed"]) == (
        {"stay": None, "bed": ("stay", None)},
        {None: 1, "cancelled": 1, "claim_replaced": 1, "visit_of_its_own": 1},
    )


def test_a_part_of_what_has_no_date_or_was_called_off_is_a_visit(placed):
    told = {"off": {"status": "cancelled"}, "a": {"of": "off"}, "undated": {"start_date": None}, "b": {"of": "undated"}}
    assert placed(**told) == {"a": None, "undated": None, "b": None}


def test_the_name_of_a_parent_is_that_of_its_own_feed(placed):
    told = {"stay": {**STAY, "feed": "other_fhir"}, "ward": {"of": "stay"}}
    assert placed(**told) == {"stay": None, "ward": None}


def claim(place=None, *, bill=None, first=0, last=None, feed="claims_x12", **more):
    """An encounter of a claim, by place of service or type of bill, on days counted from DAY."""
    system = PLACE_OF_SERVICE if place else TYPE_OF_BILL
    days = {"start_date": DAY + datetime.timedelta(first), "end_date": DAY + datetime.timedelta(last or first)}
    return {
        "feed": feed,
        "type_codes": [(system, place or bill, None, None, None)],
        "class_code": "IMP",
        **days,
        **more,
    }


def test_what_a_professional_bills_for_inside_a_stay_is_a_part_of_it_and_on_other_days_a_visit(placed):
    told = {
        "stay": {**STAY},
        "inside": claim("21", first=1, last=2),
        "longer": claim("21", first=3, last=9),
        "later": claim("21", first=5),
        "theirs": claim("21", first=1, who=2),
        "office": claim("11", first=1, class_code="AMB"),
    }
    assert placed(**told) == {**dict.fromkeys(told), "inside": ("stay", None)}


def test_a_professional_claim_goes_with_the_kind_of_visit_that_its_place_of_service_says(placed):
    told = {
        "stay": claim(bill="11", last=4),
        "emergency": claim(bill="13", class_code="EMER"),
        "clinic": claim(bill="13", class_code="AMB"),
        "month": claim(bill="13", first=-5, last=20, class_code="AMB"),
        "in_bed": claim("21"),
        "at_the_door": claim("23", class_code="EMER"),
        "walked_in": claim("22", class_code="AMB"),
        "next_day": claim("22", first=1, class_code="AMB"),
        "afterwards": claim("22", first=9, class_code="AMB"),
    }
    assert placed(**told) == {
        **dict.fromkeys(told),
        "in_bed": ("stay", None),
        "at_the_door": ("emergency", None),
        "walked_in": ("clinic", None),
        "next_day": ("stay", None),
    }


def test_of_two_visits_on_a_day_a_professional_claim_goes_with_the_one_it_names(placed):
    emergency = {"class_code": "EMER", "end_date": DAY}
    seen = claim("23", class_code="EMER", identifiers=[(None, None, None, None, "second")])
    told = {"first": {**emergency}, "second": {**emergency}, "seen": seen}
    assert placed(**told) == {"first": None, "second": None, "seen": ("second", None)}


def test_a_professional_claim_is_no_evidence_of_a_stay_and_one_called_off_holds_nothing(placed):
    told = {
        "one": claim("21", last=4),
        "two": claim("21", first=1),
        "off": claim(bill="11", last=4, status="cancelled"),
    }
    assert placed(**told) == {"one": None, "two": None}


def test_a_professional_claim_inside_a_stay_that_two_feeds_tell_of_is_a_part_of_the_one_visit(placed):
    told = {"stay": {**STAY}, "billed": claim(bill="11", last=4), "seen": claim("21")}
    assert placed(**told) == {"stay": None, "seen": ("stay", None)}


def test_where_the_patient_was_in_turn_are_parts_of_the_visit_with_the_wards_as_sites_of_care(rows, placed):
    def at(hour):
        return datetime.datetime(2026, 1, 12, hour)

    def move(ward, since, until=None):
        return (f"Location/{ward}", DAY, since, until and DAY, until)

    moves = [move("4W", at(8), at(14)), move("bed", at(14), at(20)), move("nowhere", at(20))]
    told = {
        "stay": {**STAY, "feed": "adt_hl7v2", "moves": moves, "end_at": datetime.datetime(2026, 1, 16, 9)},
        # The first feed that knows any has the word, also where another one tells of the visit before it.
        "record": {**STAY, "moves": []},
        "claim": {**STAY, "feed": "claims_x12", "moves": [move("4W", at(7))]},
        "in and out": {"moves": [move("clinic", at(9))], "start_date": DAY + datetime.timedelta(40)},
        "called off": {**STAY, "status": "cancelled", "moves": moves},
    }
    wards = [
        {
            "location_id": 71,
            "aliases": ["Location/4W"],
            "name": "4 West",
            "physical_type_codes": [(None, "wa", None, None, None)],
        },
        {
            "location_id": 72,
            "aliases": ["Location/ICU"],
            "name": "ICU",
            "physical_type_codes": [(None, "wa", None, None, None)],
        },
        {"location_id": 73, "aliases": ["Location/bed"], "name": "ICU 1", "part_of_ref": "Location/ICU"},
    ]
    places = rows("silver.location", *wards, feed="adt_hl7v2", tenant="demo")
    found = placed(**told, places=places, whole=True)
    last = datetime.date(2026, 1, 16), datetime.datetime(2026, 1, 16, 9)
    assert [
        (row.lw_place, row.care_site_id, row.visit_detail_source_value, row.visit_detail_start_datetime,
         row.visit_detail_end_date, row.visit_detail_end_datetime) for row in found
    ] == [
        (1, 71, "4 West", at(8), DAY, at(14)), (2, 72, "ICU 1", at(14), DAY, at(20)), (3, None, "IMP", at(20), *last),
    ]  # fmt: skip
    assert [row.preceding_visit_detail_id for row in found] == [None, *[row.visit_detail_id for row in found[:2]]]
    assert {row.parent_visit_detail_id for row in found} == {None}


def test_where_a_patient_was_during_a_part_of_a_visit_lies_in_that_part(placed):
    moves = [("Location/a", DAY, None, None, None)]
    told = {"stay": {**STAY}, "ward": {"of": "stay", "class_code": "IMP", "moves": moves}}
    ward, place = placed(**told, whole=True)
    assert (place.parent_visit_detail_id, place.visit_occurrence_id) == (ward.visit_detail_id, ward.visit_occurrence_id)
    # Until the end of the part, which nobody told.
    assert (place.visit_detail_start_date, place.visit_detail_end_date, ward.lw_place) == (DAY, DAY, None)
