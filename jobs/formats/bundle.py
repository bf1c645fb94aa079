"""FHIR Bundles (R4 section Bundle): their entries, with the exact bytes and offsets of each resource."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
import numpy

from jobs.formats import strict_json

# Containers whose entries stand for themselves. A document or a message means something as a whole and a
# response is about a request: those stay one record of type Bundle.
UNPACKED = ("batch", "collection", "history", "searchset", "transaction")


class Entry(NamedTuple):
    """One entry: where it and its resource lie in the Bundle, and what it says about the resource."""

    position: int
    payload: bytes
    has_resource: bool
    full_url: str | None
    method: str | None
    url: str | None
    etag: str | None
    modified: str | None
    faults: tuple[str, ...] = ()


class _Kind(msgspec.Struct):
    resourceType: Any = None  # noqa: N815 - FHIR's own name
    type: Any = None


class _Bundle(msgspec.Struct):
    entry: list[msgspec.Raw] = []
    meta: Any = None
    timestamp: Any = None


class _Entry(msgspec.Struct):
    resource: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    fullUrl: Any = None  # noqa: N815 - FHIR's own name
    request: Any = None
    response: Any = None


_kind = msgspec.json.Decoder(_Kind)
_bundle = msgspec.json.Decoder(_Bundle)
_entry = msgspec.json.Decoder(_Entry)


def is_container(data: bytes) -> bool:
    """Whether a JSON text is a Bundle to unpack, found without building its content."""
    try:
        found = _kind.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return found.resourceType == "Bundle" and found.type in UNPACKED


def entries(data: bytes, deepest: int) -> tuple[list[Entry], tuple[str, ...]]:
    """The entries of a Bundle, or the faults for which it cannot be taken apart."""
    try:
        whole = _bundle.decode(data)
    except RecursionError:
        return [], (strict_json.TOO_DEEP,)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return [], (strict_json.examine(data, deepest)[1] or (strict_json.NOT_JSON,))
    base = _address(memoryview(data))
    meta = whole.meta if isinstance(whole.meta, dict) else {}
    # A delete need not say when it happened; then it did before the Bundle that tells of it.
    told = _text(meta.get("lastUpdated")) or _text(whole.timestamp)
    found = [_read_entry(raw, data, base, told) for raw in whole.entry]
    faults = strict_json.examine(_without_resources(data, found), deepest)[1]
    return ([], faults) if faults else (found, ())


def _read_entry(raw: msgspec.Raw, data: bytes, base: int, told: str | None) -> Entry:
    outer = memoryview(raw)
    start = _address(outer) - base
    try:
        entry = _entry.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Entry(start, bytes(outer), False, None, None, None, None, None, (strict_json.NOT_JSON,))
    position, payload, has_resource = start, outer, False
    if isinstance(entry.resource, msgspec.Raw) and (inner := memoryview(entry.resource)).nbytes != 4:
        position, payload, has_resource = _address(inner) - base, inner, True
    request = entry.request if isinstance(entry.request, dict) else {}
    response = entry.response if isinstance(entry.response, dict) else {}
    return Entry(
        position,
        data[position : position + len(payload)],
        has_resource,
        _text(entry.fullUrl),
        _text(request.get("method")),
        _text(request.get("url")),
        _text(response.get("etag")),
        _text(response.get("lastModified")) or told,
    )


def _without_resources(data: bytes, found: list[Entry]) -> bytes:
    """The Bundle with its resources cut out: here a key named twice would hide whole resources."""
    pieces, last = [], 0
    for entry in found:
        if entry.has_resource:
            pieces.append(data[last : entry.position])
            last = entry.position + len(entry.payload)
    return b"null".join([*pieces, data[last:]])


def _address(view: memoryview) -> int:
    # msgspec.Raw is a view into what was decoded; the difference of addresses is the offset, at no search.
    return int(numpy.frombuffer(view, numpy.uint8).ctypes.data)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
