"""Visits of HL7 v2 messages as FHIR R4 Encounters: what PV1 and PV2 say, in the state the ADT event leaves them.

A PV1 of any other message tells in which visit it is: such an Encounter is told in passing.
"""

from __future__ import annotations

import functools
from typing import Any

import orjson

from jobs.formats import hl7v2_fhir_parties as parties
from jobs.formats import hl7v2_types
from jobs.formats.hl7v2_dialect import NULL, Dialect
from jobs.formats.hl7v2_encounter import EVENTS
from jobs.formats.hl7v2_fhir_codes import THO, coded, concept, packed
from jobs.formats.hl7v2_fhir_parties import Mention
from jobs.formats.hl7v2_fhir_story import Story, Whose, first, reference
from jobs.formats.hl7v2_message import Segment
from jobs.formats.hl7v2_types import Organization, Place
from jobs.formats.translation import UNSAID

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
# Tables that sites fill themselves, and in the United States most with the codes of the uniform bill (UB-04).
_UNIFORM_BILLING = {
    "0007": "http://www.nubc.org/CodeSystem/PriorityTypeOfAdmitOrVisit",
    "0023": "http://www.nubc.org/CodeSystem/PointOfOrigin",
    "0112": "http://www.nubc.org/patient-discharge",
}
_USES = {"A": "AD", "F": "DD"}
# Events after which the patient is in another place, or in the one that the stay begins with; a transfer that is called
# off (A12) brings him back (section 3.3); A17 swaps the beds of two.
_MOVES, _MOVES_BACK = ("A01", "A02", "A04", "A06", "A07", "A17"), "A12"
# Events that say which number of a visit holds from now on, those of accounts where an account is a visit.
NUMBERED = ("A42", "A45", "A50", "A51", "A35", "A36", "A41", "A44", "A49")
# Updates, and a new patient or number of a visit, say nothing of how it stands, as long as they do not tell its end.
_UPDATES = ("A08", "A28", "A31", *NUMBERED, "A54", "A55", "")
_PAD = [""] * 54


def tell_encounters(story: Story, diagnoses: dict[str, list[dict[str, Any]]]) -> None:
    """The Encounter of each PV1 that can be told from others. `diagnoses`: Encounter.diagnosis by Encounter id."""
    segments = story.message.segments
    event = story.kind[4:] if story.kind.startswith("ADT^") else ""
    for index, name in enumerate(story.names):
        if name != "PV1" or not (encounter := story.whose[index].encounter):
            continue
        follows = segments[index + 1] if index + 1 < len(segments) else []
        pv2 = follows if follows and follows[0] == "PV2" else []
        body = _body(story, segments[index] + _PAD, pv2, story.whose[index], event)
        if encounter in diagnoses:
            body["diagnosis"] = diagnoses[encounter]
        story.tell("Encounter", encounter, body, in_passing=not event)


def _body(story: Story, pv1: Segment, pv2: Segment, whose: Whose, event: str) -> dict[str, Any]:
    dialect = story.message.dialect
    status, started, ended = _state(story, pv1, event)
    # Who was not discharged after all (A13) went nowhere, whatever the message repeats of it.
    went = "" if event == "A13" else pv1[36]
    reason = pv2[3] if len(pv2) > 3 else ""
    same, places, mentions = _constant(
        dialect, status, pv1[2], pv1[3], pv1[4], pv1[6], pv1[7], pv1[8], pv1[9], pv1[10], pv1[13], pv1[14], pv1[17],
        pv1[18], went, pv1[52], reason,
        story.feed.options.get("uniform_billing") is True,
    )  # fmt: skip
    for mention in mentions:
        story.refer(mention)
    body: dict[str, Any] = {"status": status, **same}
    if whose.patient:
        body["subject"] = whose.patient_ref
    account = story.accounts.get(whose, "")
    if identifiers := parties.identifiers(dialect, (pv1[19], "VN"), (pv1[50], None), (pv1[5], None), (account, "AN")):
        body["identifier"] = identifiers
    if started and ended:
        body["period"] = {"start": started, "end": ended}
    elif started or ended:
        body["period"] = {"start": started} if started else {"end": ended}
    if told := [*places, *_ward(story, pv1, event, started)]:
        body["location"] = told
    extensions = story.extension_of(whose.encounter, "DG1", "PR1")
    if unsaid := _unsaid(pv1, reason, event, started, ended, has_diagnoses="DG1" in story.names):
        extensions.append({"url": UNSAID, "valueString": unsaid})
    if extensions:
        body["extension"] = extensions
    return body


def _ward(story: Story, pv1: Segment, event: str, started: str | None) -> list[dict[str, Any]]:
    """The ward that an event brings the patient to (PV1-3, PL.1) and since when: an entry of Encounter.location.

    That of a transfer that did not happen has no time: there the patient is since he came.
    """
    if event not in (*_MOVES, _MOVES_BACK) or pv1[3] == NULL:
        return []
    found = hl7v2_types.place(story.message.dialect, first(story.message.dialect, pv1[3]))
    ward = parties.location(Place(found.unit, None, None, found.facility)) if found.unit else None
    if ward is None:
        return []
    story.refer(ward)
    entry = {"location": ward.reference, "physicalType": coded(parties.PHYSICAL, parties.WARD), "status": "active"}
    if event == _MOVES_BACK:
        return [entry]
    since = started if event in ("A01", "A04") else story.happened_at
    return [{**entry, "period": {"start": since}}] if since else []


