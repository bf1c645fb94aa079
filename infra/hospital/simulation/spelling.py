"""How a name comes to be written otherwise in another system: accents lost, nicknames, slips, fields swapped."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from infra.hospital.simulation.chance import Chance

_NICKNAMES = {
    "Robert": "Bob", "William": "Bill", "Elizabeth": "Liz", "Margaret": "Peggy", "James": "Jim", "John": "Jack",
    "Richard": "Dick", "Michael": "Mike", "Thomas": "Tom", "Joseph": "Joe", "Catherine": "Kate", "Katherine": "Kathy",
    "Patricia": "Pat", "Jennifer": "Jen", "Daniel": "Dan", "Matthew": "Matt", "Anthony": "Tony", "Rafael": "Rafa",
    "Susan": "Sue", "Deborah": "Debbie", "Edward": "Ed", "Samuel": "Sam", "Benjamin": "Ben", "Alexander": "Alex",
}  # fmt: skip
_DIGITS = re.compile(r"\d+")


class Name(NamedTuple):
    """A person's name as one system has it."""

    family: str
    given: str
    middle: str


def plain(name: str) -> str:
    """A name of Synthea without its digits.

    >>> plain("Watsica258"), plain("O'Conner199")
    ('Watsica', "O'Conner")
    """
    return _DIGITS.sub("", name)


def ascii_only(text: str) -> str:
    """Letters without their accents, as systems write that know no others.

    >>> ascii_only("José Muñoz")
    'Jose Munoz'
    """
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def otherwise(name: Name, chance: Chance, *words: object) -> Name:
    """The name in another spelling; which, is chance."""
    kind = chance.between(0, 5, "spelling", *words)
    if kind == 0:
        return name._replace(given=_NICKNAMES.get(name.given, name.given[:1] + "."), middle="")
    if kind == 1:
        return Name(ascii_only(name.family).upper(), ascii_only(name.given).upper(), name.middle[:1].upper())
    if kind == 2:
        return Name(name.given, name.family, name.middle)
    if kind == 3:
        return name._replace(family=_slip(name.family, chance, *words))
    if kind == 4:
        return name._replace(given=f"{name.given} {name.middle}".strip(), middle="")
    return name._replace(given=_slip(name.given, chance, *words), middle=name.middle[:1])


def _slip(word: str, chance: Chance, *words: object) -> str:
    """Two letters exchanged, one doubled or one lost."""
    if len(word) < 4:
        return word + word[-1:]
    at = chance.between(1, len(word) - 3, "slip", *words)
    kind = chance.between(0, 2, "slip kind", *words)
    if kind == 0:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return word[:at] + word[at] * 2 + word[at + 1 :] if kind == 1 else word[:at] + word[at + 1 :]
