"""Counting for the gates: each row becomes a fingerprint of the conditions it meets, and fingerprints are counted.

A hundred aggregates over a million rows cost more than one group-by over two or three machine words
(measured: docs/decisions/gates.md), and the grouped cells answer questions that single aggregates
cannot: of which concepts, for which gender, in which unit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from expectations.implied import found_mark, reference_of
from jobs.shell.counted import WORD, Counted, Plan
from jobs.shell.lookups import Lookups

# A Spark group-by has its shuffle and its tasks; below this many rows the driver groups faster.
LOCAL_ROWS = 20_000
PERSON, VISIT = "gold.person", "gold.visit_occurrence"
_NAME = re.compile(r"_(?:birth_date|birth_at|death_date|gender|visit_start|visit_end|visit_person|low|high)\b")
_FOUND = re.compile(r"`_found_([a-z0-9_]+)`")


def count(printed: DataFrame, plan: Plan, rows: int) -> Counted:
    """Count fingerprints as planned: one pass, and one each for key and people when there are many."""
    if not rows:
        return _locally(_nothing(printed), plan)
    if rows <= LOCAL_ROWS:
        return _locally(printed.toArrow(), plan)
    cells = _cells(printed, plan)
    counted = Counted(plan, int(pc.sum(cells["n"]).as_py() or 0), cells)
    _keys(printed, plan, counted)
    _people(printed, plan, counted)
    return counted


def fingerprints(frame: DataFrame, plan: Plan, lookups: Lookups, as_of: str, whole: DataFrame) -> DataFrame:
    """One row per row of `frame`, a part or all of `whole`: bits, categories, numbers, key, person, content."""
    wide = _widen(frame, plan, lookups, whole)
    starts = range(0, plan.words * WORD, WORD)
    chosen = [f"{_word(plan.conditions[i : i + WORD], as_of)} as w{i // WORD}" for i in starts]
    chosen += [f"{sql} as c_{name}" for name, sql in plan.categories.items()]
    chosen += [f"{sql} as x_{name}" for name, sql in plan.numbers.items()]
    chosen += [f"`{name}` as k_{name}" for name in plan.key]
    if plan.person:
        chosen.append(f"`{plan.person}` as p")
    if plan.content:
        chosen.append(f"{plan.content} as h")
    return wide.selectExpr(*chosen)


def _word(conditions: Sequence[str], as_of: str) -> str:
    day = f"date'{as_of[:10]}'" if as_of else "cast(null as date)"
    terms = []
    for place, condition in enumerate(conditions):
        sql = condition.replace("_tomorrow", f"date_add({day}, 1)").replace("_next_year", f"(year({day}) + 1)")
        terms.append(f"if({sql}, {1 << place}L, 0L)")
    return " + ".join(terms) or "0L"


def _widen(frame: DataFrame, plan: Plan, lookups: Lookups, whole: DataFrame) -> DataFrame:
    """The table with what its conditions ask of others: each join finds at most one row."""
    text = plan.text()
    named, marked = set(_NAME.findall(text)), set(_FOUND.findall(text))
    person = plan.table.scoped_by if plan.table.scope == "person" else None
    columns = {c.name: c for c in plan.table.columns.values() if c.name in marked}
    if person and named & {"_birth_date", "_birth_at", "_death_date", "_gender"}:
        columns.setdefault(person, plan.table.columns[person])
    if named & {"_visit_start", "_visit_end", "_visit_person"}:
        columns.setdefault("visit_occurrence_id", plan.table.columns["visit_occurrence_id"])
    for name, column in columns.items():
        key = reference_of(plan.table, column)
        target = str(column.refers_to)
        found = None
        if key is not None:
            own = target == plan.table.table
            found = whole.select(key.name).distinct() if own else lookups.frame(target, key.name)
        extras = lookups.extras(target) if name in (person, "visit_occurrence_id") else []
        frame = _join(frame, name, found, key.name if key else "", extras)
    if plan.limits:
        frame = _join_limits(frame, plan, lookups)
    return frame


def _join(frame: DataFrame, column: str, found: DataFrame | None, key: str, extras: Iterable[str]) -> DataFrame:
    mark = found_mark(column).strip("`")
    if found is None:
        return frame.withColumn(mark, F.lit(True))
    there = F.col("_facts") if "_facts" in found.columns else F.lit(True)
    beside = found.select(F.col(key).alias(f"_key_{column}"), there.alias(mark), *extras)
    return frame.join(beside, on=F.col(f"_key_{column}") == F.col(column), how="left")


def _join_limits(frame: DataFrame, plan: Plan, lookups: Lookups) -> DataFrame:
    rows = [(*pair, *(None if x is None else float(x) for x in given)) for pair, given in plan.limits.items()]
    beside = lookups.spark.createDataFrame(rows, "_concept int, _unit int, _low double, _high double")
    concept = next(name for name in plan.table.columns if name.endswith("_concept_id"))
    same = (F.col("_concept") == F.col(concept)) & (F.col("_unit") == F.col("unit_concept_id"))
    return frame.join(F.broadcast(beside), on=same, how="left")


def _group(plan: Plan) -> list[str]:
    return [f"w{i}" for i in range(plan.words)] + [f"c_{name}" for name in plan.categories]


def _cells(printed: DataFrame, plan: Plan) -> pa.Table:
    sums = [F.count(F.lit(1)).alias("n")]
    for name in plan.numbers:
        x = F.col(f"x_{name}").cast("double")
        sums += [F.count(x).alias(f"n_{name}"), F.sum(x).alias(f"s_{name}"), F.sum(x * x).alias(f"q_{name}")]
    return printed.groupBy(*_group(plan)).agg(*sums).toArrow()


def _keys(printed: DataFrame, plan: Plan, counted: Counted) -> None:
    if not plan.key:
        return
    names = [f"k_{name}" for name in plan.key]
    distinct = printed.select(*names).distinct().count()
    if distinct < counted.rows:
        alike = printed.groupBy(*names).count().where("count > 1")
        counted.duplicates = int(alike.agg(F.sum("count")).collect()[0][0] or 0)


def _people(printed: DataFrame, plan: Plan, counted: Counted) -> None:
    if not plan.person:
        return
    alike = printed.groupBy("p", "h") if plan.content else printed.groupBy("p")
    people = alike.agg(F.count(F.lit(1)).alias("n")).groupBy("p").agg(F.sum("n").alias("n"), F.sum(F.expr("n - 1")))
    people = people.where("p is not null").toDF("p", "n", "again")
    row = people.agg(F.count(F.lit(1)), F.max("n"), F.sum("again")).collect()[0]
    counted.persons, counted.busiest = int(row[0]), int(row[1] or 0)
    counted.repeated = int(row[2] or 0) if plan.content else 0


def _nothing(printed: DataFrame) -> pa.Table:
    """The fingerprints of an empty table, without asking Spark for them."""
    whole = ("w", "p", "h")
    return pa.table(
        {name: pa.array([], pa.int64() if name.startswith(whole) else pa.float64()) for name in printed.columns}
    )


def _locally(printed: pa.Table, plan: Plan) -> Counted:
    for name in plan.numbers:
        x = pc.cast(printed[f"x_{name}"], pa.float64())
        printed = printed.append_column(f"q_{name}", pc.multiply(x, x))
    asked: list[tuple[Any, str]] = [([], "count_all")]
    for name in plan.numbers:
        asked += [(f"x_{name}", "count"), (f"x_{name}", "sum"), (f"q_{name}", "sum")]
    cells = printed.group_by(_group(plan)).aggregate(asked)
    names: Mapping[str, str] = {"count_all": "n"}
    for name in plan.numbers:
        renamed = {f"x_{name}_count": f"n_{name}", f"x_{name}_sum": f"s_{name}", f"q_{name}_sum": f"q_{name}"}
        names = {**names, **renamed}
    counted = Counted(plan, printed.num_rows, cells.rename_columns([names.get(n, n) for n in cells.column_names]))
    if plan.key:
        alike = printed.group_by([f"k_{name}" for name in plan.key]).aggregate([([], "count_all")])["count_all"]
        counted.duplicates = int(pc.sum(alike.filter(pc.greater(alike, 1))).as_py() or 0)
    if plan.person:
        people = printed.group_by("p").aggregate([([], "count_all")]).filter(pc.field("p").is_valid())["count_all"]
        counted.persons, counted.busiest = len(people), int(pc.max(people).as_py() or 0)
    if plan.content:
        counted.repeated = printed.num_rows - printed.group_by(["p", "h"]).aggregate([]).num_rows
    return counted
