"""CSV deliveries, written as their feed declares: bytes in, records out, one record per row, verbatim.

Preamble, header and trailer are the envelope of a file, checked on arrival; every other byte belongs to a record, but
for the line ends. What is wrong with a row has a name, that of one cell with its column: `not_a_date:collected`.

Record fields: `resource_type` is the declared kind of the file, `resource_id` the row's key (parts joined by |),
`context` the declared names of the row's columns in their order, by which csv_values reads the payload. `entry`,
`version_id`, `last_updated`, `full_url` and `method` are not used: what of a row is its version, silver knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
from typing import IO

from jobs.formats import csv_head, ndjson
from jobs.formats.csv_cells import Cutter
from jobs.formats.csv_checks import Checks, Faults
from jobs.formats.csv_faults import (
    BAD_ENCODING,
    EMPTY_LINE,
    FAULTS,
    NUL,
    REPEATED_HEADER,
    STRAY_LINE_END,
    TOO_LARGE,
    TRAILER_INSIDE,
    UNKNOWN_HEADER,
    WRONG_CELL_COUNT,
)
from jobs.formats.csv_head import Head
from jobs.formats.csv_layout import Layout, Limits
from jobs.formats.csv_split import Body, Run
from jobs.formats.record import RecordInContext as Record

__all__ = ["FAULTS", "Layout", "Limits", "Record", "Rows", "read"]

# So much is cut at a time: the cells of more no longer fit the processor's cache.
BLOCK = 1 << 18


def read(path: str, start: int = 0, end: int | None = None, *, document: bool = False, limits: Limits,
         layout: Layout, kind: str | None = None) -> Iterator[Record]:  # fmt: skip
    """The records of a file, or of its rows that start in a byte range.

    `document`: a row may run over lines, so the file is read as a whole (csv_inspection says which). `kind` is that
    found on arrival, where the file still had its name; without it the header decides alone.
    """
    with ndjson.open_bytes(path) as stream:
        data = stream.read(BLOCK)
        head = csv_head.read(data, layout, whole=len(data) < BLOCK, kind=kind)
        while head is None:
            more = stream.read(BLOCK)
            data += more
            head = csv_head.read(data, layout, whole=not more, kind=kind)
        position = head.start
        if start > position:
            position = _next_start(stream, start, head.line_end)
            data, skip = b"", 0
        else:
            skip = head.start
        body = Body(head, layout, limits, position, multiline=document and layout.quoted_newlines)
        rows = Rows(head, layout, limits, body)
        for run in _runs(stream, body, data[skip:]):
            if end is not None and body.trailer is None and run.positions[0] >= end:
                return
            yield from rows.records(run.before(end))


def _runs(stream: IO[bytes], body: Body, data: bytes) -> Iterator[Run]:
    while True:
        for at in range(0, len(data), BLOCK):
            yield from body.feed(data[at : at + BLOCK])
        data = stream.read(BLOCK)
        if not data:
            break
    yield from body.close()


def _next_start(stream: IO[bytes], start: int, line_end: bytes) -> int:
    """Move to the first line that starts at or after `start`; the line before belongs to the range before."""
    position = start - 1
    stream.seek(position)
    while block := stream.read(BLOCK):
        found = block.find(line_end[-1:])
        if found >= 0:
            position += found + 1
            stream.seek(position)
            return position
        position += len(block)
    return position


class Rows:
    """Makes the rows of one file records."""

    def __init__(self, head: Head, layout: Layout, limits: Limits, body: Body) -> None:
        self._head = head
        self._body = body
        self._codec = layout.codec
        self._longest = limits.record_bytes
        self._kind = head.kind.name if head.kind else None
        self._trailer = head.kind.trailer if head.kind else None
        self._context = head.context if head.kind else None
        self._width = len(head.columns)
        self._cutter = Cutter(layout)
        self._checks = Checks(head.kind, head.columns) if head.kind else None

    def records(self, run: Run) -> Iterator[Record]:
        """The records of some rows."""
        if run.dropped:
            record = (run.positions[0], run.dropped, None, self._kind, *[None] * 6, (TOO_LARGE,), self._context)
            yield tuple.__new__(Record, record)
        if not run.rows:
            return
        rows = run.rows
        faults = self._of_bytes(run)
        texts = self._texts(rows, faults)
        identifiers: list[str | None] = [None] * len(rows)
        if self._checks:
            self._look(texts, faults, identifiers)
        else:
            for number in range(len(rows)):
                faults.setdefault(number, []).append(UNKNOWN_HEADER)
        named = [tuple(faults[number]) if number in faults else () for number in range(len(rows))] if faults else ()
        payloads = [None if len(row) > self._longest else row for row in rows] if faults else rows
        # Past the named constructor, which costs as much as cutting the row into cells.
        make, none = tuple.__new__, repeat(None)
        for one in zip(run.positions, map(len, rows), none, repeat(self._kind), identifiers, none, none, none, none,
                       payloads, named or repeat(()), repeat(self._context)):  # fmt: skip
            yield make(Record, one)

    def _of_bytes(self, run: Run) -> Faults:
        """Faults that the bytes of rows have as such."""
        found: Faults = {number: [STRAY_LINE_END] for number in run.strange}
        rows = run.rows
        whole = b"\n".join(rows)
        if len(max(rows, key=len)) > self._longest:
            _name(found, TOO_LARGE, [len(row) > self._longest for row in rows])
        if b"\0" in whole:
            _name(found, NUL, [b"\0" in row for row in rows])
        if not all(map(bytes.strip, rows)):
            _name(found, EMPTY_LINE, [not row.strip() for row in rows])
        if self._head.header in rows:
            _name(found, REPEATED_HEADER, [row == self._head.header for row in rows])
        if self._trailer and self._trailer.mark.encode(self._codec, "replace") in whole:
            _name(found, TRAILER_INSIDE, [self._body.is_trailer(row) for row in rows])
        return found

    def _texts(self, rows: list[bytes], faults: Faults) -> list[str]:
        try:
            return [row.decode(self._codec) for row in rows]
        except UnicodeDecodeError:
            texts = []
        for number, row in enumerate(rows):
            try:
                texts.append(row.decode(self._codec))
            except UnicodeDecodeError:
                texts.append(row.decode(self._codec, "replace"))
                faults.setdefault(number, []).append(BAD_ENCODING)
        return texts

    def _look(self, texts: list[str], faults: Faults, identifiers: list[str | None]) -> None:
        """Cut rows into cells and check those; a row with a fault of its own is not looked into."""
        assert self._checks
        cells, uncut = self._cutter.cut(texts)
        for number, fault in uncut.items():
            faults.setdefault(number, []).append(fault)
        if set(map(len, cells)) != {self._width}:
            wrong = [len(row) != self._width and number not in faults for number, row in enumerate(cells)]
            _name(faults, WRONG_CELL_COUNT, wrong)
        numbers = range(len(cells))
        good = [number for number in numbers if number not in faults] if faults else numbers
        columns = list(zip(*([cells[number] for number in good] if faults else cells), strict=True))
        if not columns:
            return
        of_cells = self._checks.faults(columns)
        for at, identifier in enumerate(self._checks.identifiers(columns)):
            identifiers[good[at]] = identifier
        for at, named in of_cells.items():
            is_empty = not any(map(str.strip, cells[good[at]]))
            faults[good[at]] = [EMPTY_LINE] if is_empty else named


def _name(faults: Faults, fault: str, which: list[bool]) -> None:
    for number, has_it in enumerate(which):
        if has_it:
            faults.setdefault(number, []).append(fault)
