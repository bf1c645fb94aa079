"""gold.dose_era: a constant daily dose of an ingredient."""

import datetime

from jobs.gold.dose_era import build

DAY = datetime.date
MG = 8576


def exposure(start, end, quantity, **other):
    return {
        "person_id": 1,
        "drug_concept_id": 5,
        "drug_exposure_start_date": start,
        "drug_exposure_end_date": end,
        "quantity": quantity,
        **other,
    }


def eras(rows, *given, **strength):
    strength = {"amount_value": 500.0, "amount_unit_concept_id": MG, **strength}
    strengths = rows("gold.drug_strength", {"drug_concept_id": 5, "ingredient_concept_id": 50, **strength})
    found = build(rows("gold.drug_exposure", *given), strengths).orderBy("dose_era_start_date").collect()
    return [(e.dose_value, e.dose_era_start_date, e.dose_era_end_date) for e in found]


def test_sixty_tablets_of_500_mg_in_thirty_days_are_1000_mg_a_day(rows):
    assert eras(rows, exposure(DAY(2020, 1, 1), DAY(2020, 1, 30), 60.0)) == [
        (1000.0, DAY(2020, 1, 1), DAY(2020, 1, 30))
    ]


def test_another_dose_is_another_era(rows):
    given = [exposure(DAY(2020, 1, 1), DAY(2020, 1, 30), 60.0), exposure(DAY(2020, 1, 31), DAY(2020, 2, 29), 30.0)]
    assert [dose for dose, _, _ in eras(rows, *given)] == [1000.0, 500.0]


def test_the_same_dose_after_a_short_gap_is_one_era(rows):
    given = [exposure(DAY(2020, 1, 1), DAY(2020, 1, 30), 60.0), exposure(DAY(2020, 2, 20), DAY(2020, 3, 20), 60.0)]
    assert eras(rows, *given) == [(1000.0, DAY(2020, 1, 1), DAY(2020, 3, 20))]


def test_a_concentration_counts_per_unit_of_its_denominator(rows):
    given = {"amount_value": None, "amount_unit_concept_id": None, "numerator_value": 250.0,
             "numerator_unit_concept_id": MG, "denominator_value": 5.0}  # fmt: skip
    found = eras(rows, exposure(DAY(2020, 1, 1), DAY(2020, 1, 10), 100.0), **given)
    assert [dose for dose, _, _ in found] == [500.0]


def test_without_a_quantity_the_dose_is_not_known(rows):
    assert eras(rows, exposure(DAY(2020, 1, 1), DAY(2020, 1, 30), None)) == []


def test_an_invalid_strength_is_not_used(rows):
    assert eras(rows, exposure(DAY(2020, 1, 1), DAY(2020, 1, 30), 60.0), invalid_reason="D") == []
