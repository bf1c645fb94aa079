"""Judging a part: when a build touched some people only, their rows are counted and the rest is remembered.

What single rows can fail adds up: faults of the last full count plus faults of the touched rows is an upper
bound for the whole. Where the bound would change a verdict for the worse, the whole table is counted after all.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from expectations.check import STOP, Check, Columns, Coverage, Shape, Unique
from jobs.shell.counted import Plan
from jobs.shell.counting import count
from jobs.shell.findings import Evidence, Found, findings, shape_findings
from jobs.shell.lookups import Lookups
from jobs.shell.measures import ADDITIVE

# Only a table larger than this is worth it, only a part smaller than this, and only so often in a row.
SMALLEST, LARGEST_SHARE, IN_A_ROW = 100_000, 0.2, 20
# A part in which a vocabulary that used to match matches nothing, over this many rows, is no accident.
ENOUGH = 50


def worth_it(part: DataFrame | None, rows: int, before: Mapping[str, Any]) -> bool:
    """Whether counting the part can stand for counting the whole."""
    return part is not None and rows > SMALLEST and "checks" in before and before.get("slices", 0) < IN_A_ROW


def judge_part(
    checks: Sequence[Check],
    plan: Plan,
    candidate: DataFrame,
    part: DataFrame,
    rows: int,
    lookups: Lookups,
    before: dict[str, Any],
    as_of: str,
) -> tuple[list[Found], dict[str, Any]] | None:
    """Findings for the whole from a count of the part; None when only a count of the whole can say."""
    touched = part.count()
    if touched > LARGEST_SHARE * rows:
        return None
    counted = count(part, plan, lookups, as_of, touched, candidate)
    if counted.duplicates or _meets_others(candidate, part, plan.key, touched):
        return None
    # What the part had before: the rows that the rest of the table has not.
    gone = max(before["rows"] - (rows - touched), 0)
    evidence = Evidence(counted, candidate, lookups, before)
    found: list[Found] = []
    known = dict(before["checks"])
    for one in findings(checks, evidence):
        if isinstance(one.check, ADDITIVE):
            whole = _bound(one, known, gone)
            if whole is None:
                return None
            found.append(whole)
        elif isinstance(one.check, Columns):
            found.append(one)
        elif isinstance(one.check, Unique):
            found.append(dataclasses.replace(one, failed=0, rows=rows))
        elif isinstance(one.check, Coverage) and one.share == 1.0 and one.rows >= ENOUGH:
            found.append(one)
    measures = {**before, "rows": rows, "checks": known, "slices": before.get("slices", 0) + 1}
    volume = [check for check in checks if isinstance(check, Shape) and check.rule in ("lost", "gained")]
    return [*found, *shape_findings(volume, measures, before)], measures


def _bound(one: Found, known: dict[str, Any], gone: int) -> Found | None:
    """At most so many faults of at least so many rows of the whole; None when that would turn a pass into a failure.

    The `gone` rows that the part had before may all have been among those asked, and none of them faulty.
    """
    label = f"{one.check.name}|{one.column}"
    failed_before, rows_before = known.get(label, [0, 0])
    if one.fault:
        return one
    rows = max(rows_before - gone, one.rows)
    failed = min(failed_before + one.failed, rows)
    if rows:
        known[label] = [failed, rows]
    passed_before = failed_before <= one.check.threshold * rows_before
    if failed > one.check.threshold * rows and (passed_before or one.check.severity == STOP):
        return None
    return dataclasses.replace(one, failed=failed, rows=rows)


def _meets_others(candidate: DataFrame, part: DataFrame, key: tuple[str, ...], touched: int) -> bool:
    """Whether a key of the part stands elsewhere in the table too."""
    if not key:
        return False
    keys = part.select(*key).distinct()
    return candidate.select(*key).join(F.broadcast(keys), on=list(key), how="left_semi").count() != touched
