"""Records of one person: the strongest links first, and never a chain that joins two who must stay apart."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from jobs.identity.decisions import Decisions, Pair

STEWARD, MERGED = "steward_link", "source_merge"


class Edge(NamedTuple):
    """A link between two records; the stronger one is kept where both cannot be."""

    left_id: int
    right_id: int
    strength: float
    rule: str


class Clusters(NamedTuple):
    """`members`: the records of each person, sorted; `rules`: what brought a record in; `cut`: links not kept."""

    members: list[list[int]]
    rules: dict[int, str]
    cut: list[Edge]


def clusters(
    ids: Iterable[int],
    edges: Iterable[Edge],
    said: Decisions = Decisions(),  # noqa: B008 - a tuple
    *,
    merges: Sequence[Pair] = (),
    apart: Collection[Pair] = (),
) -> Clusters:
    """Join records by links, a steward's first, then merges told by a source, then `edges` from the strongest on.

    `merges`: (record, record that replaced it, which another one may have replaced).
    `said.apart` binds them all; `apart` are pairs that automatic links must not join, but a steward or a source may.
    Joining from the strongest on is the same as cutting each forbidden chain at its weakest link.
    """
    joined = _Joined(ids, said.apart)
    for left, right in reversed(said.linked):
        joined.join(Edge(left, right, 0.0, STEWARD))
    for left, right in _last_first(merges):
        if (min(left, right), max(left, right)) not in said.apart:
            joined.join(Edge(left, right, 0.0, MERGED))
    joined.forbid(apart)
    for edge in sorted(edges, key=lambda one: (-one.strength, one.left_id, one.right_id)):
        joined.join(edge)
    return joined.clusters()


def _last_first(merges: Sequence[Pair]) -> list[Pair]:
    """(record, record that replaced it), from the ends of chains on: where one of a chain must stay apart, those who
    were merged before it go with it, and the others stay together."""
    onward = dict(merges)

    def steps(one: int) -> int:
        seen = {one}
        while one in onward and onward[one] not in seen:
            one = onward[one]
            seen.add(one)
        return len(seen)

    return sorted(merges, key=lambda pair: (steps(pair[0]), pair))


class _Joined:
    """Disjoint sets that know who must not come in."""

    def __init__(self, ids: Iterable[int], apart: Iterable[Pair]) -> None:
        self._root = {one: one for one in ids}
        self._members = {one: {one} for one in self._root}
        self._foes: dict[int, set[int]] = {one: set() for one in self._root}
        self._rules: dict[int, str] = {}
        self._cut: list[Edge] = []
        self.forbid(apart)

    def forbid(self, pairs: Iterable[Pair]) -> None:
        for left, right in pairs:
            if left in self._root and right in self._root:
                self._foes[self._find(left)].add(right)
                self._foes[self._find(right)].add(left)

    def join(self, edge: Edge) -> None:
        if edge.left_id not in self._root or edge.right_id not in self._root:
            return
        left, right = self._find(edge.left_id), self._find(edge.right_id)
        if left != right:
            if len(self._members[left]) < len(self._members[right]):
                left, right = right, left
            if not self._members[right].isdisjoint(self._foes[left]):
                self._cut.append(edge)
                return
            self._root[right] = left
            self._members[left] |= self._members.pop(right)
            self._foes[left] |= self._foes.pop(right)
        for one in edge[:2]:
            self._rules.setdefault(one, edge.rule)

    def _find(self, one: int) -> int:
        while self._root[one] != one:
            self._root[one] = self._root[self._root[one]]
            one = self._root[one]
        return one

    def clusters(self) -> Clusters:
        return Clusters(sorted(sorted(members) for members in self._members.values()), self._rules, self._cut)
