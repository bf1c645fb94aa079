"""Encounters of HL7 v2 messages: one row per PV1, with PV2 and what the event means for the visit."""

from __future__ import annotations

from typing import NamedTuple

from jobs.formats.hl7v2_dialect import Coded
from jobs.formats.hl7v2_fields import Fields
from jobs.formats.hl7v2_message import Message
from jobs.formats.hl7v2_subject import Subject, walk
from jobs.formats.hl7v2_types import Identifier, Party, Place

ADMIT, REGISTER, PREADMIT, TRANSFER, DISCHARGE, UPDATE = (
    "admit", "register", "preadmit", "transfer", "discharge", "update",
)  # fmt: skip
CHANGE_CLASS, LEAVE, RETURN, DEPART, ARRIVE, PENDING, CANCEL = (
    "change_class", "leave", "return", "depart", "arrive", "pending", "cancel",
)  # fmt: skip
DELETE = "delete"
# Trigger events of ADT (HL7 v2.5 section 3.3): what happened, and of a cancel the event that did not happen.
EVENTS: dict[str, tuple[str, str | None]] = {
    "A01": (ADMIT, None), "A02": (TRANSFER, None), "A03": (DISCHARGE, None), "A04": (REGISTER, None),
    "A05": (PREADMIT, None), "A06": (CHANGE_CLASS, None), "A07": (CHANGE_CLASS, None), "A08": (UPDATE, None),
    "A09": (DEPART, None), "A10": (ARRIVE, None), "A11": (CANCEL, "A01"), "A12": (CANCEL, "A02"),
    "A13": (CANCEL, "A03"), "A14": (PENDING, None), "A15": (PENDING, None), "A16": (PENDING, None),
    "A17": (TRANSFER, None), "A21": (LEAVE, None), "A22": (RETURN, None), "A23": (DELETE, None),
    "A25": (CANCEL, "A16"), "A26": (CANCEL, "A15"), "A27": (CANCEL, "A14"), "A28": (UPDATE, None),
    "A31": (UPDATE, None), "A32": (CANCEL, "A10"), "A33": (CANCEL, "A09"), "A38": (CANCEL, "A05"),
    "A52": (CANCEL, "A21"), "A53": (CANCEL, "A22"), "A54": (UPDATE, None), "A55": (CANCEL, "A54"),
}  # fmt: skip


class Encounter(NamedTuple):
    """One PV1 (HL7 v2.5 section 3.4.3) and the PV2 after it (3.4.4), at the event of EVN (3.4.1).

    `meaning` and `cancels` are of ADT events only; of other messages the PV1 tells in which visit they are about.
    A11 also undoes A04 (section 3.3.11). `patient_class` is table 0004: I inpatient, O outpatient, E emergency, ...
    """

    segment: int
    patient_segment: int | None
    patient_id: str | None
    patient_assigner: str | None
    patient_id_type: str | None
    visit_number: str | None
    visit_assigner: str | None
    event: str | None
    meaning: str | None
    cancels: str | None
    recorded_at: str | None
    occurred_at: str | None
    event_reason: Coded
    patient_class: str | None
    admission_type: str | None
    location: Place
    prior_location: Place
    attending: Party
    referring: Party
    consulting: tuple[Party, ...]
    admitting: Party
    service: str | None
    admit_source: str | None
    patient_type: str | None
    financial_class: str | None
    discharge_disposition: str | None
    discharged_to: str | None
    admitted_at: str | None
    discharged_at: str | None
    expected_admit_at: str | None
    expected_discharge_at: str | None
    admit_reason: Coded
    account: tuple[Identifier, ...]
    alternate_visits: tuple[Identifier, ...]
    preadmit_numbers: tuple[Identifier, ...]
    nulls: tuple[str, ...]
    faults: tuple[str, ...]


def encounters(message: Message) -> list[Encounter]:
    """The visits a message speaks of."""
    found = []
    segments = message.segments
    evn = Fields(message, next((one for one in segments if one[0] == "EVN"), ["EVN"]))
    pid = ["PID"]
    for index, segment, subject in walk(message):
        if segment[0] == "PID":
            pid = segment
        if segment[0] == "PV1":
            follows = segments[index + 1] if index + 1 < len(segments) else []
            pv2 = follows if follows and follows[0] == "PV2" else ["PV2"]
            parts = (evn, Fields(message, segment), Fields(message, pv2), Fields(message, pid))
            found.append(_encounter(index, subject, *parts))
    return found


def _encounter(index: int, subject: Subject, evn: Fields, pv1: Fields, pv2: Fields, pid: Fields) -> Encounter:
    event = evn.message.event if (evn.message.kind or "").startswith("ADT") else None
    meaning, cancels = EVENTS.get(event or "", (None, None))
    return Encounter(
        index,
        *subject,
        event=event,
        meaning=meaning,
        cancels=cancels,
        recorded_at=evn.time(2, "recorded_at"),
        occurred_at=evn.time(6, "occurred_at"),
        event_reason=evn.coded(4, "event_reason"),
        patient_class=pv1.text(2, "patient_class"),
        admission_type=pv1.text(4, "admission_type"),
        location=pv1.place(3, "location"),
        prior_location=pv1.place(6, "prior_location"),
        attending=pv1.party(7, "attending"),
        referring=pv1.party(8, "referring"),
        consulting=pv1.parties(9, "consulting"),
        admitting=pv1.party(17, "admitting"),
        service=pv1.text(10, "service"),
        admit_source=pv1.text(14, "admit_source"),
        patient_type=pv1.text(18, "patient_type"),
        financial_class=pv1.text(20, "financial_class"),
        discharge_disposition=pv1.text(36, "discharge_disposition"),
        discharged_to=pv1.text(37, "discharged_to"),
        admitted_at=pv1.time(44, "admitted_at"),
        discharged_at=pv1.time(45, "discharged_at"),
        expected_admit_at=pv2.time(8, "expected_admit_at"),
        expected_discharge_at=pv2.time(9, "expected_discharge_at"),
        admit_reason=pv2.coded(3, "admit_reason"),
        account=pid.identifiers(18, "account", "AN"),
        alternate_visits=pv1.identifiers(50, "alternate_visits"),
        preadmit_numbers=pv1.identifiers(5, "preadmit_numbers"),
        nulls=pv1.nulls + pv2.nulls,
        faults=tuple(dict.fromkeys(evn.faults + pv1.faults + pv2.faults)),
    )
