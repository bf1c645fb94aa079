"""gold.visit_occurrence: numbers of visits that HL7 v2 merges and changes (ADT A42, A50, A51)."""

import datetime

import pytest
from pyspark.sql import functions as F

from jobs.columns.placed import visit_of
from jobs.gold import visit_detail
from jobs.gold.visit_occurrence import build
from jobs.silver import encounter
from tests.hl7v2_messages import all_translated, message

PID = "PID|1||7^^^H^MR||Example^Ada||19700102|F"
OTHERS = PID.replace("|7^", "|6^")


def pv1(number, *, admitted="", ward="4W"):
    return f"PV1|1|I|{ward}^1^1^H{'|' * 16}{number}^^^H^VN{'|' * 25}{admitted}"


def said(kind, hour, number, *, lost=None, **stay):
    return message(kind, hour, PID, *([f"MRG|7^^^H^MR||||{lost}^^^H^VN"] if lost else []), pv1(number, **stay))


BEGUN = said("ADT^A01", 8, "V0")
RESULT = message("ORU^R01", 9, PID, pv1("V0"))
CHANGED = said("ADT^A50", 12, "V1", lost="V0", admitted="202603010800")
MOVED, GONE = said("ADT^A02", 10, "V0", ward="5E"), said("ADT^A03", 20, "V1", admitted="202603010800")
AGAIN = said("ADT^A50", 14, "V2", lost="V1", admitted="202603010800")
UNDATED = said("ADT^A50", 12, "V1", lost="V0")
MERGED = said("ADT^A42", 12, "V1", lost="V0")
OTHER = said("ADT^A01", 10, "V1")
MERGED_OTHERS = message("ADT^A42", 12, PID, "MRG|6^^^H^MR||||V0^^^H^VN", pv1("V1"))
LAB = ("lab_hl7v2", RESULT)
# By name: messages in the order they come, the number that holds, and those that lie in its visit.
STORIES = {
    "changed": ([BEGUN, RESULT, CHANGED], "V1", ["V0", "V1"]),
    "change_comes_first": ([CHANGED, BEGUN, RESULT], "V1", ["V0", "V1"]),
    "only_the_change_is_known": ([CHANGED], "V1", ["V0", "V1"]),
    "merged": ([BEGUN, OTHER, MERGED], "V1", ["V0", "V1"]),
    "merge_comes_first": ([MERGED, OTHER, BEGUN], "V1", ["V0", "V1"]),
    "changed_twice": ([BEGUN, CHANGED, AGAIN], "V2", ["V0", "V1", "V2"]),
    "the_second_change_comes_first": ([AGAIN, CHANGED, BEGUN], "V2", ["V0", "V1", "V2"]),
    "old_number_named_again": ([BEGUN, CHANGED, said("ADT^A08", 16, "V0")], "V1", ["V0", "V1"]),
    "changed_back": (
        [BEGUN, CHANGED, said("ADT^A50", 15, "V0", lost="V1", admitted="202603010800")], "V0", ["V0", "V1"]
    ),
    "alternate_id": (
        [
            message("ADT^A01", 8, PID, f"PV1|1|I{'|' * 48}V0^^^H"),
            message("ADT^A51", 12, PID, "MRG|7^^^H^MR|||||V0^^^H", f"PV1|1|I{'|' * 42}202603010800||||||V1^^^H"),
        ],
        "V1", ["V0", "V1"],
    ),
    "change_does_not_say_when": ([BEGUN, said("ADT^A03", 10, "V0"), UNDATED], "V1", ["V0", "V1"]),
    "changes_do_not_say_when": ([BEGUN, UNDATED, said("ADT^A50", 14, "V2", lost="V1")], "V2", ["V0", "V1", "V2"]),
    "still_there": ([BEGUN, said("ADT^A03", 9, "V0"), OTHER, MERGED], "V1", ["V0", "V1"]),
    "moved_under_both": ([BEGUN, MOVED, CHANGED, said("ADT^A02", 15, "V1", ward="ICU"), GONE], "V1", ["V0", "V1"]),
    "moved_before": ([BEGUN, MOVED, CHANGED, GONE], "V1", ["V0", "V1"]),
    "other_feed": ([BEGUN, CHANGED, LAB], "V1", ["V0", "V0", "V1"]),
    "other_feed_comes_first": ([LAB, BEGUN, CHANGED], "V1", ["V0", "V0", "V1"]),
    "other_feed_and_changed_twice": ([BEGUN, CHANGED, AGAIN, LAB], "V2", ["V0", "V0", "V1", "V2"]),
    "other_feed_and_no_day": ([BEGUN, UNDATED, LAB], "V1", ["V0", "V0", "V1"]),
    "other_feed_and_merged": ([BEGUN, OTHER, MERGED, LAB, ("lab_hl7v2", message("ORU^R01", 13, PID, pv1("V1")))],
                              "V1", ["V0", "V0", "V1", "V1"]),
    "heard_before_and_no_day": ([("ehr_hl7v2", BEGUN), UNDATED, LAB], "V0", ["V0", "V0"]),
    "heard_before": ([("ehr_hl7v2", BEGUN), CHANGED, LAB], "V0", ["V0", "V0", "V0", "V1"]),
    # The number of a visit of somebody who was not merged himself is that of the visit that stays, too.
    "other_patients_number": ([message("ADT^A01", 8, OTHERS, pv1("V0")), OTHER, MERGED_OTHERS], "V1", ["V0", "V1"]),
    "other_patients_result": (
        [message("ADT^A01", 8, OTHERS, pv1("V0")), OTHER, MERGED_OTHERS, RESULT], "V1", ["V0", "V1"],
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def built(spark, rows, fhir_records):
    """The encounters of the stories, their visits, and the details of these."""
    told = all_translated(rows, **{name: messages for name, (messages, *_) in STORIES.items()})
    made = encounter.build(fhir_records(), told)
    # Made once: what stands on it is planned without it.
    encounters = spark.createDataFrame(made.collect(), made.schema)
    assert encounters.where(F.size("faults") > 0).count() == 0
    patients = encounters.select("patient_id", "tenant", "feed", "patient_ref").distinct().orderBy("feed").collect()
    known = [{"patient_id": one.patient_id, "tenant": one.tenant, "feed": one.feed, "aliases": []} for one in patients]
    # A number of the hospital is one person in all of its feeds.
    persons = {}
    for one in patients:
        persons.setdefault((one.tenant, one.patient_ref), one.patient_id)
    links = [{"patient_id": one.patient_id, "person_id": persons[one.tenant, one.patient_ref]} for one in patients]
    people = rows("gold.person", *[{"person_id": person} for person in persons.values()])
    asked = [encounters, rows("silver.claim_state"), rows("silver.patient", *known), rows("silver.person_link", *links)]
    sites = [rows("silver.practitioner"), rows("silver.organization")]
    found = build(*asked, people, *sites, rows("silver.concept_map")).where(F.size("faults") == 0)
    visits = spark.createDataFrame(found.collect(), found.schema)
    more = [rows("silver.location"), rows("silver.concept_map"), visits]
    return encounters, visits, visit_detail.build(*asked, people, *sites, *more)


@pytest.fixture(scope="module")
def placed(built):
    """By story: the visits, each with the number that is it and those that lie in it."""
    encounters, visits, _ = built
    told = encounters.collect()
    names = {row.encounter_id: row.resource_id.removeprefix("H-") for row in told}
    tenants = {row.encounter_id: row.tenant for row in told}
    lying = {}
    for row in visit_of(visits).collect():
        lying.setdefault(row.visit_occurrence_id, []).append(names[row._encounter_id])
    found = {}
    for row in visits.collect():
        own = int(row.lw_source.partition("|")[2])
        visit = (names[own], sorted(lying[row.visit_occurrence_id]))
        found.setdefault(tenants[own], []).append((visit, row.visit_start_datetime, row.visit_end_datetime))
    return found


@pytest.mark.parametrize("story", STORIES)
def test_what_was_told_under_a_number_given_up_lies_in_the_visit_that_stays(placed, story):
    _, stays, numbers = STORIES[story]
    assert [visit for visit, *_ in placed[story]] == [(stays, numbers)]


def test_a_visit_that_does_not_say_when_it_was_has_that_from_its_old_number(placed):
    assert placed["change_does_not_say_when"][0][1:] == (at(8), at(10))
    assert placed["changes_do_not_say_when"][0][1:] == (at(8), None)
    # It says when it began, and that it goes on.
    assert placed["still_there"][0][1:] == (at(10), None)


def at(hour):
    """An hour of the day of the stories, of New York in winter, in UTC."""
    return datetime.datetime(2026, 3, 1) + datetime.timedelta(hours=hour + 5)


def test_the_wards_told_under_every_number_are_those_of_the_visit_in_turn(built):
    encounters, visits, details = built
    tenants = {row.encounter_id: row.tenant for row in encounters.collect()}
    story = {row.visit_occurrence_id: tenants[row.lw_told_by[0]] for row in visits.collect()}
    found = {}
    for row in details.orderBy("lw_place").collect():
        stay = (row.visit_detail_start_datetime, row.visit_detail_end_datetime)
        found.setdefault(story[row.visit_occurrence_id], []).append(stay)
    assert found["moved_under_both"] == [(at(8), at(10)), (at(10), at(15)), (at(15), at(20))]
    assert found["moved_before"] == [(at(8), at(10)), (at(10), at(20))]
