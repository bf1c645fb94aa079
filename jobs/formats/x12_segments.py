"""Segments of an X12 loop as lists of elements, and what an element says: numbers, dates, components.

Trailing elements are left out by their senders as a rule, so every segment is filled up with empty ones: any index
that the standard knows can be asked for, and gives an empty text.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from jobs.formats.x12_delimiters import Delimiters, text

BAD_NUMBER = "bad_number"
BAD_DATE = "bad_date"
UNKNOWN_SEGMENT = "unknown_segment"
# What can be wrong inside of a claim or payment, with what it means to the sender.
FAULTS = {
    BAD_NUMBER: "an amount, quantity or count is no X12 number (X12.6, types N0 and R)",
    BAD_DATE: "a date is none, or is not in the format its qualifier announces",
    UNKNOWN_SEGMENT: "a segment that has no place in this loop; its bytes are kept, its content is not read",
}
# These tell of something that is left aside; what is read is right without it.
TOLERATED = frozenset({UNKNOWN_SEGMENT})

Node = dict[str, Any]
# Ten elements are enough for most segments; these have more, the longest (MIA) 24.
_WIDE = frozenset({"BPR", "CAS", "CLM", "CLP", "HCP", "HI", "ISA", "MIA", "PLB", "STC", "SV1", "SV3"})
_FEW, _MANY = [""] * 10, [""] * 24
# X12 numbers have 18 digits at most; so no sum of them ever leaves the 28 digits of decimal arithmetic.
_LONGEST = 20
_DIGITS = re.compile(r"[0-9]+\Z")


class Problem(NamedTuple):
    """What is wrong, and where.

    Number of the segment in its record from 1 (0: in what stands above), its tag, its element from 1 (0: all of it).
    """

    fault: str
    segment: int
    tag: str
    element: int


class State:
    """Where one is in a record: the record itself, the loop in hand, and its part that details belong to."""

    __slots__ = ("component", "holder", "level", "node", "problems", "told", "top")

    def __init__(self, top: Node, component: str) -> None:
        self.top = self.holder = self.node = top
        self.component = component
        self.level = ""
        self.problems: list[Problem] = []
        # Fault, segment and element as they are found; which segment it is by number is seldom asked for.
        self.told: list[tuple[str, list[str], int]] = []

    def tell(self, fault: str, said: list[str], element: int) -> None:
        """Note what is wrong with an element of the segment in hand."""
        self.told.append((fault, said, element))


Handler = Callable[[State, list[str]], None]


def run(data: bytes, delimiters: Delimiters, handlers: Mapping[str, Handler], state: State) -> State:
    """Hand every segment to the handler of its tag."""
    between, wide = delimiters.element.decode("latin-1"), _WIDE
    parts = _parts(text(data), delimiters.terminator.decode("latin-1"))
    for part in parts:
        said = part.split(between)
        try:
            handle = handlers[said[0]]
        except KeyError:
            said[0] = said[0].strip()
            if not said[0] and len(said) == 1:
                continue
            handle = handlers.get(said[0], _unknown)
        said += _MANY if said[0] in wide else _FEW
        handle(state, said)
    if state.told:
        state.problems += _numbered(state.told, parts, between)
        state.told = []
    return state


def _numbered(told: list[tuple[str, list[str], int]], parts: list[str], between: str) -> list[Problem]:
    """Problems with the number of their segment: they are in the order of the segments, so one walk finds them."""
    found: list[Problem] = []
    number = 0
    for part in parts:
        said = part.strip().split(between)
        if said == [""]:
            continue
        number += 1
        while len(found) < len(told) and told[len(found)][1][: len(said)] == said:
            fault, segment, element = told[len(found)]
            found.append(Problem(fault, number, _tag(segment), element))
    return found + [Problem(fault, 0, _tag(segment), element) for fault, segment, element in told[len(found) :]]


def _tag(said: list[str]) -> str:
    # The tag of what is no segment may be anything, also a value.
    return said[0] if 2 <= len(said[0]) <= 3 and said[0].isalnum() else ""


def _parts(content: str, terminator: str) -> list[str]:
    """The segments of a text; line ends before them are left to be stripped, unless they follow every terminator."""
    ended = terminator + "\n"
    if content.endswith(ended) and content.count(ended) == content.count(terminator):
        return content.split(ended)
    return content.split(terminator)


def _unknown(state: State, said: list[str]) -> None:
    state.tell(UNKNOWN_SEGMENT, said, 0)


def ignore(state: State, said: list[str]) -> None:
    """A segment of the envelope that says nothing of its own."""


@functools.lru_cache(maxsize=1 << 14)
def decimal(value: str) -> Decimal | None:
    """The number a text is (X12.6: digits, one point, a leading minus); None when it is none.

    Decimal itself would take exponents, infinities, underscores and the digits of any script.

    >>> decimal("79.04"), decimal("-.5"), decimal("1e3"), decimal("12,50"), decimal("1-2")
    (Decimal('79.04'), Decimal('-0.5'), None, None, None)
    """
    if len(value) > _LONGEST or (rest := value.strip("0123456789.")) and (rest != "-" or value[0] != "-"):
        return None
    try:
        return Decimal(value)
    except InvalidOperation:
        return None


def number(state: State, said: list[str], element: int) -> Decimal | None:
    """The number in an element; None when it is empty, or is none, which is told."""
    value = said[element]
    if not value:
        return None
    found = decimal(value)
    if found is None:
        state.tell(BAD_NUMBER, said, element)
    return found


class Period(NamedTuple):
    """First and last day, and for an instant its time of day as sent (HHMM or HHMMSS)."""

    start: date | None
    end: date | None
    time: str | None


NEVER = Period(None, None, None)


@functools.lru_cache(maxsize=1 << 12)
def period(form: str, value: str) -> Period | None:
    """What a date says by its format (data element 1250: D8, RD8, DT, TM); None when it does not fit it.

    >>> period("RD8", "20050617-20050618")
    Period(start=datetime.date(2005, 6, 17), end=datetime.date(2005, 6, 18), time=None)
    >>> period("DT", "200506170800").time, period("D8", "20050231")
    ('0800', None)
    """
    if form == "D8":
        day = _day(value)
        return Period(day, day, None) if day else None
    if form == "RD8":
        first, _, last = value.partition("-")
        start, end = _day(first), _day(last)
        return Period(start, end, None) if start and end else None
    if form == "DT":
        day, time = _day(value[:8]), value[8:]
        return Period(day, day, time) if day and _DIGITS.match(time) and len(time) in (4, 6) else None
    if form == "TM":
        return Period(None, None, value) if _DIGITS.match(value) and len(value) in (4, 6, 8) else None
    return None


def _day(value: str) -> date | None:
    if len(value) != 8 or not _DIGITS.match(value):
        return None
    try:
        return date(int(value[:4]), int(value[4:6]), int(value[6:]))
    except ValueError:
        return None


def day(state: State, said: list[str], element: int) -> date | None:
    """The date in an element that needs no format; None when it is empty, or is none, which is told."""
    value = said[element]
    if not value:
        return None
    found = period("D8", value)
    if found is None:
        state.tell(BAD_DATE, said, element)
        return None
    return found.start
