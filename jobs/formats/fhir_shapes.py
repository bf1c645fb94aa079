"""What a JSON text of a FHIR delivery is: resource, Bundle, export manifest, export log; told by its content."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from jobs.formats import bundle

NDJSON, BUNDLES, BUNDLE, RESOURCE = "ndjson", "ndjson-of-bundles", "bundle", "resource"
MANIFEST, LOG, UNKNOWN = "manifest", "log.ndjson", "unknown"
LINES = (NDJSON, BUNDLES)
DOCUMENTS = (BUNDLE, RESOURCE)


class Summary(NamedTuple):
    """What matters of a JSON text that is a whole file."""

    shape: str
    resource_type: str | None
    types: dict[str, int]


class _Typed(msgspec.Struct):
    resourceType: Any = None  # noqa: N815 - FHIR's own name


class _TypedEntry(msgspec.Struct):
    resource: _Typed | None = None


class _TypedBundle(msgspec.Struct):
    entry: list[_TypedEntry] = []


class _Envelope(msgspec.Struct):
    resourceType: Any = None  # noqa: N815 - FHIR's own name
    type: Any = None
    transactionTime: Any = None  # noqa: N815 - Bulk Data's own name
    output: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_REFUSED = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def of_line(value: Any) -> str | None:
    """What a file is of which this is the first line; None when the line does not tell."""
    if not isinstance(value, dict):
        return None
    if "eventId" in value and "eventDetail" in value:
        return LOG
    # Bulk Data Access 1.0 to 4.0, "Response - Complete Status": the two elements that every manifest has.
    if not isinstance(value.get("resourceType"), str) or ("transactionTime" in value and "output" in value):
        return None
    return BUNDLES if value["resourceType"] == "Bundle" and value.get("type") in bundle.UNPACKED else NDJSON


def of_document(text: memoryview) -> Summary | None:
    """What a file is that is one JSON text; None when it is none. Its content is skipped, not built."""
    try:
        found = msgspec.json.decode(text, type=_Envelope)
    except _REFUSED:
        return None
    if found.transactionTime is not None and found.output is not msgspec.UNSET:
        return Summary(MANIFEST, None, {})
    if not isinstance(found.resourceType, str):
        return Summary(UNKNOWN, None, {})
    if found.resourceType == "Bundle" and found.type in bundle.UNPACKED:
        return Summary(BUNDLE, None, _types(text))
    return Summary(RESOURCE, found.resourceType, {found.resourceType: 1})


def _types(text: memoryview) -> dict[str, int]:
    """How many entries of which type a Bundle has; '' for those that do not say."""
    try:
        entries = msgspec.json.decode(text, type=_TypedBundle).entry
    except _REFUSED:
        return {}
    types: dict[str, int] = {}
    for entry in entries:
        kind = entry.resource.resourceType if entry.resource else None
        kind = kind if isinstance(kind, str) else ""
        types[kind] = types.get(kind, 0) + 1
    return dict(sorted(types.items()))
