"""The columns of a CSV file as a feed declares them: names in headers, types, and what a cell must be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from jobs.formats.csv_dates import Pattern, can_be_confused
from jobs.formats.declaration import FormatDeclarationError, build

STRING, INTEGER, DECIMAL, DATE, DATETIME = "string", "integer", "decimal", "date", "datetime"
TYPES = (STRING, INTEGER, DECIMAL, DATE, DATETIME)


@dataclass(frozen=True)
class Column:
    """One column: the names a header may give it, beside its own, and what a cell of it must be.

    `required`: no row without a value. `may_lack`: a file may come without the column. `scale`: the most digits
    after the decimal mark. `one_of`: the only texts there are. `formats`: of dates or datetimes, in the words of
    strptime, with years of four digits. What is not declared here is taken from the feed's own.
    """

    name: str
    type: str = STRING
    names: tuple[str, ...] = ()
    required: bool = False
    may_lack: bool = False
    max_length: int | None = None
    scale: int | None = None
    one_of: tuple[str, ...] | None = None
    decimal: str | None = None
    thousands: str | None = None
    formats: tuple[str, ...] | None = None
    nulls: tuple[str, ...] | None = None

    @property
    def zoned(self) -> bool:
        """Whether its datetimes say their own zone."""
        return any("%z" in text for text in self.formats or ())


def heading(text: str) -> str:
    """A column's heading as it is compared: letters' case, outer blanks, and blank or underscore do not matter.

    >>> heading(" Result_No ") == heading("RESULT NO")
    True
    """
    return " ".join(text.replace("_", " ").split()).casefold()


def columns(declared: Any, key: Iterable[str], defaults: Column, formats: Mapping[str, tuple[str, ...]],
            where: str) -> tuple[Column, ...]:  # fmt: skip
    """The columns of one kind of file; those of its key are required. Raises FormatDeclarationError."""
    if not isinstance(declared, Mapping) or not declared:
        raise FormatDeclarationError(f"{where}: must name its columns")
    found = [_column(name, given, defaults, formats, f"{where}: {name}") for name, given in declared.items()]
    known = {column.name for column in found}
    if absent := sorted(set(key) - known):
        raise FormatDeclarationError(f"{where}: {', '.join(absent)} of the key is no column")
    _check_names(found, where)
    return tuple(replace(one, required=one.required or one.name in key) for one in found)


def _column(name: Any, given: Any, defaults: Column, formats: Mapping[str, tuple[str, ...]], where: str) -> Column:
    column = build(Column, {**(given or {}), "name": name}, where)
    if column.type not in TYPES:
        raise FormatDeclarationError(f"{where}: type is not one of {', '.join(TYPES)}")
    if not name.replace("_", "a").isalnum() or not name.isascii():
        raise FormatDeclarationError(f"{where}: a column's own name is of letters, digits and underscores")
    column = replace(
        column,
        formats=formats.get(column.type, ()) if column.formats is None else column.formats,
        decimal=defaults.decimal if column.decimal is None else column.decimal,
        thousands=defaults.thousands if column.thousands is None else column.thousands,
        nulls=defaults.nulls if column.nulls is None else column.nulls,
    )
    if len(column.decimal or "") != 1 or len(column.thousands or "") > 1 or column.decimal == column.thousands:
        raise FormatDeclarationError(f"{where}: decimal and thousands must be two different characters")
    if any(mark and (mark.isdigit() or mark in "+-") for mark in (column.decimal, column.thousands)):
        raise FormatDeclarationError(f"{where}: decimal and thousands are neither digits nor signs")
    if column.scale is not None and (column.type != DECIMAL or not 0 <= column.scale <= 18):
        raise FormatDeclarationError(f"{where}: scale is of a decimal, 0 to 18")
    if column.max_length is not None and column.max_length < 1:
        raise FormatDeclarationError(f"{where}: max_length is at least 1")
    if column.required and column.may_lack:
        raise FormatDeclarationError(f"{where}: a required column may not lack")
    _check_formats(column, where)
    return column


def _check_formats(column: Column, where: str) -> None:
    try:
        patterns = [Pattern.of(text) for text in column.formats or ()]
    except ValueError as fault:
        raise FormatDeclarationError(f"{where}: {fault}") from None
    if column.type in (DATE, DATETIME) and not patterns:
        raise FormatDeclarationError(f"{where}: a {column.type} needs a format")
    if column.type not in (DATE, DATETIME) and patterns:
        raise FormatDeclarationError(f"{where}: only a date or a datetime has formats")
    if any(pattern.has_time != (column.type == DATETIME) for pattern in patterns):
        raise FormatDeclarationError(f"{where}: the format of a datetime has %H or %I, that of a date has neither")
    if len({"%z" in pattern.text for pattern in patterns}) > 1:
        raise FormatDeclarationError(f"{where}: all of its formats have %z or none")
    if can_be_confused(patterns):
        raise FormatDeclarationError(f"{where}: one text could be two different moments by two of its formats")


def _check_names(columns: Iterable[Column], where: str) -> None:
    seen: set[str] = set()
    for column in columns:
        own = {heading(name) for name in (column.name, *column.names)}
        if own & seen or "" in own:
            raise FormatDeclarationError(
                f"{where}: {column.name} shares a name with another column or has an empty one"
            )
        seen |= own
