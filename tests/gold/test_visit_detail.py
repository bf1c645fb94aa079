"""gold.visit_detail: the parts of a visit, and which part each lies in."""

import datetime
from collections import Counter
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyspark.sql import functions as F

from jobs.columns.people import own_person
from jobs.formats.x12_fhir_codes import PLACE_OF_SERVICE, TYPE_OF_BILL
from jobs.gold import visit_detail, visit_occurrence
from jobs.shell import arrow_rows

DAY = datetime.date(2026, 1, 12)
STAY = {"class_code": "IMP", "end_date": datetime.date(2026, 1, 16)}


LATER = {"start_date": DAY + datetime.timedelta(1)}
EMERGENCY = {"class_code": "EMER", "end_date": DAY}
WARD = [(None, "wa", None, None, None)]
WARDS = [
    {"location_id": 71, "aliases": ["Location/4W"], "name": "4 West", "physical_type_codes": WARD},
    {"location_id": 72, "aliases": ["Location/ICU"], "name": "ICU", "physical_type_codes": WARD},
    {"location_id": 73, "aliases": ["Location/bed"], "name": "ICU 1", "part_of_ref": "Location/ICU"},
]
CASES = {}


def at(hour):
    return datetime.datetime(2026, 1, 12, hour)


def move(ward, since, until=None):
    return (f"Location/{ward}", DAY, since, until and DAY, until)


# That a class of a site's own is inpatient.
LOCAL = {"vocabulary_id": "urn:oid:1.2.3", "source_vocabulary_id": "emr class", "code_key": "3",
         "source_concept_id": 0, "targets": [(9201, "Visit", None, None)]}  # fmt: skip
MOVES = [move("4W", at(8), at(14)), move("bed", at(14), at(20)), move("nowhere", at(20))]


def told(*, over=(), **encounters):
    """What a test is about: encounters by name, of which one may be `of` another and of somebody else (`who`).

    All that tests are about is built at once, each with patients of its own. `over`: whose claims are over.
    """

    def about(test):
        CASES[test.__name__] = (encounters, over)
        return test

    return about


class Placed(NamedTuple):
    """What became of the encounters of a test: `found` is by name the visit and the part in which each lies."""

    found: dict
    before: dict
    reasons: dict
    details: list


@pytest.fixture(scope="module")
def all_placed(rows):
    parties = [rows(f"silver.{name}") for name in ("practitioner", "organization")]
    codes, places = rows("silver.concept_map", LOCAL), rows("silver.location", *WARDS, feed="adt_hl7v2", tenant="demo")
    given, numbers, states = [], {}, []
    for place, (test, (encounters, over)) in enumerate(CASES.items()):
        for name, one in encounters.items():
            numbers[test, name] = len(given) + 1
            given.append(_encounter(test, name, {"encounter_id": len(given) + 1, "patient_id": 2 * place + 1, **one}))
        states += [{"encounter_id": numbers[test, name], "state": "replaced"} for name in over]
    patients = rows("silver.patient", *[
        {"patient_id": n + 1, "feed": "ehr_fhir", "tenant": "demo", "aliases": []} for n in range(2 * len(CASES))
    ])  # fmt: skip
    person = patients.select("patient_id", own_person(F.col("patient_id")).alias("person_id"))
    links = rows("silver.person_link").select("patient_id", "person_id").unionByName(person)
    people = rows("gold.person", *[{"person_id": row.person_id} for row in person.collect()])
    encounters, over = rows("silver.encounter", *given), rows("silver.claim_state", *states)
    visits = visit_occurrence.build(encounters, over, patients, links, people, *parties, codes)
    visits = patients.sparkSession.createDataFrame(visits.collect(), visits.schema)
    details = visit_detail.build(encounters, over, patients, links, people, *parties, places, codes, visits).collect()
    known = {"claim_states": over.toArrow(), "visits": visits.toArrow()}
    return numbers, encounters.toArrow(), known, visits.collect(), details


def _encounter(test, name, given):
    one = {**given}
    patient = one["patient_id"] + one.pop("who", 1) - 1
    parent = {"part_of_ref": f"Encounter/{test} {one.pop('of')}"} if "of" in one else {}
    names = {"identifiers": [(None, None, None, None, f"{test} {one.pop('names')}")]} if "names" in one else {}
    return {
        "record_id": one["encounter_id"],
        "tenant": "demo",
        "feed": "ehr_fhir",
        "resource_id": f"{test} {name}",
        "aliases": [f"Encounter/{test} {name}"],
        "status": "finished",
        "start_date": DAY,
        "identifiers": [],
        "type_codes": [],
        "admit_source_codes": [],
        "discharge_codes": [],
        **parent,
        **names,
        **one,
        "patient_id": patient,
    }


