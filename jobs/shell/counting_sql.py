"""Counting fingerprints with DuckDB: the gate of a table whose files lie on this machine.

The same plan as `jobs.shell.counting` gives Spark, whose words for conditions the checks are written in; grouped in
one pass without a job that is planned, written as Java and compiled for each table.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from jobs.shell import arrow_rows, footers
from jobs.shell.arrow_rows import ArrowRows
from jobs.shell.counted import WORD, Counted, Plan
from jobs.shell.dialect import in_duckdb
from jobs.shell.fingerprint import word
from jobs.shell.lookups import Lookups
from jobs.shell.planning import joins

# A larger table is counted by Spark, on as many machines as it has.
MOST_ROWS = 50_000_000


def count(rows: ArrowRows, plan: Plan, lookups: Lookups, as_of: str, whole: ArrowRows) -> Counted:
    """Count rows, which are a part or all of `whole`, as planned."""
    known = footers.filled(rows, plan.filled)
    plan = plan.without(known)
    wide, beside = _widened(plan, lookups, whole)
    cells = arrow_rows.answer(_cells(plan, as_of, wide), given=rows, **beside)
    counted = Counted(plan, int(pc.sum(cells["n"]).as_py() or 0), cells, filled=known)
    if plan.key:
        keys = ", ".join(_name(name) for name in plan.key)
        again = f"SELECT count(*) AS n FROM given GROUP BY {keys} HAVING count(*) > 1"
        [(counted.duplicates,)] = arrow_rows.ask(f"SELECT coalesce(sum(n), 0)::BIGINT FROM ({again})", given=rows)
    if plan.person:
        counted.persons, counted.busiest, repeated = _people(rows, plan)
        counted.repeated = repeated if plan.content else 0
    return counted


def meets_others(part: ArrowRows, whole: ArrowRows, key: tuple[str, ...]) -> bool:
    """Whether a key of a part, in which each stands once, stands elsewhere in the table too."""
    columns = ", ".join(_name(name) for name in key)
    asked = f"SELECT (SELECT count(*) FROM whole SEMI JOIN part USING ({columns})), (SELECT count(*) FROM part)"
    [(there, here)] = arrow_rows.ask(asked, whole=whole, part=part)
    return bool(there != here)


def _name(column: str) -> str:
    return f'"{column}"'


def _cells(plan: Plan, as_of: str, wide: str) -> str:
    words = [plan.conditions[i : i + WORD] for i in range(0, plan.words * WORD, WORD)]
    chosen = [f"CAST({in_duckdb(word(one, as_of))} AS INTEGER) AS w{i}" for i, one in enumerate(words)]
    chosen += [f"{in_duckdb(sql)} AS c_{name}" for name, sql in plan.categories.items()]
    chosen += [f"CAST({in_duckdb(sql)} AS DOUBLE) AS x_{name}" for name, sql in plan.numbers.items()]
    group = [*(f"w{i}" for i in range(plan.words)), *(f"c_{name}" for name in plan.categories)]
    sums = ["count(*) AS n"]
    for x in plan.numbers:
        sums += [f"count(x_{x}) AS n_{x}", f"sum(x_{x}) AS s_{x}", f"sum(x_{x} * x_{x}) AS q_{x}"]
    printed = f"SELECT {', '.join(chosen)} FROM {wide}"
    return f"SELECT {', '.join([*group, *sums])} FROM ({printed}) GROUP BY {', '.join(group)}"


def _people(rows: ArrowRows, plan: Plan) -> tuple[int, int, int]:
    """How many people there are, how many rows the busiest has, and how many rows say what another of them says."""
    person, content = _name(str(plan.person)), in_duckdb(plan.content) if plan.content else "0"
    alike = f"SELECT {person} AS p, {content} AS h, count(*) AS n FROM given WHERE {person} IS NOT NULL GROUP BY ALL"
    people = f"SELECT p, sum(n) AS n, sum(n - 1) AS again FROM ({alike}) GROUP BY p"
    asked = f"SELECT count(*), coalesce(max(n), 0)::BIGINT, coalesce(sum(again), 0)::BIGINT FROM ({people})"
    [(persons, busiest, repeated)] = arrow_rows.ask(asked, given=rows)
    return persons, busiest, repeated


def _widened(plan: Plan, lookups: Lookups, whole: ArrowRows) -> tuple[str, Mapping[str, ArrowRows]]:
    """What to select from: the rows with what conditions ask of other tables; and these, by the names they go by."""
    chosen, joined, beside = ["given.*"], ["given"], dict[str, ArrowRows]()
    for one in joins(plan):
        found = None
        if one.key is not None:
            found = whole if one.target == plan.table.table else lookups.narrowed(one.target, one.key)
        if found is None or one.key is None:
            chosen += [f"true AS {one.mark}", *(f"NULL AS {name}" for name in one.extras)]
            continue
        of = f"of_{one.column}"
        beside[of] = found
        there = "any_value(_facts)" if "_facts" in found.schema.names else "true"
        extras = [f"any_value({name}) AS {name}" for name in one.extras]
        shown = ", ".join([f"{_name(one.key)} AS _key", f"{there} AS {one.mark}", *extras])
        joined.append(f"(SELECT {shown} FROM {of} GROUP BY 1) AS by_{of} ON by_{of}._key = given.{_name(one.column)}")
        chosen += [f"by_{of}.{name}" for name in (one.mark, *one.extras)]
    if plan.limits:
        concept = next(name for name in plan.table.columns if name.endswith("_concept_id"))
        names = ("_concept", "_unit", "_low", "_high")
        kinds = (pa.int32(), pa.int32(), pa.float64(), pa.float64())
        columns = zip(*plan.bounds(), strict=True)
        beside["bounds"] = pa.table([pa.array(one, kind) for one, kind in zip(columns, kinds, strict=True)], names)
        joined.append(f"bounds ON _concept = {_name(concept)} AND _unit = unit_concept_id")
        chosen += ["_low", "_high"]
    return f"(SELECT {', '.join(chosen)} FROM {' LEFT JOIN '.join(joined)})", beside
