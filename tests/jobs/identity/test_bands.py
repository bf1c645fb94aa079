"""From evidence to a band: safety before probability."""

import pytest

from jobs.identity.bands import AUTO, NO_LINK, REVIEW, judge
from jobs.identity.evidence import Evidence
from jobs.identity.settling import settle

ALL = {"given": "same", "surname": "same", "birth": "same", "sex": "same"}


def pair(left=1, right=2, probability=0.9999, **seen):
    return Evidence(left, right, probability, **{**ALL, **seen})


def verdict(**seen):
    found = judge(pair(**seen))
    return found.band, found.rule


def test_name_and_birth_date_that_agree_and_are_probable_enough_link():
    assert verdict() == (AUTO, "probability")
    assert verdict(probability=0.9984) == (REVIEW, "probability")
    assert verdict(probability=0.019) == (NO_LINK, "probability")


@pytest.mark.parametrize(
    "seen",
    [
        {"given": "different", "household": True},
        {"given": "roughly alike", "household": True},
        {"given": "alike", "household": True},
        {"given": "different", "family": True},
        {"sex": "different", "household": True},
        {"given": "alike", "mistyped": True, "multiple_birth": True},
    ],
)
def test_possible_twins_are_never_linked_by_themselves(seen):
    found = judge(pair(probability=1.0, **seen))
    assert (found.band, found.rule, found.apart) == (REVIEW, "possible_twins", True)


def test_a_given_name_that_nobody_bears_is_a_mistyped_one():
    assert verdict(given="alike", mistyped=True, household=True) == (AUTO, "probability")


def test_one_number_links_where_birth_date_or_name_agrees():
    assert verdict(own=("h|1",), birth="different", probability=0.5) == (AUTO, "same_number")
    assert verdict(own=("h|1",), given="different", surname="different", probability=0.5) == (AUTO, "same_number")


def test_one_number_alone_does_not_link():
    contradicted = {"given": "different", "surname": "different", "birth": "different"}
    assert verdict(own=("h|1",), **contradicted, probability=0.0) == (REVIEW, "number_contradicted")
    unknown = {"given": "unknown", "surname": "unknown", "birth": "unknown"}
    assert verdict(own=("h|1",), **unknown, probability=0.0) == (REVIEW, "number_contradicted")


def test_an_unnamed_newborn_is_linked_by_its_number_and_birth_date_alone():
    assert verdict(unnamed_newborn=True, given="unknown") == (REVIEW, "unnamed_newborn")
    assert verdict(unnamed_newborn=True, given="unknown", birth="different") == (NO_LINK, "unnamed_newborn")
    assert verdict(unnamed_newborn=True, given="unknown", own=("h|1",)) == (AUTO, "same_number")


def test_senior_and_junior_and_two_right_numbers_stay_apart():
    assert judge(pair(generations_differ=True)).apart and judge(pair(numbers_differ=True)).apart


def test_people_of_one_household_are_not_even_shown():
    assert verdict(given="different", birth="different", household=True) == (NO_LINK, "household")


def test_a_name_without_a_birth_date_is_a_namesake():
    assert verdict(birth="unknown", household=True) == (REVIEW, "too_little_agrees")


def test_a_namesake_of_one_household_a_generation_older_is_the_father():
    assert verdict(birth="different", years=29, household=True) == (REVIEW, "too_little_agrees")
    assert verdict(birth="different", years=3, household=True) == (AUTO, "probability")


def test_who_fits_both_of_two_twins_is_linked_with_neither():
    found = settle(
        [
            judge(pair(1, 2, given="different", household=True)),
            judge(pair(1, 3, given="unknown", household=True)),
            judge(pair(2, 3, given="unknown", household=True)),
        ]
    )
    assert [(one.band, one.rule) for one in found] == [
        (REVIEW, "possible_twins"),
        (REVIEW, "between_two_people"),
        (REVIEW, "between_two_people"),
    ]


def test_the_number_of_a_mother_does_not_join_her_children():
    other = {"given": "different", "birth": "different", "years": 31, "surname": "same"}
    found = settle(
        [
            judge(pair(1, 2, own=("ssn|1",), given="different", household=True)),
            judge(pair(1, 3, own=("ssn|1",), **other)),
            judge(pair(2, 3, own=("ssn|1",), **other)),
        ]
    )
    assert {(one.band, one.rule) for one in found} == {(REVIEW, "number_of_a_family"), (REVIEW, "number_contradicted")}
