"""ehr_fhir: the EHR's bulk export: on the first day all there is, then each day what is new, corrected results too."""

from __future__ import annotations

import base64
import json
import pathlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import orjson

from infra.hospital.simulation import population, site
from infra.hospital.simulation.chance import Chance
from infra.hospital.simulation.history import Result
from infra.hospital.simulation.outbox import File, Outbox, Part
from infra.hospital.simulation.people import Person, own_id
from infra.hospital.simulation.registry import Registry
from infra.hospital.simulation.truth import QUARANTINED, SAME, SUPERSEDED

FEED = "ehr_fhir"
_ID = re.compile(rb'"id":"([0-9a-f-]{36})"')
_WHEN = re.compile(
    rb'"(?:(?:effectiveDateTime|recordedDate|created|date|authoredOn|occurrenceDateTime|started)":"'
    rb'|(?:performedPeriod|period)":\{"start":")(\d{4}-\d\d-\d\d)([^"]*)'
)
# It begins with characters that are rare, which makes it ten times as fast.
_OWN = re.compile(
    rb'(["/:|])(?:([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})'
    rb'|(\d{4}-\d\d-\d\d)(?=["T])|(1\.2\.840\.99999999\.[0-9.]+)|(?<="data":")([A-Za-z0-9+/=]+))'
)
_NOTE_DATE = re.compile(rb"\b(\d{4}-\d\d-\d\d)\b")


class _Correction(NamedTuple):
    value: str
    when: datetime


