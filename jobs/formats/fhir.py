"""FHIR R4 deliveries: bytes in, records out. NDJSON lines, entries of Bundles, single JSON documents.

A record keeps its exact bytes and their place in the unpacked file. What is wrong with it has a name; a
faulty record is a record too. Nothing here is lenient: a byte order mark, which RFC 8259 section 8.1 lets
a reader ignore, is a fault of the record it precedes, since the bytes after it are not what the sender said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from jobs.formats import bundle, ndjson, strict_json
from jobs.formats.declaration import build, whole_numbers
from jobs.formats.ndjson import Line
from jobs.formats.record import Record

EMPTY_LINE = "empty_line"
BYTE_ORDER_MARK = "byte_order_mark"
NO_RESOURCE_TYPE = "no_resource_type"
BAD_RESOURCE_TYPE = "bad_resource_type"
NO_ID = "no_id"
NO_RESOURCE = "no_resource"
TEST_RESOURCE = "test_resource"
MODIFIER_EXTENSION = "modifier_extension"
# Every fault a record can have, with what it means to the sender.
FAULTS = {
    strict_json.NOT_JSON: "not a JSON text (RFC 8259)",
    EMPTY_LINE: "a line without content",
    strict_json.NAN: "NaN or Infinity, which JSON does not have",
    strict_json.DUPLICATE_KEY: "an object names a key twice",
    BYTE_ORDER_MARK: "begins with a byte order mark",
    strict_json.BAD_UTF8: "not UTF-8, or half of a surrogate pair",
    NO_RESOURCE_TYPE: "no resourceType",
    BAD_RESOURCE_TYPE: "resourceType is not shaped as a FHIR type name",
    NO_ID: "no id",
    NO_RESOURCE: "a Bundle entry without a resource that is not a delete",
    TEST_RESOURCE: "labelled as test data; the feed's option test_resources says whether it is taken in",
    MODIFIER_EXTENSION: "has a modifierExtension that is not among those the feed understands (option"
    " modifier_extensions): its meaning may be the opposite",
    strict_json.TOO_DEEP: "nested deeper than the feed's limit",
    strict_json.TOO_LARGE: "larger than the feed's limit; its bytes are kept in landing only",
    strict_json.NUMBER_OUT_OF_RANGE: "a number beyond what any reader holds",
}
# Messages of an operation, not things with a life on a server: they come without id (R4 Parameters;
# Bundle.entry.search.mode = outcome; Bulk Data error files).
WITHOUT_ID = ("OperationOutcome", "Parameters")

# Faults of what came as it was meant: it waits, and says nothing against the delivery it is part of.
AS_MEANT = (TEST_RESOURCE, MODIFIER_EXTENSION)

# ActReason as R4, as STU3 and earlier, and as CDA call it.
_TEST_LABELS = (
    ("http://terminology.hl7.org/CodeSystem/v3-ActReason", "HTEST"), ("http://hl7.org/fhir/v3/ActReason", "HTEST"),
    ("urn:oid:2.16.840.1.113883.5.8", "HTEST"),
)  # fmt: skip
_BOM = b"\xef\xbb\xbf"
_MODIFIER = b'"modifierExtension"'
_TYPE_NAME = re.compile(r"[A-Z][A-Za-z]{1,63}\Z")
# Type/id at the end of a request.url, with or without a server before and a version after it.
_TARGET = re.compile(r"(?:^|/)([A-Z][A-Za-z]{1,63})/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?\Z")
_ETAG = re.compile(r'(?:W/)?"([^"]{1,64})"\Z')
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Limits:
    """Limits of a feed; each has a name in the feed's declaration."""

    record_bytes: int = 64 << 20
    depth: int = 100
    document_bytes: int = 256 << 20
    unpacked_bytes: int = 2 << 30
    unpacked_ratio: int = 100

    @classmethod
    def of(cls, declared: Mapping[str, Any]) -> Limits:
        """The limits a feed declares; what it does not name keeps its default."""
        return whole_numbers(cls, declared, "limits")


