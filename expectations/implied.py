"""What the declaration of a table implies: columns, types, required, key, references, concepts, ranges, lengths.

On tables of the OMOP standard a check bears the name that the OHDSI DataQualityDashboard gives the same
rule, so that results compare one for one; on other tables a plain name.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import schemas
from expectations.check import STOP, WARN, Check, Columns, Concepts, Rows, Unique

OMOP = "OMOP CDM"
NAMES = {
    "columns": "cdmField",
    "types": "cdmDatatype",
    "required": "isRequired",
    "unique": "isPrimaryKey",
    "reference": "isForeignKey",
    "domain": "fkDomain",
    "concept_class": "fkClass",
    "standard": "isStandardValidConcept",
    "low": "plausibleValueLow",
    "high": "plausibleValueHigh",
    "filled": "measureValueCompleteness",
}
CONCEPT = "gold.concept"
# So short is a code and no text: it fills its column whole (a DRG has three digits).
CODE_LENGTH = 3
# DQD lets one row in a hundred lie outside of a plausible range.
OUT_OF_RANGE = 0.01
# The tables Athena fills: what is wrong there is the vocabulary's, and a subset of it has loose ends.
VOCABULARY = frozenset(
    {
        "concept", "vocabulary", "domain", "concept_class", "concept_relationship", "relationship",
        "concept_synonym", "concept_ancestor", "source_to_concept_map", "drug_strength",
    }
)  # fmt: skip


def is_vocabulary(table: schemas.Table) -> bool:
    """Whether a gold table is one of the ten vocabulary tables."""
    return table.layer == "gold" and table.name in VOCABULARY


def is_omop(table: schemas.Table) -> bool:
    """Whether the table is one of the standard's."""
    return (table.standard or "").startswith(OMOP)


def is_concept(table: schemas.Table, column: schemas.Column) -> bool:
    """Whether a column of clinical gold holds concept ids: few distinct values, looked up once each."""
    return column.refers_to == CONCEPT and not is_vocabulary(table)


def implied(table: schemas.Table) -> list[Check]:
    """Every check that follows from the declaration, in the order of the columns."""
    found: list[Check] = [Columns("cdmTable", "", 0.0, STOP, "the table is there", "table")] if is_omop(table) else []
    found.append(Columns(_name(table, "columns"), "", 0.0, STOP, "exactly the declared columns", "exists"))
    found.append(Columns(_name(table, "types"), "", 0.0, STOP, "exactly the declared types", "type"))
    if table.key:
        found.append(_unique(table))
    for column in table.columns.values():
        found += _of_column(table, column)
    return [demoted(table, check) for check in found]


def reference_of(table: schemas.Table, column: schemas.Column) -> schemas.Column | None:
    """The key column that this column points to, when it is checked as a foreign key: same type, single key."""
    if table.layer != "gold" or not column.refers_to:
        return None
    try:
        target = schemas.table(column.refers_to)
    except schemas.DeclarationError:
        return None
    return target.columns[target.key[0]] if len(target.key) == 1 else None


def _of_column(table: schemas.Table, column: schemas.Column) -> Iterator[Check]:
    named = f"`{column.name}`"
    if column.required:
        yield Rows(_name(table, "required"), column.name, 0.0, STOP, "never null", f"{named} is null")
    if is_omop(table) and not column.trace:
        # DQD measures every column; below 100 % only what is required can fail. The count comes for free.
        most = 0.0 if column.required else 1.0
        yield Rows(_name(table, "filled"), column.name, most, WARN, "share of nulls", f"{named} is null")
    yield from _references(table, column)
    yield from _values(table, column)


