"""What a CSV file says of itself at its end, held against what is in it: row count and control totals, exact."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Context, Decimal, Inexact, localcontext
from typing import NamedTuple

from jobs.formats.csv_cells import Cutter
from jobs.formats.csv_columns import INTEGER, Column
from jobs.formats.csv_head import Head
from jobs.formats.csv_layout import LINES, Layout, Trailer
from jobs.formats.csv_numbers import Numbers, number

MISSING_TRAILER = "missing_trailer"
BAD_TRAILER = "bad_trailer"
COUNT_MISMATCH = "count_mismatch"
TOTAL_MISMATCH = "total_mismatch"

# Wide enough for any sum of numbers of 38 digits; should one not be, it is an error and not a rounded sum.
_EXACT = Context(prec=200, traps=[Inexact])


class Finding(NamedTuple):
    """One thing that holds a file: the fault, and where and by how much. Numbers are exact, as decimal texts.

    Of an unknown header `kind` is the kind of file that has most of it, `columns` are the declared ones that are
    missing, `extra` counts headings that are none of that kind's.
    """

    fault: str
    kind: str | None = None
    columns: tuple[str, ...] = ()
    extra: int | None = None
    expected: str | None = None
    found: str | None = None
    difference: str | None = None


class Totals:
    """Sums the columns that the trailer has totals of."""

    def __init__(self, head: Head, layout: Layout) -> None:
        self._layout = layout
        self._cutter = Cutter(layout)
        self._trailer = head.kind.trailer if head.kind else None
        self._width = len(head.columns)
        named = self._trailer.totals if self._trailer else {}
        columns = head.kind.columns if head.kind else ()
        # The sender summed what he wrote, good or bad by our declaration; only the way numbers are written counts.
        self._columns = [replace(c, max_length=None, one_of=None, scale=None) for c in columns if c.name in named]
        self._sums = [_Sum(column, head.columns) for column in self._columns]

    def add(self, rows: Sequence[bytes]) -> None:
        """Add rows; what is no number in them, or has not the header's cells, adds nothing."""
        if not self._sums or not rows:
            return
        cells, _ = self._cutter.cut([row.decode(self._layout.codec, "replace") for row in rows])
        whole = [row for row in cells if len(row) == self._width]
        for one in self._sums:
            one.add(whole)

    def compare(self, row: bytes | None, rows: int, lines: int) -> list[Finding]:
        """What does not fit between the trailer and a file with so many rows, or lines of any sort."""
        if self._trailer is None:
            return []
        if row is None:
            return [Finding(MISSING_TRAILER)]
        [cells], faults = self._cutter.cut([row.decode(self._layout.codec, "replace")])
        if faults:
            return [Finding(BAD_TRAILER)]
        return [*self._count(self._trailer, cells, rows, lines), *self._compare_sums(self._trailer, cells)]

    def _count(self, trailer: Trailer, cells: Sequence[str], rows: int, lines: int) -> list[Finding]:
        if trailer.count is None:
            return []
        column = Column("count", INTEGER, decimal=self._layout.decimal, thousands=self._layout.thousands)
        told = _number(cells, trailer.count, column)
        if told is None:
            return [Finding(BAD_TRAILER)]
        found = lines if trailer.counts == LINES else rows
        return _mismatch(COUNT_MISMATCH, (), told, Decimal(found))

    def _compare_sums(self, trailer: Trailer, cells: Sequence[str]) -> list[Finding]:
        found = []
        for column, one in zip(self._columns, self._sums, strict=True):
            told = _number(cells, trailer.totals[column.name], column)
            if told is None:
                found.append(Finding(BAD_TRAILER, columns=(column.name,)))
            else:
                found += _mismatch(TOTAL_MISMATCH, (column.name,), told, one.total)
        return found


class _Sum:
    def __init__(self, column: Column, columns: Sequence[str | None]) -> None:
        self.total = Decimal(0)
        self._at = columns.index(column.name) if column.name in columns else None
        self._read = number(column)
        self._numbers = Numbers(column)

    def add(self, rows: Iterable[Sequence[str]]) -> None:
        if self._at is None:
            return
        at = self._at
        cells = [row[at].strip() for row in rows]
        values = self._numbers.values(cells) if self._numbers.are_in(cells) else [self._read(cell)[0] for cell in cells]
        with localcontext(_EXACT):
            self.total += sum(value for value in values if value is not None)


def _number(cells: Sequence[str], cell: int, column: Column) -> Decimal | None:
    value = number(column)(cells[cell - 1].strip())[0] if cell <= len(cells) else None
    return None if value is None else Decimal(value)


def _mismatch(fault: str, columns: tuple[str, ...], told: Decimal, found: Decimal) -> list[Finding]:
    if told == found:
        return []
    with localcontext(_EXACT):
        difference = found - told
    return [Finding(fault, None, columns, None, f"{told:f}", f"{found:f}", f"{difference:f}")]
