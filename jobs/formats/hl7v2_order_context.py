"""What an OBR, its ORC and its SPM say of the results under them, as columns that all of these share."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

from jobs.formats import hl7v2_types, hl7v2_values
from jobs.formats.hl7v2_dialect import NULL, Dialect, sub_parts
from jobs.formats.hl7v2_message import Message, Segment

MALFORMED_COLLECTED_AT = "malformed_collected_at"
MALFORMED_REPORTED_AT = "malformed_reported_at"
MALFORMED_SPECIMEN_TIME = "malformed_specimen_time"
FAULTS = {
    MALFORMED_COLLECTED_AT: "a time that is none (OBR-7, OBR-8)",
    MALFORMED_REPORTED_AT: "a time that is none (OBR-22)",
    MALFORMED_SPECIMEN_TIME: "a time that is none (SPM-17, SPM-18, OBR-14)",
}
_NO_SPECIMEN: tuple[Any, ...] = (None,) * 10
# 24 columns of the order and those of the specimen.
_NOTHING: tuple[Any, ...] = (None,) * 24 + _NO_SPECIMEN
_NO_PARENT = (None, None, None)
_PAD = [""] * 30
# Segments that end the group of an OBR.
_ENDS = frozenset(("OBR", "PID", "PV1", "RXA", "TXA", "FT1"))


def of_group(
    message: Message, names: list[str], group: int | None, last: int, found: Specimens | None
) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    """Order and specimen columns of the results that end at segment `last`, and their faults. `names` of segments."""
    segments = message.segments
    if group is None or names[group] != "OBR":
        return _NOTHING, ()
    obr = segments[group]
    # The ORC of an OBR stands before it, in OUL after it.
    orc = _PAD
    if names[group - 1] == "ORC":
        orc = segments[group - 1]
    elif names[group + 1 : group + 2] == ["ORC"]:
        orc = segments[group + 1]
    order, wrong = _order(message, obr, orc)
    spm = specimen_segment(names, group, last, found) if found else None
    if spm is not None:
        specimen, more = _specimen(message, segments[spm])
    elif len(obr) > 14 and (obr[14] or message.field(obr, 15)):
        specimen, more = _old_specimen(message, obr)
    else:
        specimen, more = _NO_SPECIMEN, ()
    return order + specimen, wrong + more


def comment(message: Message, index: int) -> str | None:
    """The NTE right after a segment, one line each."""
    lines = []
    at = index + 1
    while at < len(message.segments) and message.segments[at][0] == "NTE":
        raws = message.dialect.repetitions(message.field(message.segments[at], 3))
        lines += [message.dialect.text(raw) or "" for raw in raws] or [""]
        at += 1
    return "\n".join(lines).strip("\n") or None


class Specimens(NamedTuple):
    """Where the SPM of a message stand: whether before their orders, and for each segment the last one before it."""

    lead: bool
    before: list[int]


def specimens(names: list[str]) -> Specimens | None:
    """Looked up once for a message, that thousands of orders in it cost no more than one; None without any SPM."""
    if "SPM" not in names:
        return None
    last, before = 0, []
    for at, name in enumerate(names):
        if name in ("SPM", "PID"):
            last = at if name == "SPM" else 0
        before.append(last)
    return Specimens("OBR" not in names[: names.index("SPM")], before)


def specimen_segment(names: list[str], group: int, last: int, found: Specimens) -> int | None:
    """The SPM of a group: inside it, also after its results; in OUL^R22 it stands before the order."""
    for at in range(group + 1, len(names)):
        if names[at] in _ENDS:
            break
        # A specimen after the results is theirs, unless it begins the next group.
        if names[at] == "SPM" and (at < last or not found.lead):
            return at
    return (found.before[group] or None) if found.lead else None


def _order(message: Message, obr: Segment, orc: Segment) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    fields = obr if len(obr) >= 30 else obr + _PAD[len(obr) :]
    orders = orc if len(orc) >= 13 else orc + _PAD[len(orc) : 13]
    dialect = message.dialect
    faults: tuple[str, ...] = ()
    begin, end, reported = fields[7], fields[8], fields[22]
    if begin or end:
        begin, end = _time(message, begin), _time(message, end)
        if (fields[7] and not begin) or (fields[8] and not end):
            faults = (MALFORMED_COLLECTED_AT,)
    if reported and not (reported := _time(message, reported)):
        faults += (MALFORMED_REPORTED_AT,)
    columns = (
        *entity(dialect, fields[2] or orders[2]),
        *entity(dialect, fields[3] or orders[3]),
        orders[1] or None,
        *dialect.coded(fields[4])[:6],
        fields[25] or None,
        fields[5] or None,
        begin or None,
        end or None,
        reported or None,
        *_provider(dialect, fields[16] or orders[12]),
        fields[24] or None,
        *(_parent(dialect, fields[26], fields[29]) if fields[26] or fields[29] else _NO_PARENT),
    )
    return columns, faults


def _specimen(message: Message, spm: Segment) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    """The specimen of an SPM (2.5 on)."""
    dialect = message.dialect
    fields = spm + _PAD
    placer, filler = hl7v2_types.entity_pair(dialect, fields[2])
    taken, got = _time(message, fields[17]), _time(message, fields[18])
    wrong = (fields[17] and not taken) or (fields[18] and not got)
    kind, site = dialect.coded(fields[4]), dialect.coded(fields[8])
    identified = filler if filler.value else placer
    columns = (*identified, *kind[:4], site.code, site.text, taken or None, got or None)
    return columns, (MALFORMED_SPECIMEN_TIME,) if wrong else ()


def _old_specimen(message: Message, obr: Segment) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    """The specimen of OBR-14 and OBR-15."""
    raw = message.field(obr, 14)
    got = _time(message, raw)
    source, site = _source(message.dialect, message.field(obr, 15))
    columns = (None, None, *source[:4], *site, None, got or None)
    return columns, (MALFORMED_SPECIMEN_TIME,) if raw and not got else ()


@functools.lru_cache(1 << 12)
def _source(dialect: Dialect, raw: str) -> tuple[tuple[str | None, ...], tuple[str | None, str | None]]:
    """SPS: specimen and body site, each with subcomponents code, text and system (OBR-15 before 2.5)."""
    parts = hl7v2_types.components(dialect, raw)
    named = (*sub_parts(dialect, parts[0]), None, None, None, None)[:4] if parts else (None,) * 4
    site = (*sub_parts(dialect, parts[3]), None, None)[:2] if len(parts) > 3 else (None, None)
    return named, (site[0], site[1])


def _time(message: Message, raw: str) -> str:
    """A time; of a range, or of many, its first; '' when it is none."""
    if not raw:
        return ""
    found = hl7v2_values.iso(raw, message.zone)
    if found is None:
        first = (message.dialect.repetitions(raw) or [""])[0]
        text = (message.dialect.parts(first) or (None,))[0]
        found = hl7v2_values.iso(text, message.zone) if text else None
    return found or ""


def entity(dialect: Dialect, raw: str) -> tuple[str | None, str | None]:
    """Value and assigner of the first EI of a field, the short way for what every result has."""
    if not raw:
        return None, None
    marks = dialect.delimiters
    if marks.repetition in raw or marks.escape in raw or marks.subcomponent in raw or raw == NULL:
        return hl7v2_types.entity_id(dialect, (dialect.repetitions(raw) or [""])[0])
    value, assigner, universal = (*raw.split(marks.component, 3), "", "")[:3]
    return value or None, ((assigner or universal) if value else None) or None


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
