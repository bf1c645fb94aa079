"""Rows cut into cells, and lines put together to rows where a quoted cell runs over several.

The cutting itself is done by the standard library's reader (in C). RFC 4180 is its rule: a quote opens a cell only
at its beginning, is doubled within, and after the closing one comes the delimiter. Elsewhere a quote is a character.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import Any

from jobs.formats import csv_faults
from jobs.formats.csv_layout import Layout

# The library's own limit of a cell is 128 KiB and stops the whole file; ours is that of a record, and names the row.
csv.field_size_limit((1 << 31) - 1)

_LINE_ENDS = str.maketrans("\r\n", "  ")


class Cutter:
    """Cuts the rows of a feed."""

    def __init__(self, layout: Layout) -> None:
        self._delimiter = layout.delimiter
        self._quote = layout.quote

    def cut(self, rows: Sequence[str]) -> tuple[list[list[str]], dict[int, str]]:
        """The cells of rows, and the faults of those that cannot be cut right, by their number."""
        if self._quote is None or not any(self._quote in row for row in rows):
            return [row.split(self._delimiter) for row in rows], {}
        try:
            cells = list(self._reader(rows, strict=True))
        except csv.Error:
            cells = []
        # A row that ends inside a quote would have swallowed the next.
        if len(cells) == len(rows):
            return [one or [""] for one in cells], {}
        found = [self._one(row) for row in rows]
        return [one for one, _ in found], {i: fault for i, (_, fault) in enumerate(found) if fault}

    def spans(self, lines: Sequence[str]) -> tuple[list[int], bool]:
        """The numbers of lines after which rows end, and whether the last row is still inside a quote."""
        # One line more: when a quote is open at the end, it is taken into the last row.
        plain = [line.translate(_LINE_ENDS) if "\r" in line or "\n" in line else line for line in lines]
        reader = self._reader([*plain, ""], strict=False)
        ends = [reader.line_num for _ in reader]
        last = ends.pop()
        is_open = len(lines) > (ends[-1] if ends else 0)
        assert last == len(lines) + 1
        return ends, is_open

    def _one(self, row: str) -> tuple[list[str], str | None]:
        if self._quote not in row:  # type: ignore[operator]
            return row.split(self._delimiter), None
        try:
            return next(self._reader([row], strict=True)), None
        except csv.Error:
            pass
        plain = row.translate(_LINE_ENDS) if "\r" in row or "\n" in row else row
        # One line more, which is taken into the row when its quote is open.
        reader = self._reader([plain, ""], strict=False)
        cells = next(reader)
        return cells, csv_faults.UNCLOSED_QUOTE if reader.line_num > 1 else csv_faults.TEXT_AFTER_QUOTE

    def _reader(self, rows: Sequence[str], *, strict: bool) -> Any:
        return csv.reader(rows, delimiter=self._delimiter, quotechar=self._quote, strict=strict)
