"""Telephone numbers and mail addresses as keys."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from jobs.identity.placeholders import is_no_number

_EXTENSION = re.compile(r"(?:ext\.?|extension|x|#)\s*\d+\s*$", re.IGNORECASE)
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_NOBODY = frozenset("none no noemail nomail unknown na n/a test refused declined null noreply nobody x xx xxx".split())  # noqa: SIM905
# As many digits as are left of a number when country code and trunk nought are gone.
_SHARED_DIGITS = 9
_FEWEST_DIGITS = 7


def telecoms(given: Iterable[Mapping[str, Any]] | None) -> tuple[list[str], list[str]]:
    """Phones and mail addresses of silver.patient as keys, sorted, each once; placeholders are left out.

    >>> telecoms([{"system": "phone", "value": "+1 (617) 555-0100 x12"}, {"system": "email", "value": "A@b.org"}])
    (['175550100'], ['a@b.org'])
    """
    phones, mails = set(), set()
    for one in given or ():
        value = one.get("value") or ""
        if "@" in value:
            mails.add(mail(value))
        elif one.get("system") in ("phone", "sms", "pager", None):
            phones.add(phone(value))
    return sorted(one for one in phones if one), sorted(one for one in mails if one)


def phone(value: str) -> str | None:
    """The last nine digits, the same with and without a country code; None for what nobody can be called by.

    >>> phone("07700 900123") == phone("+44 7700 900123"), phone("000-000-0000"), phone("999 999 9999"), phone("12")
    (True, None, None, None)
    """
    digits = "".join(one for one in _EXTENSION.sub("", value) if one.isdecimal())
    kept = digits[-_SHARED_DIGITS:]
    if len(kept) < _FEWEST_DIGITS or is_no_number(kept) or is_no_number(digits):
        return None
    # 555 5555 with any area code before it.
    return None if len(set(kept[-7:])) == 1 else kept


def mail(value: str) -> str | None:
    """A mail address in lower case; None for what is no address, or nobody's."""
    lower = value.strip().lower()
    if not _MAIL.fullmatch(lower) or lower.partition("@")[0] in _NOBODY:
        return None
    return lower
