"""Cells held against the declaration of their columns, a column of many rows at a time: what is good costs little."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from jobs.formats import csv_faults
from jobs.formats.csv_columns import STRING, Column
from jobs.formats.csv_layout import Kind
from jobs.formats.csv_numbers import Numbers
from jobs.formats.csv_values import Reader, reader

Faults = dict[int, list[str]]

# Most columns say the same again and again; of those that do not, so many texts are remembered as good.
_MOST_KNOWN = 20_000


class Checks:
    """The checks of one kind of file whose columns come in one order."""

    def __init__(self, kind: Kind, columns: Sequence[str | None]) -> None:
        declared = {column.name: column for column in kind.columns}
        self._checks = [_Check(declared[name]) if name else None for name in columns]
        self._key = [columns.index(name) for name in kind.key if name in columns]

    def faults(self, cells: Sequence[Sequence[str]]) -> Faults:
        """The faults of rows, by their number, in the order of the columns; `cells` are the columns."""
        found: Faults = {}
        for check, column in zip(self._checks, cells, strict=True):
            if check is not None and check.looks:
                check.look(column, found)
        return found

    def identifiers(self, cells: Sequence[Sequence[str]]) -> list[str | None]:
        """The key of each row; None where a part of it has no value. Parts are joined by |, which they escape."""
        if not self._key:
            return [None] * (len(cells[0]) if cells else 0)
        parts = [self._checks[i].values(cells[i]) for i in self._key]  # type: ignore[union-attr]
        if len(parts) == 1:
            return parts[0]
        return [None if None in key else "|".join(map(_escaped, key)) for key in zip(*parts, strict=True)]


def _escaped(part: str) -> str:
    return part.replace("\\", "\\\\").replace("|", "\\|") if "|" in part or "\\" in part else part


class _Check:
    """What one column asks of its cells."""

    def __init__(self, column: Column) -> None:
        self._name = column.name
        self._nulls = frozenset({"", *(column.nulls or ())})
        self._required = column.required
        self._read: Reader = reader(column)
        self._good: set[str] = set(column.one_of or ()) if column.type == STRING else set()
        self._numbers = Numbers.of(column)
        self._most = column.max_length if column.type == STRING and column.one_of is None else None
        is_free = column.type == STRING and column.one_of is None
        self.looks = column.required or not is_free or column.max_length is not None
        self._find: Callable[[Sequence[str]], dict[str, str]] = self._find_long if is_free else self._find_bad

    def look(self, column: Sequence[str], found: Faults) -> None:
        """Add the faults of a column's cells."""
        stripped = list(map(str.strip, column))
        bad = self._find(stripped)
        if self._required:
            bad.update({cell: csv_faults.MISSING for cell in self._nulls if cell in stripped})
        if bad:
            for number, cell in enumerate(stripped):
                if cell in bad:
                    found.setdefault(number, []).append(f"{bad[cell]}:{self._name}")

    def values(self, column: Sequence[str]) -> list[str | None]:
        """The cells without outer blanks; None for those that mean nothing."""
        stripped = list(map(str.strip, column))
        return [None if cell in self._nulls else cell for cell in stripped]

    def _find_long(self, cells: Sequence[str]) -> dict[str, str]:
        if self._most is None or len(max(cells, key=len, default="")) <= self._most:
            return {}
        return {cell: csv_faults.TOO_LONG for cell in cells if len(cell) > self._most and cell not in self._nulls}

    def _find_bad(self, cells: Sequence[str]) -> dict[str, str]:
        if self._numbers and self._numbers.are_in(cells):
            return {}
        bad = {}
        for cell in set(cells) - self._good - self._nulls:
            if fault := self._read(cell)[1]:
                bad[cell] = fault
            elif len(self._good) < _MOST_KNOWN:
                self._good.add(cell)
        return bad
