"""The rows of a version that a scope picks, read on the driver: few of many, so no Spark job is worth its planning.

Of each file only the columns that say whom a row is about are read, and the others where one of its rows is picked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

import schemas
from jobs.shell import arrow_rows, delta_log, scope, whom
from jobs.shell.scope import Scope

BATCH_ROWS = 8192
# Which row of a file is picked.
Chosen = Callable[[pa.Table], pa.Array]


@dataclass(frozen=True)
class Choice:
    """A question to the rows of a table: the columns it needs, and which rows it picks."""

    columns: tuple[str, ...]
    chosen: Chosen


@dataclass(frozen=True)
class Picked:
    """Rows of one file, whole, and their numbers in it."""

    file: delta_log.File
    rows: pa.Table
    numbers: np.ndarray


def of_input(table: schemas.Table, cut: Scope) -> Choice | None:
    """Which rows of an input a scope needs; None where the input knows nothing of the scope."""
    if cut.kind == "resource":
        return _of_resources(cut.ids) if "resource_id" in table.columns else None
    named = scope.naming(table, cut)
    return _of_ids(named.column, named.ids, or_null=named.or_null) if named else None


def of_table(table: schemas.Table, cut: Scope) -> Choice:
    """Which rows of the table itself a scope replaces."""
    if cut.everything:
        return Choice(table.key, lambda rows: pa.array(np.ones(rows.num_rows, dtype=bool)))
    if cut.kind == "resource":
        return _of_resources(cut.ids)
    assert table.scoped_by is not None
    return _of_ids(table.scoped_by, cut.ids)


def pick(path: str, version: delta_log.Version, choice: Choice, files: Sequence[delta_log.File]) -> Iterator[Picked]:
    """The picked rows of files of a version, file by file; files without one are left out."""
    for file in files:
        rows = arrow_rows.dataset(path, version, [file])
        mask = choice.chosen(rows.to_table(columns=list(choice.columns)))
        numbers = np.flatnonzero(mask.to_numpy(zero_copy_only=False))
        if len(numbers):
            yield Picked(file, _taken(rows, numbers), numbers)


def _taken(rows: ds.Dataset, numbers: np.ndarray) -> pa.Table:
    """Rows by their number; payloads are heavy, so that few of those that are not taken are in memory at once."""
    taken, start = [], 0
    for batch in rows.to_batches(batch_size=BATCH_ROWS, batch_readahead=2):
        mine = numbers[(numbers >= start) & (numbers < start + batch.num_rows)] - start
        if len(mine):
            taken.append(batch.take(pa.array(mine)))
        start += batch.num_rows
    return pa.Table.from_batches(taken, rows.schema)


def without(choice: Choice, column: str, gone: pa.Array) -> Choice:
    """The same, without rows whose column says one of these."""

    def chosen(rows: pa.Table) -> pa.Array:
        return pc.and_(choice.chosen(rows), pc.invert(pc.is_in(rows[column].combine_chunks(), gone)))

    return Choice((*choice.columns, column), chosen)


def _of_resources(ids: Collection[int]) -> Choice:
    wanted = np.fromiter(ids, dtype=np.int64, count=len(ids))
    return Choice(whom.RESOURCE, lambda rows: pa.array(np.isin(whom.resource_keys(rows), wanted)))


def _of_ids(column: str, ids: Collection[int], *, or_null: bool = False) -> Choice:
    wanted = pa.array(sorted(ids), pa.int64())

    def chosen(rows: pa.Table) -> pa.Array:
        values = rows[column].combine_chunks()
        found = pc.is_in(values, wanted)
        return pc.or_(found, values.is_null()) if or_null else found

    return Choice((column,), chosen)
