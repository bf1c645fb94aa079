"""gold.condition_era: occurrences of one concept, at most thirty days apart."""

import datetime

from jobs.gold.condition_era import build

DAY = datetime.date


def eras(rows, *given):
    frame = rows("gold.condition_occurrence", *given, person_id=1, condition_concept_id=201826)
    found = build(frame).orderBy("condition_era_start_date").collect()
    return [(e.condition_era_start_date, e.condition_era_end_date, e.condition_occurrence_count) for e in found]


def stated(start, end=None, **other):
    return {"condition_start_date": start, "condition_end_date": end, **other}


def test_two_statements_thirty_days_apart_are_one_era(rows):
    first = stated(DAY(2020, 1, 1), DAY(2020, 1, 10))
    assert eras(rows, first, stated(DAY(2020, 2, 9), DAY(2020, 2, 10))) == [(DAY(2020, 1, 1), DAY(2020, 2, 10), 2)]


def test_a_thirty_first_day_begins_a_new_era(rows):
    first = stated(DAY(2020, 1, 1), DAY(2020, 1, 10))
    assert eras(rows, first, stated(DAY(2020, 2, 10), DAY(2020, 2, 11))) == [
        (DAY(2020, 1, 1), DAY(2020, 1, 10), 1),
        (DAY(2020, 2, 10), DAY(2020, 2, 11), 1),
    ]


def test_without_an_end_a_condition_lasts_to_the_next_day(rows):
    assert eras(rows, stated(DAY(2020, 1, 1))) == [(DAY(2020, 1, 1), DAY(2020, 1, 2), 1)]


def test_a_long_statement_reaches_over_a_short_one_inside_it(rows):
    long, short = stated(DAY(2020, 1, 1), DAY(2020, 6, 1)), stated(DAY(2020, 1, 5), DAY(2020, 1, 6))
    assert eras(rows, long, short, stated(DAY(2020, 6, 20), DAY(2020, 6, 21))) == [
        (DAY(2020, 1, 1), DAY(2020, 6, 21), 3)
    ]


def test_unmapped_conditions_make_no_era(rows):
    frame = rows("gold.condition_occurrence", stated(DAY(2020, 1, 1)), person_id=1, condition_concept_id=0)
    assert build(frame).count() == 0
