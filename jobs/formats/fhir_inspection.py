"""One look at an arriving FHIR file while it is copied: what it is, whether it is whole, how much is in it.

Only newlines are counted on the way; content is read of the first and of the last line, and of a file
that is one JSON text. So a cut at a line end is not seen here: that is what manifests are for.
"""

from __future__ import annotations

import contextlib
import gzip
import mmap
import os
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import orjson

from jobs.formats import bundle, strict_json
from jobs.formats.fhir import Limits
from jobs.formats.ndjson import BLOCK
from jobs.formats.unpacking import Inspection, Unpacker

NDJSON, BUNDLES, BUNDLE, RESOURCE = "ndjson", "ndjson-of-bundles", "bundle", "resource"
MANIFEST, LOG, UNKNOWN = "manifest", "log.ndjson", "unknown"
LINES = (NDJSON, BUNDLES)
DOCUMENTS = (BUNDLE, RESOURCE)

TRUNCATED = "truncated"
EMPTY_FILE = "empty_file"
UNKNOWN_FORMAT = "unknown_format"
NOT_FHIR = "not_fhir"
DOCUMENT_TOO_LARGE = "document_too_large"

# A file of such a name claims to be for us, even when nothing in it can be recognised.
EXTENSIONS = (".ndjson", ".jsonl", ".json", ".fhir", "")

_BLANK = re.compile(rb"\n[ \t\r]*+(?=\n)")
_BOM = b"\xef\xbb\xbf"
_SNIFF = 64 << 10


class _Typed(msgspec.Struct):
    resourceType: Any = None  # noqa: N815 - FHIR's own name


class _TypedEntry(msgspec.Struct):
    resource: _Typed | None = None


class _TypedBundle(msgspec.Struct):
    entry: list[_TypedEntry] = []


def inspect(path: str, limits: Limits | None = None) -> Inspection:
    """Look at a file that lies still."""
    inspector = Inspector(limits or Limits())
    with open(path, "rb") as stream:
        while block := stream.read(BLOCK):
            inspector.update(block)
    return inspector.finish(path)