def _references(table: schemas.Table, column: schemas.Column) -> Iterator[Check]:
    name = column.name
    if is_concept(table, column):
        yield Concepts(_name(table, "reference"), name, 0.0, STOP, "a concept of the vocabulary", "known")
        if column.concept and column.concept != "Any":
            yield Concepts(_name(table, "domain"), name, 0.0, STOP, column.concept, "domain", column.concept)
        if column.concept_class:
            wanted = column.concept_class
            yield Concepts(_name(table, "concept_class"), name, 0.0, STOP, wanted, "class", wanted)
        if column.standard:
            yield Concepts(_name(table, "standard"), name, 0.0, WARN, "standard and valid, or 0", "standard")
    elif reference_of(table, column) is not None:
        severity = WARN if is_vocabulary(table) else STOP
        doc = f"a row of {column.refers_to}"
        fails = f"`{name}` is not null and {found_mark(name)} is null"
        yield Rows(_name(table, "reference"), name, 0.0, severity, doc, fails)
        yield from _vocabulary_rules(table, column)


def _vocabulary_rules(table: schemas.Table, column: schemas.Column) -> Iterator[Check]:
    if column.refers_to != CONCEPT:
        return
    mark, other = found_mark(column.name), f"`{column.name}` <> 0"
    if column.concept:
        fails = f"{other} and {mark}.domain <> '{column.concept}'"
        yield Rows(_name(table, "domain"), column.name, 0.0, WARN, column.concept, fails)
    if column.concept_class:
        fails = f"{other} and {mark}.class <> '{column.concept_class}'"
        yield Rows(_name(table, "concept_class"), column.name, 0.0, WARN, column.concept_class, fails)
    if column.standard:
        yield Rows(
            _name(table, "standard"), column.name, 0.0, WARN, "standard and valid", f"{other} and not {mark}.standard"
        )


def _values(table: schemas.Table, column: schemas.Column) -> Iterator[Check]:
    named, there = f"`{column.name}`", f"`{column.name}` is not null"
    if column.between:
        low, high = column.between
        if low is not None:
            fails = f"{named} < {_literal(low)}"
            yield Rows(_name(table, "low"), column.name, OUT_OF_RANGE, WARN, f"from {low}", fails, there)
        if high is not None:
            fails = f"{named} > {_literal(high)}"
            yield Rows(_name(table, "high"), column.name, OUT_OF_RANGE, WARN, f"to {high}", fails, there)
    if column.one_of:
        among = ", ".join(_literal(value) for value in column.one_of)
        yield Rows("one_of", column.name, 0.0, WARN, "a word of the list", f"{named} not in ({among})", there)
    if column.max_length:
        doc, fails = f"at most {column.max_length} characters", f"length({named}) > {column.max_length}"
        yield Rows("max_length", column.name, 0.0, STOP, doc, fails, there)
        if column.name.endswith("_source_value") and column.max_length > CODE_LENGTH:
            # Longer texts of a source are cut (jobs.columns.events.source_value): then they fill the column.
            doc, fails = (
                f"shorter than {column.max_length} characters, not cut",
                f"length({named}) >= {column.max_length}",
            )
            yield Rows("cut", column.name, 0.0, WARN, doc, fails, there)


def found_mark(column: str) -> str:
    """The name under which a widened row says that what `column` refers to was found."""
    return f"`_found_{column}`"


def _unique(table: schemas.Table) -> Check:
    own = f"{table.name}_id"
    standard = is_omop(table) and table.key == (own,) and table.name != "cohort_definition"
    name = _name(table, "unique") if standard else "unique"
    return Unique(name, ", ".join(table.key), 0.0, STOP, "no two rows with one key", tuple(table.key))


def _name(table: schemas.Table, rule: str) -> str:
    return NAMES[rule] if is_omop(table) else rule


def _literal(value: object) -> str:
    """A bound or word as SQL. `tomorrow` and `next_year` are relative to the run's as-of date."""
    if isinstance(value, bool | int | float):
        return str(value).lower()
    text = str(value)
    if text in ("tomorrow", "next_year"):
        return f"_{text}"
    if len(text) == 10 and text[4] == text[7] == "-" and text[:4].isdigit():
        return f"date'{text}'"
    escaped = text.replace("'", "\\'")
    return f"'{escaped}'"


def demoted(table: schemas.Table, check: Check) -> Check:
    """A check that the declaration lists under `warnings` (name, or name:column) does not stop."""
    listed = {check.name, f"{check.name}:{check.column}"} & set(table.warnings)
    return dataclasses.replace(check, severity=WARN) if listed and check.severity == STOP else check
