"""Delta tables: create, read at a version, append once, replace, merge a difference, restore.

Every write holds the table's lock. Delta's log store for local files checks and then renames, under
a lock inside one JVM only: two drivers could claim the same version (delta-io/delta HDFSLogStore).
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import json
import operator
import os
import pathlib
import time
from collections.abc import Iterator
from typing import Any

from delta.tables import DeltaTable
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructField, StructType, _parse_datatype_string

import schemas
from jobs.columns.keys import key
from jobs.shell.settings import Settings

LOCK_PATIENCE = 600.0


class TableBusyError(RuntimeError):
    """Another process held the table's lock for longer than we wait."""


@contextlib.contextmanager
def lock(settings: Settings, table: str) -> Iterator[None]:
    """Hold the one writer's place of a table, over processes."""
    path = pathlib.Path(settings.root("ops")) / "locks" / f"{table}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as held:
        deadline = time.monotonic() + LOCK_PATIENCE
        while True:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise TableBusyError(f"{table}: another writer has held it for {LOCK_PATIENCE:.0f} s") from None
                time.sleep(0.05)
        yield


@functools.cache
def spark_schema(table: schemas.Table) -> StructType:
    """The declared schema: types, required flags and the meaning of each column as its comment."""
    return StructType(
        [
            StructField(c.name, _parse_datatype_string(c.type), not c.required, {"comment": c.doc})
            for c in table.columns.values()
        ]
    )


def fields(ddl: str) -> list[StructField]:
    """The fields of a schema given as DDL text."""
    parsed = _parse_datatype_string(ddl)
    assert isinstance(parsed, StructType)
    return parsed.fields


def exists(path: str) -> bool:
    """Whether a Delta table lies at this path."""
    return os.path.isdir(os.path.join(path, "_delta_log"))


def head(spark: SparkSession, path: str) -> int:
    """The newest version at this path; -1 when there is no table."""
    if not exists(path):
        return -1
    # The log listing is the truth and costs a millisecond; Spark would read the whole snapshot first.
    commits = [name[:-5] for name in os.listdir(os.path.join(path, "_delta_log")) if name.endswith(".json")]
    return max((int(name) for name in commits if name.isdigit()), default=-1)


def create(spark: SparkSession, path: str, table: schemas.Table) -> None:
    """Create the empty table at version 0 as declared; nothing when it is there."""
    if exists(path) and head(spark, path) >= 0:
        return
    statistics = ",".join(table.statistics_columns)
    builder = DeltaTable.createIfNotExists(spark).location(path).addColumns(spark_schema(table)).comment(table.doc)
    builder = builder.property("delta.enableDeletionVectors", "true")
    # Minimum and maximum of a column go to the log in clear, where erasure does not reach.
    if statistics:
        builder = builder.property("delta.dataSkippingStatsColumns", statistics)
    else:
        builder = builder.property("delta.dataSkippingNumIndexedCols", "0")
    if table.partition_by:
        builder = builder.partitionedBy(*table.partition_by)
    builder.execute()


def read(spark: SparkSession, path: str, version: int) -> DataFrame:
    """The table as it was at this version."""
    return spark.read.format("delta").option("versionAsOf", version).load(path)


def conform(frame: DataFrame, table: schemas.Table, *, extra: tuple[str, ...] = ()) -> DataFrame:
    """Exactly the declared columns, in order, in their declared types; a missing one is an error by name."""
    missing = [name for name in table.columns if name not in frame.columns]
    if missing:
        raise ValueError(f"{table.table}: build gives no column {', '.join(missing)}")
    unknown = [name for name in frame.columns if name not in table.columns and name not in extra]
    if unknown:
        raise ValueError(f"{table.table}: build gives undeclared column {', '.join(unknown)}")
    given = {field.name: field.dataType for field in frame.schema.fields}
    wanted = spark_schema(table)
    columns = [F.col(f.name) if given[f.name] == f.dataType else F.col(f.name).cast(f.dataType) for f in wanted.fields]
    return frame.select(*[c.alias(f.name) for c, f in zip(columns, wanted.fields, strict=True)], *extra)


def _note(frame: DataFrame, run: str, mode: str) -> Any:
    return frame.write.format("delta").mode(mode).option("userMetadata", json.dumps({"run": run}))


