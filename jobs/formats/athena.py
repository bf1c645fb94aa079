"""OMOP vocabulary files as OHDSI Athena delivers them: tab-separated, no quoting, dates as YYYYMMDD.

Rows are read in blocks with pyarrow, typed column by column; a faulty row is set aside with its line and
its bytes. `NA` is data (OHDSI/ETL-Synthea issue 126: read as null it emptied the tables). Blank is null,
and the word NULL is null where a column may be null.
"""

from __future__ import annotations

import datetime
import pathlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

BLOCK = 1 << 24
# More faulty rows than this share of a file, and it is not a vocabulary file of ours to read.
BAD_SHARE = 0.01
BAD_AT_LEAST = 100
TYPES = {"bigint": pa.int64(), "int": pa.int32(), "double": pa.float64(), "date": pa.date32(), "string": pa.string()}


class VocabularyFileError(ValueError):
    """A file that cannot be read as the table its name says: names file and reason, never a value."""


@dataclass(frozen=True)
class Wanted:
    """A column to read: its name, its type in Spark's words, and whether a row may be without it."""

    name: str
    type: str
    required: bool = False


@dataclass(frozen=True)
class Fault:
    """A row that could not be read: the line it stands on, its bytes, and the reasons."""

    line: int
    payload: bytes
    reasons: tuple[str, ...]


@dataclass
class Reading:
    """One file being read: iterate `batches`, then `rows` and `faults` are complete."""

    path: pathlib.Path
    columns: list[Wanted]
    rows: int = 0
    faults: list[Fault] = field(default_factory=list)
    _ragged: list[tuple[int, bytes]] = field(default_factory=list)
    _faulty: list[tuple[int, bytes, tuple[str, ...]]] = field(default_factory=list)
    _whole: int = 0

    def batches(self) -> Iterator[pa.Table]:
        """The rows without fault, typed; memory holds one block."""
        names = header(self.path)
        missing = sorted({c.name for c in self.columns if c.required} - set(names))
        if missing:
            raise VocabularyFileError(f"{self.path.name}: no column {', '.join(missing)}")
        with self._open(names) as blocks:
            for block in blocks:
                yield self._typed(pa.Table.from_batches([block]))
                self._refuse_when_bad()
        self.rows = self._whole + len(self._ragged)
        self.faults = sorted([*self._ragged_faults(), *self._typed_faults()], key=lambda fault: fault.line)

    def _open(self, names: list[str]) -> Any:
        def set_aside(row: Any) -> str:
            self._ragged.append((row.number, row.text.encode("utf-8", "surrogateescape")))
            return "skip"

        # Bytes first: whether they are text is asked row by row. One thread, so that lines have numbers.
        return pyarrow.csv.open_csv(
            self.path,
            read_options=pyarrow.csv.ReadOptions(skip_rows=1, column_names=names, use_threads=False, block_size=BLOCK),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter="\t", quote_char=False, escape_char=False, newlines_in_values=False,
                ignore_empty_lines=False, invalid_row_handler=set_aside,
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types={name: pa.binary() for name in names}, strings_can_be_null=False, null_values=[]
            ),
        )  # fmt: skip

    def _typed(self, block: pa.Table) -> pa.Table:
        reasons: dict[int, list[str]] = {}
        arrays = []
        for column in self.columns:
            raw = block[column.name] if column.name in block.column_names else pa.nulls(len(block), pa.binary())
            found, bad = typed(raw, column)
            arrays.append(found)
            for reason, mask in bad:
                for row in pc.indices_nonzero(mask).to_pylist():
                    reasons.setdefault(row, []).append(reason)
        result = pa.table(arrays, names=[c.name for c in self.columns])
        if reasons:
            for row in sorted(reasons):
                payload = _line(block, row)
                why = ("empty_line",) if not payload.strip() else tuple(reasons[row])
                self._faulty.append((self._whole + row, payload, why))
            keep = pc.invert(pc.is_in(pa.array(range(len(block))), pa.array(sorted(reasons))))
            result = result.filter(keep)
        self._whole += len(block)
        return result

    def _refuse_when_bad(self) -> None:
        faulty = len(self._faulty) + len(self._ragged)
        if faulty > max(BAD_AT_LEAST, BAD_SHARE * (self._whole + len(self._ragged))):
            raise VocabularyFileError(f"{self.path.name}: {faulty} faulty rows in the first {self._whole}")

    def _ragged_faults(self) -> Iterator[Fault]:
        for line, payload in self._ragged:
            yield Fault(line, payload, ("wrong_column_count",))

    def _typed_faults(self) -> Iterator[Fault]:
        # Rows of another width are not among the counted ones, but they stand on lines.
        ragged = sorted(line for line, _ in self._ragged)
        passed = 0
        for ordinal, payload, reasons in self._faulty:
            while passed < len(ragged) and ragged[passed] <= ordinal + passed + 2:
                passed += 1
            yield Fault(ordinal + passed + 2, payload, reasons)


