"""Values of HL7 v2 fields: times with their precision, numbers as exact decimals, structured numbers, ranges.

A time becomes text as FHIR writes it, for all that follows reads that: 2026, 2026-03, 2026-03-01 or, with any part
of a time of day, 2026-03-01T10:15:00.5-05:00; what was not sent of minutes and seconds is zero there.
"""

from __future__ import annotations

import functools
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, FRACTION = "year", "month", "day", "hour", "minute", "second", "fraction"

# DTM: YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ] (HL7 v2.8 section 2A.3.22). More digits of a fraction than
# four are sent, and so is ISO 8601, which cannot be mistaken for anything else.
_DTM = re.compile(
    r"([0-9]{4})(?:([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})(?:\.([0-9]{1,9}))?)?)?)?)?)?"
    r"([+-][0-9]{4}|Z)?\Z"
)
_ISO = re.compile(
    r"([0-9]{4})-([0-9]{2})(?:-([0-9]{2})(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?"
    r"([+-][0-9]{2}:?[0-9]{2}|Z)?)?)?\Z"
)
_TM = re.compile(r"([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})(?:\.([0-9]{1,9}))?)?)?(?:[+-][0-9]{4})?\Z")
_NM = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)\Z")
_COMPARATORS = ("", "=", "<>", "<", ">", "<=", ">=")
_NUMBER = r"([+-]?[0-9]*\.?[0-9]+)"
_BETWEEN = re.compile(rf"\s*{_NUMBER}\s*(?:-|to|\u2013)\s*{_NUMBER}\s*\Z")
_ONE_SIDED = re.compile(rf"\s*(<=?|>=?)\s*{_NUMBER}\s*\Z")
# So long is no number that anyone measured; what reads it further on holds 38 digits.
_LONGEST_NUMBER = 38
_LONGEST_RANGE = 80
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_LOCAL = datetime(1970, 1, 1)


class Timestamp(NamedTuple):
    """A time as sent: `local` on the sender's wall, `offset` minutes east of UTC or None, how exactly it is known."""

    local: datetime
    offset: int | None
    precision: str

    @property
    def instant(self) -> int | None:
        """Microseconds since 1970 UTC; None when the zone or the time of day is not known."""
        if self.offset is None or self.precision in (YEAR, MONTH, DAY):
            return None
        passed = self.local.replace(tzinfo=UTC) - timedelta(minutes=self.offset) - _EPOCH
        return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds


class Structured(NamedTuple):
    """SN: `comparator` '=' unless sent otherwise; with a separator two numbers (a range, ratio or titre) or one."""

    comparator: str
    number: Decimal | None
    separator: str | None
    number_2: Decimal | None


def timestamp(text: str) -> Timestamp | None:
    """The time a TS, DTM or DT says; None when it is none, as 20230229.

    >>> timestamp("202108020000-0500")
    Timestamp(local=datetime.datetime(2021, 8, 2, 0, 0), offset=-300, precision='minute')
    >>> timestamp("20230229"), timestamp("1996").precision
    (None, 'year')
    """
    match = _DTM.match(text) or _ISO.match(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        local = datetime(
            int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0),
            int((fraction or "0")[:6].ljust(6, "0")),
        )  # fmt: skip
    except ValueError:
        return None
    offset = offset_minutes(zone) if zone else None
    if zone and offset is None:
        return None
    known = [name for name, part in zip(_PARTS, match.groups(), strict=False) if part]
    return Timestamp(local, offset, known[-1])


_PARTS = (YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, FRACTION)


def offset_minutes(zone: str) -> int | None:
    """Minutes east of UTC of +ZZZZ; None when no place on earth has it.

    >>> offset_minutes("+0545"), offset_minutes("-05:00"), offset_minutes("+9900")
    (345, -300, None)
    """
    if zone == "Z":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    if hours > 14 or minutes > 59:
        return None
    return (hours * 60 + minutes) * (-1 if zone[0] == "-" else 1)


@functools.lru_cache(1 << 15)
def iso(text: str, zone: str = "") -> str | None:
    """A time as FHIR writes it; `zone` (+ZZZZ) is that of MSH-7, which holds where a time names none. None: no time.

    >>> iso("20210802"), iso("202108020000", "-0500"), iso("20210802101500.25"), iso("soon")
    ('2021-08-02', '2021-08-02T00:00:00-05:00', '2021-08-02T10:15:00.25', None)
    """
    usual = _usual(text)
    if usual is not None:
        return usual.isoformat() + _offset_text(offset_minutes(zone) if zone else None)
    found = timestamp(text)
    if found is None:
        return None
    if found.precision in (YEAR, MONTH, DAY):
        return found.local.date().isoformat()[: {YEAR: 4, MONTH: 7, DAY: 10}[found.precision]]
    offset = found.offset if found.offset is not None else (offset_minutes(zone) if zone else None)
    local = found.local.isoformat()
    if found.local.microsecond:
        local = local.rstrip("0")
    return local + _offset_text(offset)


