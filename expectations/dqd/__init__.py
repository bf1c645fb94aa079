"""Checks of the OHDSI DataQualityDashboard 2.8.4 that a declaration does not imply.

The facts beside this file (which field has which check with which threshold) are those of its control
files for CDM 5.4 (OHDSI/DataQualityDashboard, Apache-2.0), in our own layout; the rules are written anew.
Thresholds are percents there, shares here.
"""

from __future__ import annotations

import csv
import functools
import pathlib
from collections.abc import Iterator

import schemas
from expectations.check import STOP, WARN, Check, Genders, Limits, People, Rows, SourceValues, Units

HERE = pathlib.Path(__file__).parent
MALE, FEMALE = 8507, 8532
# DQD: an event may be recorded up to this long after death, and this far outside its visit.
DAYS_AFTER_DEATH, DAYS_AROUND_VISIT = 60, 7
SOURCE_CONCEPT = "_source_concept_id"

Fact = dict[str, str]


@functools.cache
def _facts(name: str) -> dict[str, list[Fact]]:
    found: dict[str, list[Fact]] = {}
    with (HERE / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        for fact in csv.DictReader(lines):
            found.setdefault(fact["table"], []).append(fact)
    return found


def checks(table: schemas.Table) -> list[Check]:
    """Every DQD check of a gold table besides those its declaration implies."""
    if table.layer != "gold":
        return []
    found: list[Check] = []
    for fact in _facts("table").get(table.name, []):
        found += _of_table(table.name, fact)
    for fact in _facts("field").get(table.name, []):
        found += _completeness(fact)
        found += _time(fact)
    found += _of_concepts(table.name)
    return found


def _share(percent: str) -> float:
    return float(percent) / 100


def _of_table(table: str, fact: Fact) -> Iterator[Check]:
    if fact["without_row"]:
        doc = "people without a row here"
        yield People("measurePersonCompleteness", "", _share(fact["without_row"]), WARN, doc, "without")
    if fact["without_era"]:
        # Issue 526: an empty condition_era is no "not applicable" when there are conditions.
        doc, of = "people with a mapped condition and no era", "gold.condition_occurrence"
        yield People("measureConditionEraCompleteness", "", _share(fact["without_era"]), WARN, doc, "of", of)
    if fact["overlap"]:
        before = (
            f"max({table}_end_date) over (partition by person_id order by {table}_start_date, {table}_id "
            "rows between unbounded preceding and 1 preceding)"
        )
        fails = f"{table}_start_date <= date_add({before}, 1)"
        doc = "periods neither overlap nor touch"
        yield Rows("measureObservationPeriodOverlap", "", _share(fact["overlap"]), STOP, doc, fails)


def _completeness(fact: Fact) -> Iterator[Check]:
    column = fact["column"]
    if fact["unmapped"]:
        source = column.endswith(SOURCE_CONCEPT)
        name = "sourceConceptRecordCompleteness" if source else "standardConceptRecordCompleteness"
        yield Rows(name, column, _share(fact["unmapped"]), WARN, "share of concept 0", f"`{column}` = 0")
    if fact["unmapped_values"]:
        doc, most = "share of source values with concept 0", _share(fact["unmapped_values"])
        yield SourceValues("sourceValueCompleteness", column, most, WARN, doc, fact["standard_column"])


def _time(fact: Fact) -> Iterator[Check]:
    column = fact["column"]
    day, there = f"cast(`{column}` as date)", f"`{column}` is not null"
    if fact["not_before"]:
        other, _, most = fact["not_before"].rpartition(":")
        # A birth without a day has no datetime: then this rule is silent and plausibleAfterBirth speaks.
        start = "_birth_at" if other.startswith("person.") else f"cast(`{other}` as date)"
        yield Rows("plausibleTemporalAfter", column, _share(most), WARN, f"not before {other}", f"{day} < {start}")
    if fact["ends"]:
        other, _, most = fact["ends"].rpartition(":")
        fails = f"cast(`{other}` as date) < {day}"
        yield Rows("plausibleStartBeforeEnd", column, _share(most), WARN, f"not after {other}", fails)
    if fact["birth"]:
        fails = f"{day} < _birth_date"
        yield Rows("plausibleAfterBirth", column, _share(fact["birth"]), WARN, "not before birth", fails, there)
    late, died = f"{day} > date_add(_death_date, {DAYS_AFTER_DEATH})", "_death_date is not null"
    doc = f"at most {DAYS_AFTER_DEATH} days after death"
    if fact["death"]:
        yield Rows("plausibleBeforeDeath", column, _share(fact["death"]), WARN, doc, late, f"{died} and {there}")
    if fact["life"]:
        yield Rows("plausibleDuringLife", column, _share(fact["life"]), WARN, doc, late, died)
    if fact["visit"]:
        around = DAYS_AROUND_VISIT
        fails = f"{day} < date_sub(_visit_start, {around}) or {day} > date_add(_visit_end, {around})"
        doc = f"within {around} days of its visit"
        yield Rows("withinVisitDates", column, _share(fact["visit"]), WARN, doc, fails, "_visit_start is not null")


def _of_concepts(table: str) -> Iterator[Check]:
    for fact in _facts("concept_gender").get(table, []):
        gender = MALE if fact["gender"] == "male" else FEMALE
        concepts, most = _ids(fact["concepts"]), _share(fact["threshold"])
        if fact["descendants"]:
            name, doc = "plausibleGenderUseDescendants", f"{fact['gender']} only, with all below"
            yield Genders(name, fact["column"], most, WARN, doc, concepts, gender, True)
        else:
            for concept in concepts:
                doc = f"{fact['gender']} only"
                yield Genders("plausibleGender", fact["column"], most, WARN, doc, (concept,), gender)
    for fact in _facts("concept_unit").get(table, []):
        for concept in _ids(fact["concepts"]):
            doc, units = "a unit that makes sense", _ids(fact["units"])
            most = _share(fact["threshold"])
            yield Units("plausibleUnitConceptIds", fact["column"], most, WARN, doc, concept, units)
    for fact in _facts("concept_value").get(table, []):
        concept, unit, most = int(fact["concept"]), int(fact["unit"]), _share(fact["threshold"])
        low, high, column = float(fact["low"]), float(fact["high"]), fact["column"]
        yield Limits("plausibleValueLow", column, most, WARN, f"from {low:g}", concept, unit, low, None)
        yield Limits("plausibleValueHigh", column, most, WARN, f"to {high:g}", concept, unit, None, high)


def _ids(text: str) -> tuple[int, ...]:
    return tuple(int(one) for one in text.split())
