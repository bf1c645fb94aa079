"""The faults that the gates must tell, tried on a small hospital where everything else is right."""

from infra.bench.faults import FAULTS
from infra.bench.mutation_proof import Proof, told

AS_OF = "2026-03-01"


def test_there_are_at_least_twenty_faults_each_said_in_words():
    assert len(FAULTS) >= 20
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
    assert all(fault.doc for fault in FAULTS)


def test_the_gates_tell_every_fault(spark, good_gold):
    frames = {name: frame.persist() for name, frame in good_gold.items()}
    proof = Proof(spark, frames, AS_OF)
    trials = proof.run()
    print(told(trials))
    assert [trial.fault.name for trial in trials if not trial.caught] == []
    assert [trial.fault.name for trial in trials if trial.skipped] == []


def test_the_dashboards_checks_alone_miss_some_of_them(spark, good_gold):
    alone = [fault for fault in FAULTS if fault.name in ("feed_half_missing", "pounds_as_kilograms")]
    assert [trial.by_dqd for trial in Proof(spark, good_gold, AS_OF).run(alone)] == [False, False]
