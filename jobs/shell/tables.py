"""Delta tables: create, read at a version, append once, replace, merge a difference, restore.

Spark reads and writes the Parquet files, `delta_log` says which of them are a version (docs/decisions/commits.md).
Every write holds the table's lock, so that a commit that would lose is not begun.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import functools
import operator
import os
import pathlib
import re
import time
import urllib.parse
import uuid
from collections.abc import Iterator, Sequence

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructField, StructType, _parse_datatype_string

import schemas
from jobs.formats import stored
from jobs.shell import arrow_rows, delta_log, whom
from jobs.shell.settings import Settings

LOCK_PATIENCE = 600.0
_PATTERN = re.compile(r"([\[\]{}*?\\])")


class RepeatedKeyError(ValueError):
    """Rows of one build share a key, and only one of them would stay: names the table and how many are too many."""


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
    parsed = fields(", ".join(f"`{c.name}` {c.type}" for c in table.columns.values()))
    return StructType(
        [
            StructField(c.name, one.dataType, not c.required, {"comment": c.doc})
            for c, one in zip(table.columns.values(), parsed, strict=True)
        ]
    )


def fields(ddl: str) -> list[StructField]:
    """The fields of a schema given as DDL text."""
    parsed = _parse_datatype_string(ddl)
    assert isinstance(parsed, StructType)
    return parsed.fields


def create(path: str, table: schemas.Table) -> None:
    """Create the empty table at version 0 as declared; nothing when it is there."""
    if not delta_log.exists(path):
        schema = spark_schema(table).json()
        delta_log.create(path, schema, doc=table.doc, partition_by=table.partition_by)


def read(spark: SparkSession, path: str, version: int) -> DataFrame:
    """The table as it was at this version."""
    found = delta_log.version(path, version)
    return _of_files(spark, path, found, found.files)


def _of_files(spark: SparkSession, path: str, version: delta_log.Version, files: Sequence[delta_log.File]) -> DataFrame:
    schema = arrow_rows.spark_schema(version)
    if not files:
        return of_rows(spark, None, schema)
    reader = spark.read.schema(schema).option("basePath", path)
    # Spark takes paths for patterns, and a folder may be called data[1].
    literal = [_PATTERN.sub(r"\\\1", f"{path}/{file.path}") for file in files]
    return reader.parquet(*literal).select(*schema.names)


def of_rows(spark: SparkSession, rows: pa.Table | None, schema: StructType) -> DataFrame:
    """Rows that are on the driver as a frame; of none Spark knows that there is none, and plans without it."""
    if rows is None or not rows.num_rows:
        none: list[dict[str, object]] = []
        rows = pa.Table.from_batches([pa.RecordBatch.from_pylist(none, arrow_rows.of_spark(schema))])
    return spark.createDataFrame(rows, schema)


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


def write(frame: DataFrame, path: str, partition_by: Sequence[str] = ()) -> list[delta_log.File]:
    """Write rows as Parquet files of the table that no version names yet; a commit makes them part of it."""
    token = uuid.uuid4().hex
    writer = frame.write.mode("append").option("mapreduce.output.basename", token)
    writer = writer.option("mapreduce.fileoutputcommitter.marksuccessfuljobs", "false")
    # To its place when its task ends, and not once more when all have: in a store each rename is a copy.
    writer = writer.option("mapreduce.fileoutputcommitter.algorithm.version", "2")
    (writer.partitionBy(*partition_by) if partition_by else writer).parquet(path)
    return delta_log.files_written(path, token, partition_by)


def _checked(files: list[delta_log.File], version: delta_log.Version) -> list[delta_log.File]:
    """The files; Parquet keeps required columns from being empty, but a partition column is in no file."""
    required = {field.name for field in arrow_rows.spark_schema(version) if not field.nullable}
    for column in required & set(version.partition_by):
        if any(dict(file.partition)[column] is None for file in files):
            raise ValueError(f"rows without {column}, which the table requires")
    return files


def _same_columns(frame: DataFrame, version: delta_log.Version) -> None:
    known = arrow_rows.spark_schema(version).names
    if differing := sorted(set(frame.columns) ^ set(known)):
        raise ValueError(f"the rows and the table differ in columns: {', '.join(differing)}")


def append(path: str, frame: DataFrame, *, run: str, once: tuple[str, int] | None = None) -> int:
    """Append; with `once` = (application, generation) a repeat of the same or an older generation is skipped.

    Returns the version that has the rows.
    """
    seen = delta_log.head(path)
    # The application names table and delivery, never an epoch over deliveries: a version that is not newer is skipped
    # by every writer of Delta (delta-io/delta#5259), which would swallow a late old delivery.
    if once and delta_log.transaction(path, once[0]) >= once[1]:
        return seen
    before = delta_log.version(path, seen)
    _same_columns(frame, before)
    files = _checked(write(frame, path, before.partition_by), before)
    actions = [*(delta_log.done(*once) if once else []), *delta_log.added(files)]
    return delta_log.commit(path, seen, actions, operation="WRITE", run=run)


def is_as_declared(path: str, table: schemas.Table) -> bool:
    """Whether the head has the columns that are declared now."""
    return not delta_log.restated(path, delta_log.head(path), spark_schema(table).json())


def replace(path: str, frame: DataFrame, *, run: str, table: schemas.Table | None = None) -> int:
    """Replace all rows, and the schema with what is declared where a table is given; the version that has them."""
    seen = delta_log.head(path)
    before = delta_log.version(path, seen)
    declared = delta_log.restated(path, seen, spark_schema(table).json()) if table else []
    if declared:
        before = dataclasses.replace(before, schema=declared[0]["metaData"]["schemaString"])
    _same_columns(frame, before)
    files = _checked(write(frame, path, before.partition_by), before)
    actions = [*declared, *delta_log.removed(before.files), *delta_log.added(files)]
    return delta_log.commit(path, seen, actions, operation="WRITE", run=run)


def keep(path: str, frame: DataFrame, *, doc: str, run: str = "") -> int:
    """Make a table hold exactly these rows, whatever their columns; it is created when it is not there."""
    schema = frame.schema.json()
    if not delta_log.exists(path):
        delta_log.create(path, schema, doc=doc, run=run)
    seen = delta_log.head(path)
    files = write(frame, path)
    actions = [*delta_log.restated(path, seen, schema), *delta_log.removed(delta_log.version(path, seen).files)]
    return delta_log.commit(path, seen, [*actions, *delta_log.added(files)], operation="WRITE", run=run)


def restore(path: str, version: int, *, run: str = "") -> int:
    """Make an earlier version the head again, rows and columns: what was written after it was never published."""
    seen = delta_log.head(path)
    before = delta_log.version(path, version)
    wanted, now = set(before.files), set(delta_log.version(path, seen).files)
    actions = [
        *delta_log.restated(path, seen, before.schema),
        *delta_log.removed(sorted(now - wanted, key=_path)),
        *delta_log.added(sorted(wanted - now, key=_path)),
    ]
    return delta_log.commit(path, seen, actions, operation="RESTORE", run=run)


def _place(uri: str) -> str:
    """Where a file lies that Spark names by its URI."""
    if stored.is_object(uri):
        return urllib.parse.unquote(uri)
    return os.path.realpath(urllib.parse.unquote(urllib.parse.urlsplit(uri).path))


def _path(file: delta_log.File) -> str:
    return file.path


def row_digest(table: schemas.Table) -> Column:
    """A 64-bit digest of all columns of a row, to tell whether it changed."""
    parts: list[Column] = []
    for column in table.columns.values():
        nested = "<" in column.type
        value = F.to_json(F.struct(F.col(column.name))) if nested else F.col(column.name)
        # xxhash64 skips nulls; the flag keeps ('a', null) and (null, 'a') apart.
        parts += [value] if nested else [value, value.isNull()]
    return F.xxhash64(*parts)


def keys_apart(table: schemas.Table, new: int, old: int, inserted: int, deleted: int) -> None:
    """Raise RepeatedKeyError where `old` rows of a scope cannot become its `new` ones: some of these share a key.

    A difference gives each changed row its key's place, so that of several only one would stay, and no gate see more.
    """
    if new != old - deleted + inserted:
        raise RepeatedKeyError(f"{table.table}: {abs(new - old + deleted - inserted)} rows share their key"
                               f" ({', '.join(table.key)}) with another of the same build")  # fmt: skip


def difference(old: DataFrame, new: DataFrame, table: schemas.Table) -> DataFrame:
    """Rows that must be inserted, updated or deleted to turn `old` into `new`; column `_change` says which.

    Both frames hold the declared columns; `key` is unique in each. `_<kind>` columns say whom it touches.
    """
    touching = whom.kinds(table)
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


def merge(spark: SparkSession, path: str, changes: DataFrame, table: schemas.Table, *, run: str) -> int:
    """Apply a difference to the head in one commit: files with a changed row are written anew without it.

    What is new goes into files of its own; a file that no change speaks of stays. No value of a row enters the log.
    """
    seen = delta_log.head(path)
    before = delta_log.version(path, seen)
    gone = changes.where(F.col("_change") != "insert").select(*table.key)
    place = F.col("_metadata.file_path").alias("_file")
    keys = [F.col(f"o.{k}").eqNullSafe(F.col(f"g.{k}")) for k in table.key]
    same_key = functools.reduce(operator.and_, keys)
    old = _of_files(spark, path, before, before.files)
    named = old.select(*table.key, place).alias("o").join(F.broadcast(gone.alias("g")), on=same_key, how="left_semi")
    hit = {_place(row[0]) for row in named.select("_file").distinct().collect()}
    real = path if stored.is_object(path) else os.path.realpath(path)
    touched = [file for file in before.files if os.path.join(real, file.path) in hit]
    rest = _of_files(spark, path, before, touched).alias("o").join(gone.alias("g"), on=same_key, how="left_anti")
    fresh = changes.where(F.col("_change") != "delete").select(*table.columns)
    files = _checked(write(rest.select(*table.columns).unionByName(fresh), path, before.partition_by), before)
    actions = [*delta_log.removed(touched), *delta_log.added(files)]
    return delta_log.commit(path, seen, actions, operation="MERGE", run=run)
