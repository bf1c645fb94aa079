"""gold.drug_era: exposures to one ingredient, with the days between them counted as gap."""

import datetime
import itertools
import random

from jobs.gold.drug_era import build

DAY = datetime.date
METFORMIN, TABLET, COMBINED, GLIPIZIDE = 1503297, 1503328, 99, 1560171


def vocabulary(rows):
    ingredient = {"concept_class_id": "Ingredient", "standard_concept": "S", "domain_id": "Drug"}
    concepts = rows("gold.concept", {"concept_id": METFORMIN}, {"concept_id": GLIPIZIDE}, **ingredient)
    pairs = [(METFORMIN, TABLET), (METFORMIN, COMBINED), (GLIPIZIDE, COMBINED)]
    above = [{"ancestor_concept_id": a, "descendant_concept_id": d} for a, d in pairs]
    return concepts, rows("gold.concept_ancestor", *above)


def exposure(start, end, drug=TABLET, person=1, **other):
    return {
        "person_id": person,
        "drug_concept_id": drug,
        "drug_exposure_start_date": start,
        "drug_exposure_end_date": end,
        **other,
    }


def eras(rows, *given):
    found = build(rows("gold.drug_exposure", *given), *vocabulary(rows)).collect()
    return sorted(
        (e.drug_concept_id, e.drug_era_start_date, e.drug_era_end_date, e.drug_exposure_count, e.gap_days)
        for e in found
    )


def test_two_exposures_with_twenty_days_between_are_one_era_with_twenty_gap_days(rows):
    given = [exposure(DAY(2020, 1, 1), DAY(2020, 1, 11)), exposure(DAY(2020, 1, 31), DAY(2020, 2, 5))]
    assert eras(rows, *given) == [(METFORMIN, DAY(2020, 1, 1), DAY(2020, 2, 5), 2, 20)]


def test_a_drug_of_two_ingredients_gives_an_era_of_each(rows):
    assert eras(rows, exposure(DAY(2020, 1, 1), DAY(2020, 1, 11), COMBINED)) == [
        (METFORMIN, DAY(2020, 1, 1), DAY(2020, 1, 11), 1, 0),
        (GLIPIZIDE, DAY(2020, 1, 1), DAY(2020, 1, 11), 1, 0),
    ]


def test_an_ingredient_is_its_own_ingredient(rows):
    assert eras(rows, exposure(DAY(2020, 1, 1), DAY(2020, 1, 2), METFORMIN))[0][0] == METFORMIN


def test_unmapped_drugs_and_negative_supplies_make_no_era(rows):
    given = [exposure(DAY(2020, 1, 1), DAY(2020, 1, 2), 0), exposure(DAY(2020, 1, 1), DAY(2020, 1, 2), days_supply=-1)]
    assert eras(rows, *given) == []


def test_eras_agree_with_a_plain_reading_of_the_rule(rows):
    draw = random.Random(7)
    given = []
    for person, _ in itertools.product(range(1, 9), range(12)):
        start = DAY(2020, 1, 1) + datetime.timedelta(days=draw.randrange(400))
        given.append(exposure(start, start + datetime.timedelta(days=draw.randrange(25)), person=person))
    found = build(rows("gold.drug_exposure", *given), *vocabulary(rows)).collect()
    spans = sorted(
        (e.person_id, e.drug_era_start_date, e.drug_era_end_date, e.drug_exposure_count, e.gap_days) for e in found
    )
    assert spans == sorted(itertools.chain.from_iterable(by_hand(p, given) for p in range(1, 9)))


def by_hand(person, given):
    """Walk one person's days: exposed days are marked, eras break where more than thirty are bare."""
    mine = sorted(
        (g["drug_exposure_start_date"], g["drug_exposure_end_date"]) for g in given if g["person_id"] == person
    )
    eras = []
    for start, end in mine:
        if eras and (start - eras[-1][1]).days <= 30:
            era = eras[-1]
            era[1], era[2] = max(era[1], end), [*era[2], (start, end)]
        else:
            eras.append([start, end, [(start, end)]])
    for start, end, parts in eras:
        # A day step from d to d+1 is exposed when some part holds both.
        steps = {d for s, e in parts for d in range(s.toordinal(), e.toordinal())}
        yield person, start, end, len(parts), (end - start).days - len(steps)
