"""gold.visit_detail: the parts of a visit, and which part each lies in."""

import datetime

import pytest
from pyspark.sql import functions as F

from jobs.columns.people import own_person
from jobs.formats.x12_fhir_codes import PLACE_OF_SERVICE, TYPE_OF_BILL
from jobs.gold import visit_detail, visit_occurrence

DAY = datetime.date(2026, 1, 12)
STAY = {"class_code": "IMP", "end_date": datetime.date(2026, 1, 16)}


@pytest.fixture
def placed(rows):
    """`placed(a={...}, b={...})`: the visit in which each of these encounters lies, and the part of it, by name."""
    parties = [rows(name) for name in ("silver.practitioner", "silver.organization", "silver.concept_map")]
    patients = rows("silver.patient", *[
        {"patient_id": n, "feed": "ehr_fhir", "tenant": "demo", "aliases": [f"Patient/{n}"]} for n in (1, 2)
    ])  # fmt: skip
    person = patients.select("patient_id", own_person(F.col("patient_id")).alias("person_id"))
    links = rows("silver.person_link").select("patient_id", "person_id").unionByName(person)
    people = rows("gold.person", *[{"person_id": row.person_id} for row in person.collect()])

    def make(*, count=False, preceding=False, over=(), **encounters):
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
        visits = visit_occurrence.build(told, states, patients, links, people, *parties)
        kept = rows("gold.visit_occurrence").sparkSession.createDataFrame(visits.collect(), visits.schema)
        details = visit_detail.build(told, states, patients, links, people, *parties, kept).collect()
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
            reasons = visit_detail.judged(told, kept, states).groupBy("excluded").count().collect()
            return found, {row[0]: row[1] for row in reasons}
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
