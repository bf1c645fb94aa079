"""When and how often an order holds: TQ1 (HL7 v2.5 section 4.5.4), before 2.5 the TQ of RXE-1 or ORC-7 (4.3)."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

from jobs.formats import hl7v2_values
from jobs.formats.hl7v2_fields import Fields

# Units of a duration in UCUM: of TQ-3 the letter before the number, of TQ1-6 its second component as sites write it.
_OLD_UNITS = {"S": "s", "M": "min", "H": "h", "D": "d", "W": "wk", "L": "mo"}
_UNITS = {
    **dict.fromkeys(("d", "day", "days"), "d"), **dict.fromkeys(("w", "wk", "week", "weeks"), "wk"),
    **dict.fromkeys(("mo", "month", "months"), "mo"), **dict.fromkeys(("h", "hr", "hour", "hours"), "h"),
    **dict.fromkeys(("min", "minute", "minutes"), "min"),
}  # fmt: skip
_OLD_DURATION = re.compile(r"([SMHDWL])([0-9]{1,4})\Z")
# HL7 table 0335: Q<integer><unit>, <times>ID, QOD; an integer left out is one.
_EVERY, _TIMES = re.compile(r"Q([0-9]{0,3})([SMHDWL])\Z"), re.compile(r"([BTQ]|[0-9]{1,2})ID\Z")
_COUNTS = {"B": 2, "T": 3, "Q": 4}
_OTHER_DAY, _AS_NEEDED = "QOD", "PRN"


class Duration(NamedTuple):
    """So many of a UCUM unit of time."""

    value: Decimal
    unit: str


class Timing(NamedTuple):
    """`frequency` is the repeat pattern (table 0335) as sent, `instruction` TQ1-11, `priority` table 0485."""

    frequency: str | None
    starts_at: str | None
    ends_at: str | None
    duration: Duration | None
    priority: str | None
    instruction: str | None


class Repeat(NamedTuple):
    """`frequency` times in each `period` of a UCUM `unit` of time."""

    frequency: int
    period: int
    unit: str


def timing(tq1: Fields, orc: Fields, rx: Fields) -> Timing:
    """What TQ1 says, else what RXE-1, else ORC-7 does."""
    raw = (rx.raw(1) if rx.segment[0] == "RXE" else "") or orc.raw(7)
    dialect = rx.message.dialect
    first = (dialect.repetitions(raw) or [""])[0]
    _, interval, lasts, begin, end, priority = (*dialect.parts(first), None, None, None, None, None, None)[:6]
    return Timing(
        tq1.text(3, "frequency") or interval,
        tq1.time(7, "starts_at") or (rx.message.time(begin) if begin else None),
        tq1.time(8, "ends_at") or (rx.message.time(end) if end else None),
        _duration(tq1) or _old_duration(lasts or ""),
        tq1.text(9, "priority") or priority,
        tq1.whole(11, "instruction"),
    )


def _duration(tq1: Fields) -> Duration | None:
    parts = (*tq1.message.dialect.parts(tq1.raw(6)), None)
    value, unit = hl7v2_values.number(parts[0] or ""), _UNITS.get((parts[1] or "").lower())
    return Duration(value, unit) if value is not None and unit else None


def _old_duration(text: str) -> Duration | None:
    """TQ-3; what is no time (X: so many times, T: so much, INDEF) is none.

    >>> _old_duration("D10"), _old_duration("X3")
    (Duration(value=Decimal('10'), unit='d'), None)
    """
    match = _OLD_DURATION.match(text.upper())
    return Duration(Decimal(match.group(2)), _OLD_UNITS[match.group(1)]) if match else None


def repeat(pattern: str) -> Repeat | None:
    """What a repeat pattern of table 0335 says in numbers; None of those that name hours of the day or meals.

    >>> repeat("Q6H"), repeat("bid"), repeat("QHS")
    (Repeat(frequency=1, period=6, unit='h'), Repeat(frequency=2, period=1, unit='d'), None)
    """
    text = pattern.upper().removeprefix(_AS_NEEDED).strip()
    if text == _OTHER_DAY:
        return Repeat(1, 2, "d")
    if match := _EVERY.match(text):
        return Repeat(1, int(match.group(1) or 1), _OLD_UNITS[match.group(2)])
    if match := _TIMES.match(text):
        times = match.group(1)
        count = _COUNTS.get(times) or int(times)
        return Repeat(count, 1, "d") if count else None
    return None


def is_as_needed(pattern: str) -> bool:
    """Whether it is given when needed: PRN, alone or before a pattern (table 0335)."""
    return pattern.upper().startswith(_AS_NEEDED)
