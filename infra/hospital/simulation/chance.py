"""Chance that depends on what is asked and not on when: the same seed and words give the same answer everywhere."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
_WHOLE = float(1 << 64)


class Chance:
    """Answers by seed and words; nobody's asking changes what another is answered."""

    def __init__(self, seed: int) -> None:
        self._key = str(seed).encode()[:64]

    def number(self, *words: object) -> int:
        """A number of 64 bits.

        >>> Chance(1).number("a") == Chance(1).number("a"), Chance(1).number("a") == Chance(2).number("a")
        (True, False)
        """
        said = "\x1f".join(map(str, words)).encode()
        return int.from_bytes(hashlib.blake2b(said, digest_size=8, key=self._key).digest(), "big")

    def share(self, *words: object) -> float:
        """A number from 0 to below 1."""
        return self.number(*words) / _WHOLE

    def between(self, low: int, high: int, *words: object) -> int:
        """A whole number, both ends included."""
        return low + self.number(*words) % (high - low + 1)

    def pick(self, options: Sequence[T], *words: object) -> T:
        """One of some things."""
        return options[self.number(*words) % len(options)]

    def digits(self, count: int, *words: object) -> str:
        """So many digits, the first no zero."""
        return str(10 ** (count - 1) + self.number(*words) % (9 * 10 ** (count - 1)))

    def uuid(self, *words: object) -> str:
        """An identifier as FHIR servers give."""
        said = "\x1f".join(map(str, words)).encode()
        made = hashlib.blake2b(said, digest_size=16, key=self._key).hexdigest()
        return f"{made[:8]}-{made[8:12]}-{made[12:16]}-{made[16:20]}-{made[20:]}"


def npi(chance: Chance, *words: object) -> str:
    """A National Provider Identifier with its check digit (Luhn over 80840 and the number, 45 CFR 162.406)."""
    nine = "1" + chance.digits(8, "npi", *words)
    total = 24 + sum(int(d) if place % 2 else sum(divmod(2 * int(d), 10)) for place, d in enumerate(nine))
    return nine + str(-total % 10)
