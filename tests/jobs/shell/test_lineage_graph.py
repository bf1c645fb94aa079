"""The lineage log, read back."""

from __future__ import annotations

import pathlib

import pytest

from jobs.shell import lineage_log
from jobs.shell.code_version import CodeVersion
from jobs.shell.column_lineage import ColumnLineage
from jobs.shell.column_sources import FILTER, IDENTITY, Source
from jobs.shell.lineage import Lineage, Made
from jobs.shell.lineage_datasets import of_file, of_table
from jobs.shell.lineage_graph import graph, hops, latest, upstream
from jobs.shell.settings import Settings


@pytest.fixture
def settings(tmp_path):
    return Settings(str(tmp_path))


def hop(settings, run, table, sources, version, columns=None, action="built"):
    lineage = Lineage(settings, run, code=CodeVersion("abc123"))
    begun = lineage.start(table, sources, of_table(settings, table))
    verdict = {"check": "isRequired", "column": "person_id", "severity": "stop", "passed": True, "share": 0.0}
    begun.complete(Made(version, rows=20, columns=columns, verdicts=[verdict], tags={"action": action}))
    lineage.close()


def columns(table):
    made_of = frozenset({IDENTITY})
    return ColumnLineage(
        {"person_id": {Source(table, "person_id"): made_of}}, {Source(table, "drug_concept_id"): frozenset({FILTER})}
    )


@pytest.fixture
def lake(settings):
    """File -> exposures at 0 and 7 -> eras at 3, 4, and again at 4 without a change -> dose eras."""
    file = of_file(f"{settings.root('landing')}/d1/exposures.csv", "ab" * 32)
    hop(settings, "r1", "gold.drug_exposure", [file], 0)
    hop(settings, "r2", "gold.drug_exposure", [file], 7)
    hop(settings, "r1", "gold.drug_era", [of_table(settings, "gold.drug_exposure", 0)], 3)
    hop(
        settings, "r2", "gold.drug_era", [of_table(settings, "gold.drug_exposure", 7)], 4, columns("gold.drug_exposure")
    )
    hop(settings, "r3", "gold.drug_era", [of_table(settings, "gold.drug_exposure", 7)], 4, action="confirmed")
    hop(
        settings, "r3", "gold.dose_era", [of_table(settings, "gold.drug_exposure", 7)], 1, columns("gold.drug_exposure")
    )
    return settings


def test_a_version_knows_the_hop_that_made_it(lake):
    made, confirmed = hops(lake, "gold.drug_era", 4)
    assert (made.run, made.tags["action"], made.code) == ("r2", "built", "abc123")
    assert (confirmed.run, confirmed.tags["action"]) == ("r3", "confirmed")
    assert [(one.name, one.version) for one in made.inputs] == [("gold.drug_exposure", "7")]
    assert [(one["assertion"], one["success"]) for one in made.verdicts] == [("isRequired", True)]
    assert made.columns == columns("gold.drug_exposure")


def test_an_unknown_version_has_no_hop(lake):
    assert hops(lake, "gold.drug_era", 5) == []
    assert latest(lake, "gold.death") is None


def test_the_way_up_ends_at_the_file(lake):
    assert [(one.table, one.version) for one in upstream(lake, "gold.drug_era", 3)] == [
        ("gold.drug_era", "3"),
        ("gold.drug_exposure", "0"),
    ]
    file = upstream(lake, "gold.drug_era", 3)[-1].inputs[0]
    assert (file.name, file.version) == (f"{lake.root('landing')}/d1/exposures.csv", "ab" * 32)


def test_the_graph_is_drawn_by_the_newest_hops(lake):
    drawn = graph(lake)
    file = f"{lake.root('landing')}/d1/exposures.csv"
    assert drawn.edges() == {
        (file, "gold.drug_exposure"),
        ("gold.drug_exposure", "gold.drug_era"),
        ("gold.drug_exposure", "gold.dose_era"),
    }
    assert drawn.hops["gold.drug_exposure"].version == "7"


def test_the_graph_says_what_a_change_of_a_column_touches(lake):
    touched = graph(lake).columns_into("gold.drug_exposure", "person_id")
    assert touched == {Source("gold.dose_era", "person_id")}
    assert graph(lake).columns_from("gold.dose_era", "person_id") == {Source("gold.drug_exposure", "person_id")}


def test_a_lost_index_is_made_up_for_by_the_events(lake):
    pathlib.Path(lineage_log.index_path(lake)).unlink()
    assert [one.run for one in hops(lake, "gold.drug_era", 4)] == ["r2", "r3"]
    newest = latest(lake, "gold.drug_era")
    assert newest is not None
    assert newest.run == "r3"
