"""In which place of its visit a row of gold lies."""

import datetime

import pytest
from pyspark.sql import functions as F

from jobs.columns.keys import key
from jobs.columns.placed import in_ward, with_visit

VISIT, PART = 1, 2


def at(hour):
    return datetime.datetime(2026, 1, 12, hour)


def stay(detail, since, until, **more):
    return {
        "visit_detail_id": detail,
        "visit_occurrence_id": VISIT,
        "visit_detail_start_datetime": since,
        "visit_detail_end_datetime": until,
        "lw_place": detail,
        **more,
    }


STAYS = [
    stay(11, at(8), at(14)),
    stay(12, at(14), at(20)),
    # Where he went next is not told until an hour later; when he left it is not told.
    stay(13, at(21), None),
    # An encounter of its own inside the visit, and the bed of it.
    stay(PART, at(9), at(11), lw_place=None),
    stay(14, at(9), at(10), parent_visit_detail_id=PART),
    # Of a place known to the day nobody can say what happened there.
    stay(15, None, None),
    stay(16, at(8), None, visit_occurrence_id=9),
]
CASES = {
    "before": (VISIT, None, at(7), None),
    "at_once": (VISIT, None, at(8), 11),
    "in_the_ward": (VISIT, None, at(13), 11),
    "at_the_transfer": (VISIT, None, at(14), 12),
    "at_its_last_hour": (VISIT, None, at(20), 12),
    "nobody_knows_where": (VISIT, None, datetime.datetime(2026, 1, 12, 20, 30), None),
    "long_after": (VISIT, None, datetime.datetime(2026, 2, 1), 13),
    "known_to_the_day": (VISIT, None, None, None),
    "in_a_bed_of_the_part": (VISIT, PART, at(10), 14),
    "in_the_part": (VISIT, PART, at(13), PART),
    "of_no_visit": (None, None, at(13), None),
    "of_a_visit_without_places": (7, None, at(13), None),
}


@pytest.fixture(scope="module")
def found(spark, rows):
    given = [(name, *case) for name, case in CASES.items()]
    schema = "name string, visit_occurrence_id bigint, visit_detail_id bigint, at timestamp, expected bigint"
    events = spark.createDataFrame(given, schema)
    return in_ward(events, rows("gold.visit_detail", *STAYS), events["at"]).collect()


def test_what_happened_at_an_hour_lies_in_the_place_where_the_patient_then_was(found):
    assert {row.name: row.visit_detail_id for row in found} == {name: case[-1] for name, case in CASES.items()}


def test_no_row_is_lost_or_doubled_and_none_changes_its_visit(found):
    assert sorted((row.name, row.visit_occurrence_id) for row in found) == sorted(
        ((name, case[0]) for name, case in CASES.items())
    )


def test_nothing_lies_in_the_visit_of_somebody_else(spark, rows):
    visits = [{"visit_occurrence_id": 1, "person_id": 7, "lw_told_by": [71], "lw_given_up": [72]}]
    part = spark.range(1).select(key("visit_detail", F.lit(73)).alias("id")).first().id
    details = [{"visit_detail_id": part, "visit_occurrence_id": 1, "person_id": 7}]
    events = [(person, encounter) for person in (7, 8, None) for encounter in (71, 72, 73)]
    told = spark.createDataFrame(events, "person_id bigint, encounter_id bigint")
    placed = with_visit(
        told, "encounter_id", rows("gold.visit_occurrence", *visits), rows("gold.visit_detail", *details)
    )
    found = [
        (row.person_id, row.encounter_id, row.visit_occurrence_id, row.visit_detail_id) for row in placed.collect()
    ]
    assert sorted(found, key=str) == sorted(
        [(person, encounter, 1 if person == 7 else None, part if (person, encounter) == (7, 73) else None)
         for person, encounter in events], key=str,
    )  # fmt: skip
