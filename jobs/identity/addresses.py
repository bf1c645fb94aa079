"""Postal addresses as parts that can be compared."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from jobs.identity import placeholders
from jobs.identity.letters import fold

_FULL = {
    "st": "street", "str": "street", "rd": "road", "ave": "avenue", "av": "avenue", "blvd": "boulevard", "ln": "lane",
    "dr": "drive", "ct": "court", "crt": "court", "pl": "place", "sq": "square", "cres": "crescent", "cr": "crescent",
    "cct": "circuit", "cir": "circle", "hwy": "highway", "pkwy": "parkway", "ter": "terrace", "tce": "terrace",
    "gr": "grove", "gdns": "gardens", "n": "north", "s": "south", "e": "east", "w": "west", "mt": "mount",
    "ste": "suite", "apt": "unit", "apartment": "unit", "flat": "unit", "fl": "floor", "no": "number",
}  # fmt: skip
_UNITS = frozenset("unit suite floor room building bldg lot level number".split())  # noqa: SIM905
_NUMBER = re.compile(r"\d+[a-z]?|\d+ ?/ ?\d+[a-z]?")
# NHS ZZ99 codes stand for no fixed abode, abroad and unknown.
_NO_POSTCODE = re.compile(r"0+|9+|zz99.*|x+|un?k?")


class Address(NamedTuple):
    """One address, folded: house number, name of the street, further words, city, state, postal code; None: not told.

    The postal code has no blanks; of a US ZIP+4 it is the first five digits.
    """

    number: str | None
    street: str | None
    rest: str | None
    city: str | None
    state: str | None
    postcode: str | None

    @property
    def place(self) -> str | None:
        """What two of one household share: number, street, and postal code or city; None where too little is told."""
        where = self.postcode or self.city
        return f"{self.number} {self.street} {where}" if self.number and self.street and where else None


def addresses(given: Iterable[Mapping[str, Any]] | None) -> list[Address]:
    """Addresses of silver.patient as parts, homes in use first; what says nothing is left out.

    >>> addresses([{"lines": ["Apt 4", "12 Elm St."], "city": "St. Kilda", "state": "VIC", "postal_code": "3182"}])[0]
    Address(number='12', street='elm street', rest='unit 4', city='st kilda', state='vic', postcode='3182')
    """
    ordered = sorted(given or (), key=lambda one: (one.get("use") == "old", one.get("use") in ("temp", "work")))
    found = [_address(one) for one in ordered]
    return list(dict.fromkeys(one for one in found if one.street or one.city or one.postcode))


def _address(one: Mapping[str, Any]) -> Address:
    lines = [folded for line in one.get("lines") or () if not placeholders.is_no_place(folded := fold(line))]
    if not lines and one.get("text"):
        lines = [
            folded for line in str(one["text"]).split(",")[:1] if not placeholders.is_no_place(folded := fold(line))
        ]
    number, street, rest = _street([_spelled(line) for line in lines])
    city = fold(one.get("city"))
    return Address(
        number,
        street,
        rest,
        None if placeholders.is_no_place(city) else city,
        fold(one.get("state")) or None,
        postcode(one.get("postal_code")),
    )


def _spelled(line: str) -> list[str]:
    words = line.split()
    # St at the head of a name is a saint.
    return [_FULL.get(word, word) if place else ("unit" if word in ("apt", "flat") else word)
            for place, word in enumerate(words)]  # fmt: skip


def _street(lines: list[list[str]]) -> tuple[str | None, str | None, str | None]:
    """House number, street and the rest; the street stands in the first line with a number that is not a unit's."""
    lines = [line for line in lines if line]
    chosen = next((line for line in lines if _NUMBER.fullmatch(line[0])), None)
    chosen = chosen or next((line for line in lines if line[0] not in _UNITS), None)
    if chosen is None:
        return None, None, " ".join(word for line in lines for word in line) or None
    rest = [word for line in lines if line is not chosen for word in line]
    cut = next((place for place, word in enumerate(chosen) if place and word in _UNITS), len(chosen))
    rest += chosen[cut:]
    words = chosen[:cut]
    number = next((word for word in words if _NUMBER.fullmatch(word)), None)
    street = " ".join(word for word in words if word != number)
    return number, street or None, " ".join(rest) or None


def postcode(given: str | None) -> str | None:
    """A postal code without blanks; None for placeholders.

    >>> postcode("02139-4307"), postcode("sw1a 1aa"), postcode("ZZ99 3VZ"), postcode("00000")
    ('02139', 'sw1a1aa', None, None)
    """
    folded = fold(given)
    bare = folded.replace(" ", "")
    if re.fullmatch(r"\d{5} ?\d{4}", folded):
        bare = bare[:5]
    return None if not bare or _NO_POSTCODE.fullmatch(bare) else bare
