"""Orders of HL7 v2 messages: one row per OBR, RXO, RXE, ... under its ORC, and per ORC alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from jobs.formats import hl7v2_types
from jobs.formats.hl7v2_dialect import Coded
from jobs.formats.hl7v2_fields import Fields
from jobs.formats.hl7v2_message import Message, Segment
from jobs.formats.hl7v2_order_context import comment
from jobs.formats.hl7v2_subject import NOBODY, Subject, walk
from jobs.formats.hl7v2_types import EntityId, Organization, Party

NO_CONTROL = "no_order_control"
NO_NUMBER = "no_order_number"
FAULTS = {
    NO_CONTROL: "an order that does not say what is to be done (ORC-1)",
    NO_NUMBER: "an order without placer's and filler's number (ORC-2, ORC-3, OBR-2, OBR-3)",
}
# HL7 table 0119, what becomes of the order.
MEANINGS = {
    "NW": "new", "SN": "new", "NA": "new", "OK": "accepted", "SC": "status", "SR": "status", "RE": "results",
    "CA": "cancel", "OC": "cancelled", "CR": "cancelled", "UC": "not_cancelled", "DC": "discontinue",
    "OD": "discontinued", "DR": "discontinued", "HD": "hold", "OH": "held", "HR": "held", "RL": "release",
    "OE": "released", "OR": "released", "RP": "replace", "RO": "replacement", "RQ": "replaced", "RU": "replaced",
    "XO": "change", "XX": "changed", "XR": "changed", "UA": "refused", "PA": "parent", "CH": "child", "RF": "refill",
}  # fmt: skip
_REPLACED, _REPLACES = frozenset(("RP", "RQ", "RU")), "RO"
_DETAILS = ("OBR", "RXO", "RXE", "RQD", "ODS")


class Order(NamedTuple):
    """One ORC (HL7 v2.5 section 4.5.1) with the OBR (4.5.3), RXO or RXE under it, whose segment this is.

    `control` is ORC-1, `meaning` what it does; `status` is ORC-5 (table 0038), `result_status` OBR-25 (0123). `parent`
    is the order that this one comes from (ORC-8, OBR-29). `service` is what is ordered: OBR-4, RXO-1, RXE-2.
    `reasons`: ORC-16, OBR-31; `diagnoses`: DG1 under it.
    """

    segment: int
    patient_segment: int | None
    patient_id: str | None
    patient_assigner: str | None
    patient_id_type: str | None
    visit_number: str | None
    visit_assigner: str | None
    control: str | None
    meaning: str | None
    kind: str
    placer: EntityId
    filler: EntityId
    group: EntityId
    parent: EntityId
    status: str | None
    result_status: str | None
    service: Coded
    priority: str | None
    ordered_at: str | None
    effective_at: str | None
    requested_at: str | None
    collected_at: str | None
    reported_at: str | None
    provider: Party
    facility: Organization
    specimen_action: str | None
    section: str | None
    reasons: tuple[Coded, ...]
    diagnoses: tuple[Coded, ...]
    comment: str | None
    nulls: tuple[str, ...]
    faults: tuple[str, ...]


class Replacement:
    """Orders that are replaced, until those that replace them have followed them (HL7 v2.5 section 4.5.1.1)."""

    def __init__(self) -> None:
        self._replaced: list[str] = []
        self._is_open = False

    def of(self, control: str | None, name: str) -> list[str]:
        """What the next order of a message replaces, by its ORC-1 and the name that it goes by."""
        said = (control or "").upper()
        if said == _REPLACES:
            self._is_open = False
            return self._replaced
        kept = self._replaced if self._is_open else []
        self._is_open = said in _REPLACED
        self._replaced = [*kept, name] if self._is_open else []
        return []


def orders(message: Message) -> list[Order]:
    """The orders of a message."""
    return [_order(message, *found) for found in _groups(message)]


def _groups(message: Message) -> Iterator[tuple[int, Segment, Segment, list[Segment], Subject]]:
    """Number, ORC, detail, segments below and subject of each order."""
    orc: Segment = ["ORC"]
    open_orc: int | None = None
    whose = NOBODY
    found: list[tuple[int, Segment, Segment, Subject]] = []
    for index, segment, subject in walk(message):
        if segment[0] == "ORC":
            if open_orc is not None:
                found.append((open_orc, orc, ["ORC"], whose))
            orc, open_orc, whose = segment, index, subject
        elif segment[0] in _DETAILS:
            found.append((index, orc, segment, subject))
            open_orc = None
        elif segment[0] == "PID":
            orc = ["ORC"]
    if open_orc is not None:
        found.append((open_orc, orc, ["ORC"], whose))
    starts = [index for index, *_ in found] + [len(message.segments)]
    for number, (index, above, detail, subject) in enumerate(found):
        yield index, above, detail, message.segments[index + 1 : starts[number + 1]], subject


def _order(
    message: Message, index: int, segment: Segment, detail: Segment, below: list[Segment], subject: Subject
) -> Order:
    orc, fields = Fields(message, segment), Fields(message, detail)
    is_test = detail[0] == "OBR"
    tq1 = Fields(message, next((one for one in below if one[0] == "TQ1"), ["TQ1"]))
    control = orc.text(1, "control")
    placer, filler = orc.entity(2, "placer"), orc.entity(3, "filler")
    if is_test:
        placer = placer if placer.value else fields.entity(2, "placer")
        filler = filler if filler.value else fields.entity(3, "filler")
    provider = orc.party(12, "provider")
    reasons = orc.all_coded(16, "reasons") + (fields.all_coded(31, "reasons") if is_test else ())
    return Order(
        index,
        *subject,
        control=control,
        meaning=MEANINGS.get(control or ""),
        kind=detail[0],
        placer=placer,
        filler=filler,
        group=orc.entity(4, "group"),
        parent=_parent(orc, fields if is_test else orc),
        status=orc.text(5, "status"),
        result_status=fields.text(25, "result_status") if is_test else None,
        service=fields.coded({"OBR": 4, "RXE": 2, "RQD": 3, "ODS": 3}.get(detail[0], 1), "service"),
        priority=tq1.text(9, "priority")
        or _timing(orc, fields, 6)
        or (fields.text(5, "priority") if is_test else None),
        ordered_at=orc.time(9, "ordered_at"),
        effective_at=orc.time(15, "effective_at"),
        requested_at=tq1.time(7, "requested_at") or _requested_at(orc, fields),
        collected_at=fields.time(7, "collected_at") if is_test else None,
        reported_at=fields.time(22, "reported_at") if is_test else None,
        provider=provider if any(provider) or not is_test else fields.party(16, "provider"),
        facility=orc.organization(21, "facility"),
        specimen_action=fields.text(11, "specimen_action") if is_test else None,
        section=fields.text(24, "section") if is_test else None,
        reasons=reasons,
        diagnoses=tuple(Fields(message, one).coded(3, "diagnoses") for one in below if one[0] == "DG1"),
        comment=comment(message, index),
        nulls=orc.nulls + fields.nulls,
        faults=orc.faults + fields.faults + tq1.faults + _missing(control, placer, filler),
    )


def _parent(orc: Fields, detail: Fields) -> EntityId:
    """The placer's number of the parent, else the filler's."""
    raw = orc.raw(8) or (detail.raw(29) if detail is not orc else "")
    placer, filler = hl7v2_types.entity_pair(orc.message.dialect, raw)
    return placer if placer.value else filler


def _timing(orc: Fields, detail: Fields, component: int) -> str | None:
    """A component of TQ, the timing before 2.5: OBR-27, or ORC-7."""
    own = detail.message.value(detail.segment, 27, component) if detail.segment[0] == "OBR" else None
    return own or orc.message.value(orc.segment, 7, component)


def _requested_at(orc: Fields, detail: Fields) -> str | None:
    """When it is to be done: OBR-36 of what is scheduled, the begin in TQ, OBR-6 before 2.4."""
    own = detail.time(36, "requested_at") if detail.segment[0] == "OBR" else None
    timed = _timing(orc, detail, 4)
    return own or (orc.message.time(timed) if timed else None) or _asked_at(detail)


def _asked_at(detail: Fields) -> str | None:
    return detail.time(6, "requested_at") if detail.segment[0] == "OBR" else None


def _missing(control: str | None, placer: EntityId, filler: EntityId) -> tuple[str, ...]:
    faults = () if control else (NO_CONTROL,)
    return faults if placer.value or filler.value else (*faults, NO_NUMBER)
