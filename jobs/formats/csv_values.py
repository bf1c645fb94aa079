"""A row of a CSV file as typed values, by the feed's declaration.

Cells lose their outer blanks; an empty one and a null word are None. Decimals are `Decimal`, exact; a `date` is the
day written; a `datetime` is naive, the wall clock of the feed's zone, except in a column whose formats say the zone
(%z): there it is in UTC with its zone.
"""

from __future__ import annotations

import datetime
import functools
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from jobs.formats import csv_faults
from jobs.formats.csv_cells import Cutter
from jobs.formats.csv_columns import DATE, DATETIME, DECIMAL, INTEGER, Column
from jobs.formats.csv_dates import Pattern
from jobs.formats.csv_layout import Kind, Layout

# Digits that a decimal(38) and a bigint surely hold.
MOST_DIGITS = {DECIMAL: 38, INTEGER: 18}

Value = str | int | Decimal | datetime.date | datetime.datetime
# A cell without outer blanks that is not null: its value, or None and the fault.
Reader = Callable[[str], tuple[Value | None, str | None]]


class Row(NamedTuple):
    """One row: every declared column with its value or None, and what is wrong with it (`fault:column`)."""

    values: dict[str, Value | None]
    faults: tuple[str, ...]


class Typist:
    """Types the rows of one kind of file, of any column order."""

    def __init__(self, layout: Layout, kind: Kind) -> None:
        self._layout = layout
        self._cutter = Cutter(layout)
        self._nothing: dict[str, Value | None] = dict.fromkeys(column.name for column in kind.columns)
        self._columns = {column.name: (_nulls(column), _cached(reader(column)), column.required)
                         for column in kind.columns}  # fmt: skip

    def read(self, payload: bytes | str, context: bytes | str) -> Row:
        """The values of a row; `context` is the record's: names of columns in the row's order.

        A row that was kept has no faults but those a changed declaration gives it. One that cannot be cut into
        its cells has no values.
        """
        names = context.decode() if isinstance(context, bytes) else context
        faults: list[str] = []
        text = payload if isinstance(payload, str) else self._text(payload, faults)
        [cells], wrong = self._cutter.cut([text])
        faults += wrong.values()
        order = _order(names)
        if len(cells) != len(order):
            faults.append(csv_faults.WRONG_CELL_COUNT)
        values = dict(self._nothing)
        if faults:
            return Row(values, tuple(faults))
        for name, cell in zip(order, cells, strict=True):
            if name in self._columns:
                nulls, read, required = self._columns[name]
                if (cell := cell.strip()) in nulls:
                    fault = csv_faults.MISSING if required else None
                else:
                    values[name], fault = read(cell)
                if fault:
                    faults.append(f"{fault}:{name}")
        return Row(values, tuple(faults))

    def _text(self, payload: bytes, faults: list[str]) -> str:
        try:
            return payload.decode(self._layout.codec)
        except UnicodeDecodeError:
            faults.append(csv_faults.BAD_ENCODING)
            return payload.decode(self._layout.codec, "replace")


@functools.lru_cache(1024)
def _order(names: str) -> tuple[str, ...]:
    return tuple(names.split(","))


def _nulls(column: Column) -> frozenset[str]:
    return frozenset({"", *(column.nulls or ())})


def _cached(read: Reader) -> Reader:
    return functools.lru_cache(4096)(read)


def reader(column: Column) -> Reader:
    """How the cells of a column are read."""
    if column.type in (DECIMAL, INTEGER):
        plain = _number(column)
    elif column.type in (DATE, DATETIME):
        plain = _moment(column)
    else:
        plain = _string
    most, allowed = column.max_length, None if column.one_of is None else frozenset(column.one_of)
    if most is None and allowed is None:
        return plain

    def read(cell: str) -> tuple[Value | None, str | None]:
        if most is not None and len(cell) > most:
            return None, csv_faults.TOO_LONG
        if allowed is not None and cell not in allowed:
            return None, csv_faults.NOT_ALLOWED
        return plain(cell)

    return read


def _string(cell: str) -> tuple[Value | None, str | None]:
    return cell, None


def _number(column: Column) -> Reader:
    mark, groups = column.decimal or ".", column.thousands or ""
    whole = r"\d+"
    if groups:
        whole = rf"(?:\d{{1,3}}(?:{re.escape(groups)}\d{{3}})++|\d++)"
    after = rf"(?:{re.escape(mark)}(\d+))?" if column.type == DECIMAL else "()"
    # Oracle leaves the zero before the mark away.
    bare = rf"|[+-]?{re.escape(mark)}(\d+)" if column.type == DECIMAL else "|(?!)()"
    shape = re.compile(rf"[+-]?{whole}{after}{bare}", re.ASCII)
    most, scale = MOST_DIGITS[column.type], column.scale
    make: Callable[[str], Value] = Decimal if column.type == DECIMAL else int

    def read(cell: str) -> tuple[Value | None, str | None]:
        found = shape.fullmatch(cell)
        if not found:
            return None, csv_faults.NOT_A_NUMBER
        if scale is not None and len(found[1] or found[2] or "") > scale:
            return None, csv_faults.TOO_MANY_DECIMALS
        text = cell.replace(groups, "") if groups else cell
        if len(text) > most and sum(map(str.isdigit, text)) > most:
            return None, csv_faults.NUMBER_OUT_OF_RANGE
        return make(text if mark == "." else text.replace(mark, ".")), None

    return read


def _moment(column: Column) -> Reader:
    patterns = [Pattern.of(text) for text in column.formats or ()]
    is_date = column.type == DATE

    def read(cell: str) -> tuple[Value | None, str | None]:
        for pattern in patterns:
            found = pattern.read(cell)
            if found is not None:
                return (found.date() if is_date else _in_utc(found)), None
        return None, csv_faults.NOT_A_DATE

    return read


def _in_utc(moment: datetime.datetime) -> datetime.datetime:
    return moment if moment.tzinfo is None else moment.astimezone(datetime.UTC)


def typed(payload: bytes | str, context: bytes | str, kind: str, options: Mapping[str, Any]) -> Row:
    """One row typed by a feed's options: for a look at a single record; many rows are read by one Typist."""
    layout = Layout.of(options)
    return Typist(layout, layout.kind(kind)).read(payload, context)
