"""What the laboratory sends: ORU^R01 messages, and for some orders rows of its LIMS extract; corrections of both.

An order's placer number is the EHR's id of the report, its filler number the laboratory's accession: by these and
the LOINC code a result told by two feeds is known as one.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from infra.hospital.simulation import hl7v2_trouble, lims, site
from infra.hospital.simulation.chance import Chance
from infra.hospital.simulation.ehr_export import Export
from infra.hospital.simulation.history import Report, Result
from infra.hospital.simulation.hl7v2_writing import Message, header, patient, text, zoned
from infra.hospital.simulation.outbox import Outbox
from infra.hospital.simulation.people import Person
from infra.hospital.simulation.registry import Registry
from infra.hospital.simulation.truth import AS_SENT, KEPT, SUPERSEDED, UNMAPPED

FEED = "lab_hl7v2"
# Of how many orders the laboratory sends a message, and of how many a row in its extract; some get both.
IN_MESSAGES, IN_EXTRACT = 0.75, 0.40
_RANGES = {
    "2823-3": (3.5, 5.1), "6298-4": (3.5, 5.1), "2951-2": (136, 145), "2947-0": (136, 145), "2160-0": (0.6, 1.2),
    "38483-4": (0.6, 1.2), "2345-7": (70, 99), "2339-0": (70, 99), "718-7": (12, 17.5), "6690-2": (4.5, 11),
    "777-3": (150, 400), "4548-4": (4, 5.6), "2093-3": (0, 200), "2571-8": (0, 150), "3094-0": (7, 20),
    "6299-2": (7, 20), "17861-6": (8.5, 10.2), "49765-1": (8.5, 10.2), "789-8": (3.9, 5.9), "4544-3": (36, 52),
}  # fmt: skip


class Told(NamedTuple):
    """A result as it is sent, once: what is planted in it changes the words and not the person's blood."""

    result: Result
    at: datetime
    value: str
    unit: str
    loinc: str
    status: str


