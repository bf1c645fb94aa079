"""The body of a CSV file cut into rows with their places, block by block; its trailer kept apart.

Where no quoted cell may run over lines a row is a line, so a file can be read from any place. Otherwise lines are
put together; a quote that is never closed, or not within the feed's limits, makes a faulty row of its own line only,
and the next line is a row again. The rows do not depend on how the bytes come in blocks.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from jobs.formats.csv_cells import Cutter
from jobs.formats.csv_head import Head
from jobs.formats.csv_layout import Layout, Limits


class Run(NamedTuple):
    """Rows that follow one another: where each starts, their bytes without line ends.

    `strange`: rows with a line end inside that is not quoted, or after them another than the header has.
    `dropped`: the length of the one row of this run, that is longer than it may be and not kept.
    `ended`: whether the last row has a line end.
    """

    positions: list[int]
    rows: list[bytes]
    strange: frozenset[int] = frozenset()
    dropped: int = 0
    ended: bool = True

    def has_text(self) -> bool:
        """Whether any row has content."""
        return self.dropped > 0 or any(map(bytes.strip, self.rows))

    def pick(self, start: int, stop: int) -> Run:
        """Some of its rows."""
        kept = frozenset(i - start for i in self.strange if start <= i < stop)
        return Run(self.positions[start:stop], self.rows[start:stop], kept, 0, self.ended or stop < len(self.rows))

    def before(self, end: int | None) -> Run:
        """Its rows that start before an offset."""
        if end is None or not self.positions or self.positions[-1] < end:
            return self
        return Run([], []) if self.dropped else self.pick(0, sum(position < end for position in self.positions))


class Body:
    """Cuts what comes after the head. `trailer` is the last row of the file when it is one.

    `over_lines` counts rows that run over lines, `unclosed` those that a quote keeps open for too long.
    """

    def __init__(self, head: Head, layout: Layout, limits: Limits, position: int, *, multiline: bool) -> None:
        self.trailer: Run | None = None
        self.over_lines = 0
        self.unclosed = 0
        self._position = position
        self._limits = limits
        self._cutter = Cutter(layout)
        self._quote = (layout.quote or "").encode() if multiline else b""
        self._crlf = head.line_end == b"\r\n"
        self._end = b"\r" if head.line_end == b"\r" else b"\n"
        self._other = b"\n" if head.line_end == b"\r" else b"\r"
        self._mark = head.kind.trailer.mark if head.kind and head.kind.trailer else ""
        self._codec = layout.codec
        self._pending = b""
        self._skipped = 0
        # Whether the last byte that was skipped may be the first of a line end.
        self._half_ended = False

    def feed(self, data: bytes) -> Iterator[Run]:
        """The rows that are complete with the next bytes of the file."""
        if self._skipped:
            found = data.find(self._end)
            if found and data:
                self._half_ended = self._is_half(data[:found] if found > 0 else data)
            if found < 0:
                self._skipped += len(data)
                return
            yield from self._skip_ended(found, ended=True)
            data = data[found + 1 :]
        data = self._pending + data if self._pending else data
        cut = data.rfind(self._end) + 1
        tail = data[cut:]
        left = b""
        if cut:
            left = yield from self._take(data[:cut], len(tail), final=False)
        self._pending = left + tail
        if not left and len(tail) - self._is_half(tail) > self._limits.record_bytes:
            self._skipped, self._pending, self._half_ended = len(tail), b"", self._is_half(tail)

    def close(self) -> Iterator[Run]:
        """The rest; then `trailer` is known."""
        if self._skipped:
            yield from self._skip_ended(0, ended=False)
        elif self._pending:
            yield from self._take(self._pending, 0, final=True)

    def _skip_ended(self, more: int, *, ended: bool) -> Iterator[Run]:
        length = self._skipped + more
        yield from self._apart(Run([self._position], [], dropped=length - self._half_ended, ended=ended))
        self._position += length + ended
        self._skipped = 0

    def _is_half(self, data: bytes) -> bool:
        return self._crlf and data.endswith(b"\r")

    def _take(self, data: bytes, tail: int, *, final: bool) -> Generator[Run, None, bytes]:
        """The rows of whole lines, or of all that is left; returns the bytes of a row that is still open."""
        if not self._quote or self._quote not in data:
            yield from self._apart(self._plain(data))
            return b""
        ended = data.endswith(self._end)
        lines = data.split(self._end)
        if ended:
            lines.pop()
        while lines:
            rows, open_line = self._whole_rows(lines, tail, final)
            if rows:
                yield from self._apart(self._grouped(rows, ended or open_line < len(lines)))
            lines = lines[open_line:]
            if not lines:
                break
            if not self._is_over(lines, tail) and not final:
                return self._end.join(lines) + self._end
            self.unclosed += 1
            yield from self._apart(self._grouped([lines[:1]], ended or len(lines) > 1))
            lines = lines[1:]
        return b""

    def _whole_rows(self, lines: list[bytes], tail: int, final: bool) -> tuple[list[list[bytes]], int]:
        """Lines put together to rows, up to the first that is open or too long; and the number of its first line."""
        ends, _ = self._cutter.spans([line.decode("latin-1") for line in lines])
        rows: list[list[bytes]] = []
        start = 0
        for end in ends:
            if end - start > 1 and self._is_over(lines[start:end], 0):
                return rows, start
            rows.append(lines[start:end])
            start = end
        return rows, start

    def _is_over(self, lines: Sequence[bytes], tail: int) -> bool:
        size = sum(map(len, lines)) + len(lines) + tail
        return len(lines) > self._limits.record_lines or size > self._limits.record_bytes

    def _plain(self, data: bytes) -> Run:
        """Every line a row."""
        if self._other not in data:
            rows, step = data.split(self._end), 1
        elif self._crlf and data.count(b"\r\n") == data.count(b"\n") == data.count(b"\r"):
            rows, step = data.split(b"\r\n"), 2
        else:
            lines = data.split(self._end)
            ended = not lines[-1]
            return self._grouped([[line] for line in (lines[:-1] if ended else lines)], ended)
        if self._crlf and step == 1 and len(rows) > 1:
            return self._grouped([[row] for row in (rows if rows[-1] else rows[:-1])], not rows[-1])
        ended = not rows[-1]
        if ended:
            rows.pop()
        positions = list(accumulate([len(row) + step for row in rows], initial=self._position))
        positions.pop()
        self._position += len(data)
        return Run(positions, rows, ended=ended)

    def _grouped(self, groups: list[list[bytes]], ended: bool) -> Run:
        """Each group of lines a row; the slow way, which looks at each line end."""
        positions, rows, strange = [], [], set()
        for number, lines in enumerate(groups):
            row = self._end.join(lines)
            positions.append(self._position)
            self._position += len(row) + 1
            has_end = ended or number < len(groups) - 1
            if self._crlf:
                strange |= {number} if has_end and row[-1:] != b"\r" else set()
                row = row.removesuffix(b"\r")
            # What is within quotes, the cutter of cells tells.
            if self._other in row and not (self._quote and self._quote in row):
                strange.add(number)
            self.over_lines += len(lines) > 1
            rows.append(row)
        self._position -= not ended
        return Run(positions, rows, frozenset(strange), ended=ended)

    def _apart(self, run: Run) -> Iterator[Run]:
        """A run without its last row with content, if that bears the trailer's mark and nothing comes after it."""
        if self.trailer and run.has_text():
            yield self.trailer
            self.trailer = None
        if self._mark and not run.dropped:
            last = next((i for i in range(len(run.rows) - 1, -1, -1) if run.rows[i].strip()), -1)
            if last >= 0 and self.is_trailer(run.rows[last]):
                self.trailer = run.pick(last, last + 1)
                parts = [run.pick(0, last), run.pick(last + 1, len(run.rows))]
                yield from (part for part in parts if part.positions)
                return
        if run.positions:
            yield run

    def is_trailer(self, row: bytes) -> bool:
        """Whether a row bears the mark of the trailer."""
        if not self._mark or self._mark.encode(self._codec, "replace") not in row:
            return False
        [cells], _ = self._cutter.cut([row.decode(self._codec, "replace")])
        return cells[0].strip() == self._mark
