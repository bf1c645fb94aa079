"""Judging a part: when a build touched some people only, their rows are counted and the rest is remembered.

What single rows can fail adds up: faults of the last full count plus faults of the touched rows is an upper
bound for the whole. Where the bound would change a verdict for the worse, the whole table is counted after all.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from expectations.check import STOP, Check, Columns, Coverage, Shape, Unique
from jobs.shell.arrow_rows import ArrowRows
from jobs.shell.counting_sql import meets_others
from jobs.shell.findings import Evidence, Found, findings, shape_findings
from jobs.shell.measures import ADDITIVE

# Only a table larger than this is worth it, only a part smaller than this, and only so often in a row.
SMALLEST, LARGEST_SHARE, IN_A_ROW = 100_000, 0.2, 20
# A part in which a vocabulary that used to match matches nothing, over this many rows, is no accident.
ENOUGH = 50


def worth_it(part: ArrowRows, rows: int, before: Mapping[str, Any]) -> bool:
    """Whether counting the part can stand for counting the whole, of so many rows."""
    if rows <= SMALLEST or "checks" not in before or before.get("slices", 0) >= IN_A_ROW:
        return False
    size = part.num_rows if isinstance(part, pa.Table) else part.count_rows()
    return bool(size <= LARGEST_SHARE * rows)


def judge_part(
    checks: Sequence[Check], evidence: Evidence, part: ArrowRows, whole: ArrowRows, rows: int
) -> tuple[list[Found], dict[str, Any]] | None:
    """Findings for the whole, of so many rows, from a count of the part; None when only a count of it can say."""
    counted, before = evidence.counted, evidence.before
    if counted.duplicates or (counted.plan.key and meets_others(part, whole, counted.plan.key)):
        return None
    # What the part had before: the rows that the rest of the table has not.
    gone = max(before["rows"] - (rows - counted.rows), 0)
    found: list[Found] = []
    known = dict(before["checks"])
    for one in findings(checks, evidence):
        if isinstance(one.check, ADDITIVE):
            bound = _bound(one, known, gone)
            if bound is None:
                return None
            found.append(bound)
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