def header(path: pathlib.Path) -> list[str]:
    """The column names of a file, in lower case."""
    with pa.input_stream(str(path), compression="detect") as opened:
        first = opened.read(1 << 16).split(b"\n", 1)[0].rstrip(b"\r")
    try:
        names = first.decode("utf-8-sig").lower().split("\t")
    except UnicodeDecodeError:
        raise VocabularyFileError(f"{path.name}: the first line is not UTF-8 text") from None
    if len(names) == 1:
        raise VocabularyFileError(f"{path.name}: the first line has no tab; Athena's files are tab-separated")
    return [name.strip() for name in names]


def typed(raw: Any, column: Wanted) -> tuple[Any, list[tuple[str, Any]]]:
    """One column of bytes in its type, and the masks of rows with a fault by name; their values are null."""
    bad: list[tuple[str, Any]] = []
    text, not_text = _text(raw)
    if not_text is not None:
        bad.append(("not_utf8", not_text))
    nothing = pc.equal(text, "")
    if not column.required:
        nothing = pc.or_(nothing, pc.is_in(text, pa.array(["NULL", "\\N"])))
    text = pc.if_else(nothing, pa.scalar(None, pa.string()), text)
    found = _parsed(text, column.type)
    malformed = pc.and_(pc.is_null(found), pc.is_valid(text))
    if pc.any(malformed).as_py():
        bad.append((f"{column.name}_malformed", malformed))
    if column.required and text.null_count:
        absent = pc.is_null(text)
        bad.append((f"{column.name}_missing", pc.and_not(absent, not_text) if not_text is not None else absent))
    return found, bad


def _text(raw: Any) -> tuple[Any, Any]:
    try:
        return pc.utf8_trim_whitespace(raw.cast(pa.string())), None
    except pa.ArrowInvalid:
        values = [_decoded(value) for value in raw.to_pylist()]
        mask = pa.array([value is None for value in values])
        return pc.utf8_trim_whitespace(pa.array(values, pa.string())), mask


def _decoded(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _parsed(text: Any, kind: str) -> Any:
    if kind == "string":
        return text
    if kind == "date":
        return _dates(text)
    try:
        return text.cast(TYPES[kind])
    except pa.ArrowInvalid:
        return _what_parses(text, kind)


def _what_parses(text: Any, kind: str) -> Any:
    """The values of a block that holds others too; those are null."""
    is_float = kind == "double"
    pattern = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$" if is_float else r"^-?\d{1,18}$"
    clean = pc.if_else(pc.match_substring_regex(text, pattern), text, pa.scalar(None, pa.string()))
    found = clean.cast(pa.float64() if is_float else pa.int64())
    if kind == "int":
        found = pc.if_else(pc.less(pc.abs(found), 1 << 31), found, pa.scalar(None, pa.int64()))
    return found.cast(TYPES[kind])


def _dates(text: Any) -> Any:
    # A file holds few different dates: each is parsed once.
    encoded = pa.chunked_array(text.chunks if isinstance(text, pa.ChunkedArray) else [text]).combine_chunks()
    encoded = encoded.dictionary_encode()
    days = pa.array([_day(value) for value in encoded.dictionary.to_pylist()], pa.date32())
    return days.take(encoded.indices)


def _day(text: str) -> datetime.date | None:
    digits = text.replace("-", "") if len(text) == len("2099-12-31") else text
    if len(digits) != len("20991231") or not digits.isdecimal():
        return None
    try:
        return datetime.date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def _line(block: pa.Table, row: int) -> bytes:
    return b"\t".join(column[row].as_py() for column in block.columns)
