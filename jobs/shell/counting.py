"""Counting fingerprints: one pass of Spark over a large table, and one each for its keys and people.

A Spark group-by has its shuffle and its tasks: the fingerprints of a small table are grouped by the driver.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.shell.counted import Counted, Plan
from jobs.shell.fingerprint import fingerprints, identity
from jobs.shell.footers import filled
from jobs.shell.lookups import Lookups

LOCAL_ROWS = 20_000


def count(
    frame: DataFrame,
    plan: Plan,
    lookups: Lookups,
    as_of: str,
    rows: int,
    whole: DataFrame,
    files: Sequence[str] = (),
) -> Counted:
    """Count `frame`, which has so many rows and is a part or all of `whole`, as planned.

    `files` are the Parquet files that hold these rows and no other, where that is so.
    """
    known = filled(files, plan.filled) if rows else dict.fromkeys(plan.filled, 0)
    plan = plan.without(known)
    if not rows:
        return _locally(_nothing(plan), plan, known)
    if rows <= LOCAL_ROWS:
        return _locally(_flat(fingerprints(frame, plan, lookups, as_of, whole).toArrow()), plan, known)
    cells = _cells(fingerprints(frame, plan, lookups, as_of, whole, with_keys=False), plan)
    counted = Counted(plan, int(pc.sum(cells["n"]).as_py() or 0), cells, filled=known)
    # Keys and people need no other table: the joins of the fingerprints would only be in their way.
    bare = frame.selectExpr(*identity(plan))
    _keys(bare, plan, counted)
    _people(bare, plan, counted)
    return counted


def _group(plan: Plan) -> list[str]:
    return [f"c_{name}" for name in plan.categories]


def _cells(printed: DataFrame, plan: Plan) -> pa.Table:
    sums = [F.count(F.lit(1)).alias("n")]
    for name in plan.numbers:
        x = F.col(f"x_{name}").cast("double")
        sums += [F.count(x).alias(f"n_{name}"), F.sum(x).alias(f"s_{name}"), F.sum(x * x).alias(f"q_{name}")]
    return _flat(printed.groupBy("w", *_group(plan)).agg(*sums).toArrow())


def _flat(cells: pa.Table) -> pa.Table:
    flat = cells.flatten()
    return flat.rename_columns([name.removeprefix("w.") for name in flat.column_names])


def _keys(bare: DataFrame, plan: Plan, counted: Counted) -> None:
    if not plan.key:
        return
    names = [f"k_{name}" for name in plan.key]
    distinct = bare.select(*names).distinct().count()
    if distinct < counted.rows:
        alike = bare.groupBy(*names).count().where("count > 1")
        counted.duplicates = int(alike.agg(F.sum("count")).collect()[0][0] or 0)


def _people(bare: DataFrame, plan: Plan, counted: Counted) -> None:
    if not plan.person:
        return
    alike = bare.groupBy("p", "h") if plan.content else bare.groupBy("p")
    people = alike.agg(F.count(F.lit(1)).alias("n")).groupBy("p").agg(F.sum("n").alias("n"), F.sum(F.expr("n - 1")))
    people = people.where("p is not null").toDF("p", "n", "again")
    row = people.agg(F.count(F.lit(1)), F.max("n"), F.sum("again")).collect()[0]
    counted.persons, counted.busiest = int(row[0]), int(row[1] or 0)
    counted.repeated = int(row[2] or 0) if plan.content else 0


def _nothing(plan: Plan) -> pa.Table:
    """The fingerprints of an empty table, without asking Spark for them."""
    whole = [f"w{i}" for i in range(plan.words)] + [f"k_{name}" for name in plan.key] + ["p", "h"]
    given = [f"c_{name}" for name in plan.categories] + [f"x_{name}" for name in plan.numbers]
    empty = {name: pa.array([], pa.int64()) for name in whole} | {name: pa.array([], pa.float64()) for name in given}
    return pa.table(empty)


def _locally(printed: pa.Table, plan: Plan, known: Mapping[str, int]) -> Counted:
    for name in plan.numbers:
        x = pc.cast(printed[f"x_{name}"], pa.float64())
        printed = printed.append_column(f"q_{name}", pc.multiply(x, x))
    asked: list[tuple[Any, str]] = [([], "count_all")]
    for name in plan.numbers:
        asked += [(f"x_{name}", "count"), (f"x_{name}", "sum"), (f"q_{name}", "sum")]
    words = [f"w{i}" for i in range(plan.words)]
    cells = printed.group_by([*words, *_group(plan)]).aggregate(asked)
    names: Mapping[str, str] = {"count_all": "n"}
    for name in plan.numbers:
        renamed = {f"x_{name}_count": f"n_{name}", f"x_{name}_sum": f"s_{name}", f"q_{name}_sum": f"q_{name}"}
        names = {**names, **renamed}
    cells = cells.rename_columns([names.get(n, n) for n in cells.column_names])
    counted = Counted(plan, printed.num_rows, cells, filled=known)
    if plan.key:
        alike = printed.group_by([f"k_{name}" for name in plan.key]).aggregate([([], "count_all")])["count_all"]
        counted.duplicates = int(pc.sum(alike.filter(pc.greater(alike, 1))).as_py() or 0)
    if plan.person:
        people = printed.group_by("p").aggregate([([], "count_all")]).filter(pc.field("p").is_valid())["count_all"]
        counted.persons, counted.busiest = len(people), int(pc.max(people).as_py() or 0)
    if plan.content:
        counted.repeated = printed.num_rows - printed.group_by(["p", "h"]).aggregate([]).num_rows
    return counted
