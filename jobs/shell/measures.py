"""The measures of a version: what the next publication is compared with. Totals and groups, no value of a row."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from expectations import shape
from expectations.check import Concepts, Coverage, Genders, Limits, Rows, Units
from expectations.dqd import FEMALE
from jobs.shell.counted import Counted, by_category, pairs
from jobs.shell.findings import Found

# Groups beyond these are left out: documents stay small.
MOST_CONCEPTS, MOST_GROUPS = 300, 500
# Checks that count rows one by one: their counts over parts of a table add up.
ADDITIVE = (Rows, Concepts, Genders, Units, Limits)


def measures_of(counted: Counted, found: Sequence[Found]) -> dict[str, Any]:
    """The measures of a counted version; groups of fewer than FEWEST rows are left out."""
    plan = counted.plan
    there = {c.name for c in plan.table.columns.values() if f"`{c.name}` is not null" in plan.conditions}
    there |= counted.filled.keys()
    kept: dict[str, Any] = {
        "rows": counted.rows,
        "filled": {name: counted.count(f"`{name}` is not null") for name in sorted(there)},
        "checks": {
            f"{f.check.name}|{f.column}": [f.failed, f.rows] for f in found if isinstance(f.check, ADDITIVE) and f.rows
        },
        "concepts": {name: _top(counted, name) for name in plan.categories if name in plan.table.columns},
        **_moments(counted),
    }
    if plan.person:
        kept |= {"persons": counted.persons, "busiest": counted.busiest}
    if plan.content:
        kept["repeated"] = counted.repeated
    coverage = [f for f in found if isinstance(f.check, Coverage) and f.check.name == "coverage"]
    if coverage:
        kept["coverage"] = {f.column: [f.rows - f.failed, f.rows] for f in coverage}
    if "gender" in plan.categories:
        kept["genders"] = _genders(counted)
    if "year_of_birth" in plan.categories:
        kept["mode"] = ["year_of_birth", max(by_category(counted, "year_of_birth").values(), default=0)]
        kept["concepts"].pop("year_of_birth")
    return kept


def _genders(counted: Counted) -> dict[str, list[int]]:
    """Rows of the concepts in use, and how many of them are of women."""
    column = next(iter(counted.plan.categories))
    women = by_category(counted, column, counted.category("gender").fill_null(-1).to_numpy() == FEMALE)
    rows = sorted(by_category(counted, column).items(), key=lambda item: (-item[1], item[0]))
    return {str(one): [women.get(one, 0), n] for one, n in rows[:MOST_CONCEPTS] if n >= shape.FEWEST}


def _top(counted: Counted, name: str) -> dict[str, int]:
    totals = sorted(by_category(counted, name).items(), key=lambda item: (-item[1], str(item[0])))
    return {str(value): n for value, n in totals[:MOST_CONCEPTS] if n >= shape.FEWEST}


def _moments(counted: Counted) -> dict[str, Any]:
    kept: dict[str, Any] = {"numbers": {}, "days": {}, "values": {}}
    for name in counted.plan.numbers:
        parts = counted.moments(name)
        kind = "days" if counted.plan.table.columns[name].type == "date" else "numbers"
        _keep(kept[kind], name, *(float(part.sum()) for part in parts))
    if "value_as_number" in counted.plan.numbers and "unit_concept_id" in counted.plan.categories:
        concept = next(iter(counted.plan.categories))
        parts = counted.moments("value_as_number")
        groups, places = np.unique(np.stack(pairs(counted, concept, "unit_concept_id")), axis=1, return_inverse=True)
        sums = [np.bincount(places.ravel(), weights=part, minlength=groups.shape[1]) for part in parts]
        for i in np.argsort(-sums[0], kind="stable")[:MOST_GROUPS]:
            _keep(kept["values"], f"{groups[0, i]}/{groups[1, i]}", *(float(part[i]) for part in sums))
    return kept


def _keep(kept: dict[str, list[float]], label: str, count: float, total: float, squares: float) -> None:
    if count >= shape.FEWEST:
        mean = total / count
        if not math.isfinite(squares):
            return
        spread = math.sqrt(max(squares / count - mean * mean, 0.0))
        # Sums of squares leave a crumb where there is no spread at all.
        spread = 0.0 if spread < 1e-6 * max(abs(mean), 1.0) else spread
        kept[label] = [int(count), round(mean, 6), round(spread, 6)]
