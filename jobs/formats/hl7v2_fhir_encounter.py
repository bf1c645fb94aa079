"""Visits of HL7 v2 messages as FHIR R4 Encounters: what PV1 and PV2 say, in the state the ADT event leaves them.

A PV1 of any other message tells in which visit it is: such an Encounter is told in passing.
"""

from __future__ import annotations

import functools
from typing import Any

import orjson

from jobs.formats import hl7v2_fhir_parties as parties
from jobs.formats import hl7v2_merge, hl7v2_types
from jobs.formats.hl7v2_dialect import NULL, Dialect
from jobs.formats.hl7v2_encounter import EVENTS
from jobs.formats.hl7v2_fhir_codes import THO, coded, concept, packed
from jobs.formats.hl7v2_fhir_story import Story, Whose, first, reference
from jobs.formats.hl7v2_message import Segment
from jobs.formats.hl7v2_types import Identifier
from jobs.formats.translation import DELETE, ident

ACT = f"{THO}v3-ActCode"
PARTICIPATION = f"{THO}v3-ParticipationType"
PLANNED, UNDER_WAY, FINISHED, CANCELLED, ON_LEAVE = "planned", "in-progress", "finished", "cancelled", "onleave"
# HL7 table 0004 in v3 ActCode; B is obstetrics, R recurring, P preadmit, C commercial account.
_CLASSES = {"I": "IMP", "B": "IMP", "O": "AMB", "R": "AMB", "C": "AMB", "E": "EMER", "P": "PRENC"}
_UNKNOWN_CLASS = ("N", "U", "")
# The state a visit is in after an event; where none is said here, it goes on until it has ended (PV1-45).
_STATES = {
    "A03": FINISHED, "A05": PLANNED, "A14": PLANNED, "A11": CANCELLED, "A38": CANCELLED, "A27": CANCELLED,
    "A21": ON_LEAVE, "A53": ON_LEAVE, "A13": UNDER_WAY, "A01": UNDER_WAY, "A04": UNDER_WAY,
}  # fmt: skip
# PV1 field, role in v3 ParticipationType.
_PEOPLE = ((7, "ATND"), (8, "REF"), (9, "CON"), (17, "ADM"), (52, "PART"))
_USES = {"A": "AD", "F": "DD"}
_PAD = [""] * 54


def tell_encounters(story: Story, diagnoses: dict[str, list[dict[str, Any]]]) -> None:
    """The Encounter of each PV1 that can be told from others. `diagnoses`: Encounter.diagnosis by Encounter id."""
    segments = story.message.segments
    kind = story.message.kind or ""
    event = kind[4:] if kind.startswith("ADT^") else ""
    for index, name in enumerate(story.names):
        if name != "PV1" or not (encounter := story.whose[index].encounter):
            continue
        follows = segments[index + 1] if index + 1 < len(segments) else []
        pv2 = follows if follows and follows[0] == "PV2" else []
        body = _body(story, segments[index] + _PAD, pv2, story.whose[index], event)
        if encounter in diagnoses:
            body["diagnosis"] = diagnoses[encounter]
        story.tell("Encounter", encounter, body, in_passing=not event)


def tell_changed_visits(story: Story) -> None:
    """Visits deleted (A23), merged into another (A42), or under another number (A50, A51) or patient (A45) now."""
    for merge in hl7v2_merge.merges(story.message):
        lost = _visit_name(merge.lost_visit)
        if merge.level != hl7v2_merge.VISIT:
            continue
        if merge.event in ("A45", "A50", "A51"):
            tell_encounters(story, {})
        if lost and (merge.action == hl7v2_merge.DELETE or lost != _visit_name(merge.surviving_visit)):
            story.tell("Encounter", lost, {}, method=DELETE)


def _visit_name(found: tuple[Identifier, ...]) -> str | None:
    return ident(found[0].assigner, found[0].value) if found else None


def _body(story: Story, pv1: Segment, pv2: Segment, whose: Whose, event: str) -> dict[str, Any]:
    dialect = story.message.dialect
    status, started, ended = _state(story, pv1, event)
    body: dict[str, Any] = {"status": status, **_constant(dialect, *(pv1[n] for n in (2, 4, 10, 14, 18, 36, 13)))}
    if whose.patient_ref:
        body["subject"] = whose.patient_ref
    if pv1[19] or pv1[50] or pv1[5]:
        body["identifier"] = _identifiers(dialect, pv1[19], pv1[50], pv1[5])
    period = {"start": started} if started else {}
    if ended:
        period["end"] = ended
    if period:
        body["period"] = period
    people = [one for number, role in _PEOPLE if pv1[number] for one in _participants(story, pv1[number], role)]
    if people:
        body["participant"] = people
    _where(story, pv1, status, body)
    if len(pv2) > 3 and pv2[3] and (reason := concept(dialect.coded(pv2[3]))):
        body["reasonCode"] = [reason]
    return body


