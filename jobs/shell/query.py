"""SQL over the published versions, by DuckDB: exactly the files that the publication names."""

from __future__ import annotations

import decimal
import json
import os
import pathlib
import re
from collections.abc import Iterable
from typing import Any, TextIO

import duckdb
import pyarrow as pa

import schemas
from jobs.formats import stored
from jobs.shell import arrow_rows, delta_log, objects, publication, spill, state
from jobs.shell.settings import Settings

DUCKDB_TYPES = {"string": "VARCHAR", "int": "INTEGER", "bigint": "BIGINT", "timestamp": "TIMESTAMP", "binary": "BLOB"}

_PATTERN = re.compile(r"([\[*?])")


class NothingPublishedError(RuntimeError):
    """No publication yet: says what to run."""


def connect(settings: Settings, *, trace: bool = False) -> duckdb.DuckDBPyConnection:
    """A connection whose views are the published tables.

    `person` and `gold.person` are the published gold, `silver.x`, `bronze.x` and `quarantine.x` what
    stands behind it. Trace columns are hidden unless asked for.
    """
    connection = spill.database()
    connection.execute("SET TimeZone = 'UTC'")
    versions = published_versions(settings)
    for schema in ("gold", "silver", "bronze", "quarantine"):
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    for name, version in sorted(versions.items()):
        layer, _, bare = name.partition(".")
        hidden = [] if trace else hidden_columns(name)
        _view(connection, f'{layer}."{bare}"', settings.table_path(name), version, name, hidden)
        if layer == "gold":
            connection.execute(f'CREATE VIEW main."{bare}" AS SELECT * FROM gold."{bare}"')
    for bare in tables_in(settings.root("quarantine")):
        path = settings.table_path(f"quarantine.{bare}")
        _view(connection, f'quarantine."{bare}"', path, delta_log.head(path), None, [])
    return connection


def hidden_columns(name: str) -> list[str]:
    """Trace columns of a gold table, which are not OMOP's."""
    return [c.name for c in schemas.table(name).columns.values() if c.trace]


def published_versions(settings: Settings) -> dict[str, int]:
    """Table -> version: gold as published as one; before a publication nothing of gold."""
    current = publication.current(settings)
    found = dict(current["tables"]) if current else {}
    for name in [*schemas.names("bronze"), *schemas.names("silver")]:
        if name not in found:
            version = state.version(settings, name)
            if version >= 0:
                found[name] = version
    if not found:
        raise NothingPublishedError("nothing is published yet: land a delivery, then `lakeward run`")
    return found


def tables_in(root: str) -> list[str]:
    """The tables that lie in a zone, by name."""
    if stored.is_object(root):
        return [name for name in objects.names(root) if objects.names(f"{root}/{name}/_delta_log")]
    return sorted(path.parent.name for path in pathlib.Path(root).glob("*/_delta_log"))


def source(connection: duckdb.DuckDBPyConnection, path: str, version: delta_log.Version) -> str:
    """The files of a version as DuckDB reads them, in SQL; there must be one at least.

    Objects it is handed by Arrow: its own reader of stores is an extension that is fetched at run time.
    """
    if stored.is_object(path):
        name = f"{path}@{version.version}"
        connection.register(name, arrow_rows.dataset(path, version))
        return f'"{name}"'
    # DuckDB takes paths for patterns, and a folder may be called data[1].
    literal = [_PATTERN.sub(r"[\1]", os.path.join(path, file.path)) for file in version.files]
    listed = ", ".join("'" + file.replace("'", "''") + "'" for file in literal)
    # The partition's value stands in the folder's name, as text.
    kinds = ", ".join(f"'{partition}': VARCHAR" for partition in version.partition_by)
    hive = f"hive_partitioning = true, hive_types = {{{kinds}}}" if kinds else "hive_partitioning = false"
    return f"read_parquet([{listed}], union_by_name = true, {hive})"


def _view(
    connection: duckdb.DuckDBPyConnection,
    view: str,
    path: str,
    number: int,
    name: str | None,
    hidden: Iterable[str],
) -> None:
    version = delta_log.version(path, number)
    if not version.files:
        connection.execute(f"CREATE VIEW {view} AS SELECT {_empty(name)} WHERE false")
        return
    shown = [field for field in json.loads(version.schema)["fields"] if field["name"] not in set(hidden)]
    columns = ", ".join(_column(field["name"], field["type"]) for field in shown)
    connection.execute(f"CREATE VIEW {view} AS SELECT {columns} FROM {source(connection, path, version)}")


def _column(name: str, kind: Any) -> str:
    # Instants are UTC; with a zone DuckDB would need an extension that is fetched at run time.
    return f'CAST("{name}" AS TIMESTAMP) AS "{name}"' if kind == "timestamp" else f'"{name}"'


def _empty(name: str | None) -> str:
    if name is None:
        return "NULL AS nothing"
    columns = schemas.table(name).columns.values()
    return ", ".join(f'CAST(NULL AS {DUCKDB_TYPES.get(c.type, _nested(c.type))}) AS "{c.name}"' for c in columns)


def _nested(kind: str) -> str:
    if kind.startswith("array<"):
        inner = kind[len("array<") : -1]
        return f"{DUCKDB_TYPES.get(inner, 'VARCHAR')}[]"
    return "VARCHAR" if "<" in kind else kind


def write(result: duckdb.DuckDBPyRelation, form: str, out: TextIO) -> None:
    """Print a result as table, csv or json (one array of objects); parquet goes to standard output as bytes."""
    if form == "parquet":
        import pyarrow.parquet as parquet

        parquet.write_table(result.to_arrow_table(), pa.PythonFile(os.fdopen(out.fileno(), "wb", closefd=False)))
    elif form == "json":
        import orjson

        rows = result.to_arrow_table().to_pylist()
        text = orjson.dumps(rows, default=_plain, option=orjson.OPT_INDENT_2)
        out.write(text.decode() + "\n")
    elif form == "csv":
        import pyarrow.csv as csv

        out.flush()
        csv.write_csv(_flat(result.to_arrow_table()), os.fdopen(out.fileno(), "wb", closefd=False))
    else:
        result.show(max_width=200, max_rows=200) if out.isatty() else out.write(str(result) + "\n")


def _plain(value: Any) -> Any:
    """What JSON has no type for: a decimal as the number it is, exactly; anything else as text."""
    import orjson

    return orjson.Fragment(format(value, "f")) if isinstance(value, decimal.Decimal) else str(value)


def _flat(table: pa.Table) -> pa.Table:
    """CSV has no lists: they are written as JSON text."""
    import orjson

    columns = [
        pa.array([None if v is None else orjson.dumps(v, default=str).decode() for v in column.to_pylist()])
        if pa.types.is_nested(column.type)
        else column
        for column in table.columns
    ]
    return pa.table(columns, names=table.column_names)