def _usual(text: str) -> datetime | None:
    """YYYYMMDDHHMM[SS] read as ISO 8601, ten times faster than by parts; None when it must be looked at by parts."""
    if len(text) in (12, 14) and text.isascii() and text.isdigit():
        try:
            return datetime.fromisoformat(f"{text[:8]}T{text[8:]}")
        except ValueError:
            return None
    return None


@functools.lru_cache(256)
def _offset_text(offset: int | None) -> str:
    if offset is None:
        return ""
    sign, away = "-" if offset < 0 else "+", abs(offset)
    return f"{sign}{away // 60:02}:{away % 60:02}"


def instant(text: str) -> int | None:
    """Microseconds since 1970 UTC of a time that has a zone; else None.

    >>> instant("20260301010000.5+0100"), instant("20260301010000")
    (1772323200500000, None)
    """
    if len(text) < 15 and "Z" not in text and "+" not in text and "-" not in text:
        return None
    usual = _usual(text[:-5])
    offset = _offset(text[-5:]) if usual else None
    if usual is not None and offset is not None:
        passed = usual - _EPOCH_LOCAL
        return (passed.days * 86_400 + passed.seconds - offset * 60) * 1_000_000
    found = timestamp(text)
    return found.instant if found else None


@functools.lru_cache(256)
def _offset(zone: str) -> int | None:
    return offset_minutes(zone) if zone_of(zone) else None


def zone_of(text: str) -> str:
    """The zone at the end of a time, '' when there is none: that of MSH-7 holds for the whole message."""
    zone = text[-5:]
    return (
        zone
        if zone[:1] in ("+", "-") and zone.isascii() and zone[1:].isdigit() and offset_minutes(zone) is not None
        else ""
    )


@functools.lru_cache(1 << 12)
def time_of_day(text: str) -> str | None:
    """A TM as 10:15:00; None when it is none.

    >>> time_of_day("1015"), time_of_day("2561")
    ('10:15:00', None)
    """
    match = _TM.match(text)
    if match is None:
        return None
    hour, minute, second, fraction = match.groups()
    if int(hour) > 23 or int(minute or 0) > 59 or int(second or 0) > 59:
        return None
    return f"{hour}:{minute or '00'}:{second or '00'}" + (f".{fraction}" if fraction else "")


def number(text: str) -> Decimal | None:
    """An NM exactly; None when it is none. Digits, one point, a sign: no exponent, no thousands (section 2A.3.46).

    >>> number("7.20"), number("-.5"), number("1E3"), number("<5")
    (Decimal('7.20'), Decimal('-0.5'), None, None)
    """
    text = text.strip()
    return Decimal(text) if len(text) <= _LONGEST_NUMBER and _NM.match(text) else None


def structured(parts: list[str]) -> Structured | None:
    """An SN from its components; None when it is none.

    >>> structured(["", "1", ":", "128"])
    Structured(comparator='=', number=Decimal('1'), separator=':', number_2=Decimal('128'))
    >>> structured([">", "90"]).comparator
    '>'
    """
    comparator, first, separator, second = (*(part.strip() for part in parts[:4]), "", "", "", "")[:4]
    one, two = number(first), number(second)
    if comparator not in _COMPARATORS or one is None or (second and two is None) or separator not in _SEPARATORS:
        return None
    return Structured(comparator or "=", one, separator or None, two)


_SEPARATORS = ("", "-", "+", "/", ".", ":")


@functools.lru_cache(1 << 13)
def reference_range(text: str) -> tuple[Decimal | None, Decimal | None]:
    """The bounds that OBX-7 says, when it says them as numbers; the text itself stays with the row.

    >>> reference_range("3.5-5.1"), reference_range(">=60"), reference_range("negative")
    ((Decimal('3.5'), Decimal('5.1')), (Decimal('60'), None), (None, None))
    """
    if len(text) > _LONGEST_RANGE:
        return None, None
    if match := _BETWEEN.match(text):
        low, high = Decimal(match.group(1)), Decimal(match.group(2))
        return (low, high) if low <= high else (None, None)
    if match := _ONE_SIDED.match(text):
        bound = Decimal(match.group(2))
        return (None, bound) if match.group(1)[0] == "<" else (bound, None)
    return None, None
