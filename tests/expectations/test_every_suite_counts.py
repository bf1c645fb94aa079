"""Every condition of every suite is SQL that Spark and DuckDB understand on that table: no typing error waits."""

import pytest

import schemas
from expectations.suite import suite


@pytest.fixture(scope="module")
def empty(spark):
    from jobs.shell.tables import spark_schema

    return lambda name: spark.createDataFrame([], spark_schema(schemas.table(name)))


@pytest.mark.parametrize("layer", ["bronze", "silver", "gold"])
def test_every_suite_of_a_layer_can_be_counted(spark, empty, layer):
    from jobs.shell import counting_sql, fingerprint, planning
    from jobs.shell.lookups import Lookups

    lookups = Lookups(spark, empty)
    wrong = []
    for table in schemas.tables(layer):
        plan = planning.plan(table, suite(table))
        frame = empty(table.table)
        try:
            printed = fingerprint.fingerprints(frame, plan, lookups, "2026-03-01")
            assert len(printed.select("w.*").columns) == plan.words
            counted = counting_sql.count(frame.toArrow(), plan, lookups, "2026-03-01", frame.toArrow())
            assert (counted.rows, counted.duplicates) == (0, 0)
        except Exception as fault:
            wrong.append(f"{table.table}: {str(fault).splitlines()[0]}")
    lookups.close()
    assert wrong == []
