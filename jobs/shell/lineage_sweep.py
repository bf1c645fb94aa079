"""Sweep: a hop that a dead process left open is closed at the next start.

It is closed with FAIL, unless the version it was about to publish is the one readers use: then the hop had done
all but say so, and what it meant to say is said for it.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass

from jobs.shell import documents, state
from jobs.shell import lineage_log as log
from jobs.shell.lineage_facets import Facetry
from jobs.shell.lineage_wire import Wire, configured
from jobs.shell.settings import Settings

DIED = "ProcessDied"


@dataclass(frozen=True)
class Swept:
    """What a sweep closed."""

    failed: int = 0
    completed: int = 0


def sweep(settings: Settings) -> Swept:
    """Close the open hops of runs whose process is dead; those of living runs are left alone."""
    found = Swept()
    try:
        marks = sorted(os.listdir(log.open_folder(settings)))
    except FileNotFoundError:
        return found
    wire = None
    for mark in marks:
        path = os.path.join(log.open_folder(settings), mark)
        try:
            held = log.take(path, wait=False)
        except FileNotFoundError:
            continue
        if held is None:
            continue
        try:
            _end_document(settings, mark.removesuffix(".jsonl"))
            events = _endings(settings, mark.removesuffix(".jsonl"), path)
            if events:
                log.append_after_death(settings, mark.removesuffix(".jsonl"), events)
                wire = wire or (Wire() if configured() else None)
            for event in events if wire else ():
                assert wire is not None
                wire.put(event)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
        finally:
            os.close(held)
        completed = sum(event["eventType"] == "COMPLETE" for event in events)
        found = Swept(found.failed + len(events) - completed, found.completed + completed)
    if wire:
        wire.close()
    return found


def _end_document(settings: Settings, run: str) -> None:
    """A run that died says "running" in its own document for ever; whoever holds its mark knows better."""
    path = f"{settings.root('ops')}/runs/{run}.json"
    told = documents.read(path)
    if told and told.get("state") == "running":
        documents.write(path, {**told, "state": "failed", "messages": [*told.get("messages", []), DIED]})


def _endings(settings: Settings, run: str, mark: str) -> list[log.Event]:
    """The events that a dead run still owes."""
    open_hops: dict[str, log.Event] = {}
    for event in log.read(log.events_path(settings, run)):
        if event["eventType"] == "START":
            open_hops[event["run"]["runId"]] = event
        elif event["eventType"] in log.ENDS:
            open_hops.pop(event["run"]["runId"], None)
    intended = {event["run"]["runId"]: event for event in log.read(mark)}
    return [_ending(settings, run, start, intended.get(i)) for i, start in open_hops.items()]


def _ending(settings: Settings, run: str, start: log.Event, intended: log.Event | None) -> log.Event:
    if intended and _published(settings, run, intended):
        return {**intended, "eventTime": log.now()}
    error = Facetry(start["producer"]).error(DIED, start["job"]["name"])
    facets = {**start["run"]["facets"], "errorMessage": error}
    return {**start, "eventType": "FAIL", "eventTime": log.now(), "run": {**start["run"], "facets": facets}}


def _published(settings: Settings, run: str, intended: log.Event) -> bool:
    facets = intended["outputs"][0]["facets"]
    table = facets["symlinks"]["identifiers"][0]["name"]
    version = int(facets["version"]["datasetVersion"])
    known = state.read(settings, table)
    return known.version == version or (known.run == run and known.version > version)
