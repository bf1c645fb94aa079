"""Column lineage of ten gold tables, against a map written by hand (guide/trust.md, L3)."""

from __future__ import annotations

import importlib
import inspect
import pathlib

import pytest
import yaml

import schemas
from jobs.shell.column_lineage import derive
from jobs.shell.tables import conform, spark_schema

MAP = yaml.safe_load(pathlib.Path(__file__).with_name("column_lineage.yaml").read_text(encoding="utf-8"))
LEAST = 0.98


def by_hand(table):
    said = MAP[table]
    return {
        (column, source if source.count(".") == 2 else f"{said['of']}.{source}")
        for column, sources in said.items()
        if column != "of"
        for source in sources
    }


def derived(spark, table):
    declared = schemas.table(table)
    build = importlib.import_module(f"jobs.{table}").build
    frames = {p: spark.createDataFrame([], spark_schema(schemas.table(s))) for p, s in declared.built_from.items()}
    dated = {"as_of": "2026-03-01"} if "as_of" in inspect.signature(build).parameters else {}
    built = build(**frames, **dated)
    faults = ("faults",) if "faults" in built.columns else ()
    found = derive(frames, conform(built, declared, extra=faults), dict(declared.built_from)).only(declared.columns)
    columns = [*found.columns.items(), ("rows", found.rows)]
    return {(column, f"{one.dataset}.{one.field}") for column, sources in columns for one in sources}


@pytest.fixture(scope="module")
def found(spark):
    """What the derivation says of each table of the map."""
    return {table: derived(spark, table) for table in MAP}


@pytest.mark.parametrize("table", sorted(MAP))
def test_the_columns_of_a_table_come_from_where_the_map_says(table, found):
    said = by_hand(table)
    assert sorted(found[table] - said) == []
    assert sorted(said - found[table]) == []


@pytest.mark.parametrize("table", sorted(MAP))
def test_the_map_speaks_of_every_column(table):
    assert set(MAP[table]) == {*schemas.table(table).columns, "of", "rows"}


def test_precision_and_recall_over_the_ten_tables(found):
    said = {(table, *pair) for table in MAP for pair in by_hand(table)}
    derived_pairs = {(table, *pair) for table in MAP for pair in found[table]}
    assert len(MAP) == 10
    assert len(said & derived_pairs) / len(derived_pairs) >= LEAST
    assert len(said & derived_pairs) / len(said) >= LEAST
