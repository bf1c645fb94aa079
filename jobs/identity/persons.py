"""Which person each record is: ids that stay while links come and go.

A person is named after one of its own records, its namesake: `own_person(patient_id)`. Two persons never share a
record, so they never share an id. Of several ids that meet in one person the one that most of its records had before is
kept; a record that leaves takes the id of its namesake along, and gets the id back that it would have had alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from jobs.identity.clusters import Edge, clusters
from jobs.identity.decisions import Decisions, Pair
from jobs.identity.person_ids import own_person

OWN = "own"


class Assignment(NamedTuple):
    """Which person a record is; `is_survivor`: the one record that tells the person; `link_rule`: how it came there."""

    patient_id: int
    person_id: int
    is_survivor: bool
    link_rule: str


def persons(
    patients: Mapping[int, int],
    edges: Iterable[Edge],
    decisions: Decisions = Decisions(),  # noqa: B008 - a tuple
    previous: Mapping[int, int] | None = None,
    *,
    merges: Sequence[Pair] = (),
    apart: Collection[Pair] = (),
) -> list[Assignment]:
    """The person of each record, in order of records.

    `patients`: patient_id -> how much the record tells; `edges`: automatic links; `previous`: patient_id -> person_id
    of the last run; `merges`: (record, record that replaced it) as a source says; `apart`: see `clusters`.
    """
    found = clusters(patients, edges, decisions, merges=merges, apart=apart)
    lost = {pair[0] for pair in merges if (min(pair), max(pair)) not in decisions.apart}
    before = previous or {}
    namesakes = {own_person(one): one for one in patients}
    taken: set[int] = set()
    made = []
    for members in _most_settled_first(found.members, before):
        person_id = _name(members, before, namesakes, taken)
        taken.add(person_id)
        told_by = min(members, key=lambda one: (one in lost, -patients[one], own_person(one) != person_id, one))
        alone = len(members) == 1
        made += [
            Assignment(one, person_id, one == told_by, OWN if alone else found.rules.get(one, OWN)) for one in members
        ]
    return sorted(made)


def _most_settled_first(members: list[list[int]], before: Mapping[int, int]) -> list[list[int]]:
    # Only where the namesake is gone can two groups want one id: the one with more of its records keeps it.
    return sorted(members, key=lambda group: (-sum(one in before for one in group), group))


def _name(members: list[int], before: Mapping[int, int], namesakes: Mapping[int, int], taken: Collection[int]) -> int:
    """The id of a cluster: one that its records had, whose namesake is among them or gone; else of its first record."""
    held = Counter(before[one] for one in members if one in before)
    inside = set(members)
    able = [
        person_id for person_id in held if person_id not in taken and namesakes.get(person_id, members[0]) in inside
    ]
    if able:
        return min(able, key=lambda person_id: (-held[person_id], namesakes.get(person_id, -1), person_id))
    return own_person(members[0])
