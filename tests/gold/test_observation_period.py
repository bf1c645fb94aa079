"""gold.observation_period: from the first event to the last, one period per person."""

import datetime

from jobs.gold.observation_period import SPANS, build

DAY = datetime.date
TABLES = {
    "visits": "gold.visit_occurrence",
    "conditions": "gold.condition_occurrence",
    "drugs": "gold.drug_exposure",
    "procedures": "gold.procedure_occurrence",
    "devices": "gold.device_exposure",
    "measurements": "gold.measurement",
    "observations": "gold.observation",
}


def period(rows, as_of="2026-03-01", **events):
    frames = {name: rows(TABLES[name], *events.get(name, []), person_id=1) for name in SPANS}
    people = rows("gold.person", {"person_id": 1, "year_of_birth": 1980})
    [found] = build(people, as_of, **frames).collect()
    return found.observation_period_start_date, found.observation_period_end_date


def test_it_spans_the_first_event_to_the_end_of_the_last(rows):
    visits = [{"visit_start_date": DAY(2020, 1, 1), "visit_end_date": DAY(2020, 1, 5)}]
    assert period(rows, visits=visits, measurements=[{"measurement_date": DAY(2021, 2, 3)}]) == (
        DAY(2020, 1, 1),
        DAY(2021, 2, 3),
    )


def test_nothing_is_known_after_the_day_of_the_data(rows):
    drugs = [{"drug_exposure_start_date": DAY(2025, 1, 1), "drug_exposure_end_date": DAY(2027, 1, 1)}]
    assert period(rows, drugs=drugs) == (DAY(2025, 1, 1), DAY(2026, 3, 1))


def test_nothing_is_known_of_a_person_before_birth(rows):
    conditions = [{"condition_start_date": DAY(1900, 1, 1), "condition_end_date": DAY(2000, 1, 1)}]
    assert period(rows, conditions=conditions) == (DAY(1980, 1, 1), DAY(2000, 1, 1))


def test_a_person_without_an_event_is_known_on_the_day_of_the_data(rows):
    assert period(rows) == (DAY(2026, 3, 1), DAY(2026, 3, 1))
