"""Bring a few changed rows into a table on the driver: compared, and the files that hold them written anew.

Spark builds the rows, in one job. To compare and merge them takes it some ten jobs, each planned and compiled for
longer than it runs; DuckDB and Arrow need hundredths of a second.
"""

from __future__ import annotations

import functools
import os
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyspark.sql import DataFrame
from pyspark.sql.types import StructType

import schemas
from jobs.formats import stored
from jobs.shell import arrow_rows, delta_log, documents, picked, state, tables, whom
from jobs.shell.lake import Lake
from jobs.shell.scope import Scope


@dataclass(frozen=True)
class Built:
    """What a job made of a scope: the rows that are clean, and those that have faults, of `schema` (with `faults`)."""

    clean: pa.Table
    faulty: pa.Table
    schema: StructType


@dataclass(frozen=True)
class Difference:
    """Which of the new rows are inserted or changed, and which of the old ones changed or deleted, by number."""

    fresh: np.ndarray
    gone: np.ndarray
    inserted: int
    updated: int
    deleted: int


def built(rows: DataFrame, table: schemas.Table, cut: Scope, *, most: int | None = None) -> Built | None:
    """The rows of a scope, brought to the driver; None where they are more than `most`.

    Raises ValueError where a required column is empty.
    """
    found = (rows if most is None else rows.limit(most + 1)).toArrow()
    if most is not None and found.num_rows > most:
        return None
    if cut.kind == "person":
        found = found.filter(picked.of_table(table, cut).chosen(found))
    if "faults" not in found.column_names:
        return Built(_required(found, table), found.slice(0, 0), rows.schema)
    faulty = pc.greater(pc.fill_null(pc.list_value_length(found["faults"]), 0), 0)
    clean = found.filter(pc.invert(faulty)).drop_columns(["faults"])
    return Built(_required(clean, table), found.filter(faulty), rows.schema)


def _required(rows: pa.Table, table: schemas.Table) -> pa.Table:
    empty = [c.name for c in table.columns.values() if c.required and rows[c.name].null_count]
    if empty:
        raise ValueError(f"{table.table}: rows without {', '.join(empty)}, which the table requires")
    return rows


def apply(lake: Lake, table: schemas.Table, known: int, new: pa.Table, cut: Scope, run: str) -> tuple[int, Difference]:
    """Make a version that has the new rows of a scope and no other of it; the version and what differs.

    No difference, no version. A commit that another process has made in between is told and nothing is lost.
    """
    path = lake.path(table.table)
    before = delta_log.version(path, known)
    parts = list(picked.pick(path, before, picked.of_table(table, cut), before.files))
    columns = arrow_rows.schema(before)
    new = new.select(columns.names).cast(columns)
    old = pa.concat_tables([part.rows for part in parts]) if parts else columns.empty_table()
    differs = _difference(old, new, table)
    if not (len(differs.fresh) or len(differs.gone)):
        return known, differs
    fresh = new.take(pa.array(differs.fresh))
    touched = _gone_by_file(parts, differs.gone)
    files = _written(path, before, touched, fresh)
    actions = [*delta_log.removed(touched), *delta_log.added(files)]
    operation = "MERGE" if touched else "WRITE"
    version = delta_log.commit(path, known, actions, operation=operation, run=run)
    changed = pa.concat_tables([fresh, old.take(pa.array(differs.gone))])
    types = _distinct(changed, "resource_type") if "resource_type" in table.columns else None
    state.write_changes(lake.settings, table.table, version, known, _touched(changed, table), types)
    return version, differs


def _difference(old: pa.Table, new: pa.Table, table: schemas.Table) -> Difference:
    before = old.append_column("_number", pa.array(range(old.num_rows), pa.int64()))
    after = new.append_column("_number", pa.array(range(new.num_rows), pa.int64()))
    same_key = " AND ".join(f'n."{key}" IS NOT DISTINCT FROM o."{key}"' for key in table.key)
    others = [name for name in table.columns if name not in table.key]
    differs = " OR ".join(f'n."{name}" IS DISTINCT FROM o."{name}"' for name in others) or "false"
    asked = (
        f"SELECT n._number, o._number FROM n FULL JOIN o ON {same_key}"  # noqa: S608 - names of declared columns
        f" WHERE n._number IS NULL OR o._number IS NULL OR {differs} ORDER BY ALL"
    )
    found = arrow_rows.ask(asked, n=after, o=before)
    fresh = [new for new, _ in found if new is not None]
    gone = [old for _, old in found if old is not None]
    updated = len(fresh) + len(gone) - len(found)
    tables.keys_apart(table, new.num_rows, old.num_rows, len(fresh) - updated, len(gone) - updated)
    return Difference(
        np.array(fresh, dtype=np.int64),
        np.array(gone, dtype=np.int64),
        len(fresh) - updated,
        updated,
        len(gone) - updated,
    )