def append(spark: SparkSession, path: str, frame: DataFrame, *, run: str, once: tuple[str, int] | None = None) -> None:
    """Append; with `once` = (application, generation) a repeat of the same or an older generation is skipped."""
    writer = _note(frame, run, "append")
    if once:
        # The application names table and delivery, never an epoch over deliveries: Delta skips any
        # version that is not newer (delta-io/delta#5259), which would swallow a late old delivery.
        writer = writer.option("txnAppId", once[0]).option("txnVersion", once[1])
    writer.save(path)


def replace(spark: SparkSession, path: str, frame: DataFrame, *, run: str) -> None:
    """Replace all rows."""
    _note(frame, run, "overwrite").save(path)


def restore(spark: SparkSession, path: str, version: int) -> None:
    """Make an earlier version the head again: what was written after it was never published."""
    DeltaTable.forPath(spark, path).restoreToVersion(version)


def row_digest(table: schemas.Table) -> Column:
    """A 64-bit digest of all columns of a row, to tell whether it changed."""
    parts: list[Column] = []
    for column in table.columns.values():
        nested = "<" in column.type
        value = F.to_json(F.struct(F.col(column.name))) if nested else F.col(column.name)
        # xxhash64 skips nulls; the flag keeps ('a', null) and (null, 'a') apart.
        parts += [value] if nested else [value, value.isNull()]
    return F.xxhash64(*parts)


def kinds(table: schemas.Table) -> dict[str, Column]:
    """Whom or what a row of this table touches, as columns of 64-bit ids by kind.

    person and patient are surrogate ids; resource and alias are hashes of a source's own ids, by which
    later tables find the rows that stand on a record or refer to it.
    """
    found: dict[str, Column] = {}
    for name in ("person_id", "lw_person_id"):
        if name in table.columns:
            found["person"] = F.array(F.col(name))
    if "patient_id" in table.columns:
        found["patient"] = F.array(F.col("patient_id"))
    if "resource_id" in table.columns:
        found["resource"] = F.array(resource_key())
    if "aliases" in table.columns:
        found["alias"] = F.transform(F.col("aliases"), alias_key)
    return found


def resource_key() -> Column:
    """The hash that stands for one resource of one feed, over its versions."""
    return key("resource", F.col("feed"), F.col("resource_type"), F.col("resource_id"))


def alias_key(alias: Column) -> Column:
    """The hash of a normalised reference."""
    return key("alias", alias)


def difference(old: DataFrame, new: DataFrame, table: schemas.Table) -> DataFrame:
    """Rows that must be inserted, updated or deleted to turn `old` into `new`; column `_change` says which.

    Both frames hold the declared columns; `key` is unique in each. `_<kind>` columns say whom it touches.
    """
    touching = kinds(table)
    nobody = F.array().cast("array<bigint>")
    before = old.select(
        *table.key, row_digest(table).alias("_before"), *[c.alias(f"_{k}") for k, c in touching.items()]
    )
    after = new.withColumns({"_after": row_digest(table), **{f"_{k}": c for k, c in touching.items()}})
    keys = [F.col(f"n.{k}").eqNullSafe(F.col(f"o.{k}")) for k in table.key]
    joined = after.alias("n").join(before.alias("o"), on=functools.reduce(operator.and_, keys), how="full_outer")
    change = (
        F.when(F.col("n._after").isNull(), "delete")
        .when(F.col("o._before").isNull(), "insert")
        .when(F.col("o._before") != F.col("n._after"), "update")
    )
    columns = [
        F.coalesce(F.col(f"n.{c}"), F.col(f"o.{c}")).alias(c) if c in table.key else F.col(f"n.{c}").alias(c)
        for c in table.columns
    ]
    touched = [
        F.array_union(F.coalesce(F.col(f"n._{k}"), nobody), F.coalesce(F.col(f"o._{k}"), nobody)).alias(f"_{k}")
        for k in touching
    ]
    return joined.select(*columns, *touched, change.alias("_change")).where(F.col("_change").isNotNull())


def merge(spark: SparkSession, path: str, changes: DataFrame, table: schemas.Table) -> None:
    """Apply a difference in one commit, matched on the surrogate key: no value of a row enters the log."""
    on = " AND ".join(f"t.`{k}` <=> s.`{k}`" for k in table.key)
    values = {f"`{c}`": f"s.`{c}`" for c in table.columns}
    (
        DeltaTable.forPath(spark, path)
        .alias("t")
        .merge(changes.alias("s"), on)
        .whenMatchedDelete("s._change = 'delete'")
        .whenMatchedUpdate(set=values)
        .whenNotMatchedInsert(condition="s._change <> 'delete'", values=values)
        .execute()
    )
