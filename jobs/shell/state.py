"""What is known good: for each table the version readers use, what it was built from, and whom it touched.

A table's head may be ahead of its state: written, not yet gated, or refused by a gate. Readers go by
the state (bronze, silver) or by the publication (gold), never by the head.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import pathlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import schemas
from jobs.shell import documents
from jobs.shell.settings import Settings

# More touched people than this and a rebuild of everybody is cheaper than a list.
MOST_TOUCHED = 200_000
CHECKOUT = pathlib.Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class State:
    """The state document of one table."""

    table: str
    version: int = -1
    generation: int = 0
    code: str = ""
    inputs: dict[str, int] = field(default_factory=dict)
    run: str = ""
    rows: int = 0
    accounting: dict[str, Any] = field(default_factory=dict)
    verdicts: list[dict[str, Any]] = field(default_factory=list)
    measures: dict[str, Any] = field(default_factory=dict)
    deliveries: dict[str, dict[str, Any]] = field(default_factory=dict)
    vocabulary: str | None = None
    as_of: str | None = None
    at: str = ""
    seconds: float = 0.0


def _path(settings: Settings, table: str) -> str:
    return f"{settings.root('ops')}/state/{table}.json"


def read(settings: Settings, table: str) -> State:
    """The state of a table; version -1 when it was never published."""
    found = documents.read(_path(settings, table))
    return State(**found) if found else State(table)


def write(settings: Settings, state: State) -> None:
    """Make this the state: from now on readers see its version."""
    documents.write(_path(settings, state.table), dataclasses.asdict(state))


def version(settings: Settings, table: str) -> int:
    """The version of a table that readers use; -1 when there is none."""
    return read(settings, table).version


def code_of(table: str) -> str:
    """A digest of the code and declarations that make a table: another digest, another build."""
    layer, _, name = table.partition(".")
    folders = [CHECKOUT / "jobs" / folder for folder in ("columns", "formats", "identity")]
    files = [path for folder in folders for path in _files(folder, folder.stat().st_mtime_ns)]
    files += [CHECKOUT / "jobs" / layer / f"{name}.py", CHECKOUT / "schemas" / layer / f"{name}.yaml"]
    files += (CHECKOUT / "jobs" / layer).glob("_*.py")
    digest = hashlib.sha256()
    for path in sorted(files):
        if path.is_file():
            digest.update(str(path.relative_to(CHECKOUT)).encode())
            digest.update(_content(path, path.stat().st_mtime_ns))
    sources = set(schemas.table(table).built_from.values())
    if "silver.translated" in sources:
        # Dates are those of the feed's place, whatever its format (jobs.shell.lake.of_feed).
        digest.update(json.dumps(sorted((feed.feed, feed.time_zone) for feed in schemas.feeds())).encode())
    for feed in [one for one in schemas.feeds() if one.table in sources]:
        # What of a feed's declaration its records are read by.
        told = [feed.feed, feed.format, feed.time_zone, feed.options, feed.columns]
        digest.update(json.dumps(told, sort_keys=True, default=str).encode())
    for feed in [one for one in schemas.feeds() if one.table == table]:
        # What its own deliveries are read by; a table that reads their records depends on no limit.
        told = [feed.format, feed.limits, feed.options, feed.columns]
        digest.update(json.dumps(told, sort_keys=True, default=str).encode())
    return digest.hexdigest()[:16]


@functools.lru_cache(maxsize=64)
def _files(folder: pathlib.Path, changed: int) -> tuple[pathlib.Path, ...]:
    """What a folder held when one was last added to it."""
    return tuple(path for kind in ("*.py", "*.json") for path in folder.rglob(kind))


@functools.lru_cache(maxsize=1024)
def _content(path: pathlib.Path, changed: int) -> bytes:
    """A file as it was when it was last changed; a hundred tables share most of their code."""
    return path.read_bytes()


def rebuilds(settings: Settings) -> bool:
    """Whether a table of silver or gold is to be built from all there is: for the first time, or by other code."""
    known = (read(settings, name) for layer in ("silver", "gold") for name in schemas.names(layer))
    return any(one.version < 0 or one.code != code_of(one.table) for one in known)


def _changes_path(settings: Settings, table: str, version: int) -> str:
    # Surrogate ids of people live with the people, not among the operations documents.
    layer, _, name = table.partition(".")
    return f"{settings.root(layer)}/_changes/{name}/{version:020d}.json"


@dataclass(frozen=True)
class Changes:
    """Whom and what a span of versions touched, by kind; None: everything, or not known."""

    ids: dict[str, set[int] | None]
    resource_types: set[str] | None = None

    @property
    def nothing(self) -> bool:
        """Whether it is known that no row was touched, as where maintenance only wrote the files anew."""
        return self.resource_types == set() or (bool(self.ids) and all(ids == set() for ids in self.ids.values()))

    def of(self, kind: str) -> set[int] | None:
        """The ids of one kind."""
        return self.ids.get(kind)


def write_changes(
    settings: Settings,
    table: str,
    version: int,
    previous: int,
    touched: Mapping[str, Iterable[int] | None],
    resource_types: Iterable[str] | None = None,
) -> None:
    """Note what a version touched since the published version before it."""
    ids: dict[str, list[int] | None] = {}
    for kind, found in touched.items():
        listed = sorted(set(found)) if found is not None else None
        ids[kind] = listed if listed is not None and len(listed) <= MOST_TOUCHED else None
    types = sorted(set(resource_types)) if resource_types is not None else None
    documents.write(
        _changes_path(settings, table, version), {"previous": previous, "touched": ids, "resource_types": types}
    )


def changes_since(settings: Settings, table: str, since: int, until: int) -> Changes:
    """What the published versions after `since` up to `until` touched."""
    ids: dict[str, set[int] | None] = {}
    types: set[str] | None = set()
    first = True
    while until > since:
        noted = documents.read(_changes_path(settings, table, until))
        if noted is None:
            return Changes({})
        for kind in noted["touched"] if first else ids.keys() | noted["touched"].keys():
            before = set() if first else ids.get(kind)
            now = noted["touched"].get(kind)
            ids[kind] = None if before is None or now is None else before | set(now)
        types = None if types is None or noted["resource_types"] is None else types | set(noted["resource_types"])
        until, first = noted["previous"], False
    return Changes(ids, types) if until == since else Changes({})


def dependents(names: Iterable[str]) -> list[str]:
    """The given tables, in an order in which each comes after what it is built from."""
    return [name for wave in schemas.order(names) for name in wave]
