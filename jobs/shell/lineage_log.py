"""The lineage log: one file of OpenLineage events per run, one event per line, in ops/lineage.

    events-<run>.jsonl     the events; what consumers of the file transport read
    index.jsonl            per COMPLETE: table, version, run, place in the file; made from the events
    open/<run>.jsonl       while the run lives: locked by it, and holds what it is about to publish

A process that dies gives up its lock, whatever killed it: so the next start can tell a dead run from a live one
without asking for process ids, which a system uses again.
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import os
import threading
from collections.abc import Iterator
from typing import Any

import orjson

from jobs.shell import documents
from jobs.shell.settings import Settings

Event = dict[str, Any]
ENDS = ("COMPLETE", "FAIL", "ABORT")


def now() -> str:
    """The time of an event: by it hops are put in order, and two of them begin in one millisecond."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds")


def folder(settings: Settings) -> str:
    """Where the lineage log lies."""
    return f"{settings.root('ops')}/lineage"


def events_path(settings: Settings, run: str) -> str:
    """The file of a run's events."""
    return f"{folder(settings)}/events-{run}.jsonl"


def index_path(settings: Settings) -> str:
    """The index of published versions."""
    return f"{folder(settings)}/index.jsonl"


def open_folder(settings: Settings) -> str:
    """Where living runs hold their locks."""
    return f"{folder(settings)}/open"


def take(path: str, *, wait: bool) -> int | None:
    """Lock a run's file in `open`; None when a living process holds it, or it is gone."""
    while True:
        held = os.open(path, os.O_RDWR | os.O_APPEND | (os.O_CREAT if wait else 0), 0o640)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            # Between open and lock a sweep may have removed the file: a lock on no name protects nothing.
            if os.path.exists(path) and os.path.samestat(os.stat(path), os.fstat(held)):
                return held
        except BlockingIOError:
            os.close(held)
            return None
        os.close(held)
        if not wait:
            return None


class Log:
    """The events of one run, written by the process that runs it."""

    def __init__(self, settings: Settings, run: str) -> None:
        self.run = run
        self._settings = settings
        self._guard = threading.Lock()
        documents.make_folder(open_folder(settings))
        self._mark = f"{open_folder(settings)}/{run}.jsonl"
        held = take(self._mark, wait=True)
        assert held is not None
        self._held = held
        self._events: int | None = None

    def write(self, event: Event, *, durable: bool = False) -> None:
        """Append an event; a COMPLETE also enters the index."""
        with self._guard:
            if self._events is None:
                self._events = _appending(events_path(self._settings, self.run))
            offset, length = _append(self._events, event)
            if durable:
                os.fsync(self._events)
            if event["eventType"] == "COMPLETE":
                _enter(self._settings, self.run, event, offset, length)

    def intend(self, event: Event) -> None:
        """Note the COMPLETE of a version that is about to be published, should we die before saying so."""
        with self._guard:
            _append(self._held, event)
            os.fsync(self._held)

    def close(self) -> None:
        """The run ends with every hop told."""
        with self._guard:
            if self._events is not None:
                os.close(self._events)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._mark)
            os.close(self._held)


def read(path: str) -> Iterator[Event]:
    """The events of a file; a line cut short by a crash is no event."""
    try:
        with open(path, "rb") as lines:
            for line in lines:
                with contextlib.suppress(ValueError):
                    found = orjson.loads(line)
                    if isinstance(found, dict):
                        yield found
    except FileNotFoundError:
        return


def read_at(path: str, offset: int, length: int) -> Event | None:
    """The event at a place in a file; None when it is not there."""
    try:
        with open(path, "rb") as found:
            found.seek(offset)
            event = orjson.loads(found.read(length))
    except (FileNotFoundError, ValueError):
        return None
    return event if isinstance(event, dict) else None


def runs(settings: Settings) -> list[str]:
    """Runs that have events, newest file first."""
    try:
        found = [entry for entry in os.scandir(folder(settings)) if entry.name.startswith("events-")]
    except FileNotFoundError:
        return []
    newest = sorted(found, key=lambda entry: (-entry.stat().st_mtime_ns, entry.name))
    return [entry.name.removeprefix("events-").removesuffix(".jsonl") for entry in newest]


def append_after_death(settings: Settings, run: str, events: list[Event]) -> None:
    """Append events to the file of a run that died; the caller holds its lock."""
    held = _appending(events_path(settings, run))
    try:
        for event in events:
            offset, length = _append(held, event)
            if event["eventType"] == "COMPLETE":
                _enter(settings, run, event, offset, length)
        os.fsync(held)
    finally:
        os.close(held)


def _appending(path: str) -> int:
    return os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o640)


def _append(held: int, event: Event) -> tuple[int, int]:
    """Write one line in one piece; place and length of the event in the file."""
    line = orjson.dumps(event)
    end = os.lseek(held, 0, os.SEEK_END)
    # A line that a crash cut short must not swallow this one.
    torn = end > 0 and os.pread(held, 1, end - 1) != b"\n"
    text = (b"\n" if torn else b"") + line + b"\n"
    written = 0
    while written < len(text):
        written += os.write(held, text[written:])
    return end + torn, len(line)


def _enter(settings: Settings, run: str, event: Event, offset: int, length: int) -> None:
    for output in event.get("outputs") or ():
        facets = output.get("facets", {})
        version = facets.get("version", {}).get("datasetVersion")
        links = facets.get("symlinks", {}).get("identifiers") or [{}]
        if version is None or "name" not in links[0]:
            continue
        entry = {"table": links[0]["name"], "version": version, "run": run, "offset": offset, "length": length}
        held = _appending(index_path(settings))
        try:
            fcntl.flock(held, fcntl.LOCK_EX)
            _append(held, {**entry, "at": event["eventTime"]})
        finally:
            os.close(held)
