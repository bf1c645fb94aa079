"""What a bronze record of a CSV feed says, typed by its feed's declaration: the reader is made once for a feed."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from jobs.formats.csv_layout import Layout
from jobs.formats.csv_values import Typist, Value
from jobs.formats.declaration import FormatDeclarationError
from jobs.formats.translation import Said, Source

Values = dict[str, Value | None]

_MOST_FEEDS = 64
# Other years are slips, and at the ends of the calendar no instant.
_FIRST_YEAR, _LAST_YEAR = 1900, 2999
# By the identity of the options, which are kept with the reader so that no others can take their place.
_KNOWN: dict[tuple[int, str], tuple[Mapping[str, Any], Typist | None]] = {}


def values(record: Said, feed: Source) -> Values | None:
    """The values of a row by the declared names of its columns; None for a row of no declared kind."""
    known = _KNOWN.get((id(feed.options), record.resource_type))
    if known is None:
        known = _learn(feed, record.resource_type)
    if known[1] is None or record.context is None:
        return None
    return known[1].read(record.payload, record.context).values


def _learn(feed: Source, kind: str) -> tuple[Mapping[str, Any], Typist | None]:
    layout = Layout.of(feed.options)
    try:
        typist = Typist(layout, layout.kind(kind))
    except FormatDeclarationError:
        typist = None
    if len(_KNOWN) >= _MOST_FEEDS:
        _KNOWN.clear()
    found = _KNOWN[id(feed.options), kind] = (feed.options, typist)
    return found


def text(row: Values, *names: str) -> str | None:
    """The first of these columns that is told, as a text; None when none is."""
    for name in names:
        value = row.get(name)
        if value is not None:
            return value if isinstance(value, str) else str(value)
    return None


def amount(row: Values, name: str) -> Decimal | None:
    """A number; None where the column has none or is none of numbers."""
    value = row.get(name)
    if isinstance(value, Decimal):
        return value
    return Decimal(value) if isinstance(value, int) else None


def date(row: Values, *names: str) -> datetime.date | None:
    """The first of these columns that is a day."""
    for name in names:
        value = row.get(name)
        if isinstance(value, datetime.datetime):
            return value.date()
        if isinstance(value, datetime.date):
            return value
    return None


def moment(row: Values, feed: Source, *names: str) -> datetime.datetime | None:
    """The first of these columns that is a moment or a day, in the feed's zone where it does not say its own."""
    for name in names:
        value = row.get(name)
        if isinstance(value, datetime.date) and not _FIRST_YEAR <= value.year <= _LAST_YEAR:
            continue
        if isinstance(value, datetime.datetime):
            return value if value.tzinfo else value.replace(tzinfo=feed.time_zone)
        if isinstance(value, datetime.date):
            return datetime.datetime.combine(value, datetime.time(), feed.time_zone)
    return None
