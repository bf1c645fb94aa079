"""What every parser makes of what arrives: one record for each thing that the sender would count."""

from __future__ import annotations

from typing import NamedTuple


class Record(NamedTuple):
    """One source record: its place, what it says of itself, its bytes, its faults."""

    position: int
    length: int
    entry: int | None
    resource_type: str | None
    resource_id: str | None
    version_id: str | None
    last_updated: int | None
    full_url: str | None
    method: str | None
    payload: bytes | None
    faults: tuple[str, ...]


class RecordInContext(NamedTuple):
    """The same of a format in which a record cannot be read without what stands above it in its file: `context`."""

    position: int
    length: int
    entry: int | None
    resource_type: str | None
    resource_id: str | None
    version_id: str | None
    last_updated: int | None
    full_url: str | None
    method: str | None
    payload: bytes | None
    faults: tuple[str, ...]
    context: bytes | None
