"""One look at an arriving FHIR file while it is copied: what it is, whether it is whole, how much is in it.

Only newlines are counted on the way; content is read of the first and of the last line, and of a file
that is one JSON text. So a cut at a line end is not seen here: that is what manifests are for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from jobs.formats import fhir_export, strict_json
from jobs.formats.fhir import AS_MEANT, Limits, Options, read, records
from jobs.formats.fhir_shapes import (
    BUNDLE,
    BUNDLES,
    DOCUMENTS,
    LINES,
    LOG,
    MANIFEST,
    NDJSON,
    RESOURCE,
    UNKNOWN,
    Summary,
    of_document,
    of_line,
)
from jobs.formats.ndjson import lines, open_bytes, whole_bytes
from jobs.formats.unpacking import EMPTY_FILE, Inspection, Unpacker, inspected

# What the shell asks of the inspection module of any format.
__all__ = [
    "ANNOUNCEMENTS", "AS_MEANT", "DOCUMENTS", "EXTENSIONS", "EXTENSION_OF", "Inspector", "LINES", "Limits", "NOT_FHIR",
    "UNKNOWN", "inspect", "inspector",
]  # fmt: skip

TRUNCATED = "truncated"
UNKNOWN_FORMAT = "unknown_format"
NOT_FHIR = "not_fhir"
DOCUMENT_TOO_LARGE = "document_too_large"

# Files that speak about the others, by shape, and how they are read.
ANNOUNCEMENTS = {MANIFEST: fhir_export.manifest, LOG: fhir_export.log}
EXTENSION_OF = {
    NDJSON: ".ndjson",
    BUNDLES: ".ndjson",
    LOG: ".ndjson",
    BUNDLE: ".json",
    RESOURCE: ".json",
    MANIFEST: ".json",
}
# A file of such a name claims to be for us, even when nothing in it can be recognised.
EXTENSIONS = (".ndjson", ".jsonl", ".json", ".fhir", "")

_BLANK = re.compile(rb"\n[ \t\r]*+(?=\n)")
_BOM = b"\xef\xbb\xbf"
_SNIFF = 64 << 10
_BUNDLE = b'"Bundle"'
# So many lines may be bad before the first good one.
_MOST_BAD = 200


def inspector(limits: Mapping[str, Any], options: Mapping[str, Any], _: str | None = None) -> Inspector:
    """The inspector of a file, from what its feed declares; how many records there are depends on no option."""
    Options.of(options)
    return Inspector(Limits.of(limits))


def inspect(path: str, limits: Limits | None = None) -> Inspection:
    """Look at a file that lies still."""
    return inspected(path, Inspector(limits or Limits()))


class Inspector:
    """Looks at a file block by block; `finish` says what it was."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._unpacker = Unpacker(limits.unpacked_bytes, limits.unpacked_ratio)
        self._newlines = 0
        self._texts = 0
        self._has_bundles = False
        self._edge = b""
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
            self._texts += 1
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
        if not self._has_bundles:
            self._has_bundles = _BUNDLE in plain or _BUNDLE in self._edge + plain[: len(_BUNDLE)]
            self._edge = (self._edge + plain[-len(_BUNDLE) :])[-len(_BUNDLE) :]
        first = plain.find(b"\n")
        if first < 0:
            self._line_is_blank = self._line_is_blank and plain.isspace()
            self._keep(plain)
            return
        blank = len(_BLANK.findall(plain, first))
        if self._line_is_blank and (first == 0 or plain[:first].isspace()):
            blank += 1
        newlines = plain.count(b"\n")
        self._newlines += newlines
        self._texts += newlines - blank
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
        return self._head_size > self.limits.record_bytes or b"\n" in self._head[-1] or self._texts > 0

    def _recognise(self, path: str) -> Inspection:
        head = b"".join(self._head).removeprefix(_BOM)
        seen = [line for line in head.split(b"\n") if line.strip()]
        if not seen:
            return self._found(UNKNOWN, faults=(UNKNOWN_FORMAT,))
        if self._texts == 1:
            return self._single(path, head)
        shape = of_line(first := _value(seen[0]))
        if shape:
            return self._of_lines(shape, first, path)
        # The first line is no record: a JSON text over many lines, or lines of which the first is bad.
        document = self._document(path)
        if document:
            return self._one_text(document, path)
        for line in seen[1:_MOST_BAD]:
            shape = of_line(value := _value(line))
            if shape:
                return self._of_lines(shape, value, path)
        return self._broken(path, head)

    def _single(self, path: str, head: bytes) -> Inspection:
        """A file of one line: a JSON text, or a record of a file that has one."""
        value = _value(head)
        shape = of_line(value)
        if shape in (NDJSON, LOG):
            return self._of_lines(shape, value, path)
        document = self._document(path)
        return self._one_text(document, path) if document else self._broken(path, head)

    def _broken(self, path: str, head: bytes) -> Inspection:
        """Neither lines nor a JSON text: cut, or so bad that it makes one bad record, or not for us."""
        if self._unpacker.unpacked > self.limits.document_bytes:
            return self._found(UNKNOWN, faults=(DOCUMENT_TOO_LARGE,))
        if head.lstrip()[:1] != b"{":
            return self._found(UNKNOWN, faults=(UNKNOWN_FORMAT,))
        with whole_bytes(path) as whole:
            faults = (TRUNCATED,) if strict_json.is_cut(bytes(whole)) else ()
        return self._found(RESOURCE, 1, 1, None, {"": 1}, faults)

    def _of_lines(self, shape: str, value: Any, path: str) -> Inspection:
        if shape == LOG:
            return self._found(LOG, faults=self._cut_fault())
        kind = str(value["resourceType"])
        count = self._count_lines(path) if self._has_bundles else self._newlines + (not self._ended)
        return self._found(shape, self._texts, count, kind, {kind: self._texts}, self._cut_fault())

    def _count_lines(self, path: str) -> int:
        """How many records the lines give when some of them may be Bundles: those lines must be taken apart."""
        with open_bytes(path) as stream:
            found = 0
            for line in lines(stream, longest=self.limits.document_bytes):
                apart = line[2] is not None and _BUNDLE in line[2]
                found += sum(1 for _ in records([line], self.limits)) if apart else 1
        return found

    def _cut_fault(self) -> tuple[str, ...]:
        """Whether the last line has no end and is no whole JSON text: the copy stopped inside it."""
        tail = b"".join(self._tail)
        if self._ended or not tail.strip() or _value(tail) is not None:
            return ()
        if self._tail_size > self.limits.record_bytes:
            return () if tail.rstrip().endswith(b"}") else (TRUNCATED,)
        return (TRUNCATED,) if strict_json.is_cut(tail) else ()

    def _document(self, path: str) -> Summary | None:
        """What matters of a file that is one JSON text; None when it is none."""
        if self._unpacker.unpacked > self.limits.document_bytes:
            return None
        with whole_bytes(path) as whole, memoryview(whole) as data:
            start = len(_BOM) if bytes(data[:3]) == _BOM else 0
            with data[start:] as text:
                return of_document(text)

    def _one_text(self, found: Summary, path: str) -> Inspection:
        if found.shape == UNKNOWN:
            return self._found(UNKNOWN, faults=(NOT_FHIR,))
        texts = sum(found.types.values())
        count = texts
        if found.shape == BUNDLE:
            count = sum(1 for _ in read(path, document=True, limits=self.limits))
        return self._found(found.shape, texts, count, found.resource_type, found.types)

    def _found(
        self,
        shape: str,
        texts: int = 0,
        count: int = 0,
        kind: str | None = None,
        types: dict[str, int] | None = None,
        faults: tuple[str, ...] = (),
    ) -> Inspection:
        seen = self._unpacker
        return Inspection(shape, seen.compressed, seen.size, seen.unpacked, texts, count, kind, types or {}, faults)


def _value(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
