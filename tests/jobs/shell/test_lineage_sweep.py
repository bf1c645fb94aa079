"""The lineage log over crashes: every START has an end, and living runs are left alone."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import sys
import textwrap

import pytest

from jobs.shell import documents, lineage_log, state
from jobs.shell.code_version import CodeVersion
from jobs.shell.lineage import Lineage, Made
from jobs.shell.lineage_datasets import of_table
from jobs.shell.lineage_graph import hops
from jobs.shell.lineage_sweep import Swept, sweep
from jobs.shell.settings import Settings

CHECKOUT = pathlib.Path(__file__).resolve().parents[3]
CODE = CodeVersion("abc123")


@pytest.fixture
def settings(tmp_path):
    return Settings(str(tmp_path))


def begin(lineage, table="gold.drug_era"):
    exposures = of_table(lineage.settings, "gold.drug_exposure", 7)
    return lineage.start(table, [exposures], of_table(lineage.settings, table))


def ends(settings, run):
    events = lineage_log.read(lineage_log.events_path(settings, run))
    return [(event["job"]["name"], event["eventType"]) for event in events]


def killed(settings, run, then):
    """Run `then` in a process that is killed with SIGKILL at its end."""
    program = f"""
        import os, signal
        from jobs.shell import state
        from jobs.shell.code_version import CodeVersion
        from jobs.shell.lineage import Lineage, Made
        from jobs.shell.lineage_datasets import of_table
        from jobs.shell.settings import Settings
        settings = Settings({settings.home!r})
        lineage = Lineage(settings, {run!r}, code=CodeVersion("abc123"))
        def begin(table="gold.drug_era"):
            return lineage.start(table, [of_table(settings, "gold.drug_exposure", 7)], of_table(settings, table))
        {then}
        os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], cwd=CHECKOUT, check=False)
    assert done.returncode == -signal.SIGKILL


def test_a_hop_that_a_killed_run_left_open_fails_at_the_next_start(settings):
    killed(settings, "r1", "begin(); begin('gold.dose_era').complete(Made(3, rows=1))")
    assert sweep(settings) == Swept(failed=1)
    assert ends(settings, "r1") == [
        ("gold.drug_era", "START"),
        ("gold.dose_era", "START"),
        ("gold.dose_era", "COMPLETE"),
        ("gold.drug_era", "FAIL"),
    ]
    *_, last = lineage_log.read(lineage_log.events_path(settings, "r1"))
    assert last["run"]["facets"]["errorMessage"]["message"] == "ProcessDied at gold.drug_era"
    assert sweep(settings) == Swept()


def test_a_run_that_was_killed_does_not_run_for_ever(settings):
    killed(settings, "r1", "begin()")
    path = f"{settings.root('ops')}/runs/r1.json"
    documents.write(path, {"run": "r1", "state": "running", "messages": []})
    sweep(settings)
    assert documents.read(path) == {"run": "r1", "state": "failed", "messages": ["ProcessDied"]}


def test_a_version_that_was_published_before_the_kill_is_complete(settings):
    killed(
        settings,
        "r1",
        "begin().prepare(Made(4, rows=20)); state.write(settings, state.State('gold.drug_era', 4, run='r1'))",
    )
    assert sweep(settings) == Swept(completed=1)
    assert ends(settings, "r1")[-1] == ("gold.drug_era", "COMPLETE")
    [hop] = hops(settings, "gold.drug_era", 4)
    assert (hop.run, hop.rows, [(one.name, one.version) for one in hop.inputs]) == (
        "r1",
        20,
        [("gold.drug_exposure", "7")],
    )


def test_a_version_that_was_prepared_but_not_published_failed(settings):
    state.write(settings, state.State("gold.drug_era", 3, run="r0"))
    killed(settings, "r1", "begin().prepare(Made(4, rows=20))")
    assert sweep(settings) == Swept(failed=1)
    assert hops(settings, "gold.drug_era", 4) == []


def test_a_living_run_is_left_alone(settings):
    lineage = Lineage(settings, "r1", code=CODE)
    hop = begin(lineage)
    assert sweep(settings) == Swept()
    hop.complete(Made(4, rows=20))
    lineage.close()
    assert ends(settings, "r1") == [("gold.drug_era", "START"), ("gold.drug_era", "COMPLETE")]
    assert os.listdir(lineage_log.open_folder(settings)) == []


def test_a_hop_that_nobody_ended_fails_at_the_end_of_its_run(settings):
    lineage = Lineage(settings, "r1", code=CODE)
    begin(lineage)
    lineage.close()
    assert ends(settings, "r1") == [("gold.drug_era", "START"), ("gold.drug_era", "FAIL")]


def test_a_run_that_never_began_a_hop_leaves_nothing_to_close(settings):
    killed(settings, "r1", "pass")
    assert sweep(settings) == Swept()
    assert os.listdir(lineage_log.open_folder(settings)) == []


def test_a_line_cut_short_by_a_crash_is_no_event_and_swallows_none(settings):
    killed(settings, "r1", "begin()")
    path = pathlib.Path(lineage_log.events_path(settings, "r1"))
    path.write_bytes(path.read_bytes() + b'{"eventType":"COMPL')
    assert sweep(settings) == Swept(failed=1)
    assert ends(settings, "r1") == [("gold.drug_era", "START"), ("gold.drug_era", "FAIL")]


def test_every_line_of_the_log_is_one_event(settings):
    lineage = Lineage(settings, "r1", code=CODE)
    begin(lineage).complete(Made(4, rows=20))
    lineage.close()
    lines = pathlib.Path(lineage_log.events_path(settings, "r1")).read_text().splitlines()
    assert [json.loads(line)["eventType"] for line in lines] == ["START", "COMPLETE"]
