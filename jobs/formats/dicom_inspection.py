"""One look at an arriving DICOM file while it is copied: what it is, whether it is whole, how much is in it.

A file of one instance is one record whatever is wrong in it: it waits in quarantine and holds nobody up. What
holds a delivery is a file of which nobody knows how many instances it should have: a cut text, a zip that is
refused, a DICOMDIR whose files are not there.
"""

from __future__ import annotations

import itertools
import mmap
from typing import Any

import orjson

from jobs.formats import dicom_directory, dicom_header, dicom_json, dicom_zip, strict_json
from jobs.formats.dicom import instances
from jobs.formats.dicom_directory import DICOM
from jobs.formats.dicom_limits import Limits
from jobs.formats.ndjson import Line, lines, open_bytes, whole_bytes
from jobs.formats.unpacking import EMPTY_FILE, Inspection, Unpacker, inspected

# What the shell asks of the inspection module of any format.
__all__ = [
    "ANNOUNCEMENTS", "DOCUMENTS", "EXTENSIONS", "EXTENSION_OF", "HEADER_ONLY", "Inspector", "LINES", "Limits",
    "NOT_DICOM", "NOT_FHIR", "UNKNOWN", "inspect",
]  # fmt: skip

INSTANCE, ZIP, DIRECTORY = "dicom", "dicom-zip", "dicomdir"
JSON, NDJSON, UNKNOWN = "dicom-json", "dicom-ndjson", "unknown"
# What can be read in byte ranges, and what only as a whole.
LINES = (NDJSON, ZIP)
DOCUMENTS = (INSTANCE, JSON)
# Of which only the header is read, whatever the size of the file.
HEADER_ONLY = (INSTANCE,)

TRUNCATED = "truncated"
UNKNOWN_FORMAT = "unknown_format"
DOCUMENT_TOO_LARGE = "document_too_large"
NOT_DICOM = dicom_header.NOT_DICOM
# The name by which the shell asks what is none of a feed's.
NOT_FHIR = NOT_DICOM

# Files that speak about the others, by shape, and how they are read.
ANNOUNCEMENTS = {DIRECTORY: dicom_directory.announced}
EXTENSION_OF = {INSTANCE: ".dcm", ZIP: ".zip", DIRECTORY: "", JSON: ".json", NDJSON: ".ndjson"}
# A file of such a name claims to be for us, even when nothing in it can be recognised.
EXTENSIONS = (".dcm", ".dicom", ".dic", ".ima", ".zip", ".json", ".ndjson", ".jsonl", "")
# Members of a zip that are no instances and do not claim to be: a viewer, its manual. Counted under this name.
LEFT_OUT = "not DICOM"

_SNIFF = 64 << 10
# So many lines may be bad before the first good one.
_MOST_BAD = 200
_TEXT = bytes(set(range(32, 256)) | set(b"\t\r\n\f\x1b"))


def inspect(path: str, limits: Limits | None = None) -> Inspection:
    """Look at a file that lies still."""
    return inspected(path, Inspector(limits or Limits()))


