"""Counting for the gates: each row becomes a fingerprint of the conditions it meets, and fingerprints are counted.

A hundred aggregates over a million rows cost more than one group-by over two or three machine words
(measured: docs/decisions/gates.md), and the grouped cells answer questions that single aggregates
cannot: of which concepts, for which gender, in which unit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from expectations.implied import found_mark, reference_of
from jobs.shell.counted import IS_FILLED, WORD, Plan
from jobs.shell.lookups import Lookups

_NAME = re.compile(r"_(?:birth_date|birth_at|death_date|gender|visit_start|visit_end|visit_person|low|high)\b")
_FIRST_FIELD = re.compile(r"array<struct<(\w+):")
_FOUND = re.compile(r"`_found_([a-z0-9_]+)`")


def fingerprints(
    frame: DataFrame, plan: Plan, lookups: Lookups, as_of: str, whole: DataFrame, *, with_keys: bool = True
) -> DataFrame:
    """One row per row of `frame`, a part or all of `whole`: bits, categories, numbers; and key, person, content."""
    wide = _widen(frame, plan, lookups, whole)
    light = [IS_FILLED.sub(lambda found: _read_lightly(plan, found), one) for one in plan.conditions]
    # A struct, since Spark makes a method of each of its fields: one method of all conditions is longer than
    # what the JVM compiles, and interpreted it takes five times as long.
    words = [f"{_word(light[i : i + WORD], as_of)} as w{i // WORD}" for i in range(0, plan.words * WORD, WORD)]
    chosen = [f"struct({', '.join(words)}) as w"]
    chosen += [f"{sql} as c_{name}" for name, sql in plan.categories.items()]
    chosen += [f"{sql} as x_{name}" for name, sql in plan.numbers.items()]
    return wide.selectExpr(*chosen, *(identity(plan) if with_keys else ()))


def _read_lightly(plan: Plan, found: re.Match[str]) -> str:
    """Whether a column has a value; of a list of structs one field is read: it is a list where the whole is one."""
    column = plan.table.columns.get(found[1])
    field = _FIRST_FIELD.match(column.type) if column else None
    return f"`{found[1]}`.`{field[1]}` is not null" if field else found[0]


def identity(plan: Plan) -> list[str]:
    """Expressions of what a row is: its key, whose it is, and a hash of its content."""
    chosen = [f"`{name}` as k_{name}" for name in plan.key]
    if plan.person:
        chosen.append(f"`{plan.person}` as p")
    if plan.content:
        chosen.append(f"{plan.content} as h")
    return chosen


def _word(conditions: Sequence[str], as_of: str) -> str:
    day = f"date'{as_of[:10]}'" if as_of else "cast(null as date)"
    terms = []
    for place, condition in enumerate(conditions):
        sql = condition.replace("_tomorrow", f"date_add({day}, 1)").replace("_next_year", f"(year({day}) + 1)")
        terms.append(f"if({sql}, {1 << place}, 0)")
    return " + ".join(terms) or "0"


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
