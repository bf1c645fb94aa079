"""Persons of records: a steward's word, chains that are cut, ids that stay."""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import functions as F

from jobs.columns import people
from jobs.identity.clusters import Edge, clusters
from jobs.identity.decisions import DecisionError, Decisions, decisions
from jobs.identity.person_ids import own_person, spark_xxhash64
from jobs.identity.persons import persons


def edge(left, right, strength=1.0):
    return Edge(left, right, strength, "probability")


def said(*words):
    return decisions([{"left_id": a, "right_id": b, "decision": word, "decided_at": ""} for word, a, b in words])


def ids(found):
    return {one.patient_id: one.person_id for one in found}


def run(patients, edges=(), previous=None, words=(), **more):
    return persons(dict.fromkeys(patients, 1), edges, said(*words), previous, **more)


def test_the_id_of_a_lone_record_is_what_spark_makes_of_it():
    # The figures of the Spark documentation of xxhash64.
    assert (spark_xxhash64("ABC"), spark_xxhash64("ABC", "DEF")) == (4105715581806190027, 3233247871021311208)
    [one] = run([7])
    assert one == (7, own_person(7), True, "own")


def test_nobody_is_who_spark_makes_of_a_row_without_a_patient(spark):
    made = spark.range(1).select(
        people.own_person(F.lit(None)).alias("nobody"), people.own_person(F.lit(7)).alias("own")
    )
    assert tuple(made.first()) == (own_person(None), own_person(7))


def test_a_chain_between_two_who_are_never_one_is_cut_at_its_weakest_link():
    found = clusters([1, 2, 3, 4], [edge(1, 2, 9), edge(2, 3, 2), edge(3, 4, 9)], said(("never", 1, 4)))
    assert (found.members, found.cut) == ([[1, 2], [3, 4]], [edge(2, 3, 2)])


def test_an_unlinked_pair_is_not_joined_by_others_either():
    found = clusters([1, 2, 3], [edge(1, 3, 5), edge(2, 3, 4), edge(1, 2, 9)], said(("unlink", 1, 2)))
    assert found.members == [[1, 3], [2]]


def test_a_steward_joins_what_rules_keep_apart_but_not_what_a_steward_keeps_apart():
    assert clusters([1, 2], [], said(("link", 1, 2)), apart={(1, 2)}).members == [[1, 2]]
    found = clusters([1, 2, 3], [], said(("link", 1, 2), ("link", 2, 3), ("never", 1, 3)))
    assert found.members == [[1], [2, 3]]


def test_the_last_word_on_a_pair_counts():
    assert said(("never", 1, 2), ("link", 2, 1)) == Decisions(linked=((1, 2),))
    with pytest.raises(DecisionError, match="two records"):
        said(("link", 1, 1))


def test_a_merge_told_by_a_source_links_and_its_loser_tells_nothing():
    found = persons({1: 9, 2: 1}, [], merges=[(1, 2)])
    assert [(one.patient_id, one.is_survivor, one.link_rule) for one in found] == [
        (1, False, "source_merge"),
        (2, True, "source_merge"),
    ]


def test_a_steward_takes_back_a_merge_of_a_source():
    found = run([1, 2], words=[("never", 1, 2)], merges=[(1, 2)])
    assert [one.is_survivor for one in found] == [True, True]


@pytest.mark.parametrize("keys", itertools.permutations([1, 2, 3]))
def test_a_record_taken_out_of_a_chain_of_merges_leaves_the_others_together(keys):
    a, b, c = keys
    # A was merged into B, and B into C.
    merges = sorted([(a, b), (b, c)])

    def together(*word):
        found = ids(run([1, 2, 3], words=[word], merges=merges))
        return sorted(sorted(one for one in found if found[one] == person) for person in set(found.values()))

    assert together("unlink", a, b) == together("never", a, c) == sorted([[a], sorted([b, c])])
    assert together("unlink", b, c) == sorted([[c], sorted([a, b])])


def test_the_record_that_tells_most_tells_the_person():
    found = persons({1: 2, 2: 6, 3: 6}, [edge(1, 2), edge(2, 3)])
    assert [one.patient_id for one in found if one.is_survivor] == [2]


def test_a_person_keeps_its_id_when_a_record_with_a_smaller_id_joins():
    before = ids(run([5, 6], [edge(5, 6)]))
    found = ids(run([1, 5, 6], [edge(5, 6), edge(1, 5)], before))
    assert set(found.values()) == {own_person(5)}


def test_of_two_ids_that_meet_the_one_of_more_records_stays():
    before = ids(run([1, 5, 6], [edge(5, 6)]))
    assert set(ids(run([1, 5, 6], [edge(5, 6), edge(1, 6)], before)).values()) == {own_person(5)}


def test_ids_come_back_when_a_link_goes():
    alone = ids(run([1, 2, 3], [edge(2, 3)]))
    joined = ids(run([1, 2, 3], [edge(2, 3), edge(1, 2)], alone))
    assert set(joined.values()) == {own_person(2)}
    assert ids(run([1, 2, 3], [edge(2, 3)], joined)) == alone


def test_a_record_takes_the_id_that_is_named_after_it_along():
    before = ids(run([1, 2, 3], [edge(1, 2), edge(2, 3)]))
    found = ids(run([1, 2, 3], [edge(2, 3)], before))
    assert found == {1: own_person(1), 2: own_person(2), 3: own_person(2)}


def test_an_id_outlives_the_record_it_was_named_after():
    before = ids(run([1, 2, 3], [edge(1, 2), edge(2, 3)]))
    assert set(ids(run([2, 3], [edge(2, 3)], before)).values()) == {own_person(1)}
    split = ids(run([2, 3, 4], [edge(3, 4)], {2: own_person(1), 3: own_person(1), 4: own_person(1)}))
    assert split == {2: own_person(2), 3: own_person(1), 4: own_person(1)}


RECORDS = range(8)
PAIRS = st.sampled_from(list(itertools.combinations(RECORDS, 2)))
LINKS = st.lists(st.tuples(PAIRS, st.integers(1, 5)), max_size=14)
WORDS = st.lists(st.tuples(st.sampled_from(["link", "unlink", "never"]), PAIRS), max_size=6)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(LINKS, WORDS), min_size=2, max_size=4))
def test_whatever_comes_and_goes_nobody_shares_an_id_and_nobody_apart_is_joined(rounds):
    previous = {}
    for links, words in rounds:
        edges = [edge(*pair, strength) for pair, strength in links]
        spoken = [(word, *pair) for word, pair in words]
        found = run(RECORDS, edges, previous, spoken)
        mixed = random.Random(1).sample(edges, len(edges))
        assert run(RECORDS, mixed, previous, spoken) == found
        person = ids(found)
        assert all(person[a] != person[b] for a, b in said(*spoken).apart)
        members = clusters(RECORDS, edges, said(*spoken)).members
        assert len({person[one] for one in RECORDS}) == len(members)
        assert all(len({person[one] for one in group}) == 1 for group in members)
        assert sum(one.is_survivor for one in found) == len(members)
        assert ids(run(RECORDS, edges, person, spoken)) == person
        previous = person
