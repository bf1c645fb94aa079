"""Declarations: every table and every feed, read from the YAML beside this file.

A table is declared once. What Spark, Delta, the gates, the data dictionary and the DAGs
know about it is rendered from the frozen dataclasses below. Words follow the Open Data
Contract Standard where it has one.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import functools
import pathlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import yaml

ROOT = pathlib.Path(__file__).parent
LAYERS = ("bronze", "silver", "gold")
SCOPES = ("whole", "delivery", "resource", "person")
PRIVACY = ("direct", "quasi", "sensitive", "operational", "derived")

T = TypeVar("T")


class DeclarationError(ValueError):
    """A declaration that cannot be read: names the file and the key."""


@dataclass(frozen=True)
class Column:
    """One column of a table, as declared.

    `type` is a Spark DDL type. `concept` is the OMOP domain its concepts must have,
    `refers_to` the table whose key it holds, `between` an inclusive range.
    """

    name: str
    type: str
    doc: str
    required: bool = False
    privacy: str = "operational"
    trace: bool = False
    concept: str | None = None
    concept_class: str | None = None
    standard: bool = False
    refers_to: str | None = None
    between: tuple[Any, Any] | None = None
    one_of: tuple[Any, ...] | None = None
    max_length: int | None = None
    unit: str | None = None
    source: str | None = None


@dataclass(frozen=True, eq=False)
class Table:
    """One table, as declared in schemas/<layer>/<table>.yaml. A table is itself and no other."""

    table: str
    doc: str
    grain: str
    key: tuple[str, ...]
    columns: Mapping[str, Column]
    built_from: Mapping[str, str] = field(default_factory=dict)
    scope: str = "whole"
    scope_column: str | None = None
    partition_by: tuple[str, ...] = ()
    resource_types: tuple[str, ...] = ()
    # Of these the types that are joined to rows of the others, and give none of their own that must be there.
    joined_types: tuple[str, ...] = ()
    # Whether a row stands on the newest version of its resource alone, or on the older ones, too.
    older_versions: bool = False
    accounts_for: str | None = None
    owner: str = "data-platform"
    warnings: tuple[str, ...] = ()
    standard: str | None = None

    @property
    def layer(self) -> str:
        """The layer, the part before the dot."""
        return self.table.split(".", 1)[0]

    @property
    def name(self) -> str:
        """The bare name, the part after the dot."""
        return self.table.split(".", 1)[1]

    @property
    def scoped_by(self) -> str | None:
        """The column that an incremental rebuild replaces by; None for a whole table."""
        if self.scope == "whole":
            return None
        return (
            self.scope_column
            or {"delivery": "delivery_id", "resource": "resource_id", "person": "person_id"}[self.scope]
        )

    @property
    def statistics_columns(self) -> list[str]:
        """Columns whose minimum and maximum Delta may write to its log: surrogate keys, nothing of a person."""
        return [
            c.name
            for c in self.columns.values()
            if c.type == "bigint" and c.privacy == "operational" and c.name.endswith("_id")
        ]

    def ddl(self) -> str:
        """The Spark schema as DDL text."""
        return ", ".join(f"`{c.name}` {c.type}" for c in self.columns.values())


@dataclass(frozen=True)
class Feed:
    """One source of deliveries, as declared in schemas/feeds/<feed>.yaml."""

    feed: str
    doc: str
    format: str
    owner: str
    contract_version: str
    tenant: str
    jurisdiction: str
    time_zone: str
    schedule: str | None = None
    bad_share: float = 0.01
    # Fewer faulty records than this say nothing about a share: a file may hold one message.
    bad_least: int = 1
    limits: Mapping[str, Any] = field(default_factory=dict)
    columns: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def table(self) -> str:
        """The bronze table this feed lands in."""
        return f"bronze.{self.feed}"


def _make(kind: type[T], values: Mapping[str, Any], where: str) -> T:
    fields = {f.name: f for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(values) - set(fields))
    if unknown:
        raise DeclarationError(f"{where}: unknown key {', '.join(unknown)}")
    required = {
        name
        for name, f in fields.items()
        if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    }
    missing = sorted(required - set(values))
    if missing:
        raise DeclarationError(f"{where}: missing key {', '.join(missing)}")
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})


def _one_of(value: str, allowed: Iterable[str], where: str) -> None:
    if value not in allowed:
        raise DeclarationError(f"{where}: {value!r} is not one of {', '.join(allowed)}")


def _read_yaml(path: pathlib.Path) -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        found = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 - a safe loader
    except yaml.YAMLError as fault:
        raise DeclarationError(f"{path.name}: not YAML: {fault}") from fault
    if not isinstance(found, dict):
        raise DeclarationError(f"{path.name}: a declaration is a mapping")
    return found


def read_table(path: pathlib.Path) -> Table:
    """Read one table declaration; raises DeclarationError naming file and key."""
    where = f"{path.parent.name}/{path.name}"
    values = _read_yaml(path)
    columns = {}
    for name, given in (values.get("columns") or {}).items():
        column = _make(Column, {"name": name, **given}, f"{where}: column {name}")
        _one_of(column.privacy, PRIVACY, f"{where}: column {name}: privacy")
        columns[name] = column
    built_from = _each_source(values.get("built_from") or {}, where)
    table = _make(Table, {**values, "columns": columns, "built_from": built_from}, where)
    _one_of(table.scope, SCOPES, f"{where}: scope")
    if table.table != f"{path.parent.name}.{path.stem}":
        raise DeclarationError(f"{where}: declares {table.table}")
    named = (*table.key, *table.partition_by, *([table.scoped_by] if table.scoped_by else []))
    for name in named:
        if name not in columns:
            raise DeclarationError(f"{where}: {name} is not a column")
    return table


def _each_source(given: Mapping[str, str], where: str) -> dict[str, str]:
    """The tables that are read, by parameter of the job; `bronze.*_fhir` is every table with such a name.

    The first of them goes by the parameter, `resources`, each other one by `resources.<its name>`: the job is handed
    all of them as one frame.
    """
    found: dict[str, str] = {}
    for parameter, source in given.items():
        matching = fnmatch.filter(names(source.partition(".")[0]), source) if "*" in source else [source]
        if not matching:
            raise DeclarationError(f"{where}: built_from: {parameter}: no table is declared as {source}")
        first, *others = matching
        found[parameter] = first
        found |= {f"{parameter}.{name.partition('.')[2]}": name for name in others}
    return found


@functools.cache
def table(name: str) -> Table:
    """The declaration of a table such as 'gold.person'."""
    layer, _, bare = name.partition(".")
    path = ROOT / layer / f"{bare}.yaml"
    if layer not in (*LAYERS, "ops") or not path.is_file():
        raise DeclarationError(f"no table is declared as {name}")
    return read_table(path)


@functools.cache
def _names(layer: str) -> tuple[str, ...]:
    return tuple(f"{layer}.{path.stem}" for path in sorted((ROOT / layer).glob("*.yaml")))


def names(layer: str | None = None) -> list[str]:
    """Names of the declared tables, from the file names alone: cheap enough for a DAG file."""
    return [name for one in ([layer] if layer else LAYERS) for name in _names(one)]


def tables(layer: str | None = None) -> list[Table]:
    """Every declared table, of one layer or of all, sorted by name."""
    return [table(name) for name in names(layer)]


@functools.cache
def feed(name: str) -> Feed:
    """The declaration of a feed such as 'ehr_fhir'."""
    path = ROOT / "feeds" / f"{name}.yaml"
    if not path.is_file():
        raise DeclarationError(f"no feed is declared as {name}; known: {', '.join(f.feed for f in feeds())}")
    found = _make(Feed, _read_yaml(path), f"feeds/{path.name}")
    if found.feed != name:
        raise DeclarationError(f"feeds/{path.name}: declares {found.feed}")
    if not found.time_zone:
        raise DeclarationError(f"feeds/{path.name}: a feed without a declared time zone is refused")
    return found


def feeds() -> list[Feed]:
    """Every declared feed."""
    return [feed(path.stem) for path in sorted((ROOT / "feeds").glob("*.yaml"))]


def order(wanted: Iterable[str]) -> list[list[str]]:
    """Waves of tables: each depends only on tables of earlier waves or on tables not asked for."""
    left = {name: set(table(name).built_from.values()) for name in sorted(set(wanted))}
    waves: list[list[str]] = []
    while left:
        ready = [name for name, needs in left.items() if not (needs - {name}) & left.keys()]
        if not ready:
            raise DeclarationError(f"built_from goes round in a circle: {', '.join(left)}")
        waves.append(ready)
        left = {name: needs for name, needs in left.items() if name not in ready}
    return waves
