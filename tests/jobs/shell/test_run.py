"""In which order tables are built: as soon as what they stand on is there, the longest chain first."""

import threading
import types

import pytest

from jobs.shell import run, state
from jobs.shell.build import Outcome
from jobs.shell.lake import Lake
from jobs.shell.settings import Settings


@pytest.fixture
def build(tmp_path):
    """`build(names, one)`: (outcomes by table, the order in which they were begun); `one` builds a table."""
    lake = types.SimpleNamespace(settings=Settings(str(tmp_path)))

    def of(names, one=lambda name: None):
        begun = []

        def built(name):
            begun.append(name)
            one(name)
            return Outcome(name, "built")

        outcomes, _ = run._tables(lake, names, built, lambda line: None)
        return {outcome.table: outcome for outcome in outcomes}, begun

    return of


def test_silver_and_gold_are_one_step_when_both_are_wanted():
    plan = {"bronze": ["ehr_fhir"], "silver": ["silver.patient"], "gold": ["gold.person"]}
    assert run._steps(plan) == [
        (("bronze",), ["ehr_fhir"]),
        (("silver", "gold"), ["silver.patient", "gold.person"]),
    ]
    assert run._steps({"gold": ["gold.person"]}) == [(("gold",), ["gold.person"])]


def test_a_table_of_gold_does_not_wait_for_what_it_does_not_stand_on(build):
    person_is_there = threading.Event()

    def one(name):
        if name == "silver.observation":
            assert person_is_there.wait(60)
        if name == "gold.person":
            person_is_there.set()

    outcomes, _ = build(["silver.observation", "silver.patient", "gold.person"], one)
    assert {outcome.action for outcome in outcomes.values()} == {"built"}


def test_what_stands_on_a_failed_table_is_blocked_and_the_rest_is_built(build):
    def one(name):
        if name == "silver.patient":
            raise ValueError("no")

    outcomes, _ = build(["silver.patient", "silver.observation", "gold.person"], one)
    assert [outcomes[name].action for name in ("silver.patient", "silver.observation", "gold.person")] == [
        "failed", "built", "blocked",
    ]  # fmt: skip


def test_the_longest_chain_begins_first(build):
    names = ["silver.allergy", "silver.consent", "silver.coverage", "silver.device", "silver.patient", "gold.person"]
    _, begun = build(names)
    assert "silver.patient" in begun[: run.SIDE_BY_SIDE]


def test_a_feed_that_fails_keeps_nobody_from_what_the_others_brought(tmp_path, monkeypatch):
    done = []

    def step(lake, stages, *_):
        done.append(stages)
        action = "failed" if stages == ("bronze",) else "built"
        return [Outcome("/".join(stages), action)], {}

    monkeypatch.setattr(run, "_step", step)
    witness = types.SimpleNamespace(close=lambda: "")
    monkeypatch.setattr(run, "GateAndLineage", lambda lake, name: witness)
    monkeypatch.setattr(run.intake, "newest_day", lambda settings: "2026-03-01")
    lake = types.SimpleNamespace(settings=Settings(str(tmp_path)))
    report = run.run(lake, (), say=lambda line: None)
    assert (done[-1], report.state) == (("publication",), "failed")


def test_tables_read_one_state_of_what_they_stand_on_whatever_is_published_meanwhile(tmp_path):
    settings = Settings(str(tmp_path))
    lake = Lake(None, settings)

    def built(name):
        before = lake.version("silver.patient")
        state.write(settings, state.State("silver.patient", version=before + 1))
        return before

    state.write(settings, state.State("silver.patient", version=4))
    lake.pin(["silver.patient"])
    assert [built(name) for name in ("gold.person", "gold.death")] == [4, 4]
    lake.pin(())
    assert lake.version("silver.patient") == 5


def test_what_a_publication_waits_for_is_told_and_the_run_has_failed(tmp_path, monkeypatch):
    witness = types.SimpleNamespace(close=lambda: "")
    monkeypatch.setattr(run, "GateAndLineage", lambda lake, name: witness)
    said = []
    report = run.run(Lake(None, Settings(str(tmp_path))), ["publication"], say=said.append)
    assert (report.state, report.failed) == ("failed", ["publication"])
    assert said[0].startswith("publication waits for gold.")
    assert said[0].endswith("run `lakeward run gold` first")