def _gone_by_file(parts: Iterable[picked.Picked], gone: np.ndarray) -> dict[delta_log.File, np.ndarray]:
    """Of each file that loses rows, the numbers of these in it."""
    found, start = {}, 0
    for part in parts:
        mine = gone[(gone >= start) & (gone < start + len(part.numbers))] - start
        if len(mine):
            found[part.file] = part.numbers[mine]
        start += len(part.numbers)
    return found


def _written(
    path: str, before: delta_log.Version, touched: dict[delta_log.File, np.ndarray], fresh: pa.Table
) -> list[delta_log.File]:
    """New files: each touched one without what is gone, the fresh rows in the smallest of their partition."""
    token = uuid.uuid4().hex
    new = dict(_by_partition(fresh, before.partition_by))
    made: list[tuple[delta_log.Partition, pa.Table]] = []
    for file in sorted(touched, key=lambda file: (file.rows, file.path)):
        rows = arrow_rows.dataset(path, before, [file]).to_table()
        stays = np.ones(rows.num_rows, dtype=bool)
        stays[touched[file]] = False
        also = new.pop(file.partition, None)
        kept = rows.filter(pa.array(stays))
        made.append((file.partition, kept if also is None else pa.concat_tables([kept, also])))
    for number, (partition, rows) in enumerate([*made, *new.items()]):
        _write(path, partition, f"{token}-{number}", rows)
    return delta_log.files_written(path, token, before.partition_by)


def _by_partition(rows: pa.Table, partition_by: tuple[str, ...]) -> Iterator[tuple[delta_log.Partition, pa.Table]]:
    if not partition_by:
        if rows.num_rows:
            yield (), rows
        return
    for place in rows.group_by(list(partition_by)).aggregate([]).to_pylist():
        mine = functools.reduce(pc.and_, [_says(rows[column], value) for column, value in place.items()])
        partition = tuple((column, None if place[column] is None else str(place[column])) for column in partition_by)
        yield partition, rows.filter(mine)


def _says(column: pa.ChunkedArray, value: Any) -> pa.ChunkedArray:
    return pc.is_null(column) if value is None else pc.fill_null(pc.equal(column, value), False)


def _write(path: str, partition: delta_log.Partition, name: str, rows: pa.Table) -> None:
    """One Parquet file as Spark would write it; a partition's value is in its folder and not in the file."""
    folder = os.path.join(path, delta_log.folder(partition))
    documents.make_folder(folder)
    pq.write_table(
        rows.drop_columns(list(dict(partition))),
        stored.within(os.path.join(folder, f"{name}.parquet")),
        filesystem=stored.filesystem(path),
        compression="zstd",
        coerce_timestamps="us",
        store_decimal_as_integer=True,
    )


def _distinct(rows: pa.Table, column: str) -> list[str]:
    return sorted(one for one in rows[column].unique().to_pylist() if one is not None)


def _touched(changed: pa.Table, table: schemas.Table) -> dict[str, list[int] | None]:
    """Whom the changed rows touch, by kind, as `whom.kinds` names them; None when a row does not know its own."""
    found: dict[str, list[int] | None] = {}
    for kind in whom.kinds(table):
        if kind == "resource":
            ids: list[int | None] = whom.resource_keys(changed).tolist()
        elif kind == "alias":
            ids = [*whom.alias_keys(pc.list_flatten(changed["aliases"]).unique())]
        else:
            ids = changed["patient_id" if kind == "patient" else whom.person_column(table)].unique().to_pylist()
        known = [one for one in set(ids) if one is not None]
        found[kind] = known if len(known) == len(set(ids)) and len(known) <= state.MOST_TOUCHED else None
    return found
