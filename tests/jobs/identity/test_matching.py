"""Patient records in, pairs and persons out."""

import json

import pyarrow as pa
import pytest

from infra.bench import identity_hard
from infra.bench.identity_hard import of
from jobs.identity import bands, model
from jobs.identity.comparisons import COMPARISONS, DIFFERENT
from jobs.identity.matching import PAIRS, PERSONS, Settings, match
from jobs.identity.settling import RULES_OF_ALL

HOME = "12 Oak Lane, Salem, MA, 01970"


def patients(*records, tenant="t"):
    return pa.Table.from_pylist(
        [{"patient_id": number, "tenant": tenant, **one} for number, one in enumerate(records, 1)]
    )


@pytest.fixture(scope="module")
def hard():
    return identity_hard.matched()


def test_every_hard_case_of_ours_comes_out_as_it_must(hard):
    assert len(identity_hard.CASES) == 45
    assert identity_hard.wrong(hard) == []


def test_pairs_and_persons_have_the_declared_columns(hard):
    assert (hard.pairs.schema, hard.persons.schema) == (PAIRS, PERSONS)
    assert hard.persons.num_rows == sum(len(case.records) for case in identity_hard.CASES)


def test_an_explanation_names_levels_and_no_value_of_a_person(hard):
    said = json.dumps(hard.pairs["explanation"].to_pylist()).lower()
    names = {level.name for one in COMPARISONS for level in one.levels} | {DIFFERENT}
    told = {one["level"] for row in hard.pairs["explanation"].to_pylist() for one in row}
    assert told <= names
    values = {one["names"][0]["family"].lower() for case in identity_hard.CASES for one in case.records}
    assert [value for value in values if value in said] == []


def test_every_rule_of_a_pair_has_a_meaning(hard):
    assert set(hard.pairs["rule"].to_pylist()) <= set(RULES_OF_ALL)


def test_the_same_records_in_another_order_give_the_same_tables():
    records = [of("Ann", "Marsh", "1980-02-03", "female", HOME), of("Ann", "Marsch", "1980-03-02", "female", HOME)]
    one = patients(*records, of("Bob", "Marsh", "1979-12-12", "male", HOME))
    other = pa.concat_tables([one.slice(2, 1), one.slice(0, 2)])
    assert match(one) == match(other, settings=Settings(threads=1))


def test_people_of_two_tenants_are_never_compared():
    record = of("Ann", "Marsh", "1980-02-03", "female", HOME, ids=[("SS", "", "536221234")])
    one, other = patients(record), patients(record, tenant="u")
    both = pa.concat_tables([one, other.set_column(0, "patient_id", pa.array([2]))])
    found = match(both)
    assert (found.pairs.num_rows, len(set(found.persons["person_id"].to_pylist()))) == (0, 2)


def test_nobody_gives_no_pairs_and_no_persons():
    found = match(patients(of("Ann", "Marsh", "1980-02-03")).slice(0, 0))
    assert (found.pairs.num_rows, found.persons.num_rows) == (0, 0)


def test_a_stewards_word_survives_every_run():
    known = patients(
        of("Ann", "Marsh", "1980-02-03", "female", HOME),
        of("Ann", "Marsh", "1980-02-03", "female", HOME),
        of("Zoe", "Quill", "1931-05-06", "female"),
    )
    words = pa.Table.from_pylist(
        [
            {"left_id": 1, "right_id": 2, "decision": "never", "decided_at": "2026-03-01"},
            {"left_id": 1, "right_id": 3, "decision": "link", "decided_at": "2026-03-01"},
        ]
    )
    found = match(known, words)
    again = match(known, words, found.persons)
    person = found.persons["person_id"].to_pylist()
    assert person[0] == person[2] != person[1]
    assert again == found
    told = {(one["left_id"], one["right_id"]): (one["band"], one["rule"]) for one in found.pairs.to_pylist()}
    assert told == {(1, 2): (bands.NO_LINK, "steward_never"), (1, 3): (bands.AUTO, "steward_link")}


def test_the_shipped_weights_are_shares_that_add_up_and_sameness_speaks_for_one_person():
    shipped = model.shipped()
    for name, levels in shipped.weights.items():
        assert sum(m for m, _ in levels.values()) == pytest.approx(1, abs=0.002), name
        assert sum(u for _, u in levels.values()) == pytest.approx(1, abs=0.002), name
        first, last = next(iter(levels.values())), levels[DIFFERENT]
        assert first[0] > first[1] and last[0] < last[1], name


def test_what_records_show_of_strangers_and_of_true_pairs_is_learnt_from_many():
    first = ["Ann", "Bob", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hal", "Ira", "Joy"]
    records = [
        of(first[n % 10], f"{'abcdefgh'[n % 8]}{'aeiou'[n % 5]}{'rstvwxz'[n % 7]}{'aeiou'[n // 40 % 5]}n",
           f"19{40 + n % 50}-{1 + n % 12:02}-{1 + n % 28:02}", "female" if n % 2 else "male",
           f"{n} Main Street, Salem, MA, {10000 + n % 90}", feed=feed)
        for n in range(60) for feed in ("ehr", "lab")
    ]  # fmt: skip
    found = match(patients(*records), settings=Settings(learn_from=100))
    assert len(set(found.persons["person_id"].to_pylist())) == 60
