"""Maintenance: the rows stay, the files become fewer, readers are never left without a file."""

import pytest

import schemas
from jobs.shell import delta_log, documents, maintenance, state, tables
from jobs.shell.lake import Lake
from jobs.shell.settings import Settings

TABLE = "gold.domain"


@pytest.fixture
def lake(spark, rows, tmp_path):
    """A lake whose gold.domain was written in three small commits and published."""
    lake = Lake(spark, Settings.from_environment({"LAKEWARD_HOME": str(tmp_path)}))
    path = lake.path(TABLE)
    tables.create(path, schemas.table(TABLE))
    for name in ("Drug", "Condition", "Visit"):
        one = rows(TABLE, {"domain_id": name, "domain_name": name, "domain_concept_id": 1}).coalesce(1)
        version = tables.append(path, tables.conform(one, schemas.table(TABLE)), run="r")
    state.write(lake.settings, state.State(TABLE, version=version, rows=3))
    publish(lake, version)
    return lake


def publish(lake, version):
    folder = f"{lake.settings.root('ops')}/publications"
    documents.write(f"{folder}/00000001.json", {"number": 1, "tables": {TABLE: version}})
    documents.write(f"{folder}/current.json", {"publication": "00000001"})


def names(lake, version):
    return sorted(row["domain_id"] for row in lake.read(TABLE, version).collect())


def test_three_files_become_one_with_the_same_rows_and_the_old_version_stays_readable(lake):
    before = state.version(lake.settings, TABLE)
    [done] = maintenance.tend(lake, [TABLE], keep_days=30, say=lambda text: None)
    assert (done.action, done.files_before, done.files_after) == ("compacted", 3, 1)
    after = state.version(lake.settings, TABLE)
    assert after == done.version > before
    assert names(lake, after) == names(lake, before) == ["Condition", "Drug", "Visit"]
    changes = state.changes_since(lake.settings, TABLE, before, after)
    assert {kind: changes.of(kind) for kind in tables.kinds(schemas.table(TABLE))} == {
        kind: set() for kind in tables.kinds(schemas.table(TABLE))
    }


def test_maintenance_of_a_tended_table_makes_no_new_version(lake):
    maintenance.tend(lake, [TABLE], keep_days=30, say=lambda text: None)
    version = state.version(lake.settings, TABLE)
    publish(lake, version)
    [done] = maintenance.tend(lake, [TABLE], keep_days=30, say=lambda text: None)
    assert (done.action, state.version(lake.settings, TABLE)) == ("vacuumed", version)
    assert delta_log.head(lake.path(TABLE)) == version


def test_a_table_whose_head_is_not_published_is_left_alone(lake, rows):
    refused = tables.conform(
        rows(TABLE, {"domain_id": "X", "domain_name": "X", "domain_concept_id": 1}), schemas.table(TABLE)
    )
    head = tables.replace(lake.path(TABLE), refused, run="refused by a gate")
    [done] = maintenance.tend(lake, [TABLE], keep_days=30, say=lambda text: None)
    assert done.action == "unsettled"
    assert delta_log.head(lake.path(TABLE)) == head


def test_a_retention_below_seven_days_is_refused(lake):
    with pytest.raises(maintenance.TooShortError, match="less than 7 days"):
        maintenance.tend(lake, [TABLE], keep_days=6)