def _unsaid(
    pv1: Segment, reason: str, event: str, started: str | None, ended: str | None, *, has_diagnoses: bool
) -> str:
    """What a PV1 leaves out and its event does not say either (section 2.5.3); `""` says that there is none."""
    takes_back = event in ("A11", "A13") or _STATES.get(event, FINISHED) != FINISHED
    left_out = (
        ("status", event in _UPDATES and not ended and pv1[45] != NULL),
        ("start", not started and not pv1[44] and event != "A11"),
        ("end", not ended and not pv1[45] and not takes_back),
        ("class", not pv1[2]),
        ("location", not pv1[3] and not pv1[6]),
        ("provider", not pv1[3]),
        ("people", not any((*pv1[7:10], pv1[17], pv1[52]))),
        ("source", not pv1[14]),
        ("disposition", not pv1[36] and event != "A13"),
        ("priority", not pv1[4]),
        ("service", not pv1[10]),
        ("type", not pv1[18]),
        ("reason", not reason),
        ("diagnosis", not has_diagnoses),
        ("replaced", event not in NUMBERED),
    )
    return " ".join(name for name, is_so in left_out if is_so)


def _state(story: Story, pv1: Segment, event: str) -> tuple[str, str | None, str | None]:
    """Status, begin and end."""
    started, ended = story.raw_time(pv1[44]), story.raw_time(pv1[45])
    if event == "A13":
        # The discharge did not happen, whatever the message repeats of it.
        ended = None
    if event == "A03" and ended is None:
        ended = story.happened_at
    if event in ("A01", "A04") and started is None:
        started = story.happened_at
    otherwise = FINISHED if ended else UNDER_WAY if event in EVENTS else "unknown"
    if otherwise == UNDER_WAY and not started and pv1[2].upper() == "P":
        # An update of who is expected does not bring him in.
        otherwise = PLANNED
    return _STATES.get(event, otherwise), started, ended


@functools.lru_cache(1 << 13)
def _constant(
    dialect: Dialect, status: str, kind: str, place: str, admission: str, prior: str, attending: str, referring: str,
    consulting: str, service: str, again: str, source: str, admitting: str, sort: str, disposition: str, others: str,
    reason: str, billing: bool,
) -> tuple[dict[str, Any], tuple[dict[str, Any], ...], tuple[Mention, ...]]:  # fmt: skip
    """What many visits have in common, where the patient is and was, and whom and what these refer to."""

    def code(raw: str, table: str) -> orjson.Fragment | None:
        url = (_UNIFORM_BILLING.get(table) if billing else None) or f"{THO}v2-{table}"
        return coded(url, hl7v2_types.padded(dialect, first(dialect, raw), 1)[0] if raw else None)

    people, mentions = _participants(
        dialect, ((attending, "ATND"), (referring, "REF"), (consulting, "CON"), (admitting, "ADM"), (others, "PART"))
    )
    places, facility, further = _where(dialect, status, place, prior)
    body = {
        "class": _class(hl7v2_types.padded(dialect, first(dialect, kind), 1)[0] or ""),
        "type": [code(sort, "0018")],
        "priority": code(admission, "0007"),
        "serviceType": code(service, "0069"),
        "hospitalization": {
            "admitSource": code(source, "0023"),
            "reAdmission": code(again, "0092"),
            "dischargeDisposition": code(disposition, "0112"),
        },
        "participant": people,
        "serviceProvider": facility,
        "reasonCode": [concept(dialect.coded(reason)) if reason else None],
    }
    kept = {name: found for name, value in body.items() if (found := packed(value)) is not None}
    return kept, tuple(places), (*mentions, *further)


def _class(code: str) -> dict[str, Any] | None:
    known = _CLASSES.get(code.upper())
    if known:
        return {"system": ACT, "code": known}
    return None if code.upper() in _UNKNOWN_CLASS else {"system": f"{THO}v2-0004", "code": code}


def _participants(dialect: Dialect, fields: tuple[tuple[str, str], ...]) -> tuple[list[dict[str, Any]], list[Mention]]:
    people: list[dict[str, Any]] = []
    mentions: list[Mention] = []
    for raw, role in fields:
        for person in hl7v2_types.people(dialect, raw):
            if who := parties.practitioner(person):
                people.append({"type": [coded(PARTICIPATION, role)], "individual": who.reference})
                mentions.append(who)
    return people, mentions


def _where(
    dialect: Dialect, status: str, here: str, before: str
) -> tuple[list[dict[str, Any]], orjson.Fragment | None, list[Mention]]:
    """Where the patient is (PV1-3) and, of a transfer, was (PV1-6); the facility, which provides the service."""
    state = PLANNED if status == PLANNED else "completed" if status == FINISHED else "active"
    found = [hl7v2_types.place(dialect, first(dialect, raw)) for raw in (here, before) if raw != NULL]
    rooms = [parties.location(place) for place in found]
    facilities = [parties.organization(Organization(place.facility, None, None)) for place in found]
    states = (state, "completed") if here != NULL else ("completed",)
    places = [
        {"location": room.reference, "status": one}
        for room, one in zip(rooms, states, strict=False)
        if room is not None
    ]
    provider = facilities[0].reference if here != NULL and facilities[0] else None
    return places, provider, [one for one in (*facilities, *rooms) if one is not None]


def diagnosis_of(condition: str, kind: str | None, priority: str | None) -> dict[str, Any]:
    """Encounter.diagnosis for a Condition: its use by DG1-6 (table 0052), its rank by DG1-15."""
    found: dict[str, Any] = {"condition": reference("Condition", condition)}
    if use := _USES.get((kind or "").upper()):
        found["use"] = coded(f"{THO}diagnosis-role", use)
    if priority and priority.isascii() and priority.isdigit() and 0 < int(priority[:4]) < 1000:
        found["rank"] = int(priority[:4])
    return found