def _state(story: Story, pv1: Segment, event: str) -> tuple[str, str | None, str | None]:
    """Status, begin and end."""
    started, ended = story.raw_time(pv1[44]), story.raw_time(pv1[45])
    if event == "A13":
        # The discharge did not happen, whatever the message repeats of it.
        ended = None
    if event == "A03" and ended is None:
        ended = story.said_at
    if event in ("A01", "A04") and started is None:
        started = story.said_at
    otherwise = FINISHED if ended else UNDER_WAY if event in EVENTS else "unknown"
    return _STATES.get(event, otherwise), started, ended


@functools.lru_cache(1 << 12)
def _constant(
    dialect: Dialect, kind: str, admission: str, service: str, source: str, patient_type: str, disposition: str, re: str
) -> dict[str, Any]:
    """What many visits have in common."""
    code, how, what, whence, sort, whither, again = (
        hl7v2_types.padded(dialect, first(dialect, raw), 1)[0] for raw in
        (kind, admission, service, source, patient_type, disposition, re)
    )  # fmt: skip
    stay = {
        "admitSource": coded(f"{THO}v2-0023", whence),
        "reAdmission": coded(f"{THO}v2-0092", again),
        "dischargeDisposition": coded(f"{THO}v2-0112", whither),
    }
    body = {
        "class": _class(code or ""),
        "type": [coded(f"{THO}v2-0018", sort)],
        "priority": coded(f"{THO}v2-0007", how),
        "serviceType": coded(f"{THO}v2-0069", what),
        "hospitalization": stay,
    }
    return {name: found for name, value in body.items() if (found := packed(value)) is not None}


def _class(code: str) -> dict[str, Any] | None:
    known = _CLASSES.get(code.upper())
    if known:
        return {"system": ACT, "code": known}
    return None if code.upper() in _UNKNOWN_CLASS else {"system": f"{THO}v2-0004", "code": code}


@functools.lru_cache(1 << 12)
def _identifiers(dialect: Dialect, visit: str, alternate: str, preadmit: str) -> orjson.Fragment | None:
    fields = ((visit, "PV1-19", "VN"), (alternate, "PV1-50", None), (preadmit, "PV1-5", None))
    found = [
        parties.identifier(one)
        for raw, source, kind in fields
        for repetition in dialect.repetitions(raw)
        if (one := hl7v2_types.identifier(dialect, repetition, source, kind))
    ]
    return packed(found)


def _participants(story: Story, raw: str, role: str) -> list[dict[str, Any]]:
    found = []
    for repetition in story.message.dialect.repetitions(raw):
        who = story.refer(parties.party(story.message.dialect, repetition))
        if who is not None:
            found.append({"type": [coded(PARTICIPATION, role)], "individual": who})
    return found


def _where(story: Story, pv1: Segment, status: str, body: dict[str, Any]) -> None:
    """Where the patient is (PV1-3) and, of a transfer, where from (PV1-6); the facility provides the service."""
    places = []
    for number, state in ((3, "completed" if status == FINISHED else "active"), (6, "completed")):
        if not pv1[number] or pv1[number] == NULL:
            continue
        place = hl7v2_types.place(story.message.dialect, first(story.message.dialect, pv1[number]))
        if number == 3 and place.facility:
            within = hl7v2_types.Organization(place.facility, None, None)
            body["serviceProvider"] = story.refer(parties.organization(within))
        if (where := story.refer_place(place)) is not None:
            places.append({"location": where, "status": "planned" if status == PLANNED else state})
    if places:
        body["location"] = places


def diagnosis_of(condition: str, kind: str | None, priority: str | None) -> dict[str, Any]:
    """Encounter.diagnosis for a Condition: its use by DG1-6 (table 0052), its rank by DG1-15."""
    found: dict[str, Any] = {"condition": reference("Condition", condition)}
    if use := _USES.get((kind or "").upper()):
        found["use"] = coded(f"{THO}diagnosis-role", use)
    if priority and priority.isascii() and priority.isdigit() and 0 < int(priority[:4]) < 1000:
        found["rank"] = int(priority[:4])
    return found