@pytest.fixture
def placed(request, all_placed):
    numbers, encounters, known, visits, details = all_placed
    named = {str(number): name for (test, name), number in numbers.items() if test == request.function.__name__}

    def of(row):
        return named.get(row.lw_source.split("|")[1])

    visits, mine = [row for row in visits if of(row)], [row for row in details if of(row)]
    owner = {row.visit_occurrence_id: of(row) for row in visits}
    source = {row.visit_detail_id: of(row) for row in mine}
    assert [row for row in mine if row.faults] == []
    before = {of(row): source[row.preceding_visit_detail_id] for row in mine if row.preceding_visit_detail_id}
    found: dict = dict.fromkeys(owner.values())
    for row in mine:
        found[of(row)] = (owner[row.visit_occurrence_id], source.get(row.parent_visit_detail_id))
    own = encounters.filter(pc.is_in(encounters["encounter_id"].cast("string"), pa.array([*named])))
    reasons = Counter(reason for (reason,) in arrow_rows.ask(visit_detail.RECEIVED, encounters=own, **known))
    return Placed(found, before, dict(reasons), sorted(mine, key=lambda row: row.lw_place or 0))


@told(stay={**STAY}, ward={"of": "stay"}, bed={"of": "ward"}, other={})
def test_a_bed_on_a_ward_of_a_stay_is_a_part_of_the_ward_and_both_are_of_the_stay(placed):
    assert placed.found == {"stay": None, "ward": ("stay", None), "bed": ("stay", "ward"), "other": None}
    assert placed.reasons == {None: 2, "visit_of_its_own": 2}


@told(lost={"of": "nowhere"}, below={"of": "lost"}, theirs={"who": 2}, mine={"of": "theirs"})
def test_an_encounter_whose_parent_nobody_knows_or_is_somebody_elses_is_a_visit(placed):
    assert placed.found == {"lost": None, "below": ("lost", None), "theirs": None, "mine": None}


@told(a={"of": "c"}, b={"of": "a"}, c={"of": "b"}, itself={"of": "itself"}, tail={"of": "a"})
def test_encounters_that_are_parts_of_each_other_are_visits(placed):
    assert placed.found == dict.fromkeys(("a", "b", "c", "itself", "tail"))


@told(stay={**STAY}, bed={"of": "stay", **LATER}, ward={"of": "stay"}, lab={"of": "stay", **LATER})
def test_each_part_knows_the_one_before_it_in_its_visit(placed):
    assert placed.before == {"bed": "ward", "lab": "bed"}


@told(
    stay={**STAY},
    ward={"of": "stay", "status": "cancelled"},
    bed={"of": "ward"},
    billed={"of": "stay", "feed": "claims_x12"},
    over=["billed"],
)
def test_a_part_that_was_called_off_is_passed_over_and_one_whose_claims_are_over_is_none(placed):
    assert placed.found == {"stay": None, "bed": ("stay", None)}
    assert placed.reasons == {None: 1, "cancelled": 1, "claim_replaced": 1, "visit_of_its_own": 1}


@told(off={"status": "cancelled"}, a={"of": "off"}, undated={"start_date": None}, b={"of": "undated"})
def test_a_part_of_what_has_no_date_or_was_called_off_is_a_visit(placed):
    assert placed.found == {"a": None, "undated": None, "b": None}


@told(stay={**STAY, "feed": "other_fhir"}, ward={"of": "stay"})
def test_the_name_of_a_parent_is_that_of_its_own_feed(placed):
    assert placed.found == {"stay": None, "ward": None}


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


@told(
    stay={**STAY},
    inside=claim("21", first=1, last=2),
    longer=claim("21", first=3, last=9),
    later=claim("21", first=5),
    theirs=claim("21", first=1, who=2),
    office=claim("11", first=1, class_code="AMB"),
)
def test_what_a_professional_bills_for_inside_a_stay_is_a_part_of_it_and_on_other_days_a_visit(placed):
    visits = dict.fromkeys(("stay", "longer", "later", "theirs", "office"))
    assert placed.found == {**visits, "inside": ("stay", None)}


