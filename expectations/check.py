"""Checks: what is expected of a table, as data. Each knows which rows it speaks of and how many may be faulty."""

from __future__ import annotations

from dataclasses import dataclass

STOP = "stop"
WARN = "warn"


@dataclass(frozen=True)
class Check:
    """An expectation: of what it counts, at most the share `threshold` may be faulty.

    `stop` keeps the previous version when it fails, `warn` is told and goes on. `doc` is for the reader.
    """

    name: str
    column: str = ""
    threshold: float = 0.0
    severity: str = WARN
    doc: str = ""


@dataclass(frozen=True)
class Rows(Check):
    """Counts rows for which the SQL condition `fails` is true, among those for which `among` is."""

    fails: str = "false"
    among: str = ""


@dataclass(frozen=True)
class Unique(Check):
    """Counts rows whose key another row has too."""

    key: tuple[str, ...] = ()


@dataclass(frozen=True)
class Concepts(Check):
    """Counts rows whose concept breaks a rule: known, domain, class or standard."""

    rule: str = "known"
    wanted: str = ""


@dataclass(frozen=True)
class Columns(Check):
    """Compares the columns of the written table with the declared ones: there (exists), of the type (type); and says
    of the table that it is there at all (table), which a version to judge proves."""

    rule: str = "exists"


@dataclass(frozen=True)
class SourceValues(Check):
    """Counts distinct source values of `column` of which some row has concept 0 in `concept`."""

    concept: str = ""


@dataclass(frozen=True)
class Genders(Check):
    """Counts rows of one concept whose person has another gender than the concept allows."""

    concepts: tuple[int, ...] = ()
    gender: int = 0
    descendants: bool = False


@dataclass(frozen=True)
class Units(Check):
    """Counts values of one concept in a unit that is not among those that make sense for it."""

    concept: int = 0
    units: tuple[int, ...] = ()


@dataclass(frozen=True)
class Limits(Check):
    """Counts values of one concept in one unit that are outside of what can be."""

    concept: int = 0
    unit: int = 0
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class People(Check):
    """Compares people: `without` a row in the table, or those with a row in `of` who have none here."""

    rule: str = "without"
    of: str = ""


@dataclass(frozen=True)
class Coverage(Check):
    """Counts rows whose code found no concept, for each value of `by`; compared with the last publication."""

    by: str = ""
    mapped: str = "true"
    among: str = ""


@dataclass(frozen=True)
class Shape(Check):
    """Looks at how a table is made as a whole, alone or against its last publication: a rule of `shape.py`."""

    rule: str = ""
    above: float = 0.0


def rows(
    name: str, column: str, fails: str, *, among: str = "", at_most: float = 0.0, severity: str = WARN, doc: str = ""
) -> Rows:
    """A check of single rows, for the suites written by hand."""
    return Rows(name, column, at_most, severity, doc, fails, among)
