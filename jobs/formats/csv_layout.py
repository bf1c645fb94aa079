"""What a feed declares about its CSV files: how they are written, the columns of each kind, how a file ends.

options:
  encoding: windows-1252          # utf-8 unless declared; only encodings that hold ASCII as it is
  delimiter: ";"
  quote: '"'                      # null for files that quote nothing; a quote within quotes is doubled
  quoted_newlines: false          # true: a quoted cell may run over lines
  header: true                    # false: the cells are the declared columns, in their order
  preamble: 0                     # lines before the header that are no rows
  extra_columns: false            # true: columns that are not declared may come, and stay in the payload
  decimal: ","
  thousands: "."
  nulls: ["NULL"]                 # cells that mean nothing, beside the empty ones
  dates: ["%d.%m.%Y"]
  datetimes: ["%d.%m.%Y %H:%M"]
  files:                          # each kind of file, told apart by its header, or by the name it comes under
    lab_result:
      key: [result_id]
      file_names: ["results_*"]   # patterns of names, for kinds that a header does not tell apart
      columns:
        result_id: {names: [ResultNo, Result No.], max_length: 40}
        value: {type: decimal, scale: 4}
        status: {required: true, one_of: ["F", "P", "C"]}
        collected: {type: datetime}
      trailer: {mark: TRL, count: 2, totals: {value: 3}}
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from jobs.formats.csv_columns import DATE, DATETIME, DECIMAL, INTEGER, Column, columns
from jobs.formats.declaration import FormatDeclarationError, build, whole_numbers

# Bytes below 128 mean ASCII in each, so rows are cut before they are decoded. Python's name for each.
ENCODINGS = {
    "utf-8": "utf-8",
    "us-ascii": "ascii",
    **{f"iso-8859-{part}": f"iso8859_{part}" for part in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 14, 15, 16)},
    **{f"windows-{page}": f"cp{page}" for page in range(1250, 1259)},
}
ROWS, LINES = "rows", "lines"


@dataclass(frozen=True)
class Limits:
    """Limits of a feed; each has a name in the feed's declaration. `record_lines`: of one quoted row."""

    record_bytes: int = 1 << 20
    record_lines: int = 1000
    unpacked_bytes: int = 8 << 30
    unpacked_ratio: int = 100

    @classmethod
    def of(cls, declared: Mapping[str, Any]) -> Limits:
        """The limits a feed declares; what it does not name keeps its default."""
        return whole_numbers(cls, declared, "limits")


@dataclass(frozen=True)
class Trailer:
    """The last row of a file: its first cell is `mark`; numbers of cells (from 1) hold the count and the totals.

    `counts` says what the count counts: the `rows`, or all `lines`: preamble, header, rows and trailer.
    """

    mark: str
    count: int | None = None
    counts: str = ROWS
    totals: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Kind:
    """One kind of file of a feed."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    file_names: tuple[str, ...] = ()
    trailer: Trailer | None = None

    def is_named(self, file_name: str) -> bool:
        """Whether a file name is one of this kind's, in any case of letters and with or without .gz."""
        name = file_name.rsplit("/", 1)[-1].lower().removesuffix(".gz")
        return any(fnmatch.fnmatchcase(name, one.lower().removesuffix(".gz")) for one in self.file_names)


@dataclass(frozen=True)
class Layout:
    """How the files of a feed are written, and the kinds there are."""

    files: tuple[Kind, ...]
    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str | None = '"'
    quoted_newlines: bool = False
    header: bool = True
    preamble: int = 0
    extra_columns: bool = False
    decimal: str = "."
    thousands: str | None = None
    nulls: tuple[str, ...] = ()
    dates: tuple[str, ...] = ("%Y-%m-%d",)
    datetimes: tuple[str, ...] = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S")

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Layout:
        """The layout a feed declares under `options`; raises FormatDeclarationError naming the place."""
        files = options.get("files")
        if not isinstance(files, Mapping) or not files:
            raise FormatDeclarationError("options: files must name at least one kind of file")
        made = build(cls, {**options, "files": ()}, "options")
        _check_writing(made)
        made = replace(made, files=tuple(_kind(name, values, made) for name, values in files.items()))
        _check_kinds(made)
        return made

    @property
    def codec(self) -> str:
        """Python's name of the encoding."""
        return ENCODINGS[self.encoding]

    def kind(self, name: str) -> Kind:
        """The kind of file of this name; raises FormatDeclarationError when there is none."""
        for one in self.files:
            if one.name == name:
                return one
        raise FormatDeclarationError(f"files: no kind of file is declared as {name}")


def _check_writing(layout: Layout) -> None:
    if layout.encoding not in ENCODINGS:
        raise FormatDeclarationError(f"options: encoding is not one of {', '.join(ENCODINGS)}")
    for name, mark in (("delimiter", layout.delimiter), ("quote", layout.quote)):
        if mark is not None and (len(mark) != 1 or not mark.isascii() or mark in "\r\n\0"):
            raise FormatDeclarationError(f"options: {name} must be one ASCII character and no line end")
    if layout.delimiter == layout.quote:
        raise FormatDeclarationError("options: delimiter and quote must differ")
    if layout.quoted_newlines and layout.quote is None:
        raise FormatDeclarationError("options: without a quote there are no quoted_newlines")
    if layout.preamble < 0:
        raise FormatDeclarationError("options: preamble is a number of lines")


def _check_kinds(layout: Layout) -> None:
    # A header tells kinds apart; without one only the names of files can.
    unnamed = [kind.name for kind in layout.files if not kind.file_names]
    if not layout.header and len(layout.files) > 1 and unnamed:
        raise FormatDeclarationError(f"files: {', '.join(unnamed)} without header needs file_names")


def _kind(name: Any, values: Any, layout: Layout) -> Kind:
    where = f"files: {name}"
    if not isinstance(values, Mapping):
        raise FormatDeclarationError(f"{where}: must be a mapping")
    trailer = None if values.get("trailer") is None else build(Trailer, values["trailer"], f"{where}: trailer")
    made = build(Kind, {**values, "name": name, "columns": (), "trailer": trailer}, where)
    defaults = Column(str(name), decimal=layout.decimal, thousands=layout.thousands, nulls=layout.nulls)
    formats = {DATE: layout.dates, DATETIME: layout.datetimes}
    made = replace(made, columns=columns(values.get("columns"), made.key, defaults, formats, where))
    if trailer:
        _check_trailer(trailer, made.columns, f"{where}: trailer")
    return made


def _check_trailer(trailer: Trailer, columns: tuple[Column, ...], where: str) -> None:
    types = {column.name: column.type for column in columns}
    wrong = [name for name in trailer.totals if types.get(name) not in (DECIMAL, INTEGER)]
    if wrong:
        raise FormatDeclarationError(f"{where}: {', '.join(wrong)} is no column of numbers")
    if trailer.counts not in (ROWS, LINES) or not trailer.mark.strip():
        raise FormatDeclarationError(f"{where}: needs a mark, and counts rows or lines")
    cells = [*trailer.totals.values(), *([] if trailer.count is None else [trailer.count])]
    if min(cells, default=2) < 2 or len(set(cells)) < len(cells):
        raise FormatDeclarationError(f"{where}: its numbers stand each in a cell of its own, after the mark in cell 1")