class Laboratory:
    """Writes the results of everybody; `send` sends what a day brings."""

    def __init__(self, registry: Registry, outbox: Outbox, chance: Chance, ehr: Export) -> None:
        self._registry = registry
        self._outbox = outbox
        self._chance = chance
        # Is told of accession numbers and of corrected values.
        self._ehr = ehr
        self._days: dict[date, list[Message]] = defaultdict(list)
        self.extract = lims.Extract(outbox)
        self._count = 0

    def report(self, person: Person, report: Report, at: datetime, doctor: str) -> None:
        """All that the laboratory sends about one order, whose results were drawn at a local time."""
        share = self._chance.share("told by", person.fhir_id, report.id)
        by_message, by_row = share < IN_MESSAGES, share > 1 - IN_EXTRACT
        accession = f"{at:%y%j}-{self._chance.digits(7, 'accession', person.fhir_id, report.id)}"
        self._ehr.number(person.own(report.id), accession)
        told = [Told(one, at, one.value, one.unit, one.loinc, "F") for one in report.results]
        offset = timedelta(0)
        first: Message | None = None
        if by_message:
            told_by_lab, faults, offset = self._planted(told)
            first = self._say(person, report, accession, doctor, at + timedelta(hours=2), told_by_lab, offset)
            first.faults += [{**one, "accession": accession} for one in faults]
        if by_row:
            self.extract.add(person, report, accession, at + timedelta(hours=3), told)
        corrected = self._corrected(person, report, told, accession, doctor, at, first, by_row)
        self._know(person, report, accession, told, corrected, [*["lab_hl7v2"] * by_message, *["lab_csv"] * by_row])

    def send(self, day: date) -> None:
        """Send the messages of a day."""
        if messages := self._days.pop(day, None):
            messages.sort(key=lambda one: (one.at, one.control_id))
            batch = site.LAB, f"L{day:%Y%m%d}1"
            hl7v2_trouble.send(day, FEED, f"oru_{day:%Y%m%d}.hl7", messages, self._outbox, "\r", batch)

    def _planted(self, told: list[Told]) -> tuple[list[Told], list[dict[str, Any]], timedelta]:
        """What the laboratory's message makes of the results when trouble befalls it."""
        due, said, offset = self._outbox.planter.due, list(told), timedelta(0)
        faults: list[dict[str, Any]] = []
        first = said[0]
        if due("bad_code", FEED):
            said[0] = first._replace(loinc=f"X{first.loinc}")
            faults.append({"kind": "bad_code", "fate": UNMAPPED, "loinc": first.loinc, "sent": said[0].loinc})
        elif first.unit and due("unknown_unit", FEED):
            said[0] = first._replace(unit=f"x{first.unit[::-1]}")
            faults.append({"kind": "unknown_unit", "fate": UNMAPPED, "loinc": first.loinc, "sent": said[0].unit})
        elif first.unit and due("wrong_unit", FEED):
            said[0] = first._replace(unit="mmol/L" if first.unit != "mmol/L" else "mg/dL")
            faults.append({"kind": "wrong_unit", "fate": AS_SENT, "loinc": first.loinc, "sent": said[0].unit})
        if due("clock_offset", FEED):
            # An analyser whose clock runs ahead; order number and code still say which results these are.
            offset = timedelta(minutes=17)
            faults.append({"kind": "clock_offset", "fate": KEPT, "minutes": 17})
        return said, faults, offset

    def _corrected(self, person: Person, report: Report, told: list[Told], accession: str, doctor: str, at: datetime,
                   first: Message | None, by_row: bool) -> Told | None:  # fmt: skip
        """Now and then the first number of an order is corrected the day after, in every feed that told it."""
        numeric = next((one for one in told if one.unit), None)
        when = at + timedelta(days=1, hours=1)
        if numeric is None or (first is None and not by_row) or when.date() > self._outbox.last:
            return None
        if first is not None and first.faults:
            return None
        if not self._outbox.planter.due("correction", FEED):
            return None
        value = str(Decimal(numeric.value) + Decimal("0.3"))
        right = numeric._replace(value=value, status="C")
        if first is not None:
            said = [right if one is numeric else one for one in told]
            later = self._say(person, report, accession, doctor, when, said, timedelta(0))
            first.faults.append(
                {
                    "kind": "correction",
                    "fate": SUPERSEDED,
                    "by": later.control_id,
                    "loinc": numeric.loinc,
                    "value": value,
                }
            )
        if by_row:
            self.extract.correct(person, report, accession, when, numeric, right)
        self._ehr.correct(person, numeric.result, value, when)
        return right

    def _say(self, person: Person, report: Report, accession: str, doctor: str, sent: datetime, told: list[Told],
             offset: timedelta) -> Message:  # fmt: skip
        self._count += 1
        control_id, order = f"ORU{self._count:09}", person.own(report.id)
        identifiers = [f"{person.lab_mrn}^^^{site.LAB_ASSIGNER}^PI"]
        # Orders on paper come without the EHR's number.
        if self._chance.share("order", person.fhir_id, report.id) < 0.7:
            identifiers.append(f"{person.fhir_id}^^^{site.EHR_ASSIGNER}^MR")
        drawn, reported = zoned(told[0].at + offset), zoned(sent)
        npi, family, given = self._registry.doctor(doctor)
        ordering = f"{npi}^{text(family)}^{text(given)}^^^^^^NPI"
        numbers = f"{order}^{site.EHR[0]}|{accession}^{site.LAB[0]}"
        status = "C" if any(one.status == "C" for one in told) else "F"
        message = Message(sent, control_id, [
            header(site.LAB, reported, "ORU^R01", "ORU_R01", control_id),
            patient(person, identifiers, person.names["lab"]),
            f"PV1|1|O|||||{ordering}{'|' * 12}{person.own(report.visit) if report.visit else ''}^^^NORTHRIVER^VN",
            f"ORC|RE|{numbers}{'|' * 9}{ordering}",
            f"OBR|1|{numbers}|{report.loinc}^{text(report.text)}^LN|||{drawn}{'|' * 9}{ordering}{'|' * 6}{reported}"
            f"||LAB|{status}",
            *(_observation(place, one, drawn, reported) for place, one in enumerate(told, 1)),
        ])  # fmt: skip
        self._days[sent.date()].append(message)
        return message

    def _know(self, person: Person, report: Report, accession: str, told: list[Told], corrected: Told | None,
              by: list[str]) -> None:  # fmt: skip
        for one in told:
            last = corrected if corrected and corrected.result is one.result else one
            self._outbox.truth.results.append({
                "person": person.number, "observation": person.own(one.result.id), "order": person.own(report.id),
                "accession": accession, "loinc": one.loinc, "at": one.at.isoformat(), "value": last.value,
                "unit": last.unit or None, "code": one.result.code or None, "status": last.status,
                "told_by": ["ehr_fhir", *by],
            })  # fmt: skip


def limits(loinc: str, value: str) -> tuple[str, str]:
    """The reference range of a result and the flag of its value (HL7 table 0078)."""
    low, high = _RANGES.get(loinc, (None, None))
    if low is None or high is None:
        return "", ""
    number = float(value)
    return f"{low:g}-{high:g}", "L" if number < low else "H" if number > high else "N"


def _observation(place: int, one: Told, drawn: str, reported: str) -> str:
    reference, flag = limits(one.loinc, one.value) if one.unit else ("", "")
    kind = "NM" if one.unit else "CWE" if one.result.code else "ST"
    value = f"{one.result.code}^{text(one.value)}^SCT" if kind == "CWE" else text(one.value)
    unit = f"{text(one.unit)}^{text(one.unit)}^UCUM" if one.unit else ""
    return (
        f"OBX|{place}|{kind}|{one.loinc}^{text(one.result.text)}^LN||{value}|{unit}|{reference}|{flag}|||{one.status}"
        f"|||{drawn}|||||{reported}"
    )
