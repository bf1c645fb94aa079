"""One simulation: people drawn, their events planned, every day's files written, the truth told."""

from __future__ import annotations

import os
import pathlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from infra.hospital.simulation import billing, claims, people, population, site
from infra.hospital.simulation.admissions import Admissions
from infra.hospital.simulation.billing import Billing
from infra.hospital.simulation.chance import Chance
from infra.hospital.simulation.claim_extract import Extracts, ndc
from infra.hospital.simulation.ehr_export import Export
from infra.hospital.simulation.history import Diagnosis, History
from infra.hospital.simulation.imaging import Imaging
from infra.hospital.simulation.laboratory import Laboratory
from infra.hospital.simulation.lims import local_code
from infra.hospital.simulation.outbox import Outbox
from infra.hospital.simulation.people import Person
from infra.hospital.simulation.registry import Registry
from infra.hospital.simulation.trouble import Planter
from infra.hospital.simulation.truth import Truth

TROUBLE = 0.02


@dataclass(frozen=True)
class Summary:
    """What was written."""

    people: int
    first: date
    last: date
    files: int
    bytes: int
    # Messages, claims, payments, rows, instances and resources, by feed; those of files that were held apart.
    records: dict[str, int]
    faults: int


def simulate(population_folder: str | os.PathLike[str], out: str | os.PathLike[str], *, days: int, seed: int,
             trouble: float = TROUBLE, patients: int | None = None,
             feeds: Sequence[str] = site.FEEDS, with_export: bool = True) -> Summary:  # fmt: skip
    """Write `days` days up to the population's last into a folder that is not there yet.

    `trouble`: the share of messages and files that trouble befalls, 0 for none. `patients`: how many people, all of
    the population by default. Without export the EHR sends only what changes in the population, for a lake that has
    it already. The same arguments give the same bytes.
    """
    folder, target = pathlib.Path(population_folder), pathlib.Path(out)
    target.mkdir(parents=True)
    hospital = _Hospital(folder, target, days, Chance(seed), trouble, patients, feeds)
    hospital.plan()
    hospital.run(with_export)
    return hospital.tell()


