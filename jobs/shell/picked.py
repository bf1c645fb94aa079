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
from jobs.columns.keys import MISSING, last_keys
from jobs.shell import arrow_rows, delta_log
from jobs.shell.scope import Scope

RESOURCE = ("feed", "resource_type", "resource_id")
PEOPLE = ("person_id", "lw_person_id")
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


def of_input(table: schemas.Table, scope: Scope) -> Choice | None:
    """Which rows of an input a scope needs; None where the input knows nothing of the scope."""
    if scope.kind == "resource":
        return _of_resources(scope.ids) if "resource_id" in table.columns else None
    for person in PEOPLE:
        if person in table.columns:
            return _of_ids(person, scope.ids)
    if "patient_id" in table.columns and table.name != "patient":
        # A patient named by an identifier only is found when the row is read, so such rows come along.
        return _of_ids("patient_id", scope.patients, or_null=True)
    return None


def of_table(table: schemas.Table, scope: Scope) -> Choice:
    """Which rows of the table itself a scope replaces."""
    if scope.kind == "resource":
        return _of_resources(scope.ids)
    assert table.scoped_by is not None
    return _of_ids(table.scoped_by, scope.ids)


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


def resources_of(rows: pa.Table) -> np.ndarray:
    """For each row the hash that stands for its resource (jobs.shell.whom.resource_key)."""
    found = np.empty(rows.num_rows, dtype=np.int64)
    feeds, kinds = (pc.fill_null(rows[name].cast(pa.string()), MISSING) for name in RESOURCE[:2])
    ids = rows["resource_id"].cast(pa.binary()).combine_chunks()
    for pair in pa.table([feeds, kinds], names=RESOURCE[:2]).group_by(RESOURCE[:2]).aggregate([]).to_pylist():
        both = pc.and_(pc.equal(feeds, pair["feed"]), pc.equal(kinds, pair["resource_type"]))
        places = np.flatnonzero(both.to_numpy())
        found[places] = last_keys("resource", tuple(pair.values()), ids.take(pa.array(places)).to_pylist())
    return found


def without(choice: Choice, column: str, gone: pa.Array) -> Choice:
    """The same, without rows whose column says one of these."""

    def chosen(rows: pa.Table) -> pa.Array:
        return pc.and_(choice.chosen(rows), pc.invert(pc.is_in(rows[column].combine_chunks(), gone)))

    return Choice((*choice.columns, column), chosen)


def _of_resources(ids: Collection[int]) -> Choice:
    wanted = np.fromiter(ids, dtype=np.int64, count=len(ids))
    return Choice(RESOURCE, lambda rows: pa.array(np.isin(resources_of(rows), wanted)))


def _of_ids(column: str, ids: Collection[int], *, or_null: bool = False) -> Choice:
    wanted = pa.array(sorted(ids), pa.int64())

    def chosen(rows: pa.Table) -> pa.Array:
        values = rows[column].combine_chunks()
        found = pc.is_in(values, wanted)
        return pc.or_(found, values.is_null()) if or_null else found

    return Choice((column,), chosen)
