"""CSV files as the site's systems write them: dialects, trailers with counts and totals, trouble in rows and files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from infra.hospital.simulation.outbox import File, Outbox, Part
from infra.hospital.simulation.truth import QUARANTINED


@dataclass(frozen=True)
class Dialect:
    """How a system writes rows: the trailer has the mark, the count of rows, and the sums of `totals`."""

    encoding: str
    delimiter: str
    line_end: str
    decimal: str
    mark: str | None

    def row(self, cells: Sequence[str]) -> bytes:
        """One row; a cell that needs it is quoted."""
        special = (self.delimiter, '"', "\r", "\n")
        quoted = ('"' + c.replace('"', '""') + '"' if any(one in c for one in special) else c for c in cells)
        return (self.delimiter.join(quoted) + self.line_end).encode(self.encoding, "replace")

    def number(self, value: Decimal) -> str:
        """A number."""
        return f"{value:f}".replace(".", self.decimal)


@dataclass
class Row:
    """One row: its key, its cells by column, what was planted in it, and whether its last cell is missing."""

    key: str
    cells: dict[str, str]
    faults: list[dict[str, Any]] = field(default_factory=list)
    is_short: bool = False


@dataclass(frozen=True)
class Sheet:
    """One kind of file: its columns, those whose sums stand in the trailer, and cells that trouble can befall."""

    feed: str
    kind: str
    dialect: Dialect
    columns: tuple[str, ...]
    key: str
    totals: tuple[str, ...] = ()
    date_column: str = ""
    number_column: str = ""
    listed_column: str = ""

    def parts(self, rows: Sequence[Row]) -> list[Part]:
        """Header, rows, trailer."""
        write = self.dialect.row
        made = [Part(write(self.columns))]
        for one in rows:
            names = self.columns[:-1] if one.is_short else self.columns
            made.append(Part(write([one.cells.get(name, "") for name in names]), one.key, one.faults))
        if self.dialect.mark:
            sums = [self.dialect.number(_total(rows, name, self.dialect)) for name in self.totals]
            made.append(Part(write([self.dialect.mark, str(len(rows)), *sums])))
        return made


def send(day: date, sheet: Sheet, name: str, rows: list[Row], outbox: Outbox) -> None:
    """Send rows as a file, whole or with what befalls rows and files."""
    planter, feed = outbox.planter, sheet.feed
    made: list[Row] = []
    for one in rows:
        for kind, break_it in _BREAKS.items():
            if (broken := break_it(sheet, one)) and planter.due(kind, feed):
                made.append(broken)
        made.append(one)
    file = File(feed, name, sheet.parts(made), sheet.kind)
    data, mark = file.data, sheet.dialect.mark
    if mark and planter.due("truncated_file", feed):
        last = file.parts[-2].data
        cut = len(data) - len(file.parts[-1].data) - len(last) + len(last) // 3
        outbox.send_spoilt(day, file, data[:cut], "truncated_file", ["truncated", "missing_trailer"])
    elif mark and planter.due("wrong_count", feed):
        said = f"{mark}{sheet.dialect.delimiter}{len(made)}".encode()
        wrong = f"{mark}{sheet.dialect.delimiter}{len(made) + 1}".encode()
        outbox.send_spoilt(day, file, data.replace(said, wrong), "wrong_count", ["count_mismatch"])
    elif sheet.totals and planter.due("wrong_total", feed):
        number = sheet.dialect.number
        total = _total(made, sheet.totals[0], sheet.dialect)
        end = file.parts[-1].data.replace(number(total).encode(), number(total + 1).encode())
        body = data[: len(data) - len(file.parts[-1].data)]
        outbox.send_spoilt(day, file, body + end, "wrong_total", ["total_mismatch"])
    elif planter.due("unknown_header", feed):
        # An update of the sender's system has given its key column another name.
        wrong = data.replace(sheet.key.encode(), b"RECORD_HANDLE", 1)
        outbox.send_spoilt(day, file, wrong, "unknown_header", ["unknown_header"])
    else:
        outbox.send(day, file)


def _total(rows: Sequence[Row], column: str, dialect: Dialect) -> Decimal:
    cells = (row.cells.get(column, "").replace(dialect.decimal, ".") for row in rows if not row.is_short)
    return sum((Decimal(cell) for cell in cells if _is_number(cell)), Decimal(0))


def _is_number(cell: str) -> bool:
    return cell.lstrip("-").replace(".", "", 1).isdigit()


def _broken(sheet: Sheet, row: Row, kind: str, column: str, value: str, reason: str) -> Row | None:
    if not column or not row.cells.get(column):
        return None
    cells = {**row.cells, sheet.key: f"X{row.cells[sheet.key]}", column: value}
    return Row(
        f"X{row.key}", cells, [{"kind": kind, "fate": QUARANTINED, "reasons": [f"{reason}:{column}"], "by": row.key}]
    )


def _bad_date(sheet: Sheet, row: Row) -> Row | None:
    return _broken(sheet, row, "bad_date", sheet.date_column, "31.02.", "not_a_date")


def _bad_number(sheet: Sheet, row: Row) -> Row | None:
    return _broken(sheet, row, "bad_number", sheet.number_column, "n/v", "not_a_number")


def _not_allowed(sheet: Sheet, row: Row) -> Row | None:
    return _broken(sheet, row, "not_allowed_text", sheet.listed_column, "?", "not_allowed")


def _short(sheet: Sheet, row: Row) -> Row:
    fault = {"kind": "short_row", "fate": QUARANTINED, "reasons": ["wrong_cell_count"], "by": row.key}
    cells = {**row.cells, sheet.key: f"X{row.cells[sheet.key]}"}
    return Row(f"X{row.key}", cells, [fault], is_short=True)


_BREAKS: dict[str, Callable[[Sheet, Row], Row | None]] = {
    "bad_date": _bad_date, "bad_number": _bad_number, "not_allowed_text": _not_allowed, "short_row": _short,
}  # fmt: skip