@dataclass(frozen=True)
class Options:
    """What a feed of FHIR may say under `options`.

    Whether test data is taken in, and the urls of the modifier extensions that leave true what is read here.
    """

    test_resources: bool = False
    modifier_extensions: tuple[str, ...] = ()

    @classmethod
    def of(cls, declared: Mapping[str, Any]) -> Options:
        """The options a feed declares; raises FormatDeclarationError naming one that is none or has no such value."""
        return build(cls, declared, "options")


DEFAULT = Options()


def read(
    path: str,
    start: int = 0,
    end: int | None = None,
    *,
    document: bool = False,
    limits: Limits,
    options: Options = DEFAULT,
) -> Iterator[Record]:
    """The records of a file, or those that start in a byte range of it; `document`: the file is one JSON text."""
    with ndjson.open_bytes(path) as stream:
        if document:
            text = stream.read(limits.document_bytes + 1)
            body = text.strip(b" \t\r\n")
            lines: Iterable[Line] = [(text.find(body[:1]) if body else 0, len(body), body)]
        else:
            lines = ndjson.lines(stream, start, end, longest=limits.document_bytes)
        yield from records(lines, limits, options)


def records(lines: Iterable[Line], limits: Limits, options: Options = DEFAULT) -> Iterator[Record]:
    """The records of some lines: one each, or those of the Bundle that a line is."""
    large = min(limits.record_bytes, strict_json.SURELY_SMALL)
    for position, length, text in lines:
        if text is None:
            yield _faulty(position, length, None, (strict_json.TOO_LARGE,))
        elif length > large and bundle.is_container(text.removeprefix(_BOM)):
            # The limit is for records; a large Bundle is taken apart before its content is built.
            yield from _unpack(text, position, limits, options)
        elif length > limits.record_bytes:
            yield _faulty(position, length, None, (strict_json.TOO_LARGE,))
        elif (found := _record(text, position, limits, options)) is not None:
            yield found
        else:
            yield from _unpack(text, position, limits, options)


def _record(text: bytes, position: int, limits: Limits, options: Options, entry: int | None = None) -> Record | None:
    """The record a text is; None for a Bundle that must be taken apart."""
    faults: tuple[str, ...] = ()
    body = text
    if text[:3] == _BOM:
        body, faults = text[3:], (BYTE_ORDER_MARK,)
    value, wrong = strict_json.examine(body, limits.depth)
    if type(value) is not dict:
        if not body.strip():
            wrong = (EMPTY_LINE,)
        return _faulty(position, len(text), text, faults + (wrong or (NO_RESOURCE_TYPE,)), entry)
    kind, identifier, meta = value.get("resourceType"), value.get("id"), value.get("meta")
    if kind == "Bundle" and entry is None and value.get("type") in bundle.UNPACKED:
        return None
    kind, of_kind = _kind(kind)
    if of_kind or wrong:
        faults += wrong + of_kind
    if not identifier or type(identifier) is not str:
        identifier = None
        if kind not in WITHOUT_ID:
            faults += (NO_ID,)
    version = updated = None
    if type(meta) is dict:
        version, updated = _text(meta.get("versionId")), instant(meta.get("lastUpdated"))
        if "security" in meta and not options.test_resources and _is_test(meta["security"]):
            faults += (TEST_RESOURCE,)
    if _MODIFIER in text and _is_modified(value, options.modifier_extensions):
        faults += (MODIFIER_EXTENSION,)
    # Past the named constructor, which costs as much as a tenth of reading the record.
    return tuple.__new__(
        Record, (position, len(text), entry, kind, identifier, version, updated, None, None, text, faults)
    )


