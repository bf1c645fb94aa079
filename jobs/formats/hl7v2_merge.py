"""Merges, moves, links, changes of identifiers and deletes that ADT messages tell: what survives and what is lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from jobs.formats import hl7v2_types
from jobs.formats.hl7v2_fields import Fields
from jobs.formats.hl7v2_message import Message, Segment
from jobs.formats.hl7v2_types import Identifier, Name

MERGE, MOVE, CHANGE, LINK, UNLINK, DELETE = "merge", "move", "change", "link", "unlink", "delete"
PERSON, PATIENT, ACCOUNT, VISIT = "person", "patient", "account", "visit"
# HL7 v2.5 section 3.3: what each event does, and to what. A36 merges both patients and accounts.
EVENTS = {
    "A18": (MERGE, PATIENT), "A30": (MERGE, PERSON), "A34": (MERGE, PATIENT), "A35": (MERGE, ACCOUNT),
    "A36": (MERGE, PATIENT), "A39": (MERGE, PERSON), "A40": (MERGE, PATIENT), "A41": (MERGE, ACCOUNT),
    "A42": (MERGE, VISIT), "A43": (MOVE, PATIENT), "A44": (MOVE, ACCOUNT), "A45": (MOVE, VISIT),
    "A46": (CHANGE, PERSON), "A47": (CHANGE, PATIENT), "A48": (CHANGE, PATIENT), "A49": (CHANGE, ACCOUNT),
    "A50": (CHANGE, VISIT), "A51": (CHANGE, VISIT), "A24": (LINK, PATIENT), "A37": (UNLINK, PATIENT),
    # A23 deletes what is of one visit, A29 the person as a whole (sections 3.3.23 and 3.3.29).
    "A23": (DELETE, VISIT), "A29": (DELETE, PERSON),
}  # fmt: skip
NOTHING_LOST = "no_lost_identifier"
NOTHING_SURVIVES = "no_surviving_identifier"
FAULTS = {
    NOTHING_LOST: "the event needs an identifier that is given up (MRG-1; of a delete PID-3), and there is none",
    NOTHING_SURVIVES: "the event needs an identifier that survives (PID-3), and there is none",
}


class Merge(NamedTuple):
    """One PID with its MRG (or, of A24 and A37, with the second PID; of A23 and A29 alone).

    `lost_*` was known before and is given up (MRG, or what is deleted); `surviving_*` is what holds from now on
    (PID and PV1). Of a link or unlink both live on.
    """

    segment: int
    event: str
    action: str
    level: str
    surviving_ids: tuple[Identifier, ...]
    surviving_account: tuple[Identifier, ...]
    surviving_visit: tuple[Identifier, ...]
    lost_ids: tuple[Identifier, ...]
    lost_account: tuple[Identifier, ...]
    lost_visit: tuple[Identifier, ...]
    lost_names: tuple[Name, ...]
    occurred_at: str | None
    faults: tuple[str, ...]


class _Side(NamedTuple):
    ids: tuple[Identifier, ...] = ()
    account: tuple[Identifier, ...] = ()
    visit: tuple[Identifier, ...] = ()
    names: tuple[Name, ...] = ()


def merges(message: Message) -> list[Merge]:
    """What a message merges or deletes; nothing when its event does neither."""
    event = message.event or ""
    if event not in EVENTS:
        return []
    action, level = EVENTS[event]
    at = _occurred_at(message)
    found = []
    for index, survives, lost in _pairs(message, action):
        faults: tuple[str, ...] = () if _side_ids(lost, level) else (NOTHING_LOST,)
        if action != DELETE and not _side_ids(survives, level):
            faults += (NOTHING_SURVIVES,)
        sides = (survives.ids, survives.account, survives.visit, lost.ids, lost.account, lost.visit, lost.names)
        found.append(Merge(index, event, action, level, *sides, at, faults))
    return found


def _side_ids(side: _Side, level: str) -> tuple[Identifier, ...]:
    # An account or visit may be merged by naming the patient only.
    return {ACCOUNT: side.account or side.ids, VISIT: side.visit or side.ids}.get(level, side.ids)


def _pairs(message: Message, action: str) -> Iterator[tuple[int, _Side, _Side]]:
    groups = list(_groups(message))
    if action in (LINK, UNLINK) and len(groups) == 2 and not any(mrg for _, _, _, mrg in groups):
        (_, pid, pv1, _), (index, other, other_pv1, _) = groups
        yield index, _of_patient(message, pid, pv1), _of_patient(message, other, other_pv1)
        return
    for index, pid, pv1, mrg in groups:
        here = _of_patient(message, pid, pv1)
        if action == DELETE:
            yield index, _Side(), here
        elif mrg is not None:
            yield mrg[0], here, _of_merged(message, mrg[1])
        else:
            yield index, here, _Side()


def _groups(message: Message) -> Iterator[tuple[int, Segment, Segment, tuple[int, Segment] | None]]:
    """Each PID with its PV1 and MRG; a message may merge several pairs (ADT_A39)."""
    starts = [n for n, one in enumerate(message.segments) if one[0] == "PID"]
    if not starts:
        # A merge that names nobody is a row with faults, not nothing.
        yield 0, ["PID"], ["PV1"], next(((n, one) for n, one in enumerate(message.segments) if one[0] == "MRG"), None)
        return
    for start, stop in zip(starts, [*starts[1:], len(message.segments)], strict=True):
        group = list(enumerate(message.segments[start:stop], start))
        pv1 = next((one for _, one in group if one[0] == "PV1"), ["PV1"])
        mrg = next(((n, one) for n, one in group if one[0] == "MRG"), None)
        yield start, message.segments[start], pv1, mrg


def _of_patient(message: Message, pid: Segment, pv1: Segment) -> _Side:
    fields, visit = Fields(message, pid), Fields(message, pv1)
    ids = tuple(one for number in (3, 2, 4) for one in fields.identifiers(number, "ids"))
    names = tuple(hl7v2_types.many(message.dialect, fields.raw(5), hl7v2_types.name))
    return _Side(ids, fields.identifiers(18, "account", "AN"), visit.identifiers(19, "visit", "VN"), names)


def _of_merged(message: Message, mrg: Segment) -> _Side:
    fields = Fields(message, mrg)
    # MRG-1 was the only one of 2.1; MRG-2 and MRG-4 are the alternate and the external identifier of later ones.
    ids = tuple(one for number in (1, 4, 2) for one in fields.identifiers(number, "ids"))
    names = tuple(hl7v2_types.many(message.dialect, fields.raw(7), hl7v2_types.name))
    return _Side(ids, fields.identifiers(3, "account", "AN"), fields.identifiers(5, "visit", "VN"), names)


def _occurred_at(message: Message) -> str | None:
    evn = next((one for one in message.segments if one[0] == "EVN"), ["EVN"])
    fields = Fields(message, evn)
    return fields.time(6, "occurred_at") or fields.time(2, "occurred_at")
