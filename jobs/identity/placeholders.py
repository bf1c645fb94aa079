"""What people type where they know nothing: such a value is no value, and nobody is linked by it."""

from __future__ import annotations

# Whole names or words of them, folded (jobs.identity.letters.fold).
_NO_NAME = frozenset(
    "unknown unk unkn unnamed noname anonymous anon test testing tester zztest zzztest xxtest testpatient patient"  # noqa: SIM905
    " dummy demo sample none null nil na nan notgiven notknown refused declined unidentified trauma donotuse"
    " duplicate deleted void xx xxx xxxx zz zzz zzzz".split()
)
# Names of those who have none yet, as maternity wards write them: BABY BOY A, SMITH GIRL OF JANE, BB.
_NEWBORN_WORDS = frozenset("baby babyboy babygirl newborn infant neonate boy girl bb".split())  # noqa: SIM905
_ORDER = frozenset("twin triplet a b c d g 1 2 3 4 i ii iii nb male female".split())  # noqa: SIM905
_NO_SURNAME = frozenset(("doe",))
_STAND_INS = frozenset(("john", "jane", "baby", "jon", "johnny"))
_NO_PLACE = frozenset(
    "unknown unk none null na no fixed abode address homeless nfa general delivery not known given refused declined"  # noqa: SIM905
    " test same as above".split()
)
# 1899-12-30 and -31 are a spreadsheet's nought, 1753-01-01 a database's first day.
NO_BIRTH = frozenset(
    ("19000101", "19010101", "18000101", "18991230", "18991231", "17530101", "11111111", "99991231", "00010101")
)
_RUNS = ("0123456789012345", "9876543210987654", "1234567890123456")


def is_no_name(folded: str) -> bool:
    """Whether a folded given name or surname says nothing.

    >>> [is_no_name(one) for one in ("unknown", "test", "baby boy", "zztest", "testa")]
    [True, True, True, True, False]
    """
    words = folded.split()
    return not words or any(word in _NO_NAME for word in words) or is_newborn(folded)


def is_newborn(folded: str) -> bool:
    """Whether a folded given name is that of a child not yet named.

    >>> [is_newborn(one) for one in ("baby girl a", "babyboy", "twin 2", "jane girl", "bb", "abby", "boyd", "b")]
    [True, True, True, True, True, False, False, False]
    """
    words = folded.split()
    if any(word in _NEWBORN_WORDS for word in words):
        return True
    return ("twin" in words or "triplet" in words) and all(word in _ORDER for word in words)


def is_stand_in(given: str, surname: str) -> bool:
    """Whether a whole name is the one given to those whose name is unknown (John Doe)."""
    return surname in _NO_SURNAME and given in _STAND_INS


def is_no_place(folded: str) -> bool:
    """Whether a folded address line or city says nothing.

    >>> is_no_place("no fixed abode"), is_no_place("unknown"), is_no_place("1 unknown road")
    (True, True, False)
    """
    words = folded.split()
    return not words or all(word in _NO_PLACE for word in words)


def is_no_number(value: str) -> bool:
    """Whether digits or letters of a number are filled in by a hand that knew none: all the same, or counted up.

    >>> [is_no_number(one) for one in ("0000000000", "999999999", "123456789", "xxxxx", "7", "1234", "100000001")]
    [True, True, True, True, False, False, False]
    """
    if len(value) < 5:
        return False
    return len(set(value)) == 1 or any(value in run for run in _RUNS)
