"""`python -m infra.bench.csv_fhir`: rows of CSV a second and core on their way to FHIR, by step.

For each kind of record: read from its bytes to plain values; the same and made FHIR resources; the same and written as
JSON, as silver.translated does. Processor time, best of three.
"""

from __future__ import annotations

import argparse
import datetime
import json
import zoneinfo
from collections.abc import Callable, Sequence
from typing import Any

from infra.bench.rate import rate
from jobs.formats import claims_csv_fhir, csv_said, lab_csv_fhir
from jobs.formats.translation import Said, Source, write

_AT = datetime.datetime(2026, 3, 9, tzinfo=datetime.UTC)
_ZONE = zoneinfo.ZoneInfo("America/New_York")
_MONEY = ("charge", "allowed", "paid", "deductible", "copay", "coinsurance")
_AMOUNT, _DATE, _TEXT = {"type": "decimal", "scale": 2}, {"type": "date"}, {}
_CELLS: dict[str, dict[str, tuple[dict[str, Any], str]]] = {
    "claim_header": {
        "claim_number": (_TEXT, "ICN{n}"), "patient_control_number": (_TEXT, "C{n}"), "member_id": (_TEXT, "M{n}"),
        "family_name": (_TEXT, "DOE{n}"), "given_name": (_TEXT, "JANE"), "birth_date": (_DATE, "1980-01-02"),
        "sex": (_TEXT, "F"), "plan_id": (_TEXT, "00001"), "claim_type": (_TEXT, "professional"),
        "status": (_TEXT, "paid"), "service_from": (_DATE, "2026-02-01"), "service_to": (_DATE, "2026-02-01"),
        "paid_date": (_DATE, "2026-03-01"), "diagnosis_1": (_TEXT, "E119"), "diagnosis_2": (_TEXT, "I10"),
        "billing_npi": (_TEXT, "1999999984"), **dict.fromkeys(_MONEY, (_AMOUNT, "12.50")),
    },
    "claim_line": {
        "claim_number": (_TEXT, "ICN{n}"), "line_number": ({"type": "integer"}, "1"),
        "service_date": (_DATE, "2026-02-01"), "procedure_code": (_TEXT, "99213"), "units": ({"type": "decimal"}, "1"),
        **dict.fromkeys(_MONEY, (_AMOUNT, "12.50")),
    },
    "pharmacy_claim": {
        "rx_claim_id": (_TEXT, "RX{n}"), "member_id": (_TEXT, "M{n}"), "family_name": (_TEXT, "DOE{n}"),
        "given_name": (_TEXT, "JANE"), "birth_date": (_DATE, "1980-01-02"), "sex": (_TEXT, "F"),
        "plan_id": (_TEXT, "00001"), "transaction": (_TEXT, "P"), "fill_date": (_DATE, "2026-02-01"),
        "ndc": (_TEXT, "00093721410"), "drug_name": (_TEXT, "Metformin"), "quantity": ({"type": "decimal"}, "60"),
        "days_supply": ({"type": "integer"}, "30"), "pharmacy_npi": (_TEXT, "1999999976"),
        **dict.fromkeys(_MONEY, (_AMOUNT, "12.50")),
    },
    "lab_result": {
        "result_id": (_TEXT, "R{n}"), "patient_id": (_TEXT, "L{n}"), "family_name": (_TEXT, "DOE{n}"),
        "given_name": (_TEXT, "JANE"), "birth_date": (_DATE, "1980-01-02"), "sex": (_TEXT, "F"),
        "specimen_id": (_TEXT, "A{n}"), "test_code": (_TEXT, "K"), "test_name": (_TEXT, "Potassium"),
        "loinc": (_TEXT, "2823-3"), "value": ({"type": "decimal"}, "4.1"), "unit": (_TEXT, "mmol/L"),
        "range": (_TEXT, "3.5-5.1"), "flag": (_TEXT, "N"), "status": (_TEXT, "F"),
        "collected": ({"type": "datetime"}, "2026-02-01 08:00:00"),
        "reported": ({"type": "datetime"}, "2026-02-01 09:00:00"),
    },
}  # fmt: skip


def _rows(kind: str, count: int) -> tuple[list[Said], Source]:
    cells = _CELLS[kind]
    columns = {name: declared for name, (declared, _) in cells.items()}
    options = {"files": {kind: {"key": [next(iter(cells))], "columns": columns}}}
    context = ",".join(cells).encode()
    line = ",".join(text for _, text in cells.values())
    rows = [Said(kind, f"{n}", line.format(n=n).encode(), context, _AT) for n in range(count)]
    return rows, Source("bench", "bench", _ZONE, options, {})


def _rate(records: Sequence[Said], work: Callable[[Said], Any]) -> float:
    def all_of_them() -> int:
        for one in records:
            work(one)
        return len(records)

    return rate(len(records), all_of_them)


def main() -> None:
    """Print a line of rates for each kind of record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=4000)
    count = parser.parse_args().count
    found: list[tuple[str, list[Said], Source, Callable[[Said], Any], Any]] = []
    for kind in _CELLS:
        rows, feed = _rows(kind, count)
        translator = lab_csv_fhir if kind == "lab_result" else claims_csv_fhir
        found.append((kind, rows, feed, lambda r, feed=feed: csv_said.values(r, feed), translator))  # type: ignore[misc]
    for kind, records, feed, parse, translator in found:
        rates = {
            "records": kind,
            "parse": round(_rate(records, parse)),
            "parse, translate, write": round(_rate(records, lambda r: translator.translate_written(r, feed))),  # noqa: B023
            "by translation.write": round(_rate(records, lambda r: list(map(write, translator.translate(r, feed))))),  # noqa: B023
            "resources": len(translator.translate_written(records[0], feed)),
            "bytes": sum(len(one[4]) for one in translator.translate_written(records[0], feed)),
        }
        print(json.dumps(rates))


if __name__ == "__main__":
    main()
