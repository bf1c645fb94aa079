"""The lineage log, read back: which hop made a version, of what, and what stands on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from jobs.shell import lineage_log as log
from jobs.shell.column_lineage import ColumnLineage
from jobs.shell.column_sources import Source
from jobs.shell.lineage_datasets import sources_of
from jobs.shell.settings import Settings


@dataclass(frozen=True)
class Read:
    """An input of a hop: a table by its name, a file by its place; and its version or digest."""

    name: str
    location: str
    version: str | None


@dataclass(frozen=True)
class HopRecord:
    """A finished hop, as its COMPLETE event tells it."""

    table: str
    version: str
    run: str
    run_id: str
    at: str
    code: str
    inputs: tuple[Read, ...]
    rows: int | None
    verdicts: tuple[dict[str, Any], ...]
    columns: ColumnLineage
    parent: str | None = None
    tags: dict[str, str] = field(default_factory=dict)


# Table -> what the index says of its versions, oldest first.
Index = Mapping[str, list[dict[str, Any]]]


def hops(settings: Settings, table: str, version: int | str, index: Index | None = None) -> list[HopRecord]:
    """The hops that ended with this version of a table: first the one that made it, then those that confirmed it."""
    wanted = str(version)
    found: dict[tuple[str, int], HopRecord] = {}
    for entry in (index or _index(settings)).get(table, ()):
        if entry["version"] == wanted:
            event = log.read_at(log.events_path(settings, entry["run"]), entry["offset"], entry["length"])
            if event and (record := _record(event, table)) and record.version == wanted:
                found[entry["run"], entry["offset"]] = record
    return sorted(found.values() or _scan(settings, table, wanted), key=lambda record: record.at)


def latest(settings: Settings, table: str, index: Index | None = None) -> HopRecord | None:
    """The newest finished hop of a table."""
    for entry in reversed((index or _index(settings)).get(table, ())):
        event = log.read_at(log.events_path(settings, entry["run"]), entry["offset"], entry["length"])
        if event and (record := _record(event, table)):
            return record
    return max(_scan(settings, table, None), key=lambda record: record.at, default=None)


def upstream(settings: Settings, table: str, version: int | str) -> list[HopRecord]:
    """The hop that made a version and all hops before it, back to the files: nearest first."""
    found: list[HopRecord] = []
    index = _index(settings)
    todo = [(table, str(version))]
    seen = set(todo)
    while todo:
        name, wanted = todo.pop(0)
        records = hops(settings, name, wanted, index)
        if not records:
            continue
        found.append(records[0])
        for one in records[0].inputs:
            # A file is nobody's output: the way ends there.
            is_table = one.name != one.location
            if is_table and one.version is not None and (one.name, one.version) not in seen:
                seen.add((one.name, one.version))
                todo.append((one.name, one.version))
    return found


@dataclass(frozen=True)
class Graph:
    """What the lake is made of now: the newest finished hop of each table."""

    hops: dict[str, HopRecord]

    def edges(self) -> set[tuple[str, str]]:
        """Which dataset goes into which table."""
        return {(one.name, table) for table, hop in self.hops.items() for one in hop.inputs}

    def columns_from(self, table: str, column: str) -> set[Source]:
        """The columns that a column is made of, one hop back."""
        hop = self.hops.get(table)
        return set(hop.columns.columns.get(column, ())) if hop else set()

    def columns_into(self, table: str, column: str) -> set[Source]:
        """The columns that are made of a column, one hop on: what a change of it touches."""
        source = Source(table, column)
        return {
            Source(name, field)
            for name, hop in self.hops.items()
            for field, sources in hop.columns.columns.items()
            if source in sources
        }


def graph(settings: Settings) -> Graph:
    """The graph as the newest finished hops draw it."""
    index = _index(settings)
    found = {name: latest(settings, name, index) for name in index}
    return Graph({name: record for name, record in found.items() if record is not None})


def _index(settings: Settings) -> Index:
    found: dict[str, list[dict[str, Any]]] = {}
    for entry in log.read(log.index_path(settings)):
        found.setdefault(entry["table"], []).append(entry)
    return found


def _scan(settings: Settings, table: str, version: str | None) -> Iterator[HopRecord]:
    """The slow way, for an index that a crash cut short."""
    for run in log.runs(settings):
        for event in log.read(log.events_path(settings, run)):
            record = _record(event, table)
            if record and version in (None, record.version):
                yield record


def _record(event: log.Event, table: str) -> HopRecord | None:
    if event.get("eventType") != "COMPLETE":
        return None
    output = next((one for one in event["outputs"] if _called(one) == table), None)
    if output is None:
        return None
    facets, run = output["facets"], event["run"]["facets"]
    tags = {tag["key"]: tag["value"] for tag in run.get("tags", {}).get("tags", ())}
    parent = run.get("parent", {}).get("job", {})
    names = {(one["namespace"], one["name"]): _called(one) for one in event["inputs"]}
    said = facets.get("columnLineage", {})
    columns = {name: sources_of(one["inputFields"], names) for name, one in said.get("fields", {}).items()}
    return HopRecord(
        table=table,
        version=facets.get("version", {}).get("datasetVersion", ""),
        run=tags.pop("run", ""),
        run_id=event["run"]["runId"],
        at=event["eventTime"],
        code=tags.pop("code", ""),
        inputs=tuple(_read(one) for one in event["inputs"]),
        rows=facets.get("dataQualityMetrics", {}).get("rowCount"),
        verdicts=tuple(facets.get("dataQualityAssertions", {}).get("assertions", ())),
        columns=ColumnLineage(columns, sources_of(said.get("dataset", ()), names)),
        parent=parent.get("name"),
        tags=tags,
    )


def _read(dataset: dict[str, Any]) -> Read:
    version = dataset.get("facets", {}).get("version", {}).get("datasetVersion")
    return Read(_called(dataset), dataset["name"], version)


def _called(dataset: dict[str, Any]) -> str:
    links = dataset.get("facets", {}).get("symlinks", {}).get("identifiers")
    return str(links[0]["name"] if links else dataset["name"])