@told(
    stay={**STAY, "class_code": "3", "class_codes": [("urn:oid:1.2.3", "3", None, None, None)], "moves": MOVES[:1]},
    inside=claim("21", first=1),
)
def test_a_stay_of_a_class_of_a_sites_own_has_its_parts_and_places(placed):
    assert placed.found["inside"] == ("stay", None)
    assert [(row.visit_detail_concept_id, row.lw_place) for row in placed.details] == [(9201, None), (9201, 1)]


@told(
    stay=claim(bill="11", last=4),
    emergency=claim(bill="13", class_code="EMER"),
    clinic=claim(bill="13", class_code="AMB"),
    month=claim(bill="13", first=-5, last=20, class_code="AMB"),
    in_bed=claim("21"),
    at_the_door=claim("23", class_code="EMER"),
    walked_in=claim("22", class_code="AMB"),
    next_day=claim("22", first=1, class_code="AMB"),
    afterwards=claim("22", first=9, class_code="AMB"),
)
def test_a_professional_claim_goes_with_the_kind_of_visit_that_its_place_of_service_says(placed):
    assert placed.found == {
        **dict.fromkeys(("stay", "emergency", "clinic", "month", "afterwards")),
        "in_bed": ("stay", None),
        "at_the_door": ("emergency", None),
        "walked_in": ("clinic", None),
        "next_day": ("stay", None),
    }


@told(first={**EMERGENCY}, second={**EMERGENCY}, seen=claim("23", class_code="EMER", names="second"))
def test_of_two_visits_on_a_day_a_professional_claim_goes_with_the_one_it_names(placed):
    assert placed.found == {"first": None, "second": None, "seen": ("second", None)}


@told(one=claim("21", last=4), two=claim("21", first=1), off=claim(bill="11", last=4, status="cancelled"))
def test_a_professional_claim_is_no_evidence_of_a_stay_and_one_called_off_holds_nothing(placed):
    assert placed.found == {"one": None, "two": None}


@told(stay={**STAY}, billed=claim(bill="11", last=4), seen=claim("21"))
def test_a_professional_claim_inside_a_stay_that_two_feeds_tell_of_is_a_part_of_the_one_visit(placed):
    assert placed.found == {"stay": None, "seen": ("stay", None)}


@told(
    stay={**STAY, "feed": "adt_hl7v2", "moves": MOVES, "end_at": datetime.datetime(2026, 1, 16, 9)},
    # The first feed that knows any has the word, also where another one tells of the visit before it.
    record={**STAY, "moves": []},
    claim={**STAY, "feed": "claims_x12", "moves": [move("4W", at(7))]},
    in_and_out={"moves": [move("clinic", at(9))], "start_date": DAY + datetime.timedelta(40)},
    called_off={**STAY, "status": "cancelled", "moves": MOVES},
)
def test_where_the_patient_was_in_turn_are_parts_of_the_visit_with_the_wards_as_sites_of_care(placed):
    last = datetime.date(2026, 1, 16), datetime.datetime(2026, 1, 16, 9)
    assert [
        (row.lw_place, row.care_site_id, row.visit_detail_source_value, row.visit_detail_start_datetime,
         row.visit_detail_end_date, row.visit_detail_end_datetime) for row in placed.details
    ] == [
        (1, 71, "4 West", at(8), DAY, at(14)), (2, 72, "ICU 1", at(14), DAY, at(20)), (3, None, "IMP", at(20), *last),
    ]  # fmt: skip
    own = [row.visit_detail_id for row in placed.details]
    assert [row.preceding_visit_detail_id for row in placed.details] == [None, *own[:2]]
    assert {row.parent_visit_detail_id for row in placed.details} == {None}


@told(
    stay={**STAY},
    ward={"of": "stay", "class_code": "IMP", "moves": [("Location/a", DAY, None, None, None)]},
)
def test_where_a_patient_was_during_a_part_of_a_visit_lies_in_that_part(placed):
    ward, place = placed.details
    assert (place.parent_visit_detail_id, place.visit_occurrence_id) == (ward.visit_detail_id, ward.visit_occurrence_id)
    # Until the end of the part, which nobody told.
    assert (place.visit_detail_start_date, place.visit_detail_end_date, ward.lw_place) == (DAY, DAY, None)
