"""Where a value comes from: input columns, and how each of them bears on it.

The words are those of OpenLineage's column lineage (ColumnLineageDatasetFacet 1-2-0): DIRECT, the value is made
from it; INDIRECT, it decides which value or which rows there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class How(NamedTuple):
    """How an input column bears on an output."""

    type: str
    subtype: str
    masking: bool = False


class Source(NamedTuple):
    """A column of an input dataset."""

    dataset: str
    field: str


IDENTITY = How("DIRECT", "IDENTITY")
TRANSFORMATION = How("DIRECT", "TRANSFORMATION")
AGGREGATION = How("DIRECT", "AGGREGATION")
# Of a digest or a count the original cannot be read back.
MASKED = How("DIRECT", "TRANSFORMATION", True)
COUNTED = How("DIRECT", "AGGREGATION", True)
CONDITIONAL = How("INDIRECT", "CONDITIONAL")
WINDOW = How("INDIRECT", "WINDOW")
JOIN = How("INDIRECT", "JOIN")
FILTER = How("INDIRECT", "FILTER")
GROUP_BY = How("INDIRECT", "GROUP_BY")
SORT = How("INDIRECT", "SORT")

_RANK = {"IDENTITY": 0, "TRANSFORMATION": 1, "AGGREGATION": 2}

Sources = Mapping[Source, frozenset[How]]


class Value(NamedTuple):
    """What a value stands on; of a struct, or an array of structs, also what each known field stands on.

    `own` bears on the whole value, a field's sources on that field alone.
    """

    own: Sources
    fields: Mapping[str, Value] | None = None


NOTHING = Value({})


def _then(inner: How, outer: How) -> How:
    if outer.type == "INDIRECT":
        return outer
    if inner.type == "INDIRECT":
        return inner
    subtype = max(inner.subtype, outer.subtype, key=_RANK.__getitem__)
    return How("DIRECT", subtype, inner.masking or outer.masking)


def through(sources: Sources, how: How) -> Sources:
    """The sources after one more step."""
    if how == IDENTITY:
        return sources
    return {source: frozenset(_then(known, how) for known in hows) for source, hows in sources.items()}


def union(many: Iterable[Sources]) -> Sources:
    """All of the sources, with all their ways."""
    found: dict[Source, frozenset[How]] = {}
    for sources in many:
        for source, hows in sources.items():
            known = found.get(source)
            found[source] = hows if known is None else known | hows
    return found


def whole(value: Value) -> Sources:
    """The sources of the value and of all its fields."""
    if not value.fields:
        return value.own
    return union([value.own, *(whole(field) for field in value.fields.values())])


def flat(values: Iterable[Value], how: How) -> Value:
    """A value made from all of these, whose parts cannot be told apart any more."""
    return Value(through(union(whole(value) for value in values), how))


def touched(value: Value, how: How = TRANSFORMATION) -> Value:
    """The value as a whole goes through a step that keeps its fields what they are."""
    return Value(through(value.own, how), value.fields)


def deep(value: Value, how: How) -> Value:
    """The value and each of its fields go through a step."""
    fields = {name: deep(field, how) for name, field in value.fields.items()} if value.fields else None
    return Value(through(value.own, how), fields)


def merged(values: Iterable[Value]) -> Value:
    """One of these values: any of their sources may be in it, field by field where fields are known."""
    values = list(values)
    names = dict.fromkeys(name for value in values for name in value.fields or ())
    fields = {name: merged(v.fields[name] for v in values if v.fields and name in v.fields) for name in names}
    return Value(union(value.own for value in values), fields or None)


def picked(value: Value, name: str | None, ordinal: int | None) -> Value:
    """One field of a struct: what bears on the whole bears on it too."""
    if not value.fields:
        return touched(value)
    found = value.fields.get(name) if name is not None else None
    if found is None and ordinal is not None and ordinal < len(value.fields):
        # Renamed by a cast, which goes by position.
        found = list(value.fields.values())[ordinal]
    if found is None:
        return flat([value], TRANSFORMATION)
    if not value.own:
        return found
    return Value(union([through(value.own, TRANSFORMATION), found.own]), found.fields)
