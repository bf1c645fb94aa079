"""Publication: the one document that says which version of every table readers see. All of gold, or none."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import Any

import schemas
from jobs.shell import coverage, documents, state
from jobs.shell.build import Outcome, Request
from jobs.shell.failpoint import reach
from jobs.shell.lake import OPERATIONS, Lake, NotBuiltError
from jobs.shell.settings import Settings
from jobs.shell.witness import GateAndLineage

TABLE = "publication"


class MixedError(RuntimeError):
    """Tables of gold were built from different versions of one table: names one of them, and what to run."""


def _path(settings: Settings, name: str) -> str:
    return f"{settings.root('ops')}/publications/{name}.json"


def current(settings: Settings) -> dict[str, Any] | None:
    """The publication that readers see; None before the first."""
    pointer = documents.read(_path(settings, "current"))
    return documents.read(_path(settings, pointer["publication"])) if pointer else None


def publish(lake: Lake, request: Request, witness: GateAndLineage, say: Callable[[str], None]) -> Outcome:
    """Publish the gated versions of all tables as one; nothing is written when nothing changed."""
    settings = lake.settings
    before = current(settings)
    versions = {name: lake.version(name) for layer in schemas.LAYERS for name in schemas.names(layer)}
    unbuilt = [name for name in schemas.names("gold") if versions[name] < 0]
    if unbuilt:
        raise NotBuiltError(f"publication waits for {', '.join(unbuilt)}: run `lakeward run gold` first")
    versions = {name: version for name, version in versions.items() if version >= 0}
    if before and before["tables"] == versions:
        outcome = Outcome(TABLE, "unchanged", before["number"], len(versions))
        say(f"publication {before['number']} stands: no table changed")
        return outcome
    _of_one_build(settings, versions)
    coverage.measure(lake)
    number = before["number"] + 1 if before else 1
    name = f"{number:08d}"
    states = {t: state.read(settings, t) for t in versions}
    document = {
        "number": number,
        "run": request.run,
        "as_of": request.as_of,
        "published_at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "tables": versions,
        "rows": {t: s.rows for t, s in states.items()},
        "vocabulary": states["bronze.concept"].vocabulary if "bronze.concept" in states else None,
        "previous": before["number"] if before else None,
    }
    documents.write(_path(settings, name), document)
    reach("before-pointer")
    # Readers follow the pointer: this rename is the moment of publication.
    documents.write(_path(settings, "current"), {"publication": name})
    say(f"publication {number}: {len(versions)} tables")
    return Outcome(TABLE, "built", number, len(versions))


def _of_one_build(settings: Settings, versions: Mapping[str, int]) -> None:
    """Raise MixedError where gold would be seen half as before: a run that failed, or of some tables, may leave it so.

    A later version in which nobody was touched, as maintenance makes it, is the same to whoever reads it.
    """
    read: dict[str, dict[int, str]] = {}
    for name in schemas.names("gold"):
        for source, version in state.read(settings, name).inputs.items():
            if source not in OPERATIONS:
                read.setdefault(source, {}).setdefault(version, name)
    for source, by_version in read.items():
        newest = versions[source] if source in schemas.names("gold") else max(by_version)
        for version, name in sorted(by_version.items()):
            if not state.changes_since(settings, source, version, newest).nothing:
                raise MixedError(
                    f"publication waits for {name}: it was built from version {version} of {source}, others from"
                    f" {newest}; run `lakeward run gold publication`"
                )
