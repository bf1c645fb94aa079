"""The suite of a table: what its declaration implies, what DQD asks, what is known besides, and its shape."""

from __future__ import annotations

import functools
import importlib
import importlib.util
from collections.abc import Sequence

import schemas
from expectations import clinical, dqd, shape
from expectations.check import WARN, Check
from expectations.implied import demoted, implied


@functools.cache
def suite(table: schemas.Table) -> tuple[Check, ...]:
    """Every check of a table; a table cannot be without."""
    found = (*implied(table), *dqd.checks(table), *clinical.checks(table), *known(table), *shape.checks())
    warned = {(check.name, check.column) for check in found if check.severity == WARN}
    # What is told not to stop goes where the same check already warns, at a stricter threshold.
    twice = [c for c in found if demoted(table, c) != c and (c.name, c.column) in warned]
    return tuple(demoted(table, check) for check in found if check not in twice)


def known(table: schemas.Table) -> Sequence[Check]:
    """What expectations/<layer>/<table>.py adds; most tables need nothing."""
    name = f"expectations.{table.table}"
    if importlib.util.find_spec(f"expectations.{table.layer}") is None or importlib.util.find_spec(name) is None:
        return ()
    return tuple(importlib.import_module(name).EXPECTATIONS)


def looks_into(table: schemas.Table) -> set[str]:
    """Other tables that the checks of this one look into: build them first."""
    found = {str(c.refers_to) for c in table.columns.values() if c.refers_to} if table.layer == "gold" else set()
    if table.layer == "gold" and table.scope == "person" and table.name not in ("person", "death"):
        found.add("gold.death")
    return found - {table.table}
