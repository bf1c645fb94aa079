"""Numbers that say themselves whether they are wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from jobs.identity.placeholders import is_no_number

_LUHN = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
# Printed on specimen cards and in advertisements, and copied since (SSA lists them).
_SPECIMENS = frozenset(("078051120", "219099999", "457555462", "123456789"))


def nhs(value: str) -> bool:
    """Whether ten digits are an NHS number: weights 10 to 2, modulus 11 (NHS data dictionary, NHS NUMBER).

    >>> nhs("9434765919"), nhs("9434765918"), nhs("0000000000")
    (True, False, False)
    """
    if not re.fullmatch(r"[0-9]{10}", value) or is_no_number(value):
        return False
    rest = 11 - sum(int(digit) * weight for digit, weight in zip(value, range(10, 1, -1), strict=False)) % 11
    return rest % 11 == int(value[9]) and rest != 10


def ssn(value: str) -> bool:
    """Whether nine digits can be a US social security number: area, group and serial are given out at all.

    >>> [ssn(one) for one in ("536221234", "000121234", "666121234", "912121234", "536001234", "999999999")]
    [True, False, False, False, False, False]
    """
    if not re.fullmatch(r"[0-9]{9}", value) or value in _SPECIMENS or is_no_number(value):
        return False
    return value[:3] not in ("000", "666") and value[0] != "9" and value[3:5] != "00" and value[5:] != "0000"


def luhn(value: str) -> bool:
    """Whether the last digit is the Luhn check digit of the others (ISO/IEC 7812-1 annex B).

    >>> luhn("79927398713"), luhn("79927398710")
    (True, False)
    """
    if not value.isascii() or not value.isdigit() or len(value) < 2:
        return False
    digits = [int(one) for one in reversed(value)]
    return (sum(digits[::2]) + sum(_LUHN[one] for one in digits[1::2])) % 10 == 0


CHECKS: Mapping[str, Callable[[str], bool]] = {"nhs": nhs, "ssn": ssn, "luhn": luhn}
