"""What must be counted of a table to judge its checks and to keep its measures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import schemas
from expectations.check import Check, Coverage, Genders, Limits, Rows, SourceValues, Units
from expectations.implied import found_mark, is_concept, is_omop, is_vocabulary, reference_of
from jobs.shell.counted import Plan, filled_in, positive

OF_PEOPLE = ("_birth_date", "_birth_at", "_death_date", "_gender")
OF_VISITS = ("_visit_start", "_visit_end", "_visit_person")
_NAME = re.compile(rf"(?:{'|'.join((*OF_PEOPLE, *OF_VISITS))})\b")
_FOUND = re.compile(r"`_found_([a-z0-9_]+)`")


class Join(NamedTuple):
    """What conditions ask of another table: `column` points to `key` of `target`, and `mark` says that it is there.

    Without a key every row counts as found. `extras` are columns of the target that conditions name, too.
    """

    column: str
    target: str
    key: str | None
    mark: str
    extras: tuple[str, ...]


def joins(made: Plan) -> Iterator[Join]:
    """What the conditions of a plan ask of other tables, or of the table itself; each finds at most one row."""
    text, table = made.text(), made.table
    named, marked = set(_NAME.findall(text)), set(_FOUND.findall(text))
    person = table.scoped_by if table.scope == "person" else None
    wanted = {c.name: c for c in table.columns.values() if c.name in marked}
    if person and named & set(OF_PEOPLE):
        wanted.setdefault(person, table.columns[person])
    if named & set(OF_VISITS):
        wanted.setdefault("visit_occurrence_id", table.columns["visit_occurrence_id"])
    extras = {person: OF_PEOPLE, "visit_occurrence_id": OF_VISITS}
    for name, column in wanted.items():
        key = reference_of(table, column)
        found = key.name if key else None
        yield Join(name, str(column.refers_to), found, found_mark(name).strip("`"), extras.get(name, ()))


NUMERIC = ("double", "float", "decimal", "int", "smallint")


def plan(table: schemas.Table, checks: Iterable[Check]) -> Plan:
    """What must be counted to judge these checks and to keep the measures of this table."""
    columns = table.columns.values()
    made = Plan(table, key=table.key)
    made.want_filled(*(c.name for c in columns if not c.trace and not c.required))
    for column in columns:
        if is_concept(table, column):
            made.categories[column.name] = f"`{column.name}`"
    if not is_vocabulary(table):
        made.numbers = {c.name: _number(c) for c in columns if _is_number(c)}
        days = [c.name for c in columns if c.type == "date"]
        made.numbers |= {name: f"datediff(`{name}`, date'1970-01-01')" for name in days[:1]}
    if table.layer == "gold" and table.scope == "person" and is_omop(table):
        made.person = table.scoped_by
        made.content = _content(table)
    if table.table == "gold.person":
        made.categories["year_of_birth"] = "`year_of_birth`"
    for check in checks:
        _want(made, check)
    return made


def _want(made: Plan, check: Check) -> None:
    match check:
        case Rows() if not check.among and (name := filled_in(positive(check.fails)[0])):
            made.want_filled(name)
        case Rows():
            made.want(check.fails, check.among)
        case SourceValues() if check.threshold < 1:
            made.categories.setdefault(f"hash_{check.column}", f"xxhash64(`{check.column}`)")
            made.want(f"`{check.column}` is not null")
        case Genders():
            made.categories.setdefault("gender", "_gender")
        case Units():
            made.want("`value_as_number` is not null", "`unit_source_value` is not null")
        case Limits():
            _limit(made, check)
            made.want("`value_as_number` is not null", beyond(check))
        case Coverage():
            made.categories.setdefault(check.by, f"`{check.by}`")
            made.want(check.mapped, check.among)
        case _:
            pass


def _limit(made: Plan, check: Limits) -> None:
    """One row per concept and unit: a second would double the rows that meet it."""
    low, high = made.limits.get((check.concept, check.unit), (None, None))
    given = (check.low if low is None else low, check.high if high is None else high)
    if (check.low is not None and low not in (None, check.low)) or (
        check.high is not None and high not in (None, check.high)
    ):
        raise ValueError(f"{made.table.table}: two limits for concept {check.concept} in unit {check.unit}")
    made.limits[check.concept, check.unit] = given


def beyond(check: Limits) -> str:
    """The condition of a value outside of this limit; the bounds come from a join on concept and unit."""
    return "`value_as_number` < _low" if check.low is not None else "`value_as_number` > _high"


def _is_number(column: schemas.Column) -> bool:
    kind = column.type.partition("(")[0]
    return kind in NUMERIC and not column.name.endswith(("_id", "_id_1", "_id_2")) and not column.trace


def _number(column: schemas.Column) -> str:
    # Logarithms: a factor shows as a shift, and one wild value does not drown the rest.
    return f"ln(nullif(abs(cast(`{column.name}` as double)), 0d))"


def _content(table: schemas.Table) -> str | None:
    named = [c.name for c in table.columns.values() if not c.trace and c.name not in table.key]
    return f"xxhash64({', '.join(f'`{name}`' for name in named)})" if named else None