class Inspector:
    """Looks at a file block by block; `finish` says what it was."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._unpacker = Unpacker(limits.unpacked_bytes, limits.unpacked_ratio)
        self._head = b""

    def update(self, block: bytes) -> None:
        """Take the next bytes of the file as it is stored."""
        for plain in self._unpacker.feed(block):
            self._keep(plain)

    def finish(self, path: str) -> Inspection:
        """What the file is; a zip and JSON are opened again, an instance is not."""
        for plain in self._unpacker.close():
            self._keep(plain)
        if self._unpacker.fault:
            return self._found(UNKNOWN, faults=(self._unpacker.fault,))
        if not self._unpacker.unpacked:
            return self._found(UNKNOWN, faults=(EMPTY_FILE,))
        if dicom_zip.is_zip(self._head):
            return self._zip(path)
        if self._head[dicom_header.PREAMBLE :].startswith(dicom_header.PREFIX):
            return self._instance()
        if self._head.removeprefix(dicom_json.BOM).lstrip()[:1] in (b"{", b"["):
            return self._json(path)
        if dicom_header.is_bare(self._head):
            return self._instance()
        # A text is something else; bytes of no known kind may be what is left of an instance.
        return self._found(UNKNOWN, faults=(UNKNOWN_FORMAT if self._head.translate(None, _TEXT) else NOT_DICOM,))

    def _keep(self, plain: bytes) -> None:
        self._head += plain[: _SNIFF - len(self._head)]

    def _instance(self) -> Inspection:
        if dicom_directory.is_directory(dicom_header.meta(self._head, self.limits)):
            return self._found(DIRECTORY)
        return self._found(INSTANCE, 1, 1, {DICOM: 1})

    def _zip(self, path: str) -> Inspection:
        if self._unpacker.compressed:
            return self._found(UNKNOWN, faults=(dicom_zip.NESTED_ARCHIVE,))
        try:
            with open(path, "rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
                members = [one for one in dicom_zip.members(data, self.limits) if not one.is_folder]
                said = {}
                for one in members:
                    dicom_zip.verify(data, one, self.limits)
                    if _is_directory(dicom_zip.head(data, one, self.limits, _SNIFF), self.limits):
                        said[one.name] = dicom_zip.head(data, one, self.limits, one.size)
        except dicom_zip.ZipError as refused:
            return self._found(ZIP, faults=(str(refused),))
        names = [member.name for member, _ in instances(path, self.limits)]
        if not names and not said:
            return self._found(UNKNOWN, faults=(NOT_DICOM,))
        faults: set[str] = set()
        for name, content in said.items():
            faults.update(dicom_directory.compare(dicom_directory.announced(content), name, names))
        left = len(members) - len(names) - len(said)
        types = {DICOM: len(names)} | ({LEFT_OUT: left} if left else {})
        return self._found(ZIP, len(names), len(names), types, tuple(sorted(faults)))

    def _json(self, path: str) -> Inspection:
        """Lines when the first is an instance; else an array or one text; else lines of which the first are bad."""
        first = _value((0, 0, self._head.split(b"\n", 1)[0]))
        if dicom_json.is_instance(first):
            return self._of_lines(path)
        if self._unpacker.unpacked > self.limits.document_bytes:
            return self._found(UNKNOWN, faults=(DOCUMENT_TOO_LARGE,))
        with whole_bytes(path) as whole:
            text = bytes(whole)
        found = list(dicom_json.elements_of(text))
        values = [value for value in map(_value, found[:_MOST_BAD]) if value is not None]
        if not values and self._has_an_instance(path):
            return self._of_lines(path)
        if values and not any(dicom_json.is_instance(value) for value in values):
            return self._found(UNKNOWN, faults=(NOT_DICOM,))
        # Neither lines nor a JSON text: cut, or so bad that it makes one bad record.
        faults = (TRUNCATED,) if found and not values and strict_json.is_cut(text) else ()
        return self._found(JSON, len(found), len(found), {DICOM: len(found)} if found else {}, faults)

    def _has_an_instance(self, path: str) -> bool:
        with open_bytes(path) as stream:
            some = itertools.islice(lines(stream, longest=self.limits.document_bytes), _MOST_BAD)
            return any(dicom_json.is_instance(_value(line)) for line in some)

    def _of_lines(self, path: str) -> Inspection:
        count = texts = 0
        last: Line = (0, 0, b"")
        with open_bytes(path) as stream:
            for line in lines(stream, longest=self.limits.document_bytes):
                count += 1
                texts += line[2] is None or bool(line[2].strip())
                last = line
        # A last line without an end that is no whole text: the copy stopped inside it.
        is_cut = last[2] is not None and _value(last) is None and strict_json.is_cut(last[2])
        ended = last[0] + last[1] < self._unpacker.unpacked
        faults = (TRUNCATED,) if is_cut and not ended else ()
        return self._found(NDJSON, texts, count, {DICOM: texts}, faults)

    def _found(
        self,
        shape: str,
        texts: int = 0,
        count: int = 0,
        types: dict[str, int] | None = None,
        faults: tuple[str, ...] = (),
    ) -> Inspection:
        seen = self._unpacker
        kind = DICOM if types else None
        return Inspection(shape, seen.compressed, seen.size, seen.unpacked, texts, count, kind, types or {}, faults)


def _is_directory(head: bytes, limits: Limits) -> bool:
    if not head[dicom_header.PREAMBLE :].startswith(dicom_header.PREFIX):
        return False
    return dicom_directory.is_directory(dicom_header.meta(head, limits))


def _value(line: Line) -> Any:
    try:
        return orjson.loads((line[2] or b"").removeprefix(dicom_json.BOM))
    except orjson.JSONDecodeError:
        return None
