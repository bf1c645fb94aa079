"""What a steward has said of pairs of records; the last word on a pair counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

LINK, UNLINK, NEVER = "link", "unlink", "never"
MEANINGS = {
    LINK: "they are one person, whatever the rules say",
    UNLINK: "they are not linked, neither with each other nor through others; the pair stays in review",
    NEVER: "they are never one person, and are not proposed again",
}
Pair = tuple[int, int]


class DecisionError(ValueError):
    """A decision that is none: says what is wrong with it, never a value of a person."""


class Decisions(NamedTuple):
    """Pairs (smaller id first) by the word that holds; `linked` in the order in which they were said."""

    linked: tuple[Pair, ...] = ()
    unlinked: frozenset[Pair] = frozenset()
    never: frozenset[Pair] = frozenset()

    @property
    def apart(self) -> frozenset[Pair]:
        """Pairs that no chain of links may join."""
        return self.unlinked | self.never


def decisions(given: Iterable[Mapping[str, Any]]) -> Decisions:
    """The words that hold, of rows (left_id, right_id, decision, decided_at): the latest, of one time the last.

    >>> said = [{"left_id": 2, "right_id": 1, "decision": "link", "decided_at": "2026-03-01"},
    ...         {"left_id": 1, "right_id": 2, "decision": "never", "decided_at": "2026-03-02"}]
    >>> decisions(said)
    Decisions(linked=(), unlinked=frozenset(), never=frozenset({(1, 2)}))
    """
    last: dict[Pair, str] = {}
    for one in sorted(given, key=lambda one: str(one.get("decided_at") or "")):
        pair, word = pair_of(one["left_id"], one["right_id"]), one["decision"]
        if word not in MEANINGS:
            raise DecisionError(f"a decision is one of {', '.join(MEANINGS)}")
        last.pop(pair, None)
        last[pair] = word
    return Decisions(
        tuple(pair for pair, word in last.items() if word == LINK),
        frozenset(pair for pair, word in last.items() if word == UNLINK),
        frozenset(pair for pair, word in last.items() if word == NEVER),
    )


def pair_of(one: int, other: int) -> Pair:
    """Two records as a pair; a record makes no pair with itself."""
    if one == other:
        raise DecisionError("a decision needs two records")
    return min(one, other), max(one, other)
