"""Values of DICOM headers as they should have been: dates, times, numbers and terms that people and devices mistype.

Each function takes what was sent and gives the cleaned value, or None when there is nothing to believe.
"""

from __future__ import annotations

import datetime
import functools
import re
from decimal import Decimal, InvalidOperation

# The instances of a study share most dates and offsets; what was cleaned lately is remembered.
_DATE = re.compile(r"(\d{4})([.\-/]?)(\d{2})\2(\d{2})\Z")
_TIME = re.compile(r"(\d{2}):?(\d{2})?:?(\d{2})?(?:\.(\d{1,6}))?\Z")
_DATE_TIME = re.compile(r"(\d{8})(\d{2,6}(?:\.\d{1,6})?)?([+-]\d{4})?\Z")
_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})\Z")
_AGE = re.compile(r"(\d{1,3})([DWMY])\Z")
# What is written as JSON writes it needs no further look.
_PLAIN_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,15})(?:\.\d{1,16})?\Z", re.ASCII)
_PER_YEAR = {"M": "12", "W": "52.1775", "D": "365.2425"}
_SEX = {"M": "M", "F": "F", "O": "O", "MALE": "M", "FEMALE": "F", "OTHER": "O"}
_SIDE = {"R": "R", "L": "L", "B": "B", "U": "U", "RIGHT": "R", "LEFT": "L", "BOTH": "B", "BILATERAL": "B"}
_YES_NO = {"YES": True, "NO": False, "Y": True, "N": False, "TRUE": True, "FALSE": False}
_NOWHERE = {"", "UNKNOWN", "NONE", "OTHER", "NA", "UNDEFINED", "UNSPECIFIED", "DEFAULT"}
# What is typed for the terms of PS3.16 annex L, without spaces and signs.
_BODY_PARTS = {
    "CERVICALSPINE": "CSPINE", "THORACICSPINE": "TSPINE", "LUMBARSPINE": "LSPINE", "LUMBOSACRALSPINE": "LSSPINE",
    "LUMBAR": "LSPINE", "CSP": "CSPINE", "TSP": "TSPINE", "LSP": "LSPINE", "DORSALSPINE": "TSPINE", "THORAX": "CHEST",
    "LUNG": "LUNG", "LUNGS": "LUNG", "ABD": "ABDOMEN", "ABDO": "ABDOMEN", "BELLY": "ABDOMEN", "CRANIUM": "HEAD",
    "BREASTS": "BREAST", "MAMMA": "BREAST", "MAMMO": "BREAST", "UPPERARM": "HUMERUS", "UPPERLEG": "THIGH",
    "LOWERLEG": "LEG", "EXTREMETY": "EXTREMITY", "EXTREMITIES": "EXTREMITY", "KNIE": "KNEE", "HANDS": "HAND",
    "FEET": "FOOT", "ABDOMENPELVIS": "ABDOMENPELVIS", "ABDPEL": "ABDOMENPELVIS", "ABDOMENANDPELVIS": "ABDOMENPELVIS",
    "CHESTABDPELVIS": "CHESTABDPELVIS", "CHESTABDOMENPELVIS": "CHESTABDPELVIS", "CAP": "CHESTABDPELVIS",
    "CHESTABD": "CHESTABDOMEN", "HEADNECK": "HEADNECK", "HEADANDNECK": "HEADNECK", "WHOLEBODY": "WHOLEBODY",
}  # fmt: skip


@functools.lru_cache(4096)
def date(sent: str | None) -> str | None:
    """A date as YYYY-MM-DD; the older form with dots counts (PS3.5 6.2 DA), a day that never was does not.

    >>> date("20260301"), date("2026.03.01"), date("20260230"), date("00000000")
    ('2026-03-01', '2026-03-01', None, None)
    """
    found = _DATE.match((sent or "").strip())
    if not found:
        return None
    try:
        return datetime.date(int(found[1]), int(found[3]), int(found[4])).isoformat()
    except ValueError:
        return None


@functools.lru_cache(4096)
def time(sent: str | None) -> str | None:
    """A time of day as HH:MM:SS.ffffff, what is not said as zero (PS3.5 6.2 TM).

    >>> time("0930"), time("09:30:15"), time("093015.25"), time("2460")
    ('09:30:00.000000', '09:30:15.000000', '09:30:15.250000', None)
    """
    found = _TIME.match((sent or "").strip())
    if not found or (found[3] is None and found[4]):
        return None
    hour, minute, second = (int(part or 0) for part in found.groups()[:3])
    if hour > 23 or minute > 59 or second > 60:
        return None
    # A leap second is told as the one before it.
    return f"{hour:02}:{minute:02}:{min(second, 59):02}.{(found[4] or ''):0<6}"


