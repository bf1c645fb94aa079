"""From evidence to a band: linked at once, shown to a steward, or left apart. Safety comes before probability."""

from __future__ import annotations

from typing import NamedTuple

from jobs.identity.comparisons import DIFFERENT, EXCHANGED, UNKNOWN
from jobs.identity.evidence import Evidence

AUTO, REVIEW, NO_LINK = "auto", "review", "no_link"
# Fixed on FEBRL 1 and 2: ten times the odds of the worst false pair there (0.985); docs/decisions/identity.md.
AUTO_FROM, REVIEW_FROM = 0.9985, 0.02

PROBABILITY, SAME_NUMBER, INSURANCE_NUMBER = "probability", "same_number", "insurance_number"
POSSIBLE_TWINS, GENERATIONS, NEWBORN = "possible_twins", "generations_differ", "unnamed_newborn"
NUMBERS_DIFFER, HOUSEHOLD, SEX_DIFFERS = "numbers_differ", "household", "sex_differs"
NUMBER_CONTRADICTED, TOO_LITTLE = "number_contradicted", "too_little_agrees"
RULES = {
    PROBABILITY: "as probable as the band asks",
    SAME_NUMBER: "one authority's number for one person, and the birth date or the name agrees",
    INSURANCE_NUMBER: "one insurance number, the same birth date and given name",
    POSSIBLE_TWINS: "born on one day with one surname into one household, but given name or sex differs",
    GENERATIONS: "senior and junior",
    NEWBORN: "a child that has no name yet",
    NUMBERS_DIFFER: "numbers with right check digits from one authority that are not the same",
    HOUSEHOLD: "people of one household: given name and birth date, or given name and sex, differ",
    SEX_DIFFERS: "probable, but the sex differs",
    NUMBER_CONTRADICTED: "one number, but neither birth date nor name agrees",
    TOO_LITTLE: "probable, but name or birth date does not agree or is not known",
}
_SAME_GIVEN = frozenset(("same", "one of several", "short form", EXCHANGED))
_NEAR_GIVEN = _SAME_GIVEN | {"alike", "roughly alike", "initial"}
_SURNAME = frozenset(("same", "one of several", "alike", EXCHANGED))
_NEAR_SURNAME = _SURNAME | {"roughly alike"}
_BIRTH = frozenset(("same", "day and month swapped", "one digit"))
# A child with its parent's name in its parent's house is further from it than that.
FEWEST_YEARS = 12


class Verdict(NamedTuple):
    """Band and rule of a pair; `apart`: no chain of automatic links may join the two either."""

    evidence: Evidence
    band: str
    rule: str
    apart: bool = False


def judge(one: Evidence, *, safety: bool = True) -> Verdict:
    """The band of one pair by itself; without `safety` probability alone decides, which only a bench may ask for."""
    if not safety:
        band = AUTO if one.probability >= AUTO_FROM else REVIEW if one.probability >= REVIEW_FROM else NO_LINK
        return Verdict(one, band, PROBABILITY)
    danger = _danger(one)
    if danger:
        # A newborn has a home in common with all its family: only a birth date is worth a look.
        shown = bool(one.own) or (one.probability >= REVIEW_FROM and (danger != NEWBORN or one.birth in _BIRTH))
        return Verdict(one, REVIEW if shown else NO_LINK, danger, apart=True)
    if one.own:
        return Verdict(one, *((AUTO, SAME_NUMBER) if _number_agrees(one) else (REVIEW, NUMBER_CONTRADICTED)))
    if one.given == DIFFERENT and DIFFERENT in (one.birth, one.sex) and one.household:
        return Verdict(one, NO_LINK, HOUSEHOLD)
    if one.sex == DIFFERENT:
        return Verdict(one, REVIEW if one.probability >= REVIEW_FROM else NO_LINK, SEX_DIFFERS)
    if one.family and one.birth == "same" and one.given in _SAME_GIVEN:
        return Verdict(one, AUTO, INSURANCE_NUMBER)
    if one.probability >= AUTO_FROM:
        return Verdict(one, *((AUTO, PROBABILITY) if _enough(one) else (REVIEW, TOO_LITTLE)))
    return Verdict(one, REVIEW if one.probability >= REVIEW_FROM else NO_LINK, PROBABILITY)


def _danger(one: Evidence) -> str | None:
    """What forbids a link however probable it looks."""
    if one.unnamed_newborn and not (one.own and one.birth == "same"):
        return NEWBORN
    if one.generations_differ:
        return GENERATIONS
    if one.numbers_differ:
        return NUMBERS_DIFFER
    return POSSIBLE_TWINS if _may_be_twins(one) else None


def _may_be_twins(one: Evidence) -> bool:
    if one.birth not in _BIRTH or one.surname not in _NEAR_SURNAME:
        return False
    if not (one.household or one.family or one.multiple_birth):
        return False
    if one.sex == DIFFERENT:
        return True
    if one.own and not one.multiple_birth:
        return False
    return not (_given_agrees(one) or one.given in (UNKNOWN, "initial"))


def _given_agrees(one: Evidence) -> bool:
    # Twins are given names that sound alike: a near miss is a typing error only where one of the two is no name.
    if one.given in ("alike", "roughly alike"):
        return one.mistyped and one.given == "alike" and not one.multiple_birth
    return one.given in _SAME_GIVEN


def _number_agrees(one: Evidence) -> bool:
    if one.birth in _BIRTH or (one.given in _NEAR_GIVEN and one.surname in _NEAR_SURNAME):
        return one.sex != DIFFERENT or one.given in _SAME_GIVEN
    # Who marries keeps the given name and the number.
    return one.given in _SAME_GIVEN and one.probability >= AUTO_FROM


def _enough(one: Evidence) -> bool:
    """Given name, surname and birth date agree; one may be unknown, or differ where nobody else could be meant."""
    given, surname, birth = _given_agrees(one), one.surname in _NEAR_SURNAME, one.birth in _BIRTH
    if given and surname and birth:
        return True
    if given and birth:
        return one.surname == UNKNOWN or one.household
    if given and surname:
        return one.household and one.years is not None and one.years < FEWEST_YEARS
    return surname and birth and one.given in (UNKNOWN, "initial")