class _Hospital:
    def __init__(self, folder: pathlib.Path, out: pathlib.Path, days: int, chance: Chance, trouble: float,
                 patients: int | None, feeds: Sequence[str]) -> None:  # fmt: skip
        self.last = population.last_day(folder).astimezone(site.ZONE).date()
        self.first = self.last - timedelta(days=days - 1)
        self.feeds = feeds
        self.truth = Truth()
        self.outbox = Outbox(out, self.last, Planter(trouble, chance), self.truth)
        self.registry = Registry(folder)
        self.people = people.draw(folder, patients, chance)
        since = datetime.combine(self.first, time(), site.ZONE).astimezone(UTC)
        self.histories = population.histories(folder, {one.source for one in self.people}, since)
        self.ehr = Export(folder, self.people, self.registry, self.outbox, self.first)
        self.admissions = Admissions(self.registry, self.outbox, chance)
        self.laboratory = Laboratory(self.registry, self.outbox, chance, self.ehr)
        self.extracts = Extracts(self.outbox, chance)
        self.billing = Billing(self.registry, self.outbox, chance, self.extracts.decided)
        self.imaging = Imaging(self.registry, self.outbox, chance)
        self.pharmacy: list[claims.Claim] = []

    def plan(self) -> None:
        """Let everybody live; what comes of it waits for its day."""
        bills = []
        for person in self.people:
            history = self.histories[person.source]
            begin = datetime.combine(self.first, time(0, 5), site.ZONE)
            self.admissions.register(person, begin + timedelta(seconds=person.number % 3000))
            self.extracts.enrol(person, history, self.first, self.last)
            was_merged = self._visits(person, history)
            for report in history.reports:
                if self._is_now(at := _local(report.at, person)):
                    visit = history.visits.get(report.visit)
                    self.laboratory.report(person, report, at, visit.doctor if visit else "")
            for image in history.images:
                if self._is_now(at := _local(image.at, person)):
                    visit = history.visits.get(image.visit)
                    doctor, where = (visit.doctor, visit.organization) if visit else ("", "")
                    self.imaging.image(person, image, at, doctor, where)
            bills += [(_local(bill.created, person), bill.id, person, bill, history) for bill in history.bills]
            self.truth.people.append(_who(person, was_merged))
        # In the order of their days, since a payer counts what was met before.
        for created, _, person, bill, history in sorted(bills, key=lambda one: (one[0], one[1], one[2].number)):
            if not self._is_now(created) or bill.payer == site.UNINSURED:
                continue
            start, end = _local(bill.start, person), _local(bill.end, person)
            claim = claims.claim(person, bill, history, start, max(start, end), created)
            if not claim.lines:
                continue
            if claim.kind == "pharmacy":
                self.billing.decide(claim)
                self.extracts.drug(claim, bill, self.registry.doctor(claim.doctor)[0])
                self.pharmacy.append(claim)
            else:
                self.billing.take(claim)

    def run(self, with_export: bool) -> None:
        """Go through the days."""
        if "ehr_fhir" in self.feeds:
            self.ehr.read() if with_export else self.ehr.read_changes()
        for day in self._days():
            for feed, send in (("ehr_fhir", self.ehr.send), ("adt_hl7v2", self.admissions.send),
                               ("lab_hl7v2", self.laboratory.send), ("claims_x12", self.billing.send),
                               ("imaging_dicom", self.imaging.send)):  # fmt: skip
                if feed in self.feeds:
                    send(day)
            if "lab_csv" in self.feeds:
                self.laboratory.extract.send(day)
            if "claims_csv" in self.feeds:
                self.extracts.send(day, is_first=day == self.first)
            self.outbox.close(day)
        while left := self.outbox.days_left:
            self.outbox.close(left[0])

    def tell(self) -> Summary:
        """Write the truth."""
        truth = self.truth
        truth.claims += [billing.told(one) for one in (*self.billing.claims, *self.pharmacy)]
        truth.codes += _codes(self.histories)
        truth.write(self.outbox.out / "truth")
        records: Counter[str] = Counter()
        for one in truth.files:
            records[one["feed"]] += one["records"] or 0
        return Summary(
            len(self.people),
            self.first,
            self.last,
            len(truth.files),
            self.outbox.bytes,
            dict(records),
            len(truth.faults),
        )

    def _visits(self, person: Person, history: History) -> bool:
        """Returns whether one of the visits was begun under a second number."""
        diagnoses: dict[str, list[Diagnosis]] = {}
        for one in history.diagnoses.values():
            diagnoses.setdefault(one.visit, []).append(one)
        was_merged = False
        for visit in history.visits.values():
            start, end = _local(visit.start, person), _local(visit.end, person)
            if self._is_now(start):
                was_merged |= self.admissions.visit(person, visit, start, end, diagnoses.get(visit.id, []))
        return was_merged

    def _is_now(self, at: datetime) -> bool:
        return self.first <= at.date() <= self.last

    def _days(self) -> Iterator[date]:
        day = self.first
        while day <= self.last:
            yield day
            day += timedelta(days=1)


def _local(at: datetime, person: Person) -> datetime:
    return (at + timedelta(days=person.shift)).astimezone(site.ZONE)


def _who(person: Person, was_merged: bool) -> dict[str, object]:
    ids = {
        "ehr_fhir": person.fhir_id, "ehr_mrn": person.fhir_id, "lab_mrn": person.lab_mrn, "member_id": person.member_id,
        "imaging_id": person.imaging_id, "former_mrn": person.former_mrn if was_merged else None, "ssn": person.ssn,
    }  # fmt: skip
    return {
        "person": person.number, "ids": ids, "names": {system: list(name) for system, name in person.names.items()},
        "birth_date": str(person.birth_date), "sex": person.sex, "drawn_from": person.source, "copy": person.copy,
    }  # fmt: skip


def _codes(histories: dict[str, History]) -> Iterator[dict[str, str]]:
    drugs = {i.code: i.text for h in histories.values() for b in h.bills if b.kind == "pharmacy" for i in b.items}
    tests = {r.loinc: r.text for h in histories.values() for report in h.reports for r in report.results}
    for code, text in sorted(drugs.items()):
        yield {"system": "ndc", "code": ndc(code), "means": "rxnorm", "is": code, "text": text}
    for code, text in sorted(tests.items()):
        yield {"system": "lims", "code": local_code(code), "means": "loinc", "is": code, "text": text}
    for code, (icd,) in sorted(site.table("diagnoses").items()):
        yield {"system": "icd10cm", "code": icd, "means": "snomed", "is": code}
