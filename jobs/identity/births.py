"""Birth dates as eight digits, with the reading that somebody who swaps day and month would give."""

from __future__ import annotations

import datetime
import re
from typing import NamedTuple

from jobs.identity.placeholders import NO_BIRTH

_DAY = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?:$|[T ])")


class Birth(NamedTuple):
    """`day` as YYYYMMDD, `swapped` with day and month exchanged (None where that is no other date), `year`."""

    day: str | None
    swapped: str | None
    year: int | None


def birth(date: datetime.date | None, sent: str | None = None) -> Birth:
    """A birth date of silver.patient; `sent` is used where it has eight digits that are no date, such as 1970-02-30.

    >>> birth(datetime.date(1980, 3, 9)), birth(None, "1980-13-09").day, birth(datetime.date(1900, 1, 1)).day
    (Birth(day='19800309', swapped='19800903', year=1980), '19801309', None)
    """
    found = _DAY.match(sent or "") if date is None else None
    day = f"{date:%Y%m%d}".rjust(8, "0") if date is not None else "".join(found.groups()) if found else None
    if day is None or day in NO_BIRTH:
        return Birth(None, None, None)
    swapped = day[:4] + day[6:] + day[4:6]
    is_other = swapped != day and swapped[4:6] <= "12"
    return Birth(day, swapped if is_other else None, int(day[:4]))