def _unpack(text: bytes, position: int, limits: Limits, options: Options) -> Iterator[Record]:
    body = text.removeprefix(_BOM)
    mark = (BYTE_ORDER_MARK,) if len(body) < len(text) else ()
    found, faults = bundle.entries(body, limits.depth)
    if faults:
        kept = text if len(text) <= limits.record_bytes else None
        yield _faulty(position, len(text), kept, mark + faults)._replace(resource_type="Bundle")
    start = position + len(text) - len(body)
    for number, entry in enumerate(found):
        record = _entry_record(entry, start + entry.position, number, limits, options)
        # The mark stands before the first record of the file, so it is that record's fault.
        yield record._replace(faults=mark + record.faults) if mark and not number else record


def _entry_record(entry: bundle.Entry, position: int, number: int, limits: Limits, options: Options) -> Record:
    size, payload = len(entry.payload), entry.payload
    if size > limits.record_bytes:
        record = _faulty(position, size, None, (strict_json.TOO_LARGE,), number)
    elif entry.has_resource:
        found = _record(payload, position, limits, options, number)
        assert found is not None  # a Bundle inside a Bundle stays one record
        record = found
    elif entry.method == "DELETE":
        return _tombstone(entry, position, number)
    else:
        record = _faulty(position, size, payload, entry.faults or (NO_RESOURCE,), number)
    return record._replace(full_url=entry.full_url, method=entry.method)


def _tombstone(entry: bundle.Entry, position: int, number: int) -> Record:
    """A delete: the entry itself is the record, its target named by the request (R4 Bundle.entry.request.url)."""
    target = _TARGET.search((entry.url or "").split("?", 1)[0]) if "?" not in (entry.url or "") else None
    kind, identifier = target.groups() if target else (None, None)
    tag = _ETAG.match(entry.etag or "")
    return Record(
        position,
        len(entry.payload),
        number,
        kind,
        identifier,
        tag.group(1) if tag else None,
        instant(entry.modified),
        entry.full_url,
        entry.method,
        entry.payload,
        () if target else (NO_ID,),
    )


def _faulty(
    position: int, length: int, payload: bytes | None, faults: tuple[str, ...], entry: int | None = None
) -> Record:
    return Record(position, length, entry, None, None, None, None, None, None, payload, faults)


def _kind(value: Any) -> tuple[str | None, tuple[str, ...]]:
    if not value or type(value) is not str:
        return None, (NO_RESOURCE_TYPE,)
    # It becomes the name of a folder; any type is kept, but not any text.
    return (value, ()) if _TYPE_NAME.match(value) else (None, (BAD_RESOURCE_TYPE,))


def _is_test(labels: Any) -> bool:
    """Whether meta.security says test data (R4 security-labels.html, v3 ActReason HTEST).

    What a Bundle is labelled with is not asked: that is the sum of its entries, and says of none which.
    """
    return type(labels) is list and any(
        type(label) is dict and (label.get("system"), label.get("code")) in _TEST_LABELS for label in labels
    )


def _is_modified(value: Any, known: Sequence[str]) -> bool:
    """Whether a resource, or an element of it, has a modifierExtension whose url is none of the `known`.

    Who does not understand one must not process what holds it as if it were not there (R4 extensibility.html, Modifier
    Extensions). Which elements can be left out is not ours to say: an item that is not charged changes the claim.
    """
    left = [value]
    while left:
        one = left.pop()
        if type(one) is dict:
            said = one.get("modifierExtension")
            if said and not (known and type(said) is list and all(_url(each) in known for each in said)):
                return True
            left.extend(one.values())
        elif type(one) is list:
            left.extend(one)
    return False


def _url(extension: Any) -> str | None:
    return _text(extension.get("url")) if type(extension) is dict else None


def _text(value: Any) -> str | None:
    return value if type(value) is str else None


def instant(value: Any) -> int | None:
    """Microseconds since 1970 UTC of a FHIR instant; None when it is none (R4 datatypes: instant has a zone).

    >>> instant("2026-03-01T01:00:00.5+01:00"), instant("2026-03-01"), instant("soon")
    (1772323200500000, None, None)
    """
    if type(value) is not str:
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    if at.tzinfo is None:
        return None
    passed = at - _EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds
