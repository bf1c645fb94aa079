"""Counting for the gates: each row becomes a fingerprint of the conditions it meets, and fingerprints are counted.

A hundred aggregates over a million rows cost more than one group-by over two or three machine words
(measured: docs/decisions/gates.md), and the grouped cells answer questions that single aggregates
cannot: of which concepts, for which gender, in which unit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.shell.counted import IS_FILLED, WORD, Plan
from jobs.shell.lookups import Lookups
from jobs.shell.planning import Join, joins

_FIRST_FIELD = re.compile(r"array<struct<(\w+):")


def fingerprints(frame: DataFrame, plan: Plan, lookups: Lookups, as_of: str) -> DataFrame:
    """One row per row of a table: bits, categories and numbers."""
    wide = _widen(frame, plan, lookups)
    light = [IS_FILLED.sub(lambda found: _read_lightly(plan, found), one) for one in plan.conditions]
    # A struct, since Spark makes a method of each of its fields: one method of all conditions is longer than
    # what the JVM compiles, and interpreted it takes five times as long.
    words = [f"{word(light[i : i + WORD], as_of)} as w{i // WORD}" for i in range(0, plan.words * WORD, WORD)]
    chosen = [f"struct({', '.join(words)}) as w"]
    chosen += [f"{sql} as c_{name}" for name, sql in plan.categories.items()]
    chosen += [f"{sql} as x_{name}" for name, sql in plan.numbers.items()]
    return wide.selectExpr(*chosen)


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


def word(conditions: Sequence[str], as_of: str) -> str:
    """Up to WORD conditions as the bits of one number, in the words of Spark."""
    day = f"date'{as_of[:10]}'" if as_of else "cast(null as date)"
    terms = []
    for place, condition in enumerate(conditions):
        sql = condition.replace("_tomorrow", f"date_add({day}, 1)").replace("_next_year", f"(year({day}) + 1)")
        terms.append(f"if({sql}, {1 << place}, 0)")
    return " + ".join(terms) or "0"


def _widen(frame: DataFrame, plan: Plan, lookups: Lookups) -> DataFrame:
    """The table with what its conditions ask of others: each join finds at most one row."""
    table = frame
    for one in joins(plan):
        found = None
        if one.key is not None:
            own = one.target == plan.table.table
            found = table.select(one.key).distinct() if own else lookups.frame(one.target, one.key)
        frame = _join(frame, one, found)
    if plan.limits:
        frame = _join_limits(frame, plan, lookups)
    return frame


def _join(frame: DataFrame, one: Join, found: DataFrame | None) -> DataFrame:
    if found is None or one.key is None:
        return frame.withColumns({one.mark: F.lit(True), **{name: F.lit(None) for name in one.extras}})
    there = F.col("_facts") if "_facts" in found.columns else F.lit(True)
    beside = found.select(F.col(one.key).alias(f"_key_{one.column}"), there.alias(one.mark), *one.extras)
    return frame.join(beside, on=F.col(f"_key_{one.column}") == F.col(one.column), how="left")


def _join_limits(frame: DataFrame, plan: Plan, lookups: Lookups) -> DataFrame:
    beside = lookups.spark.createDataFrame(plan.bounds(), "_concept int, _unit int, _low double, _high double")
    concept = next(name for name in plan.table.columns if name.endswith("_concept_id"))
    same = (F.col("_concept") == F.col(concept)) & (F.col("_unit") == F.col("unit_concept_id"))
    return frame.join(F.broadcast(beside), on=same, how="left")
