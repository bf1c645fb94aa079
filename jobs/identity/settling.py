"""Verdicts on pairs seen beside each other: what one pair shows can take back what another seemed to say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from jobs.identity.bands import (
    AUTO,
    FEWEST_YEARS,
    NUMBER_CONTRADICTED,
    PROBABILITY,
    REVIEW,
    RULES,
    SAME_NUMBER,
    Verdict,
)
from jobs.identity.comparisons import DIFFERENT, EXCHANGED, UNKNOWN

TORN, SHARED_NUMBER = "between_two_people", "number_of_a_family"
RULES_OF_ALL = {
    **RULES,
    TORN: "fits two records that are not one person",
    SHARED_NUMBER: "one number, but people who differ in name and birth date carry it too",
}
_SAME = frozenset(("same", "one of several", "short form", EXCHANGED, "alike"))


def settle(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """The same verdicts, some automatic ones taken back to review.

    A number that two different people carry (a subscriber's on each child's claim) proves nothing where given names
    differ. A record that fits two people who are apart, such as one without a given name both of two twins, is linked
    with neither of them: which one it is only a steward can say.
    """
    found = list(verdicts)
    carried = {number for one in found if _two_people(one) for number in one.evidence.own}
    found = [_distrusted(one, carried) for one in found]
    torn = _torn(found)
    return [
        one._replace(band=REVIEW, rule=TORN)
        if one.band == AUTO and one.rule == PROBABILITY and (one.evidence.left_id, one.evidence.right_id) in torn
        else one
        for one in found
    ]


def _two_people(one: Verdict) -> bool:
    seen = one.evidence
    if one.rule != NUMBER_CONTRADICTED or seen.given != DIFFERENT or seen.birth != DIFFERENT:
        return False
    return seen.years is not None and seen.years >= FEWEST_YEARS


def _distrusted(one: Verdict, carried: set[str]) -> Verdict:
    if one.rule != SAME_NUMBER or one.evidence.given in _SAME or not carried.issuperset(one.evidence.own):
        return one
    return one._replace(band=REVIEW, rule=SHARED_NUMBER, apart=one.evidence.given != UNKNOWN)


def _torn(found: list[Verdict]) -> set[tuple[int, int]]:
    fits: dict[int, set[int]] = defaultdict(set)
    for one in found:
        if one.band == AUTO:
            fits[one.evidence.left_id].add(one.evidence.right_id)
            fits[one.evidence.right_id].add(one.evidence.left_id)
    pairs = set()
    for one in found:
        left, right = one.evidence.left_id, one.evidence.right_id
        if one.apart:
            for between in fits.get(left, set()) & fits.get(right, set()):
                pairs |= {(min(between, end), max(between, end)) for end in (left, right)}
    return pairs
