"""The head of a CSV file: byte order mark, line end, preamble and header, and what kind of file that makes it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from jobs.formats.csv_cells import Cutter
from jobs.formats.csv_columns import heading
from jobs.formats.csv_faults import UNKNOWN_HEADER
from jobs.formats.csv_layout import Kind, Layout

OTHER_ENCODING = "other_encoding"
WRONG_DELIMITER = "wrong_delimiter"
DUPLICATED_HEADER = "duplicated_header"
AMBIGUOUS_HEADER = "ambiguous_header"
UNKNOWN_FILE_NAME = "unknown_file_name"

# A header is not longer, nor what stands before it.
MOST_BYTES = 1 << 20
_UTF8 = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_LINE_END = re.compile(rb"\r\n|\r|\n")


class Head(NamedTuple):
    """`start`: offset of the first row. `columns`: declared names in the file's order, None for what is not declared.

    `line_end` is that of the first line after the preamble. Of a header of no kind `nearest` is the kind that has
    most of it, `missing` are the columns of that which are not there, `extra` counts those that are no column of it.
    """

    start: int
    line_end: bytes
    header: bytes | None
    kind: Kind | None
    columns: tuple[str | None, ...] = ()
    fault: str | None = None
    nearest: str | None = None
    missing: tuple[str, ...] = ()
    extra: int = 0

    @property
    def context(self) -> bytes:
        """The columns as a record carries them: names by commas, nothing for what is not declared."""
        return ",".join(name or "" for name in self.columns).encode()


class _Line(NamedTuple):
    start: int
    text: bytes
    end: bytes
    next: int


def read(data: bytes, layout: Layout, *, whole: bool, kind: str | None = None, name: str | None = None) -> Head | None:
    """The head of a file that begins so; None when more of it is needed. `whole`: there is no more.

    `kind` is given where it is known; else the header tells it, among those kinds that may have the file's `name`.
    """
    whole = whole or len(data) > MOST_BYTES
    start = len(_UTF8) if data.startswith(_UTF8) else 0
    if data[:2] in _UTF16 or (start and layout.encoding != "utf-8"):
        return Head(len(data), b"\n", None, None, fault=OTHER_ENCODING)
    for _ in range(layout.preamble):
        line = _line(data, start, whole)
        if line is None:
            return None
        start = line.next
    line = _header(data, start, layout, whole)
    if line is None:
        return None
    kinds = [layout.kind(kind)] if kind is not None else _by_name(layout.files, name)
    if layout.header:
        found = _choose(line.text, kinds, layout)
        head = found._replace(start=line.next, line_end=line.end, header=line.text)
    elif len(kinds) == 1:
        columns = tuple(column.name for column in kinds[0].columns)
        head = Head(start, line.end, None, kinds[0], columns)
    else:
        head = Head(start, line.end, None, None, fault=UNKNOWN_FILE_NAME)
    return head


def _by_name(kinds: Sequence[Kind], name: str | None) -> list[Kind]:
    """The kinds that a file of this name can be: those that claim it, else those that claim no names."""
    if name is None:
        return list(kinds)
    return [kind for kind in kinds if kind.is_named(name)] or [kind for kind in kinds if not kind.file_names]


def _line(data: bytes, start: int, whole: bool) -> _Line | None:
    found = _LINE_END.search(data, start)
    if found is None:
        return _Line(start, data[start:], b"\n", len(data)) if whole else None
    if found.end() == len(data) and found.group() == b"\r" and not whole:
        return None
    return _Line(start, data[start : found.start()], found.group(), found.end())


def _header(data: bytes, start: int, layout: Layout, whole: bool) -> _Line | None:
    """The first row: its cells may be quoted over lines when rows may."""
    line = _line(data, start, whole)
    cutter = Cutter(layout)
    while line is not None and layout.quoted_newlines and layout.quote and layout.quote.encode() in line.text:
        if not cutter.spans([line.text.decode(layout.codec, "replace")])[1] or line.next >= len(data):
            break
        more = _line(data, line.next, whole)
        line = more and _Line(start, data[start : more.start + len(more.text)], more.end, more.next)
    return line


def _choose(text: bytes, kinds: Sequence[Kind], layout: Layout) -> Head:
    """The kind whose header this is; of several the one with most columns of it."""
    [cells], _ = Cutter(layout).cut([text.decode(layout.codec, "replace")])
    if not kinds:
        return Head(0, b"", None, None, fault=UNKNOWN_FILE_NAME)
    met = sorted((_meet(cells, kind, layout) for kind in kinds), key=lambda one: (one.fault is not None, one.extra))
    fitting = [one for one in met if one.fault is None]
    if len(fitting) > 1 and fitting[0].extra == fitting[1].extra:
        return fitting[0]._replace(kind=None, fault=AMBIGUOUS_HEADER)
    if fitting:
        return fitting[0]
    best = min(met, key=lambda one: (len(one.missing) + one.extra, one.extra))
    if len(cells) == 1 and best.extra == 1:
        plain = heading(cells[0])
        if all(any(heading(n) in plain for n in (c.name, *c.names)) for c in layout.kind(best.nearest or "").columns
               if not c.may_lack):  # fmt: skip
            return best._replace(fault=WRONG_DELIMITER)
    return best


def _meet(cells: Sequence[str], kind: Kind, layout: Layout) -> Head:
    names = {heading(name): column.name for column in kind.columns for name in (column.name, *column.names)}
    columns = tuple(names.get(heading(cell)) for cell in cells)
    known = [name for name in columns if name is not None]
    missing = tuple(column.name for column in kind.columns if not column.may_lack and column.name not in known)
    extra = len(columns) - len(known)
    fault = None
    if missing or (extra and not layout.extra_columns):
        fault = UNKNOWN_HEADER
    elif len(set(known)) < len(known):
        fault = DUPLICATED_HEADER
    if fault:
        return Head(0, b"", None, None, (), fault, kind.name, missing, extra)
    return Head(0, b"", None, kind, columns)._replace(extra=extra)
