"""imaging_dicom: the headers of the images that the population's studies speak of, as the archive writes them."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from infra.hospital.simulation import dicom_writing, site
from infra.hospital.simulation.chance import Chance
from infra.hospital.simulation.dicom_writing import Elements
from infra.hospital.simulation.history import Image
from infra.hospital.simulation.outbox import File, Outbox, Part
from infra.hospital.simulation.people import Person
from infra.hospital.simulation.registry import Registry
from infra.hospital.simulation.truth import AS_SENT, KEPT, QUARANTINED, SAME

FEED = "imaging_dicom"
# Body parts as technicians type them (PS3.16 annex L has the defined terms).
_PARTS = {"mouth": "JAW", "thoracic": "CHEST", "chest": "CHEST", "wrist": "WRIST", "ankle": "ANKLE", "knee": "KNEE",
          "heart": "HEART", "breast": "BREAST", "arm": "ARM", "clavicle": "CLAVICLE"}  # fmt: skip


class _Waiting(NamedTuple):
    name: str
    data: bytes
    id: str
    faults: list[dict[str, Any]]


class Imaging:
    """Writes everybody's images; `send` sends those of a day."""

    def __init__(self, registry: Registry, outbox: Outbox, chance: Chance) -> None:
        self._registry = registry
        self._outbox = outbox
        self._chance = chance
        self._days: dict[date, list[_Waiting]] = defaultdict(list)

    def image(self, person: Person, image: Image, at: datetime, doctor: str, organization: str) -> None:
        """One instance, and what befalls it."""
        due = self._outbox.planter.due
        faults: list[dict[str, Any]] = []
        uid, modality, taken = person.own_uid(image.instance), image.modality, at
        if due("wrong_modality", FEED):
            modality = "OT"
            faults.append({"kind": "wrong_modality", "fate": AS_SENT, "right": image.modality, "sent": modality})
        if due("clock_offset", FEED):
            taken = at + timedelta(minutes=17)
            faults.append({"kind": "clock_offset", "fate": KEPT, "minutes": 17})
        accession = (
            f"R{at:%y%j}{hashlib.blake2b(person.own_uid(image.study).encode(), digest_size=3).hexdigest().upper()}"
        )
        elements = self._elements(person, image, taken, modality, accession, doctor, organization)
        name, good = f"{uid}.dcm", dicom_writing.file(elements)
        self._spoil(at.date(), uid, elements, good)
        self._days[at.date()].append(_Waiting(name, good, uid, faults))
        if due("same_message_again", FEED):
            told = {"kind": "same_message_again", "fate": SAME, "by": uid}
            # The archive was asked for the study once more; its clock has gone on since.
            again = dicom_writing.file({**elements, (0x0008, 0x0013): ("TM", f"{taken + timedelta(hours=1):%H%M%S}")})
            self._days[at.date()].append(_Waiting(f"copy_{name}", again, uid, [told]))
        self._outbox.truth.studies.append({
            "person": person.number, "imaging_study": person.own(image.study_id),
            "study_uid": person.own_uid(image.study),
            "series_uid": person.own_uid(image.series), "instance_uid": uid, "modality": image.modality,
            "accession": accession, "at": at.isoformat(), "told_by": ["ehr_fhir", FEED],
        })  # fmt: skip

    def send(self, day: date) -> None:
        """Send the images of a day, a file each."""
        for one in self._days.pop(day, ()):
            self._outbox.send(day, File(FEED, one.name, [Part(one.data, one.id, one.faults)], "instance"))

    def _spoil(self, day: date, uid: str, elements: Elements, good: bytes) -> None:
        """Files that cannot be used, sent before the good one."""
        unsaid = {tag: said for tag, said in elements.items() if tag != (0x0008, 0x0060)}
        broken = {
            "truncated_header": (good[:-5], "truncated"),
            "no_modality": (dicom_writing.file(unsaid), "no_modality"),
            "bad_uid": (dicom_writing.file({**elements, (0x0020, 0x000D): ("UI", "1.2.840.STUDY")}), "bad_uid"),
        }  # fmt: skip
        for kind, (data, reason) in broken.items():
            if self._outbox.planter.due(kind, FEED):
                told = {"kind": kind, "fate": QUARANTINED, "reasons": [reason], "by": uid}
                self._days[day].append(_Waiting(f"{kind}_{uid}.dcm", data, uid, [told]))

    def _elements(self, person: Person, image: Image, at: datetime, modality: str, accession: str, doctor: str,
                  organization: str) -> Elements:  # fmt: skip
        name, (_, family, given) = person.names["imaging"], self._registry.doctor(doctor)
        part = next((term for word, term in _PARTS.items() if word in image.site.lower()), "")
        day, time = f"{at:%Y%m%d}", f"{at:%H%M%S}"
        return {
            (0x0008, 0x0005): ("CS", "ISO_IR 100"), (0x0008, 0x0008): ("CS", "ORIGINAL\\PRIMARY"),
            (0x0008, 0x0013): ("TM", time), (0x0008, 0x0016): ("UI", image.sop_class),
            (0x0008, 0x0018): ("UI", person.own_uid(image.instance)), (0x0008, 0x0020): ("DA", day),
            (0x0008, 0x0021): ("DA", day), (0x0008, 0x0030): ("TM", time), (0x0008, 0x0050): ("SH", accession),
            (0x0008, 0x0060): ("CS", modality), (0x0008, 0x0070): ("LO", "Example Imaging"),
            (0x0008, 0x0080): ("LO", self._registry.organization(organization)[:64]),
            (0x0008, 0x0090): ("PN", f"{family}^{given}"), (0x0008, 0x1030): ("LO", image.description[:64]),
            (0x0008, 0x103E): ("LO", image.title[:64]), (0x0008, 0x1090): ("LO", f"Model {image.modality}-7"),
            (0x0010, 0x0010): ("PN", f"{name.family}^{name.given}^{name.middle}".rstrip("^")),
            (0x0010, 0x0020): ("LO", person.imaging_id), (0x0010, 0x0021): ("LO", site.IMAGING_ISSUER),
            (0x0010, 0x0030): ("DA", f"{person.birth_date:%Y%m%d}"), (0x0010, 0x0040): ("CS", person.sex),
            (0x0018, 0x0015): ("CS", part), (0x0018, 0x0060): ("DS", "70"),
            (0x0020, 0x000D): ("UI", person.own_uid(image.study)),
            (0x0020, 0x000E): ("UI", person.own_uid(image.series)),
            (0x0020, 0x0010): ("SH", accession), (0x0020, 0x0011): ("IS", "1"),
            (0x0020, 0x0013): ("IS", str(image.number)),
            (0x0028, 0x0002): ("US", 1), (0x0028, 0x0010): ("US", 1024), (0x0028, 0x0011): ("US", 1024),
            (0x0028, 0x0100): ("US", 16), (0x0028, 0x0101): ("US", 12), (0x0028, 0x0102): ("US", 11),
        }  # fmt: skip
