"""Concept ids in code: each one exists, is of the domain its group says, and is standard where its group says so."""

from __future__ import annotations

import pathlib

import pytest

from infra.vocabulary.build import read
from jobs.columns import concepts

CHECKOUT = pathlib.Path(__file__).resolve().parents[3]
SAMPLE = CHECKOUT.parent / "shared" / "reference" / "vocabulary-sample" / "CONCEPT.csv"


@pytest.fixture(scope="module")
def starter():
    return {int(row["concept_id"]): row for row in read(CHECKOUT / "infra" / "vocabulary" / "CONCEPT.csv")}


def faults(name, row):
    domain, standard = concepts.GROUPS[name.partition("_")[0]]
    return {
        "domain": (row["domain_id"], domain),
        "standing": (row["standard_concept"], "S" if standard else ""),
        "validity": (row["invalid_reason"], ""),
    }


def test_no_group_is_empty_and_no_id_has_two_names():
    named = concepts.named()
    assert {name.partition("_")[0] for name in named} == set(concepts.GROUPS)
    assert len(set(named.values())) == len(named)


@pytest.mark.parametrize("name", concepts.named())
def test_a_constant_is_what_its_name_says(name, starter):
    row = starter[concepts.named()[name]]
    assert {what: is_ for what, (is_, should) in faults(name, row).items() if is_ != should} == {}


def test_what_does_not_match_is_a_concept_too(starter):
    assert starter[concepts.NO_MATCH]["concept_name"] == "No matching concept"


@pytest.mark.skipif(not SAMPLE.exists(), reason="the reference sample is not here")
def test_the_sample_vocabulary_says_the_same_of_the_constants_it_holds():
    sample = {int(row["concept_id"]): row for row in read(SAMPLE)}
    held = {name: sample[i] for name, i in concepts.named().items() if i in sample}
    wrong = {
        name: faults(name, row) for name, row in held.items() if any(a != b for a, b in faults(name, row).values())
    }
    assert (len(held) >= 10, wrong) == (True, {})
