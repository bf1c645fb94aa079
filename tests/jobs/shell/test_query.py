"""SQL over what is published, wherever the lake lies."""

import pytest

import schemas
from jobs.shell import delta_log, quarantine, query, state, tables, waiting
from jobs.shell.lake import Lake


@pytest.fixture
def lake(spark, rows, settings_at, tmp_path):
    """A lake in a folder of an odd name, or in a store: a table with a partition of an odd name, a row that waits."""
    found = Lake(spark, settings_at(tmp_path / "a b josé [1]* o'ne 100%" / "lake"))
    table = schemas.table("silver.care_plan")
    path = found.path(table.table)
    delta_log.create(path, tables.spark_schema(table).json(), doc="plans", partition_by=["status"])
    made = rows(table.table, {"care_plan_id": 1, "status": "a/ä [1] 100%", "record_id": 7, "faults": []})
    version = tables.append(path, made.select(*table.columns), run="r")
    state.write(found.settings, state.State(table.table, version=version, rows=1))
    waits = {"care_plan_id": 2, "status": "s", "record_id": 8, "feed": "ehr_fhir", "faults": ["no_subject"]}
    faulty = rows(table.table, waits)
    tables.keep(found.path(quarantine.name_of(table.table)), faulty, doc="waits")
    return found


def test_a_lake_is_read_whatever_its_folder_is_called(lake):
    asked = query.connect(lake.settings)
    assert asked.execute("SELECT care_plan_id, status FROM silver.care_plan").fetchall() == [(1, "a/ä [1] 100%")]
    assert asked.execute("SELECT care_plan_id, faults FROM quarantine.silver_care_plan").fetchall() == [
        (2, ["no_subject"])
    ]


def test_what_waits_is_told_whatever_the_folder_of_the_lake_is_called(lake):
    assert [line.split() for line in waiting.listing(lake.settings).splitlines()] == [
        ["where", "feed", "reason", "rows"],
        ["silver.care_plan", "ehr_fhir", "no_subject", "1"],
    ]
    assert "record_id: 8" in waiting.show(lake.settings, "silver.care_plan", reason=None, limit=5, reveal=False)
