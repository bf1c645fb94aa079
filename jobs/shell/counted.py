"""What the gates count of a table: the plan of it, and the cells of alike rows that came of it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa

import schemas

# Conditions in one word: few enough that the method that evaluates them is short.
WORD = 12
_IS_NULL = re.compile(r"^(`\w+`) is null$")
IS_FILLED = re.compile(r"`(\w+)` is not null")


@dataclass
class Plan:
    """What to count of a table: conditions (bits), categories, numbers, the key, and whose the row is.

    Of the columns in `filled` only the number of rows that have a value is asked, of conditions also which go together.
    """

    table: schemas.Table
    conditions: list[str] = field(default_factory=list)
    filled: list[str] = field(default_factory=list)
    categories: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)
    key: tuple[str, ...] = ()
    person: str | None = None
    content: str | None = None
    limits: dict[tuple[int, int], tuple[float | None, float | None]] = field(default_factory=dict)

    def want(self, *conditions: str) -> None:
        """Count the rows that meet these conditions, each or together; the empty one is met by all."""
        kept = dict.fromkeys(positive(c)[0] for c in conditions)
        self.conditions += [c for c in kept if c and c not in self.conditions]

    def want_filled(self, *names: str) -> None:
        """Count the rows that have a value in these columns, each for itself."""
        self.filled += [name for name in dict.fromkeys(names) if name not in self.filled]

    def without(self, known: Collection[str]) -> Plan:
        """What is left to count when it is known already how many rows have a value in these columns."""
        left = [f"`{name}` is not null" for name in self.filled if name not in known]
        return replace(self, conditions=list(dict.fromkeys([*self.conditions, *left])))

    def bounds(self) -> list[tuple[int, int, float | None, float | None]]:
        """The limits as rows: concept, unit, lowest and highest value."""
        return [(*pair, _float(low), _float(high)) for pair, (low, high) in self.limits.items()]

    @property
    def words(self) -> int:
        """Machine words that the conditions need."""
        return max(-(-len(self.conditions) // WORD), 1)

    def text(self) -> str:
        """Every expression of the plan, to find what it needs."""
        return "\n".join([*self.conditions, *self.categories.values()])


@dataclass
class Counted:
    """What was counted: cells of rows that are alike, what needs its own pass, and what was known before."""

    plan: Plan
    rows: int
    cells: pa.Table
    duplicates: int = 0
    persons: int = 0
    busiest: int = 0
    repeated: int = 0
    filled: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sizes = self.cells["n"].to_numpy()
        self._words = [self.cells[f"w{i}"].to_numpy() for i in range(self.plan.words)]
        self._places = {condition: i for i, condition in enumerate(self.plan.conditions)}

    def met(self, *conditions: str) -> np.ndarray:
        """Per cell, whether its rows meet all of these conditions."""
        found = np.ones(len(self.sizes), dtype=bool)
        for condition in conditions:
            if condition:
                kept, holds = positive(condition)
                word, bit = divmod(self._places[kept], WORD)
                found &= ((self._words[word] >> bit) & 1 == 1) == holds
        return found

    def count(self, *conditions: str) -> int:
        """Rows that meet all of these conditions."""
        asked = [condition for condition in conditions if condition]
        if len(asked) == 1:
            kept, holds = positive(asked[0])
            if (name := filled_in(kept)) is not None and name in self.filled:
                return self.filled[name] if holds else self.rows - self.filled[name]
        return int(self.sizes[self.met(*conditions)].sum())

    def category(self, name: str) -> pa.ChunkedArray:
        """The category of each cell."""
        return self.cells[f"c_{name}"]

    def moments(self, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Per cell: how many numbers, their sum, the sum of their squares."""
        parts = [self.cells[f"{kind}_{name}"].to_numpy() for kind in ("n", "s", "q")]
        return np.nan_to_num(parts[0]), np.nan_to_num(parts[1]), np.nan_to_num(parts[2])


def _float(given: float | None) -> float | None:
    return None if given is None else float(given)


def positive(condition: str) -> tuple[str, bool]:
    """The condition that is counted, and whether the given one is it or its opposite: null and not null share a bit."""
    found = _IS_NULL.match(condition)
    return (f"{found[1]} is not null", False) if found else (condition, True)


def filled_in(condition: str) -> str | None:
    """The column that has a value where the condition is met, if it says no more than that."""
    found = IS_FILLED.fullmatch(condition)
    return found[1] if found else None


def by_category(counted: Counted, name: str, where: np.ndarray | None = None) -> dict[Any, int]:
    """Rows per value of a category, nulls left out."""
    sizes = counted.sizes if where is None else np.where(where, counted.sizes, 0)
    totals: dict[Any, int] = {}
    for value, size in zip(counted.category(name).to_pylist(), sizes.tolist(), strict=True):
        if value is not None and size:
            totals[value] = totals.get(value, 0) + size
    return totals


def pairs(counted: Counted, first: str, second: str) -> tuple[np.ndarray, np.ndarray]:
    """Two categories side by side, -1 for null."""
    return tuple(counted.category(name).fill_null(-1).to_numpy() for name in (first, second))
