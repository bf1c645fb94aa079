"""Counting fingerprints with Spark: one pass over a table, and one each for its keys and people.

For tables that are too large for one machine, or lie elsewhere; `jobs.shell.counting_sql` counts the others.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.shell.arrow_rows import ArrowRows
from jobs.shell.counted import Counted, Plan
from jobs.shell.fingerprint import fingerprints, identity
from jobs.shell.footers import filled
from jobs.shell.lookups import Lookups


def count(frame: DataFrame, plan: Plan, lookups: Lookups, as_of: str, files: ArrowRows | None = None) -> Counted:
    """Count a table as planned; `files` are its rows where their footers can be read."""
    known = {} if files is None else filled(files, plan.filled)
    plan = plan.without(known)
    cells = _cells(fingerprints(frame, plan, lookups, as_of), plan)
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
