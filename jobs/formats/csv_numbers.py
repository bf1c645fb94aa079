"""Numbers in cells, as a feed writes them: one by one with the fault by name, or a column at once when all are good."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal

from jobs.formats import csv_faults
from jobs.formats.csv_columns import DECIMAL, INTEGER, Column

# Digits that a decimal(38) and a bigint surely hold.
MOST_DIGITS = {DECIMAL: 38, INTEGER: 18}

Number = int | Decimal


def number(column: Column) -> Callable[[str], tuple[Number | None, str | None]]:
    """Reads a cell without outer blanks: the number, or None and the fault."""
    mark, groups = column.decimal or ".", column.thousands or ""
    shape = re.compile(_shape(column), re.ASCII)
    most, scale, is_whole = MOST_DIGITS[column.type], column.scale, column.type == INTEGER

    def read(cell: str) -> tuple[Number | None, str | None]:
        found = shape.fullmatch(cell)
        if not found:
            return None, csv_faults.NOT_A_NUMBER
        text = cell.replace(groups, "") if groups else cell
        if len(text) > most and sum(map(str.isdigit, text)) > most:
            return None, csv_faults.NUMBER_OUT_OF_RANGE
        if is_whole:
            return int(text), None
        if scale is not None and len(found[1] or found[2] or "") > scale:
            return None, csv_faults.TOO_MANY_DECIMALS
        return Decimal(text if mark == "." else text.replace(mark, ".")), None

    return read


def _shape(column: Column, whole_digits: str = "+", after_digits: str = "+") -> str:
    """The regular expression of a column's numbers; groups 1 and 2 hold the digits after the mark."""
    mark, groups = re.escape(column.decimal or "."), re.escape(column.thousands or "")
    whole = rf"\d{whole_digits}+"
    if groups:
        whole = rf"(?:\d{{1,3}}(?:{groups}\d{{3}}){whole_digits}+|{whole})"
    if column.type == INTEGER:
        return rf"[+-]?{whole}"
    # Oracle leaves the zero before the mark away.
    return rf"[+-]?(?:{whole}(?:{mark}(\d{after_digits}))?|{mark}(\d{after_digits}))"


class Numbers:
    """The numbers of many cells at once, for columns of numbers without other conditions."""

    def __init__(self, column: Column) -> None:
        after = MOST_DIGITS[DECIMAL] // 2 if column.scale is None else column.scale
        one = _shape(column, "{1,5}" if column.thousands else "{1,18}", f"{{1,{after}}}" if after else "{1}(?!)")
        one = "|".join([one, *(re.escape(word) for word in column.nulls or ())])
        self._all = re.compile(rf"(?:{one})?+(?:\n(?:{one})?+)*+", re.ASCII)
        self._nulls = frozenset({"", *(column.nulls or ())})
        self._groups, self._mark = column.thousands or "", column.decimal or "."
        self._make: Callable[[str], Number] = int if column.type == INTEGER else Decimal

    @classmethod
    def of(cls, column: Column) -> Numbers | None:
        """None for columns that must be looked at cell by cell."""
        is_plain = column.one_of is None and column.max_length is None
        return cls(column) if is_plain and column.type in (DECIMAL, INTEGER) else None

    def are_in(self, cells: Sequence[str]) -> bool:
        """Whether each cell, without outer blanks, surely is a good number or null; one match in C for thousands.

        It may refuse what `number` reads, never the other way round.
        """
        text = "\n".join(cells)
        return self._all.fullmatch(text) is not None and text.count("\n") == len(cells) - 1

    def values(self, cells: Sequence[str]) -> list[Number | None]:
        """The numbers of cells of which `are_in` is true."""
        make, nulls = self._make, self._nulls
        if self._groups or self._mark != ".":
            groups, mark = self._groups, self._mark
            return [None if c in nulls else make(c.replace(groups, "").replace(mark, ".")) for c in cells]
        return [None if cell in nulls else make(cell) for cell in cells]