class Inspector:
    """Looks at a file block by block; `finish` says what it was."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._unpacker = Unpacker(limits.unpacked_bytes, limits.unpacked_ratio)
        self._records = 0
        self._head: list[bytes] = []
        self._head_size = 0
        self._tail: list[bytes] = []
        self._tail_size = 0
        self._line_is_blank = True
        self._ended = True

    def update(self, block: bytes) -> None:
        """Take the next bytes of the file as it is stored."""
        for plain in self._unpacker.feed(block):
            self._count(plain)

    def finish(self, path: str) -> Inspection:
        """What the file is; it is opened again only when it is one JSON text."""
        for plain in self._unpacker.close():
            self._count(plain)
        if not self._line_is_blank:
            self._records += 1
        if self._unpacker.fault:
            return self._found(UNKNOWN, faults=(self._unpacker.fault,))
        if not self._unpacker.unpacked:
            return self._found(UNKNOWN, faults=(EMPTY_FILE,))
        return self._recognise(path)

    def _count(self, plain: bytes) -> None:
        if not plain:
            return
        if not self._head_is_enough():
            self._head.append(plain)
            self._head_size += len(plain)
        first = plain.find(b"\n")
        if first < 0:
            self._line_is_blank = self._line_is_blank and plain.isspace()
            self._keep(plain)
            return
        blank = len(_BLANK.findall(plain, first))
        if self._line_is_blank and (first == 0 or plain[:first].isspace()):
            blank += 1
        self._records += plain.count(b"\n") - blank
        rest = plain[plain.rfind(b"\n") + 1 :]
        self._line_is_blank = not rest or rest.isspace()
        self._tail, self._tail_size = [], 0
        self._keep(rest)

    def _keep(self, rest: bytes) -> None:
        self._ended = not rest and not self._tail
        if rest and self._tail_size <= self.limits.record_bytes:
            self._tail.append(rest)
            self._tail_size += len(rest)

    def _head_is_enough(self) -> bool:
        if self._head_size < _SNIFF:
            return False
        return self._head_size > self.limits.record_bytes or b"\n" in self._head[-1] or self._records > 0

    def _recognise(self, path: str) -> Inspection:
        head = b"".join(self._head).removeprefix(_BOM)
        lines = [line for line in head.split(b"\n") if line.strip()]
        if not lines:
            return self._found(UNKNOWN, faults=(UNKNOWN_FORMAT,))
        first = _value(lines[0])
        if self._records == 1:
            return self._single(first, path, head)
        shape = _line_shape(first)
        if shape:
            return self._of_lines(shape, first)
        # The first line is no record: a JSON text over many lines, or lines of which the first is bad.
        text = self._document(path)
        if text is not None:
            return self._one_text(text)
        # The last of the lines seen may be cut where the look ended.
        for line in lines[1:201]:
            value = _value(line)
            shape = _line_shape(value)
            if shape:
                return self._of_lines(shape, value)
        if head.lstrip()[:1] in (b"{", b"["):
            too_large = self._unpacker.unpacked > self.limits.document_bytes
            return self._found(UNKNOWN, faults=(DOCUMENT_TOO_LARGE if too_large else TRUNCATED,))
        return self._found(UNKNOWN, faults=(UNKNOWN_FORMAT,))

    def _single(self, value: Any, path: str, head: bytes) -> Inspection:
        """A file of one line: a JSON text or a record."""
        if isinstance(value, dict):
            if _line_shape(value) == LOG:
                return self._found(LOG)
            text = self._document(path)
            if text is not None:
                return self._one_text(text)
        if self._unpacker.unpacked > self.limits.document_bytes:
            return self._found(UNKNOWN, faults=(DOCUMENT_TOO_LARGE,))
        if head.lstrip()[:1] == b"{":
            cut = () if self._ended and not strict_json.is_cut(head) else self._cut_fault()
            return self._found(NDJSON, records=1, faults=cut)
        return self._found(UNKNOWN, faults=(UNKNOWN_FORMAT,))

    def _of_lines(self, shape: str, value: Any) -> Inspection:
        if shape == LOG:
            return self._found(LOG, faults=self._cut_fault())
        kind = str(value["resourceType"])
        return self._found(shape, self._records, kind, {kind: self._records}, self._cut_fault())

    def _cut_fault(self) -> tuple[str, ...]:
        """Whether the last line has no end and is no whole JSON text: the copy stopped inside it."""
        tail = b"".join(self._tail)
        if self._ended or not tail.strip() or _value(tail) is not None:
            return ()
        if self._tail_size > self.limits.record_bytes:
            return () if tail.rstrip().endswith(b"}") else (TRUNCATED,)
        return (TRUNCATED,) if strict_json.is_cut(tail) else ()

    @contextlib.contextmanager
    def _opened(self, path: str) -> Iterator[Any]:
        if self._unpacker.compressed:
            with gzip.open(path, "rb") as stream:
                yield stream.read()
        elif os.path.getsize(path) == 0:
            yield b""
        else:
            with open(path, "rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
                yield mapped

    def _document(self, path: str) -> dict[str, Any] | None:
        """What matters of a file that is one JSON text; None when it is none."""
        if self._unpacker.unpacked > self.limits.document_bytes:
            return None
        with self._opened(path) as mapped, memoryview(mapped) as data:
            start = len(_BOM) if bytes(data[:3]) == _BOM else 0
            with data[start:] as text:
                return _summary(text)

    def _one_text(self, text: dict[str, Any]) -> Inspection:
        kind = text.get("resourceType")
        if text["manifest"]:
            return self._found(MANIFEST)
        if not isinstance(kind, str):
            return self._found(UNKNOWN, faults=(NOT_FHIR,))
        if kind == "Bundle" and text["container"]:
            return self._found(BUNDLE, sum(text["types"].values()), None, text["types"])
        return self._found(RESOURCE, 1, kind, {kind: 1})

    def _found(
        self,
        shape: str,
        records: int = 0,
        kind: str | None = None,
        types: dict[str, int] | None = None,
        faults: tuple[str, ...] = (),
    ) -> Inspection:
        seen = self._unpacker
        return Inspection(shape, seen.compressed, seen.size, seen.unpacked, records, kind, types or {}, faults)


def _value(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None


def _line_shape(value: Any) -> str | None:
    if not isinstance(value, dict):
        return None
    if "eventId" in value and "eventDetail" in value:
        return LOG
    if not isinstance(value.get("resourceType"), str) or _is_manifest(value):
        return None
    return BUNDLES if value["resourceType"] == "Bundle" and value.get("type") in bundle.UNPACKED else NDJSON


def _is_manifest(value: Any) -> bool:
    # Bulk Data Access 1.0 to 4.0, "Response - Complete Status": the two elements every manifest has.
    return "transactionTime" in value and "output" in value


class _Envelope(msgspec.Struct):
    resourceType: Any = None  # noqa: N815 - FHIR's own name
    type: Any = None
    transactionTime: Any = None  # noqa: N815 - Bulk Data's own name
    output: msgspec.Raw | None = None


def _summary(text: memoryview) -> dict[str, Any] | None:
    try:
        found = msgspec.json.decode(text, type=_Envelope)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    container = found.resourceType == "Bundle" and found.type in bundle.UNPACKED
    return {
        "resourceType": found.resourceType,
        "manifest": found.transactionTime is not None and found.output is not None,
        "container": container,
        "types": _types(text) if container else {},
    }


def _types(text: memoryview) -> dict[str, int]:
    """How many entries of which type a Bundle has; '' for those that do not say."""
    try:
        entries = msgspec.json.decode(text, type=_TypedBundle).entry
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}
    types: dict[str, int] = {}
    for entry in entries:
        kind = entry.resource.resourceType if entry.resource else None
        kind = kind if isinstance(kind, str) else ""
        types[kind] = types.get(kind, 0) + 1
    return dict(sorted(types.items()))
