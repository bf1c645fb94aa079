"""Faults that the gates must tell, one for each way of telling, on a small hospital where everything else is right.

`make bench` tries all of them on published gold.
"""

import pytest

from infra.bench.faults import FAULTS
from infra.bench.mutation_proof import Proof

AS_OF = "2026-03-01"
# Which check tells it, and whether DQD has such a check.
TOLD_BY = {
    "units_swapped": ("unit_shift", False),
    "days_shifted_by_zone": ("day_apart", False),
    "feed_half_missing": ("volume", False),
    "patients_mixed_up": ("visit_of_person", False),
    "genders_swapped": ("plausibleGender", True),
    "eras_missing": ("measureConditionEraCompleteness", True),
}


def test_there_are_at_least_twenty_faults_each_said_in_words():
    assert len(FAULTS) >= 20
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
    assert all(fault.doc for fault in FAULTS)


@pytest.fixture
def proof(spark, good_gold):
    return Proof(spark, good_gold, AS_OF)


def test_faults_are_told_by_the_check_that_is_made_for_them(proof):
    trials = {trial.fault.name: trial for trial in proof.run([f for f in FAULTS if f.name in TOLD_BY])}
    assert trials.keys() == TOLD_BY.keys()
    for name, (check, by_dqd) in TOLD_BY.items():
        assert check in {label[1] for label in trials[name].told}, name
        assert trials[name].by_dqd is by_dqd, name
    # On the good tables nothing stands out: what was told was told because of the fault.
    assert [v.message for judged in proof.judged.values() for v in judged.verdicts if v.outcome == "failed"] == []
