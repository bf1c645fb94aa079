"""From counts to findings: for each check, how many rows it speaks of and how many are faulty.

Pure arithmetic over counted cells; what is asked of other tables here is facts of concepts and counts of people.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import schemas
from expectations import shape
from expectations.check import (
    Check,
    Columns,
    Concepts,
    Coverage,
    Genders,
    Limits,
    People,
    Rows,
    Shape,
    SourceValues,
    Unique,
    Units,
)
from jobs.shell.arrow_rows import ArrowRows
from jobs.shell.counted import Counted, by_category, pairs
from jobs.shell.lookups import Lookups
from jobs.shell.planning import beyond


@dataclass(frozen=True)
class Found:
    """What one check found: of `rows`, `failed` are faulty; `fault` names what kept it from being looked at."""

    check: Check
    column: str
    failed: int
    rows: int
    share: float | None = None
    fault: str = ""


@dataclass(frozen=True)
class Evidence:
    """What findings are drawn from: the counts, the written table, other tables, the last publication's measures.

    `people` gives the people of the table, for the checks that ask who is not in it.
    """

    counted: Counted
    types: Mapping[str, str]
    people: Callable[[], ArrowRows]
    lookups: Lookups
    before: dict[str, Any]


def findings(checks: Sequence[Check], evidence: Evidence) -> Iterator[Found]:
    """What every check but those of shape found."""
    for check in checks:
        if not isinstance(check, Shape):
            try:
                yield from _find(check, evidence)
            except Exception as fault:
                # A check that cannot be computed is an error of that check, named; the others still speak.
                yield Found(check, check.column, 0, 0, fault=type(fault).__name__)


def of_columns(checks: Sequence[Check], table: schemas.Table, types: Mapping[str, str]) -> list[Found]:
    """What the checks of columns and types found; they need no count."""
    return [_of_columns(check, table, types) for check in checks if isinstance(check, Columns)]


def shape_findings(checks: Sequence[Check], measures: dict[str, Any], before: dict[str, Any]) -> Iterator[Found]:
    """What the checks of shape found."""
    for check in checks:
        if isinstance(check, Shape):
            yield from _of_shape(check, measures, before)


def _find(check: Check, evidence: Evidence) -> Iterator[Found]:
    counted, lookups = evidence.counted, evidence.lookups
    match check:
        case Columns():
            yield _of_columns(check, counted.plan.table, evidence.types)
        case Rows():
            yield _of_rows(check, counted, lookups)
        case Unique():
            yield Found(check, check.column, counted.duplicates, counted.rows)
        case Concepts():
            yield _of_concepts(check, counted, lookups)
        case SourceValues():
            yield _of_source_values(check, counted)
        case Genders():
            yield _of_genders(check, counted, lookups)
        case Units():
            yield _of_units(check, counted)
        case Limits():
            yield _of_limits(check, counted)
        case People():
            yield _of_people(check, evidence)
        case Coverage():
            yield from _of_coverage(check, counted, evidence.before)
        case _:
            raise TypeError(f"no rule for {type(check).__name__}")


def _of_columns(check: Columns, table: schemas.Table, given: Mapping[str, str]) -> Found:
    declared = {c.name: c.type for c in table.columns.values()}
    if check.rule == "table":
        return Found(check, "", 0, 1)
    if check.rule == "exists":
        wrong = set(given) ^ set(declared)
        in_order = [c for c in given if c in declared] == list(declared)
        return Found(check, ", ".join(sorted(wrong)), len(wrong) + (not wrong and not in_order), len(declared))
    other = [name for name, kind in declared.items() if _normal(kind) != _normal(given.get(name, kind))]
    return Found(check, ", ".join(other), len(other), len(declared))


@functools.cache
def _normal(kind: str) -> str:
    from pyspark.sql.types import _parse_datatype_string

    return str(_parse_datatype_string(kind).simpleString())


def _of_rows(check: Rows, counted: Counted, lookups: Lookups) -> Found:
    column = counted.plan.table.columns.get(check.column)
    target = str(column.refers_to) if column is not None and "_found_" in check.fails else ""
    if target and target != counted.plan.table.table and not lookups.there(target):
        return Found(check, check.column, 0, 0)
    return Found(check, check.column, counted.count(check.fails, check.among), counted.count(check.among))


def _of_concepts(check: Concepts, counted: Counted, lookups: Lookups) -> Found:
    used = by_category(counted, check.column)
    if not lookups.there("gold.concept"):
        return Found(check, check.column, 0, 0)
    facts = lookups.concepts(used)

    def faulty(concept: int) -> bool:
        fact = facts[concept]
        if check.rule == "known":
            return fact is None
        if concept == 0 or fact is None:
            return False
        if check.rule == "standard":
            return not fact.standard
        return (fact.domain if check.rule == "domain" else fact.concept_class) != check.wanted

    return Found(check, check.column, sum(n for one, n in used.items() if faulty(one)), counted.rows)


def _of_source_values(check: SourceValues, counted: Counted) -> Found:
    if check.threshold >= 1:
        # It cannot fail, so it is not computed (DQD issue 320).
        return Found(check, check.column, 0, counted.rows)
    hashes = counted.category(f"hash_{check.column}").to_pylist()
    there = counted.met(f"`{check.column}` is not null").tolist()
    concepts = counted.category(check.concept).to_pylist()
    named = [h if ok else None for h, ok in zip(hashes, there, strict=True)]
    unmapped = {h for h, concept in zip(named, concepts, strict=True) if concept == 0}
    return Found(check, check.column, len(unmapped), len(set(named)))


def _of_genders(check: Genders, counted: Counted, lookups: Lookups) -> Found:
    wanted = lookups.below(check.concepts) if check.descendants else frozenset(check.concepts)
    concepts, genders = pairs(counted, check.column, "gender")
    here = np.isin(concepts, list(wanted))
    wrong = here & (genders != check.gender) & (genders >= 0)
    label = "" if check.descendants else f"={check.concepts[0]}"
    return Found(check, check.column + label, int(counted.sizes[wrong].sum()), int(counted.sizes[here].sum()))


def _of_units(check: Units, counted: Counted) -> Found:
    concepts, units = pairs(counted, check.column, "unit_concept_id")
    spoken = counted.met("`value_as_number` is not null", "`unit_source_value` is not null")
    here = (concepts == check.concept) & spoken
    # A null unit is missing, not implausible (DQD issue 602).
    wrong = here & (units != -1) & ~np.isin(units, list(check.units))
    label = f"{check.column}={check.concept}"
    return Found(check, label, int(counted.sizes[wrong].sum()), int(counted.sizes[here].sum()))


def _of_limits(check: Limits, counted: Counted) -> Found:
    concepts, units = pairs(counted, check.column, "unit_concept_id")
    here = (concepts == check.concept) & (units == check.unit) & counted.met("`value_as_number` is not null")
    wrong = here & counted.met(beyond(check))
    label = f"{check.column}={check.concept}, unit={check.unit}"
    return Found(check, label, int(counted.sizes[wrong].sum()), int(counted.sizes[here].sum()))


def _of_people(check: People, evidence: Evidence) -> Found:
    lookups = evidence.lookups
    if check.rule == "without":
        # DQD: a table that is empty leaves everybody without a row; that is a number, not "not applicable".
        people = lookups.people()
        return Found(check, "", max(people - evidence.counted.persons, 0), people)
    people, without = lookups.people_without(check.of, evidence.people())
    return Found(check, "", without, people)


def _of_coverage(check: Coverage, counted: Counted, before: dict[str, Any]) -> Iterator[Found]:
    all_rows = by_category(counted, check.by, counted.met(check.among))
    mapped = by_category(counted, check.by, counted.met(check.mapped, check.among))
    was = before.get("coverage", {})
    for name, rows in sorted(all_rows.items()):
        share = mapped.get(name, 0) / rows
        if check.name == "coverage":
            yield Found(check, name, rows - mapped.get(name, 0), rows)
        elif name in was and was[name][1] >= shape.FEWEST:
            lost = was[name][0] / was[name][1] - share
            vanished = was[name][0] > 0 and not mapped.get(name)
            yield Found(check, name, rows - mapped.get(name, 0), rows, 1.0 if vanished else max(lost, 0.0))


def vanished(checks: Iterable[Check], evidence: Evidence) -> Iterator[Found]:
    """Vocabularies that matched at the last publication and have no row in the whole table now.

    So it looks when a sender gives his code system another name: then nobody knows it, and nothing of it is mapped.
    """
    was = evidence.before.get("coverage", {})
    for check in checks:
        if isinstance(check, Coverage) and check.name != "coverage":
            for name in sorted(was.keys() - by_category(evidence.counted, check.by).keys()):
                mapped, rows = was[name]
                if mapped and rows >= shape.FEWEST:
                    yield Found(check, name, rows, rows, 1.0)


def _of_shape(check: Shape, measures: dict[str, Any], before: dict[str, Any]) -> Iterator[Found]:
    looked = False
    for column, share, rows in shape.findings(check.rule, measures, before, check.above):
        looked = True
        if share > check.threshold or not column:
            yield Found(check, column, math.ceil(share * rows), rows, share)
    if not looked:
        yield Found(check, "", 0, 0)
