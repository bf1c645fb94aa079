"""Dates and times as a feed declares them, in the words of strptime but without its kindness.

A format is a promise of the sender: `1/2/26` for `%d/%m/%Y` is a fault, not a guess at a century.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# What each word of a format reads; `%-m` reads one digit or two. English months, whatever the machine's language.
_WORDS = {
    "%Y": r"(?P<year>\d{4})",
    "%m": r"(?P<month>\d{2})",
    "%-m": r"(?P<month>\d{1,2})",
    "%b": r"(?P<month_name>" + "|".join(MONTHS) + ")",
    "%d": r"(?P<day>\d{2})",
    "%-d": r"(?P<day>\d{1,2})",
    "%H": r"(?P<hour>\d{2})",
    "%-H": r"(?P<hour>\d{1,2})",
    "%I": r"(?P<hour12>\d{2})",
    "%-I": r"(?P<hour12>\d{1,2})",
    "%M": r"(?P<minute>\d{2})",
    "%S": r"(?P<second>\d{2})",
    "%f": r"(?P<fraction>\d{1,6})",
    "%p": r"(?P<half>[ap]m)",
    "%z": r"(?P<zone>z|[+-]\d{2}:?\d{2})",
}
_WORD = re.compile(r"%-?[A-Za-z]")
_FLAGS = re.ASCII | re.IGNORECASE
# Day and month differ, both could be either, and no two parts of it are alike.
_PROBE = datetime(2003, 4, 5, 6, 7, 8, 900_000, tzinfo=UTC)


@dataclass(frozen=True)
class Pattern:
    """One declared format."""

    text: str
    full: re.Pattern[str]
    short_year: re.Pattern[str]
    has_time: bool

    @classmethod
    def of(cls, text: str) -> Pattern:
        """The pattern of a format such as `%d.%m.%Y %H:%M`; raises ValueError for one that cannot name a day."""
        words = _WORD.findall(text)
        unknown = sorted(set(words) - set(_WORDS))
        if unknown or text.count("%") != len(words):
            raise ValueError(f"the format of a date knows only {' '.join(_WORDS)}")
        kinds = [word.replace("-", "").replace("%b", "%m") for word in words]
        if len(set(kinds)) != len(kinds) or not {"%Y", "%m", "%d"} <= set(kinds):
            raise ValueError("the format of a date has year, month and day, each once")
        if ("%I" in kinds) != ("%p" in kinds) or {"%H", "%I"} <= set(kinds):
            raise ValueError("the format of a time has %H, or %I with %p")
        plain = _WORD.split(text)
        if any(word.startswith("%-") and not plain[i + 1] for i, word in enumerate(words[:-1])):
            raise ValueError("the format of a date has something after a number of one digit or two")
        pieces = [re.escape(plain[0])]
        for word, after in zip(words, plain[1:], strict=True):
            pieces += [_WORDS[word], re.escape(after)]
        full = "".join(pieces)
        short = full.replace(_WORDS["%Y"], r"\d{2}")
        has_time = bool({"%H", "%I"} & set(kinds))
        return cls(text, re.compile(full, _FLAGS), re.compile(short, _FLAGS), has_time)

    def read(self, text: str) -> datetime | None:
        """The moment a text names, with a zone where the format has one; None when it names none."""
        found = self.full.fullmatch(text)
        return _moment(found.groupdict()) if found else None

    def write(self, moment: datetime) -> str:
        """A moment in this format."""
        return moment.strftime(self.text)


def _moment(parts: dict[str, str | None]) -> datetime | None:
    month = parts.get("month") or str(1 + MONTHS.index((parts.get("month_name") or "").lower()))
    fraction = (parts.get("fraction") or "").ljust(6, "0")
    try:
        return datetime(
            int(parts["year"] or 0),
            int(month),
            int(parts["day"] or 0),
            _hour(parts),
            int(parts.get("minute") or 0),
            int(parts.get("second") or 0),
            int(fraction),
            _zone(parts.get("zone")),
        )
    except ValueError:
        return None


def _hour(parts: dict[str, str | None]) -> int:
    if parts.get("hour12") is None:
        return int(parts.get("hour") or 0)
    hour = int(parts["hour12"] or 0)
    if not 1 <= hour <= 12:
        raise ValueError("no hour of a clock")
    return hour % 12 + (12 if (parts["half"] or "").lower() == "pm" else 0)


def _zone(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text in "zZ":
        return UTC
    away = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return timezone(-away if text[0] == "-" else away)


def can_be_confused(patterns: list[Pattern]) -> bool:
    """Whether one text could be two different moments: 05/04/2003 by `%d/%m/%Y` and by `%m/%d/%Y`.

    >>> can_be_confused([Pattern.of("%d/%m/%Y"), Pattern.of("%m/%d/%Y")])
    True
    >>> can_be_confused([Pattern.of("%d.%m.%Y"), Pattern.of("%Y%m%d")])
    False
    """
    for one in patterns:
        text = one.write(_PROBE)
        own = one.read(text)
        for other in patterns:
            found = other.read(text)
            if found is not None and own is not None and found.date() != own.date():
                return True
    return False