class Export:
    """The export; `correct` and `number` are told before `read`, `send` sends what a day brings."""

    def __init__(self, folder: pathlib.Path, people: Iterable[Person], registry: Registry, outbox: Outbox,
                 first: date) -> None:  # fmt: skip
        self._folder = folder
        self._registry = registry
        self._outbox = outbox
        self._first = first
        self._people: dict[bytes, list[Person]] = defaultdict(list)
        for person in people:
            self._people[person.source.encode()].append(person)
        self._days: dict[date, dict[str, list[Part]]] = defaultdict(lambda: defaultdict(list))
        # By the result's id in the population, then by person.
        self._corrections: dict[bytes, dict[int, _Correction]] = defaultdict(dict)
        self._accessions: dict[bytes, str] = {}

    def correct(self, person: Person, result: Result, value: str, when: datetime) -> None:
        """A result has another value from a moment on."""
        self._corrections[result.id.encode()][person.number] = _Correction(value, when)

    def number(self, order: str, accession: str) -> None:
        """The laboratory's number of an order, which the EHR files with the report."""
        self._accessions[order.encode()] = accession

    def read(self) -> None:
        """Go through the population once: what was before is written at once, the rest waits for its day."""
        folder = self._outbox.out / str(self._first) / FEED
        folder.mkdir(parents=True)
        for path in population.files(self._folder):
            kind, *more = path.name.removesuffix(".gz").split(".")
            name = f"{kind}.registry.ndjson" if len(more) > 1 else f"{kind}.ndjson"
            count = 0
            with (folder / name).open("wb") as before:
                for line in self._lines(path, kind):
                    before.write(line)
                    count += 1
            self._outbox.whole(folder / name, FEED, "resources", count)

    def read_changes(self) -> None:
        """For who has the export already: only the resources of it that become other ones."""
        for line in population.lines(self._folder, "Observation") if self._corrections else ():
            found = _ID.search(line)
            if found and found[1] in self._corrections:
                for person, said in self._said(line, "Observation"):
                    self._corrected(person, found[1], said)

    def send(self, day: date) -> None:
        """Send what is new on a day."""
        for kind, parts in sorted(self._days.pop(day, {}).items()):
            file = File(FEED, f"{kind}.{day:%Y%m%d}.ndjson", self._with_trouble(parts), "resources")
            if len(file.parts) > 1 and self._outbox.planter.due("truncated_file", FEED):
                data = file.data
                cut = len(data) - len(file.parts[-1].data) // 2
                self._outbox.send_spoilt(day, file, data[:cut], "truncated_file", ["truncated"])
            else:
                self._outbox.send(day, file)

    def _lines(self, path: pathlib.Path, kind: str) -> Iterator[bytes]:
        """The lines of a file that were before the first day's end; the others are put aside."""
        for line in population.lines_of(path):
            for person, said in self._said(line, kind):
                day = self._day(said)
                if day is None or day <= self._first:
                    yield self._numbered(said)
                elif day <= self._outbox.last:
                    self._days[day][kind].append(_part(self._numbered(said)))
                if kind == "Observation" and (found := _ID.search(line)) and found[1] in self._corrections:
                    self._corrected(person, found[1], said)

    def _said(self, line: bytes, kind: str) -> Iterator[tuple[Person | None, bytes]]:
        """What a line says of each person who was drawn from its patient; what is nobody's, as it is."""
        found = _ID.search(line) if kind == "Patient" else population.OF_PATIENT.search(line)
        if found is None:
            yield None, line
            return
        for person in self._people.get(found[1], ()):
            yield person, line if not person.copy else self._as(person, line)

    def _as(self, person: Person, line: bytes) -> bytes:
        """A line about a re-drawn person: own ids, dates, name and address."""
        shift, shared = timedelta(person.shift), self._registry.shared

        def own(found: re.Match[bytes]) -> bytes:
            before = found[1]
            if identifier := found[2]:
                return before + (
                    identifier if identifier in shared else own_id(identifier.decode(), person.copy).encode()
                )
            if found[3]:
                return before + _shifted(found[3], shift)
            if found[4]:
                return before + person.own_uid(found[4].decode()).encode()
            note = _NOTE_DATE.sub(lambda one: _shifted(one[1], shift), base64.b64decode(found[5]))
            return before + base64.b64encode(_renamed(person, note))

        return _renamed(person, _OWN.sub(own, line))

    def _day(self, line: bytes) -> date | None:
        found = _WHEN.search(line)
        if not found:
            return None
        if len(found[2]) < 7:
            return date.fromisoformat(found[1].decode())
        return datetime.fromisoformat((found[1] + found[2]).decode()).astimezone(site.ZONE).date()

    def _numbered(self, line: bytes) -> bytes:
        """The line with the numbers of the order, when the laboratory has one for it."""
        found = _ID.search(line)
        if not self._accessions or not found or (accession := self._accessions.get(found[1])) is None:
            return line
        numbers = ",".join(
            f'{{"type":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"{code}"}}]}}'
            f',"system":"{system}","value":"{value}"}}'
            for code, system, value in (
                ("PLAC", site.PLACER_SYSTEM, found[1].decode()),
                ("FILL", site.FILLER_SYSTEM, accession),
            )
        )
        return line.replace(found[0], found[0] + f',"identifier":[{numbers}]'.encode(), 1)

    def _corrected(self, person: Person | None, identifier: bytes, line: bytes) -> None:
        """The same resource as a newer version with the corrected value, on its day."""
        correction = self._corrections[identifier].get(person.number) if person else None
        if correction is None:
            return
        said = orjson.loads(self._numbered(line))
        updated = correction.when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        said["meta"] = {**said.get("meta", {}), "versionId": "2", "lastUpdated": updated}
        said["status"] = "corrected"
        said["valueQuantity"]["value"] = json.loads(correction.value)
        newer = orjson.dumps(said) + b"\n"
        told = {"kind": "correction", "fate": SUPERSEDED, "version": "2", "replaces": "the version without number"}
        self._days[correction.when.date()]["Observation"].append(Part(newer, said["id"], [told]))

    def _with_trouble(self, parts: list[Part]) -> list[Part]:
        due, made = self._outbox.planter.due, []
        for one in parts:
            by = {"by": one.id}
            if due("broken_line", FEED):
                told = {"kind": "broken_line", "fate": QUARANTINED, "reasons": ["not_json"], **by}
                made.append(Part(one.data[: len(one.data) // 2] + b"\n", "", [told]))
            if b'"effectiveDateTime":"' in one.data and not one.faults and due("bad_date", FEED):
                made.append(_bad_date(one))
            made.append(one)
            if not one.faults and due("same_message_again", FEED):
                made.append(Part(one.data, one.id, [{"kind": "same_message_again", "fate": SAME, **by}]))
        return made


def _bad_date(one: Part) -> Part:
    identifier = Chance(0).uuid("bad date", one.id)
    data = re.sub(rb'("effectiveDateTime":"\d{4})-\d\d-\d\d', rb"\g<1>-13-45", one.data, count=1)
    data = data.replace(f'"id":"{one.id}"'.encode(), f'"id":"{identifier}"'.encode(), 1)
    told = {"kind": "bad_date", "fate": QUARANTINED, "reasons": ["malformed_date"], "layer": "silver", "by": one.id}
    return Part(data, identifier, [told])


def _part(line: bytes) -> Part:
    found = _ID.search(line)
    return Part(line, found[1].decode() if found else None)


def _shifted(day: bytes, shift: timedelta) -> bytes:
    return str(date.fromisoformat(day.decode()) + shift).encode()


def _renamed(person: Person, data: bytes) -> bytes:
    for old, new in person.written.items():
        data = data.replace(old.encode(), new.encode())
    return data