@functools.lru_cache(4096)
def offset(sent: str | None) -> str | None:
    """An offset from UTC as +HH:MM (PS3.3 C.12.1.1.8: from -1200 to +1400, and no -0000).

    >>> offset("+0100"), offset("-0330"), offset("-0000"), offset("+2500"), offset("CET")
    ('+01:00', '-03:30', None, None, None)
    """
    found = _OFFSET.match((sent or "").strip())
    if not found:
        return None
    minutes = int(found[1] + "1") * (int(found[2]) * 60 + int(found[3]))
    if int(found[3]) > 59 or not -720 <= minutes <= 840 or (found[1] == "-" and not minutes):
        return None
    return f"{found[1]}{found[2]}:{found[3]}"


def instant(day: str | None, clock: str | None, zone: str | None) -> str | None:
    """A moment in ISO 8601 from cleaned parts: without offset it is local to who sent it, without time it is none."""
    return f"{day}T{clock}{zone or ''}" if day and clock else None


def date_time(sent: str | None, zone: str | None) -> str | None:
    """A moment in ISO 8601 of a DT value; its own offset goes before the instance's (PS3.5 6.2 DT).

    >>> date_time("20260301093015+0100", "-05:00"), date_time("20260301093015", None), date_time("2026", None)
    ('2026-03-01T09:30:15.000000+01:00', '2026-03-01T09:30:15.000000', None)
    """
    found = _DATE_TIME.match((sent or "").strip())
    return instant(date(found[1]), time(found[2]), offset(found[3]) or zone) if found else None


def number(sent: object) -> str | None:
    """A decimal as plain digits, never through a double (PS3.5 6.2 DS).

    >>> number(" +1.50"), number("1.2E2"), number("0,5"), number(""), number(512)
    ('1.50', '120', '0.5', None, '512')
    """
    if sent is None or type(sent) is bool:
        return None
    text = str(sent).strip()
    if _PLAIN_NUMBER.match(text):
        return text
    # A comma is no decimal point in DICOM, yet some devices follow the language of their desk.
    text = text.replace(",", ".") if text.count(",") == 1 and "." not in text else text
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return format(value, "f") if value.is_finite() and abs(value.adjusted()) < 20 else None


def whole(sent: object) -> int | None:
    """A whole number; None when it is none.

    >>> whole("12"), whole("12.0"), whole("12.5"), whole("x"), whole(3)
    (12, 12, None, None, 3)
    """
    if type(sent) is int:
        return sent
    value = Decimal(found) if (found := number(sent)) is not None else None
    return int(value) if value is not None and value == value.to_integral_value() else None


def positive(sent: object) -> str | None:
    """A decimal above zero: a length, a voltage, a time of exposure is not nothing."""
    found = number(sent)
    return found if found and found[0] != "-" and found.strip("0.") else None


def kilovolts(sent: object) -> str | None:
    """Peak kilovoltage; some devices send volts.

    >>> kilovolts("120"), kilovolts("120000"), kilovolts("0"), kilovolts("-1")
    ('120', '120', None, None)
    """
    found = positive(sent)
    return _plain(Decimal(found) / 1000) if found and Decimal(found) >= 10_000 else found


def tesla(sent: object) -> str | None:
    """Magnetic field strength; some devices send gauss. No magnet over people is between 25 and 500 of either.

    >>> tesla("1.5"), tesla("15000"), tesla("30000.0"), tesla("300")
    ('1.5', '1.5', '3', None)
    """
    found = positive(sent)
    if not found or Decimal(found) <= 25:
        return found
    return _plain(Decimal(found) / 10_000) if 500 <= Decimal(found) <= 250_000 else None


def _plain(value: Decimal) -> str:
    return format(value.normalize(), "f")


def age_years(sent: str | None) -> str | None:
    """Age in years from nnnD, nnnW, nnnM or nnnY (PS3.5 6.2 AS), to two digits.

    >>> age_years("045Y"), age_years("006M"), age_years("45")
    ('45', '0.50', None)
    """
    found = _AGE.match((sent or "").strip().upper())
    if not found:
        return None
    if found[2] == "Y":
        return str(int(found[1]))
    value = Decimal(found[1]) / Decimal(_PER_YEAR[found[2]])
    return format(value.quantize(Decimal("0.01")), "f")


def sex(sent: str | None) -> str | None:
    """M, F or O (PS3.3 C.7.1.1)."""
    return _SEX.get((sent or "").strip().upper())


def side(*sent: str | None) -> str | None:
    """R, L, B or U: the first of several that says something (PS3.3 C.7.3.1, C.10.5)."""
    return next((found for one in sent if (found := _SIDE.get((one or "").strip().upper()))), None)


def yes_no(sent: str | None) -> bool | None:
    """Whether, where it is said."""
    return _YES_NO.get((sent or "").strip().upper())


def body_part(sent: str | None) -> str | None:
    """The term of PS3.16 annex L, as far as what was typed is near one; else what was typed, in capitals.

    >>> body_part("c-spine"), body_part("Cervical Spine"), body_part("BREAST"), body_part("unknown")
    ('CSPINE', 'CSPINE', 'BREAST', None)
    """
    plain = re.sub(r"[^A-Z0-9]", "", (sent or "").upper())
    return None if plain in _NOWHERE else _BODY_PARTS.get(plain, plain)
