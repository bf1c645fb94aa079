"""How fast CSV rows are read, checked, typed and inspected, beside other readers on the same files in the same run.

`python -m infra.bench.csv_rows [ROWS]` writes a claims extract of 18 columns, plain and with every cell quoted, and
prints rows per second of processor time of one core. The others only cut rows or convert them; they tell no row's
place, keep no bytes and stop at the first cell that is not as declared, so they are here for orientation.
"""

from __future__ import annotations

import csv
import itertools
import pathlib
import sys
import tempfile
from collections.abc import Callable
from typing import Any

import duckdb
import pyarrow.csv

from infra.bench.rate import rate
from jobs.formats.csv_inspection import inspect
from jobs.formats.csv_layout import Layout, Limits
from jobs.formats.csv_rows import read
from jobs.formats.csv_values import Typist

AMOUNT = {"type": "decimal", "scale": 2}
COLUMNS: dict[str, dict[str, Any]] = {
    "claim_id": {"max_length": 20},
    "version": {"type": "integer", "required": True},
    "line_number": {"type": "integer"},
    "from_date": {"type": "date", "required": True},
    "to_date": {"type": "date"},
    "revenue_code": {"max_length": 4},
    "procedure_code": {"max_length": 5},
    "modifier_1": {"max_length": 2},
    "modifier_2": {"max_length": 2},
    "place_of_service": {"one_of": ["11", "21", "22", "23", "81"]},
    "rendering_npi": {"max_length": 10},
    "units": {"type": "decimal", "scale": 3},
    "charge_amount": {**AMOUNT, "required": True},
    "allowed_amount": AMOUNT,
    "deductible_amount": AMOUNT,
    "coinsurance_amount": AMOUNT,
    "copay_amount": AMOUNT,
    "paid_amount": AMOUNT,
}
KIND = {"key": ["claim_id", "line_number"], "columns": COLUMNS}
TRAILER = {"mark": "TRAILER", "count": 2, "totals": {"charge_amount": 3, "paid_amount": 4}}
DUCKDB_TYPES = {"integer": "BIGINT", "decimal": "DECIMAL(18,3)", "date": "DATE"}


def _row(number: int) -> list[str]:
    day = f"2026-{1 + number % 12:02}-{1 + number * 7 % 28:02}"
    charge, paid = 1000 + number * 7919 % 900_000, number * 104_729 % 80_000
    money = [f"{cents // 100}.{cents % 100:02}" for cents in (charge, charge * 3 // 4, 1000, 500, 0, paid)]
    code, place, npi = (
        f"99{number % 300:03}",
        ("11", "21", "22", "23", "81")[number % 5],
        str(1_000_000_000 + number % 997),
    )
    return [f"C{number // 4:09}", "0", str(1 + number % 4), day, day, "0300", code, "", "25", place, npi, "1", *money]


def _files(folder: pathlib.Path, count: int) -> dict[str, pathlib.Path]:
    rows = [_row(number) for number in range(count)]
    written = {}
    for name, quoting in (("plain", csv.QUOTE_MINIMAL), ("quoted", csv.QUOTE_ALL)):
        written[name] = folder / f"{name}.csv"
        with open(written[name], "w", newline="") as out:
            csv.writer(out, quoting=quoting, lineterminator="\n").writerows([list(COLUMNS), *rows])
    cents = [sum(int(row[at].replace(".", "")) for row in rows) for at in (12, 17)]
    totals = [f"{one // 100}.{one % 100:02}" for one in cents]
    written["totals"] = folder / "totals.csv"
    written["totals"].write_text(written["plain"].read_text() + ",".join(["TRAILER", str(count), *totals]) + "\n")
    return written


def _read(path: pathlib.Path, layout: Layout) -> int:
    return sum(not record.faults for record in read(str(path), limits=Limits(), layout=layout))


def _type(path: pathlib.Path, layout: Layout) -> int:
    typist = Typist(layout, layout.files[0])
    found, typed = read(str(path), limits=Limits(), layout=layout), 0
    while records := list(itertools.islice(found, 2000)):
        columns = typist.columns([record.payload or b"" for record in records], records[0].context or b"")
        typed += sum(not faults for faults in columns.faults)
    return typed


def _inspect(path: pathlib.Path, layout: Layout) -> int:
    found = inspect(str(path), layout)
    return 0 if found.faults else found.texts


def _library(path: pathlib.Path) -> int:
    with open(path, newline="", encoding="utf-8") as text:
        return sum(1 for _ in csv.reader(text, strict=True)) - 1


def _duckdb(path: pathlib.Path) -> int:
    kinds = {name: DUCKDB_TYPES.get(given.get("type", ""), "VARCHAR") for name, given in COLUMNS.items()}
    with duckdb.connect(config={"threads": 1}) as connection:
        source = f"read_csv('{path}', columns = {kinds}, auto_detect = false, header = true, quote = '\"')"
        connection.execute(f"CREATE TABLE rows AS FROM {source}")
        [(count,)] = connection.execute("SELECT count(*) FROM rows").fetchall()
    return int(count)


def _pyarrow(path: pathlib.Path) -> int:
    options = pyarrow.csv.ReadOptions(use_threads=False)
    return int(pyarrow.csv.read_csv(path, read_options=options).num_rows)


def main() -> int:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    layout = Layout.of({"files": {"claim_line": KIND}})
    totalled = Layout.of({"files": {"claim_line": {**KIND, "trailer": TRAILER}}})
    with tempfile.TemporaryDirectory() as folder:
        files = _files(pathlib.Path(folder), count)
        size = files["plain"].stat().st_size / count
        print(f"{count:,} rows of {len(COLUMNS)} columns, {size:.0f} bytes each; rows per second of one core")
        works: list[tuple[str, Callable[[pathlib.Path], int]]] = [
            ("csv_rows.read, every cell checked", lambda path: _read(path, layout)),
            ("the same, and typed by csv_values", lambda path: _type(path, layout)),
            ("csv_inspection", lambda path: _inspect(path, layout)),
            ("csv.reader (cells only)", _library),
            ("DuckDB, one thread, typed", _duckdb),
            ("pyarrow, one thread, types guessed", _pyarrow),
        ]
        for name, work in works:
            plain, quoted = (rate(count, lambda p=files[kind], w=work: w(p)) for kind in ("plain", "quoted"))  # type: ignore[misc]
            print(f"{name:<36} {plain:>12,.0f} plain {quoted:>12,.0f} quoted")
        inspected = rate(count, lambda: _inspect(files["totals"], totalled))
        print(f"{'csv_inspection with two totals':<36} {inspected:>12,.0f} plain")
    return 0


if __name__ == "__main__":
    sys.exit(main())
