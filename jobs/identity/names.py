"""Names of people as keys that can be compared: the name in use, and the other ones somebody had or has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from jobs.identity import given_names, placeholders
from jobs.identity.letters import fold, name_key

# FHIR R4 name-use, best first; HL7 table 0200 is mapped to it in silver.
_USES = {"official": 0, "usual": 1, None: 2, "": 2, "temp": 3, "nickname": 4, "anonymous": 5, "maiden": 6, "old": 7}
_TITLES = frozenset("mr mrs ms miss mx dr prof sir dame rev fr sr sra herr frau mme mlle".split())  # noqa: SIM905
_PARTICLES = frozenset(
    "van von der den de del della di da dos das la le el al bin ibn ben abu st san ter ten zu".split()  # noqa: SIM905
)
_GENERATIONS = {
    "sr": "1",
    "i": "1",
    "senior": "1",
    "jr": "2",
    "ii": "2",
    "junior": "2",
    "iii": "3",
    "iv": "4",
    "v": "5",
}


class Names(NamedTuple):
    """`given` and `surname` in use (None when not known), and all that ever applied, sorted."""

    given: str | None
    surname: str | None
    givens: tuple[str, ...]
    surnames: tuple[str, ...]
    nicknames: tuple[str, ...]
    generation: str | None
    is_newborn: bool


def names(given: Iterable[Mapping[str, Any]] | None) -> Names:
    """Names of silver.patient as keys; placeholders count as not known.

    >>> found = names([{"use": "official", "family": "O'Brien-Smith", "given": ["Bob", "Lee"], "suffix": ["Jr."]}])
    >>> found[:4], found.nicknames, found.generation
    (('bob', 'obriensmith', ('bob', 'lee'), ('obrien', 'obriensmith', 'smith')), ('robert',), '2')
    """
    ordered = sorted(given or (), key=lambda one: _USES.get(one.get("use"), 3))
    primary: tuple[str | None, str | None] = (None, None)
    givens: set[str] = set()
    surnames: set[str] = set()
    generation, is_newborn = None, False
    for one in ordered:
        words, family = _parts(one)
        is_newborn |= placeholders.is_newborn(" ".join(words))
        generation = generation or _generation(one, words, family)
        first, last = _keys(words, family)
        if words and placeholders.is_stand_in(words[0], family):
            continue
        primary = (primary[0] or (first[0] if first else None), primary[1] or (last[0] if last else None))
        givens.update(first)
        surnames.update(last)
    # A newborn's other names are those of somebody else, its mother above all.
    full = sorted({name for key in givens for name in given_names.full_forms(key)})
    return Names(*primary, tuple(sorted(givens)), tuple(sorted(surnames)), tuple(full), generation, is_newborn)


def _parts(name: Mapping[str, Any]) -> tuple[list[str], str]:
    """Folded words of the given names, and the folded surname."""
    family = fold(name.get("family"))
    words = [word for one in name.get("given") or () for word in fold(one).split()]
    if not family and not words:
        family, words = _from_text(name.get("text") or "")
    words = [word for word in words if word not in _TITLES] or words
    return words, family


def _from_text(text: str) -> tuple[str, list[str]]:
    family, comma, rest = text.partition(",")
    if comma:
        return fold(family), fold(rest).split()
    words = [word for word in fold(text).split() if word not in _TITLES and word not in _GENERATIONS]
    return (words[-1], words[:-1]) if words else ("", [])


def _keys(words: list[str], family: str) -> tuple[list[str], list[str]]:
    """Keys of the given names and of the surname, the whole first."""
    folded = " ".join(words)
    firsts = [] if placeholders.is_no_name(folded) else [key for word in words if (key := name_key(word))]
    parts = [word for word in family.split() if word not in _GENERATIONS] or family.split()
    if placeholders.is_no_name(" ".join(parts)):
        return firsts, []
    whole = name_key("".join(parts))
    # Two surnames, or a double-barrelled one: often only one of them is told elsewhere.
    single = [key for word in parts if word not in _PARTICLES and len(key := name_key(word)) > 2]
    return firsts, [whole, *single] if whole else []


def _generation(name: Mapping[str, Any], words: list[str], family: str) -> str | None:
    told = [fold(one) for one in name.get("suffix") or ()] + words[1:] + family.split()[1:]
    # A lone i or v in a given name is an initial.
    told = [one for one in told if len(one) > 1 or one not in words]
    return next((_GENERATIONS[one] for one in told if one in _GENERATIONS), None)
