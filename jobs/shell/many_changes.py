"""Bring what was built of a scope into a table by Spark: compared, and only what differs is written.

For more rows than the driver takes (`few_changes` does the same for a few).
"""

from __future__ import annotations

from typing import NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.storagelevel import StorageLevel

import schemas
from jobs.shell import scope, state, tables, whom
from jobs.shell.lake import Lake
from jobs.shell.scope import Scope

# Above this share of changed rows, writing the table anew costs less than merging.
REWRITE_SHARE = 0.3


class Changed(NamedTuple):
    """The version that has the rows, and how many of them the one before had not, or had otherwise."""

    version: int
    inserted: int
    updated: int
    deleted: int


def apply(
    lake: Lake, table: schemas.Table, known: state.State, clean: DataFrame, count: int, cut: Scope, run: str
) -> Changed:
    """Make a version that has these `count` rows of a scope and no other of it; no difference, no version.

    Raises RepeatedKeyError where rows share their key.
    """
    path = lake.path(table.table)
    whole = tables.read(lake.spark, path, known.version)
    old = scope.rows_in(lake, whole, table, cut)
    changes = tables.difference(old, clean, table).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        counts = {row[0]: row[1] for row in changes.groupBy("_change").count().collect()}
        inserted, updated, deleted = (counts.get(change, 0) for change in ("insert", "update", "delete"))
        tables.keys_apart(table, count, known.rows if cut.everything else old.count(), inserted, deleted)
        if not counts:
            return Changed(known.version, 0, 0, 0)
        kept = changes.where(F.col("_change") != "delete").select(*table.columns)
        if set(counts) == {"insert"}:
            version = tables.append(path, kept, run=run)
        elif cut.everything and sum(counts.values()) > REWRITE_SHARE * max(known.rows, 1):
            untouched = whole.join(changes.select(*table.key), on=list(table.key), how="left_anti")
            version = tables.replace(path, untouched.select(*table.columns).unionByName(kept), run=run)
        else:
            version = tables.merge(lake.spark, path, changes, table, run=run)
        touched = {kind: _touched(changes, f"_{kind}") for kind in whom.kinds(table)}
        types = _types(changes) if "resource_type" in table.columns else None
        state.write_changes(lake.settings, table.table, version, known.version, touched, types)
        return Changed(version, inserted, updated, deleted)
    finally:
        changes.unpersist()


def _types(changes: DataFrame) -> list[str]:
    return [row[0] for row in changes.select("resource_type").distinct().collect() if row[0] is not None]


def _touched(changes: DataFrame, column: str) -> list[int] | None:
    """The ids of one kind in the changed rows; None when they are too many, or when a row does not know its own."""
    ids = changes.select(F.explode(column).alias("id")).distinct()
    found = [row[0] for row in ids.limit(state.MOST_TOUCHED + 1).collect()]
    return found if len(found) <= state.MOST_TOUCHED and None not in found else None
