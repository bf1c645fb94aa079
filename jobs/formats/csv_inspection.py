"""One look at an arriving CSV file while it is copied: what kind it is, whether it is whole, whether its totals add up.

Rows are counted on the way and, where the trailer has control totals, summed. Whether cells are what the feed
declares is not asked here: that is the reader's, row by row.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jobs.formats import csv_head
from jobs.formats.csv_cells import Cutter
from jobs.formats.csv_columns import heading
from jobs.formats.csv_faults import UNCLOSED_QUOTE, UNKNOWN_HEADER
from jobs.formats.csv_head import Head
from jobs.formats.csv_layout import Layout, Limits
from jobs.formats.csv_rows import BLOCK
from jobs.formats.csv_split import Body, Run
from jobs.formats.csv_totals import Finding, Totals
from jobs.formats.unpacking import EMPTY_FILE, Inspection, Unpacker, inspected

# What the shell asks of the inspection module of any format.
__all__ = [
    "ANNOUNCEMENTS", "CsvInspection", "DOCUMENTS", "EXTENSIONS", "EXTENSION_OF", "Inspector", "LINES", "Layout",
    "Limits", "NOT_CSV", "NOT_FHIR", "UNKNOWN", "inspect", "inspector",
]  # fmt: skip

TRUNCATED = "truncated"
NOT_CSV = "not_csv"
# By this name the shell asks any format for "this is none of mine".
NOT_FHIR = NOT_CSV

CSV, OVER_LINES, UNKNOWN = "csv", "csv-over-lines", "unknown"
# A row of such a file may run over lines: it is read from its beginning. The others are read from any place.
DOCUMENTS = (OVER_LINES,)
LINES = (CSV,)
# No CSV file speaks about others.
ANNOUNCEMENTS: dict[str, Any] = {}
EXTENSION_OF = {CSV: ".csv", OVER_LINES: ".csv"}
# A file of such a name claims to be for us, even when nothing in it can be recognised.
EXTENSIONS = (".csv", ".tsv", ".tab", ".psv", ".dat", ".del", ".txt", "")


@dataclass(frozen=True)
class CsvInspection(Inspection):
    """What was found, with the particulars of each fault that has any."""

    findings: tuple[Finding, ...] = ()


def inspector(limits: Mapping[str, Any], options: Mapping[str, Any], file_name: str | None = None) -> Inspector:
    """The inspector of a file, from what its feed declares."""
    return Inspector(Limits.of(limits), Layout.of(options), file_name)


def inspect(path: str, layout: Layout, limits: Limits | None = None, file_name: str | None = None) -> CsvInspection:
    """Look at a file that lies still."""
    return inspected(path, Inspector(limits or Limits(), layout, file_name))


class Inspector:
    """Looks at a file block by block; `finish` says what it was. `file_name` may tell kinds of file apart."""

    def __init__(self, limits: Limits, layout: Layout, file_name: str | None = None) -> None:
        self.limits = limits
        self.layout = layout
        self._name = file_name
        self._unpacker = Unpacker(limits.unpacked_bytes, limits.unpacked_ratio)
        self._start = b""
        self._head: Head | None = None
        self._body: Body | None = None
        self._totals: Totals | None = None
        self._records = 0
        self._texts = 0
        self._last: Run | None = None

    def update(self, block: bytes) -> None:
        """Take the next bytes of the file as it is stored."""
        for plain in self._unpacker.feed(block):
            self._look(plain, whole=False)

    def finish(self, path: str) -> CsvInspection:
        """What the file is; it is not opened again."""
        for plain in self._unpacker.close():
            self._look(plain, whole=False)
        if self._unpacker.fault:
            return self._found(UNKNOWN, [Finding(self._unpacker.fault)])
        if self._unpacker.unpacked == len(self._start) and not self._start.removeprefix(b"\xef\xbb\xbf").strip():
            return self._found(UNKNOWN, [Finding(EMPTY_FILE)])
        self._look(b"", whole=True)
        assert self._head
        if self._body is None:
            return self._found(UNKNOWN, [self._header_fault(self._head)])
        for run in self._body.close():
            self._count(run)
        shape = OVER_LINES if self._body.over_lines else CSV
        return self._found(shape, self._end_faults(self._head, self._body))

    def _look(self, plain: bytes, *, whole: bool) -> None:
        if self._head is None:
            self._start += plain
            self._head = csv_head.read(self._start, self.layout, whole=whole, name=self._name)
            if self._head is None:
                return
            plain = self._start[self._head.start :]
            self._start = self._start[: self._head.start]
            if self._head.fault is None and b"\0" not in self._start:
                multiline = self.layout.quoted_newlines
                self._body = Body(self._head, self.layout, self.limits, self._head.start, multiline=multiline)
                self._totals = Totals(self._head, self.layout)
        for at in range(0, len(plain) if self._body else 0, BLOCK):
            assert self._body
            for run in self._body.feed(plain[at : at + BLOCK]):
                self._count(run)

    def _count(self, run: Run) -> None:
        assert self._totals
        self._records += len(run.rows) + (run.dropped > 0)
        self._texts += sum(1 for row in map(bytes.strip, run.rows) if row) + (run.dropped > 0)
        self._totals.add(run.rows)
        self._last = run

    def _header_fault(self, head: Head) -> Finding:
        if self._is_foreign(head):
            return Finding(NOT_CSV)
        if head.fault == UNKNOWN_HEADER:
            return Finding(UNKNOWN_HEADER, head.nearest, head.missing, head.extra)
        return Finding(head.fault or UNKNOWN_HEADER, head.nearest)

    def _is_foreign(self, head: Head) -> bool:
        """Whether the head is nobody's: not a text, or not one declared heading anywhere in its first row."""
        if head.fault == csv_head.OTHER_ENCODING:
            return False
        if b"\0" in self._start:
            return True
        if head.header is None or head.fault != UNKNOWN_HEADER:
            return False
        words = _words(head.header.decode(self.layout.codec, "replace"))
        columns = (column for kind in self.layout.files for column in kind.columns)
        named = (_words(name) for column in columns for name in (column.name, *column.names))
        return bool(words) and not any(name and name <= words for name in named)

    def _end_faults(self, head: Head, body: Body) -> list[Finding]:
        """What the end of the file tells: cut, a quote left open, a trailer that does not fit."""
        assert self._totals
        trailer = body.trailer.rows[0] if body.trailer else None
        before = self.layout.preamble + (head.header is not None)
        lines = before + self._records + (trailer is not None)
        faults = []
        if trailer is None and self._is_cut(len(head.columns), body):
            faults.append(Finding(TRUNCATED))
        elif body.unclosed:
            faults.append(Finding(UNCLOSED_QUOTE))
        return faults + self._totals.compare(trailer, self._texts, lines)

    def _is_cut(self, width: int, body: Body) -> bool:
        """Whether the last row has no end and is less than a row: the copy stopped inside it."""
        last = self._last
        if last is None or last.ended:
            return False
        if body.unclosed or last.dropped:
            return True
        [cells], faults = Cutter(self.layout).cut([last.rows[-1].decode(self.layout.codec, "replace")])
        return len(cells) < width or UNCLOSED_QUOTE in faults.values()

    def _found(self, shape: str, findings: list[Finding]) -> CsvInspection:
        seen, kind = self._unpacker, self._head.kind.name if self._head and self._head.kind else None
        is_known = shape != UNKNOWN and kind is not None
        return CsvInspection(
            shape,
            seen.compressed,
            seen.size,
            seen.unpacked,
            self._texts,
            self._records,
            kind if is_known else None,
            {str(kind): self._texts} if is_known else {},
            tuple(dict.fromkeys(finding.fault for finding in findings)),
            tuple(findings),
        )


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", heading(text)))
