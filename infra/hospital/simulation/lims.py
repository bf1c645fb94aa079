"""lab_csv: the laboratory's own extract, a row for each result, in the words and numbers of its LIMS.

A result's number begins with the order's accession number.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from infra.hospital.simulation.csv_writing import Dialect, Row, Sheet, send
from infra.hospital.simulation.history import Report
from infra.hospital.simulation.outbox import Outbox
from infra.hospital.simulation.people import Person
from infra.hospital.simulation.truth import SUPERSEDED

if TYPE_CHECKING:
    from infra.hospital.simulation.laboratory import Told

FEED = "lab_csv"
_DIALECT = Dialect("cp1252", ";", "\r\n", ",", "TRL")
SHEET = Sheet(
    FEED, "lab_result", _DIALECT,
    ("result_id", "patient_id", "family_name", "given_name", "birth_date", "sex", "order_id", "specimen_id",
     "test_code", "test_name", "loinc", "value", "unit", "range", "flag", "status", "collected", "reported"),
    key="result_id", date_column="collected", listed_column="status",
)  # fmt: skip


class Extract:
    """The rows that wait for their day."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._days: dict[date, list[Row]] = defaultdict(list)
        self._known: dict[str, Row] = {}

    def add(self, person: Person, report: Report, accession: str, reported: datetime, told: Sequence[Told]) -> None:
        """A row for each result of an order."""
        for place, one in enumerate(told, 1):
            self._add(person, report, f"{accession}-{place}", accession, reported, one)

    def correct(self, person: Person, report: Report, accession: str, reported: datetime, wrong: Told,
                right: Told) -> None:  # fmt: skip
        """The row of a result again, with another value."""
        place = 1 + next(n for n, one in enumerate(report.results) if one is wrong.result)
        first = self._known[f"{accession}-{place}"]
        told = {"kind": "correction", "fate": SUPERSEDED, "by": first.key, "loinc": wrong.loinc, "value": right.value}
        first.faults.append(told)
        self._add(person, report, first.key, accession, reported, right)

    def send(self, day: date) -> None:
        """Send the extract of a day."""
        if rows := self._days.pop(day, None):
            send(day, SHEET, f"lims_{day:%Y%m%d}.csv", sorted(rows, key=lambda row: row.key), self._outbox)

    def _add(self, person: Person, report: Report, key: str, accession: str, reported: datetime, one: Told) -> None:
        from infra.hospital.simulation.laboratory import limits

        reference, flag = limits(one.loinc, one.value) if one.unit else ("", "")
        name = person.names["lab"]
        row = Row(key, {
            "result_id": key, "patient_id": person.lab_mrn, "family_name": name.family, "given_name": name.given,
            "birth_date": f"{person.birth_date:%d.%m.%Y}", "sex": person.sex, "order_id": person.own(report.id),
            "specimen_id": accession,
            "test_code": local_code(one.loinc), "test_name": one.result.text, "loinc": one.loinc,
            "value": one.value.replace(".", ",") if one.unit else one.value, "unit": one.unit, "range": reference,
            "flag": flag, "status": one.status, "collected": f"{one.at:%d.%m.%Y %H:%M:%S}",
            "reported": f"{reported:%d.%m.%Y %H:%M}",
        })  # fmt: skip
        self._known[key] = row
        self._days[reported.date()].append(row)


def local_code(loinc: str) -> str:
    """The laboratory's own code of a test.

    >>> local_code("2823-3")
    'T28233'
    """
    return "T" + loinc.replace("-", "")
