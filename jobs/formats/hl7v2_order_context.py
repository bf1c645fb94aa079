"""What an OBR, its ORC and its SPM say of the results under them, as columns that all of these share."""

from __future__ import annotations

import functools
from typing import Any

from jobs.formats import hl7v2_types, hl7v2_values
from jobs.formats.hl7v2_dialect import Dialect, sub_parts
from jobs.formats.hl7v2_message import Message, Segment

MALFORMED_COLLECTED_AT = "malformed_collected_at"
MALFORMED_REPORTED_AT = "malformed_reported_at"
MALFORMED_SPECIMEN_TIME = "malformed_specimen_time"
FAULTS = {
    MALFORMED_COLLECTED_AT: "a time that is none (OBR-7, OBR-8)",
    MALFORMED_REPORTED_AT: "a time that is none (OBR-22)",
    MALFORMED_SPECIMEN_TIME: "a time that is none (SPM-17, SPM-18, OBR-14)",
}
_ORDER_COLUMNS, _SPECIMEN_COLUMNS = 24, 10
_NO_ORDER: tuple[Any, ...] = (None,) * _ORDER_COLUMNS
_PAD = [""] * 30
# Segments that end the group of an OBR.
_ENDS = frozenset(("OBR", "PID", "PV1", "RXA", "TXA", "FT1"))


def of_group(message: Message, group: int | None, last: int) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    """Order and specimen columns of the results that end at segment `last`, and their faults."""
    segments = message.segments
    obr = segments[group] if group is not None and segments[group][0] == "OBR" else None
    spm = _specimen_segment(segments, group, last)
    order, wrong = (_NO_ORDER, ()) if obr is None else _order(message, obr, _orc(segments, group or 0))
    specimen, more = _specimen(message, spm, obr)
    return order + specimen, wrong + more


def comment(message: Message, index: int) -> str | None:
    """The NTE right after a segment, one line each."""
    lines = []
    for segment in message.segments[index + 1 :]:
        if segment[0] != "NTE":
            break
        raws = message.dialect.repetitions(message.field(segment, 3))
        lines += [message.dialect.text(raw) or "" for raw in raws] or [""]
    return "\n".join(lines).strip("\n") or None


def _orc(segments: list[Segment], group: int) -> Segment:
    """The ORC of an OBR stands before it, in OUL after it."""
    for at in (group - 1, group + 1):
        if 0 < at < len(segments) and segments[at][0] == "ORC":
            return segments[at]
    return []


def _specimen_segment(segments: list[Segment], group: int | None, last: int) -> Segment | None:
    """The SPM of a group: inside it, also after its results; in OUL^R22 it stands before the order."""
    if group is None:
        return None
    at = group + 1
    while at < len(segments) and segments[at][0] not in _ENDS:
        # A specimen after the results is theirs, unless it begins the next group.
        if segments[at][0] == "SPM" and (at < last or not _leads(segments)):
            return segments[at]
        at += 1
    return _before(segments, group) if _leads(segments) else None


def _leads(segments: list[Segment]) -> bool:
    """Whether specimens stand before their orders in this message."""
    return next((one[0] for one in segments if one[0] in ("SPM", "OBR")), "") == "SPM"


def _before(segments: list[Segment], group: int) -> Segment | None:
    for at in range(group - 1, 0, -1):
        if segments[at][0] in ("SPM", "PID"):
            return segments[at] if segments[at][0] == "SPM" else None
    return None


def _order(message: Message, obr: Segment, orc: Segment) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    fields = obr if len(obr) >= 30 else obr + _PAD[: 30 - len(obr)]
    dialect = message.dialect
    field = message.field
    faults: tuple[str, ...] = ()
    begin, end, reported = (_time(message, fields[number]) for number in (7, 8, 22))
    if (fields[7] and begin is None) or (fields[8] and end is None):
        faults += (MALFORMED_COLLECTED_AT,)
    if fields[22] and reported is None:
        faults += (MALFORMED_REPORTED_AT,)
    provider = _provider(dialect, fields[16] or field(orc, 12))
    columns = (
        *_entity(dialect, fields[2] or field(orc, 2)),
        *_entity(dialect, fields[3] or field(orc, 3)),
        field(orc, 1) or None,
        *dialect.coded(fields[4])[:6],
        fields[25] or None,
        fields[5] or None,
        begin,
        end,
        reported,
        *provider,
        fields[24] or None,
        *_parent(dialect, fields[26], fields[29]),
    )
    return columns, faults


def _specimen(message: Message, spm: Segment | None, obr: Segment | None) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    """Ten columns from SPM (2.5 on), else from OBR-14 and OBR-15."""
    dialect, field = message.dialect, message.field
    if spm is not None:
        placer, filler = hl7v2_types.entity_pair(dialect, field(spm, 2))
        taken, got = _time(message, field(spm, 17)), _time(message, field(spm, 18))
        wrong = (field(spm, 17) and taken is None) or (field(spm, 18) and got is None)
        kind, site = dialect.coded(field(spm, 4)), dialect.coded(field(spm, 8))
        identified = filler if filler.value else placer
        columns: tuple[Any, ...] = (*identified, *kind[:4], site.code, site.text, taken, got)
        return columns, (MALFORMED_SPECIMEN_TIME,) if wrong else ()
    if obr is None:
        return (None,) * _SPECIMEN_COLUMNS, ()
    raw = field(obr, 14)
    got = _time(message, raw) if raw else None
    source, site_code = _source(dialect, field(obr, 15))
    columns = (None, None, *source[:4], *site_code, None, got)
    return columns, (MALFORMED_SPECIMEN_TIME,) if raw and got is None else ()


@functools.lru_cache(1 << 12)
def _source(dialect: Dialect, raw: str) -> tuple[tuple[str | None, ...], tuple[str | None, str | None]]:
    """SPS: specimen and body site, each with subcomponents code, text and system (OBR-15 before 2.5)."""
    parts = hl7v2_types.components(dialect, raw)
    named = (*sub_parts(dialect, parts[0]), None, None, None, None)[:4] if parts else (None,) * 4
    site = (*sub_parts(dialect, parts[3]), None, None)[:2] if len(parts) > 3 else (None, None)
    return named, (site[0], site[1])


def _time(message: Message, raw: str) -> str | None:
    """A time; of a range, or of many, its first."""
    if not raw:
        return None
    found = hl7v2_values.iso(raw, message.zone)
    if found is None:
        first = (message.dialect.repetitions(raw) or [""])[0]
        text = (message.dialect.parts(first) or (None,))[0]
        found = hl7v2_values.iso(text, message.zone) if text else None
    return found


def _entity(dialect: Dialect, raw: str) -> hl7v2_types.EntityId:
    return hl7v2_types.entity_id(dialect, (dialect.repetitions(raw) or [""])[0]) if raw else hl7v2_types.NO_ENTITY


@functools.lru_cache(1 << 12)
def _provider(dialect: Dialect, raw: str) -> tuple[str | None, ...]:
    found = hl7v2_types.party(dialect, raw)
    return found.id, found.assigner, found.family, found.given


@functools.lru_cache(1 << 10)
def _parent(dialect: Dialect, result: str, order: str) -> tuple[str | None, str | None, str | None]:
    """The result that this one follows (OBR-26: code and sub-id) and its order (OBR-29), as cultures have them."""
    parts = hl7v2_types.components(dialect, result)
    code = sub_parts(dialect, parts[0])[0] if parts else None
    sub_id = dialect.text(parts[1]) if len(parts) > 1 else None
    return code, sub_id, hl7v2_types.entity_pair(dialect, order)[1].value if order else None
