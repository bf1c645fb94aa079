"""The rows of a version as Arrow: what is counted or picked on the driver needs no Spark job.

A Spark job over a small table is planned, written as Java and compiled for longer than it runs; over a large one DuckDB
groups and counts in a fraction of the time.
"""

from __future__ import annotations

import contextlib
import functools
import json
import operator
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructType

from jobs.formats import stored
from jobs.shell import delta_log, spill

ArrowRows: TypeAlias = ds.Dataset | pa.Table

_FORMAT = ds.ParquetFileFormat()
# Spark works beside it, for tables that are built meanwhile.
_LIMITS = {"threads": "2", "memory_limit": "2GB", "autoinstall_known_extensions": "false"}
_guard = threading.Lock()


def spark_schema(version: delta_log.Version) -> StructType:
    """The columns of a version as Spark names their types."""
    return StructType.fromJson(json.loads(version.schema))


def schema(version: delta_log.Version) -> pa.Schema:
    """The columns of a version, those of its partition among them, in their order; instants in UTC."""
    return of_spark(spark_schema(version))


def of_spark(columns: StructType) -> pa.Schema:
    """Columns as Arrow names their types; instants in UTC."""
    return to_arrow_schema(columns, timezone="UTC")


def dataset(path: str, version: delta_log.Version, files: Sequence[delta_log.File] | None = None) -> ds.Dataset:
    """The rows of a version, or of some of its files; a scan reads the columns that it is asked for.

    Columns that a file does not have, since they were declared after it was written, are null.
    """
    columns = schema(version)
    files_of = stored.filesystem(path)
    fragments = [
        _FORMAT.make_fragment(
            stored.within(os.path.join(path, file.path)),
            filesystem=files_of,
            partition_expression=_partition(file, columns),
        )
        for file in (version.files if files is None else files)
    ]
    return ds.FileSystemDataset(fragments, columns, _FORMAT, filesystem=files_of)


def _partition(file: delta_log.File, columns: pa.Schema) -> ds.Expression:
    parts = [
        ds.field(name).is_null() if value is None else ds.field(name) == pc.cast(value, columns.field(name).type)
        for name, value in file.partition
    ]
    return functools.reduce(operator.and_, parts) if parts else ds.scalar(True)


def ask(question: str, **rows: ArrowRows) -> list[tuple[Any, ...]]:
    """What DuckDB answers to a question in SQL about rows, each called by its name.

    >>> ask("SELECT a, count(*) FROM given GROUP BY a ORDER BY a", given=ds.dataset(pa.table({"a": [1, 2, 2]})))
    [(1, 1), (2, 2)]
    """
    with _asking(rows) as connection:
        return connection.execute(question).fetchall()


def answer(question: str, **rows: ArrowRows) -> pa.Table:
    """The same as Arrow.

    >>> answer("SELECT a, count(*) AS n FROM given GROUP BY a ORDER BY a", given=pa.table({"a": [1, 2, 2]})).to_pydict()
    {'a': [1, 2], 'n': [1, 2]}
    """
    with _asking(rows) as connection:
        return connection.sql(question).to_arrow_table()


@contextlib.contextmanager
def _asking(rows: Mapping[str, ArrowRows]) -> Iterator[duckdb.DuckDBPyConnection]:
    with _guard:
        connection = _database().cursor()
    with connection:
        for name, one in rows.items():
            connection.register(name, one)
        yield connection


@functools.cache
def _database() -> duckdb.DuckDBPyConnection:
    connection = spill.database(**_LIMITS)
    # An instant is of the day that it is in UTC, wherever the machine stands.
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    return connection
