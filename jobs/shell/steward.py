"""What a steward said of who is whom: one line a decision, appended, in ops/identity/decisions.jsonl; never rewritten.

A line is a JSON object: left_id, right_id (patient ids, smaller first), decision, decided_at (UTC), who, why. Patient
ids are hashes; nothing else of a person stands here, and `why` is the steward's own text.
"""

from __future__ import annotations

import datetime
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pyarrow as pa

from jobs.identity.decisions import MEANINGS, DecisionError, pair_of
from jobs.shell import documents
from jobs.shell.settings import Settings

SCHEMA = pa.schema(
    [
        ("left_id", pa.int64()),
        ("right_id", pa.int64()),
        ("decision", pa.string()),
        ("decided_at", pa.string()),
        ("who", pa.string()),
        ("why", pa.string()),
    ]
)


class StewardError(ValueError):
    """The file of decisions cannot be trusted: names path and line, never a value."""


class Decision(NamedTuple):
    """One word of a steward."""

    left_id: int
    right_id: int
    decision: str
    decided_at: str
    who: str
    why: str


def path(settings: Settings) -> str:
    """Where the decisions are."""
    return f"{settings.root('ops')}/identity/decisions.jsonl"


def decide(
    settings: Settings, word: str, one: int, other: int, *, who: str, why: str, at: datetime.datetime
) -> Decision:
    """Append a decision; it is on the disk when this returns. `at` has a time zone."""
    if word not in MEANINGS:
        raise DecisionError(f"a decision is one of {', '.join(MEANINGS)}")
    if not who.strip() or not why.strip():
        raise DecisionError("a decision needs who decides and why")
    left, right = pair_of(one, other)
    decided_at = at.astimezone(datetime.UTC).isoformat(timespec="microseconds")
    made = Decision(left, right, word, decided_at, who.strip(), why.strip())
    with _held(path(settings)) as out:
        line = json.dumps(made._asdict(), ensure_ascii=False, sort_keys=True) + "\n"
        os.write(out, line.encode())
        os.fsync(out)
    return made


@contextmanager
def _held(where: str) -> Iterator[int]:
    """The file open for appending, with nobody else writing; a line that a crash cut off is taken away first."""
    folder = os.path.dirname(where)
    documents.make_folder(folder)
    is_new = not os.path.exists(where)
    held = os.open(where, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        written = os.pread(held, os.fstat(held).st_size, 0)
        if not written.endswith(b"\n"):
            os.ftruncate(held, written.rfind(b"\n") + 1)
        yield held
        if is_new:
            documents.sync(folder)
    finally:
        os.close(held)


def decisions(settings: Settings) -> list[Decision]:
    """All decisions in the order in which they were made; a last line without its end was never made."""
    where = path(settings)
    try:
        with open(where, "rb") as found:
            lines = found.read().split(b"\n")[:-1]
    except FileNotFoundError:
        return []
    return [_read(line, where, number) for number, line in enumerate(lines, 1)]


def _read(line: bytes, where: str, number: int) -> Decision:
    try:
        found: dict[str, Any] = json.loads(line)
        made = Decision(**found)
    except (ValueError, TypeError):
        raise StewardError(f"{where}, line {number}: not a decision") from None
    if made.decision not in MEANINGS or not isinstance(made.left_id, int) or not isinstance(made.right_id, int):
        raise StewardError(f"{where}, line {number}: not a decision")
    return made


def as_table(settings: Settings) -> pa.Table:
    """The decisions as jobs.identity.matching.match takes them."""
    return pa.Table.from_pylist([one._asdict() for one in decisions(settings)], schema=SCHEMA)
