"""What the EHR's ADT interface sends: people registered and changed, visits begun and ended, undone, people merged."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any

from infra.hospital.simulation import hl7v2_trouble, site
from infra.hospital.simulation.chance import Chance
from infra.hospital.simulation.history import Diagnosis, Visit
from infra.hospital.simulation.hl7v2_writing import Message, at, header, patient, text
from infra.hospital.simulation.outbox import Outbox
from infra.hospital.simulation.people import Person
from infra.hospital.simulation.registry import Registry
from infra.hospital.simulation.truth import CANCELLED, MERGED

FEED = "adt_hl7v2"
_STRUCTURES = {"A04": "ADT_A01", "A08": "ADT_A01", "A13": "ADT_A01", "A11": "ADT_A09", "A28": "ADT_A05",
               "A31": "ADT_A05", "A40": "ADT_A39"}  # fmt: skip
# FHIR's class of an encounter as HL7 table 0004.
_CLASSES = {"AMB": "O", "EMER": "E", "IMP": "I", "OBSENC": "I", "VR": "O", "HH": "R"}


class Admissions:
    """Writes the messages of everybody's visits; `send` sends those of a day."""

    def __init__(self, registry: Registry, outbox: Outbox, chance: Chance) -> None:
        self._registry = registry
        self._outbox = outbox
        self._chance = chance
        self._days: dict[date, list[Message]] = defaultdict(list)
        self._merged: set[int] = set()
        self._count = 0

    def register(self, person: Person, now: datetime) -> None:
        """The first message about a person (A28), and now and then a second with more (A31)."""
        self._say("A28", now, person, [])
        if self._chance.share("update", person.fhir_id) < 0.3:
            later = now + timedelta(days=1 + self._chance.number("later", person.fhir_id) % 20)
            self._say("A31", later, person, [])

    def visit(self, person: Person, visit: Visit, start: datetime, end: datetime, diagnoses: list[Diagnosis]) -> bool:
        """The messages of one visit, and what goes wrong with it; returns whether it began under a second number."""
        planter, number = self._outbox.planter, person.own(visit.id)
        kind = _CLASSES.get(visit.kind, "O")
        begin = "A01" if kind == "I" else "A04"
        if planter.due("cancelled_visit", FEED):
            midnight = start.replace(hour=0, minute=0, second=0)
            self._cancelled(person, visit, begin, kind, max(midnight, start - timedelta(minutes=40)))
        merged = person.number not in self._merged and planter.due("merged_person", FEED)
        about = self._place(visit, kind, number, start)
        coded = [_diagnosis(place, one) for place, one in enumerate(diagnoses, 1)]
        self._say(begin, start, person, [about], person.former_mrn if merged else None)
        if merged:
            told = {"kind": "merged_person", "fate": MERGED, "lost": person.former_mrn, "into": person.fhir_id}
            self._say("A40", start + timedelta(minutes=9), person, [f"MRG|{_mrn(person.former_mrn)}"], None, told)
            self._merged.add(person.number)
        if coded:
            self._say("A08", start + timedelta(minutes=12), person, [about, *coded])
        if planter.due("cancelled_discharge", FEED):
            early = end - (end - start) / 4
            wrong = self._say("A03", early, person, [f"{about}|{at(early)}"])
            undone = self._say("A13", early + timedelta(minutes=3), person, [about])
            told = {"kind": "cancelled_discharge", "fate": CANCELLED, "by": undone.control_id, "visit": number}
            wrong.faults.append(told)
        self._say("A03", max(end, start + timedelta(minutes=15)), person, [f"{about}|{at(end)}", *coded])
        self._outbox.truth.visits.append({
            "visit": number, "person": person.number, "state": "finished", "class": kind, "start": start.isoformat(),
            "end": end.isoformat(), "told_by": ["ehr_fhir", FEED],
        })  # fmt: skip
        return merged

    def send(self, day: date) -> None:
        """Send the messages of a day."""
        if messages := self._days.pop(day, None):
            messages.sort(key=lambda one: (one.at, one.control_id))
            hl7v2_trouble.send(day, FEED, f"adt_{day:%Y%m%d}.hl7", messages, self._outbox, "\n")

    def _cancelled(self, person: Person, visit: Visit, begin: str, kind: str, when: datetime) -> None:
        """A visit that was begun by mistake, at the wrong patient, and taken back."""
        number = self._chance.uuid("mistake", person.fhir_id, visit.id)
        about = self._place(visit, kind, number, when)
        wrong = self._say(begin, when, person, [about])
        undone = self._say("A11", when + timedelta(minutes=5), person, [about])
        told = {"kind": "cancelled_visit", "fate": CANCELLED, "by": undone.control_id, "visit": number}
        wrong.faults.append(told)
        self._outbox.truth.visits.append(
            {"visit": number, "person": person.number, "state": "cancelled", "told_by": [FEED]}
        )

    def _say(self, event: str, when: datetime, person: Person, segments: list[str], mrn: str | None = None,
             told: dict[str, Any] | None = None) -> Message:  # fmt: skip
        self._count += 1
        control_id = f"ADT{self._count:09}"
        identifiers = [_mrn(mrn or person.fhir_id)] + ([] if mrn else [f"{person.ssn}^^^USSSA^SS"])
        moment = at(when)
        message = Message(when, control_id, [
            header(site.EHR, moment, f"ADT^{event}", _STRUCTURES.get(event, f"ADT_{event}"), control_id),
            f"EVN|{event}|{moment}||||{moment}",
            patient(person, identifiers, person.names["adt"]),
            *(segments or ["PV1|1|N"]),
        ], [told] if told else [])  # fmt: skip
        self._days[when.date()].append(message)
        return message

    def _place(self, visit: Visit, kind: str, number: str, start: datetime) -> str:
        """PV1 up to the time of admission (PV1-44)."""
        npi, family, given = self._registry.doctor(visit.doctor)
        where = text(self._registry.organization(visit.organization)[:40])
        doctor = f"{npi}^{text(family)}^{text(given)}^^^^^^NPI"
        return f"PV1|1|{kind}|{where}^^^NORTHRIVER||||{doctor}{'|' * 12}{number}^^^NORTHRIVER^VN{'|' * 25}{at(start)}"


def _mrn(number: str) -> str:
    return f"{number}^^^{site.EHR_ASSIGNER}^MR"


def _diagnosis(place: int, one: Diagnosis) -> str:
    return f"DG1|{place}||{one.code}^{text(one.text)}^SCT||{at(one.at.astimezone(site.ZONE))}|F"
