"""`python -m infra.bench.identity`: how well the records of one human are found, on FEBRL and on hard cases of our own.

Thresholds and rules are fixed on FEBRL 1 and 2; 3 and 4 are looked at once a release. No labels are used but to count.
With `--train` the weights that are shipped (jobs/identity/model.json) are learnt anew from FEBRL 1 and 2.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

import pyarrow as pa

from infra.bench import identity_febrl, identity_hard
from jobs.identity import blocking, matching, model, scoring
from jobs.identity.bands import AUTO, REVIEW, Verdict, judge
from jobs.identity.clusters import Edge
from jobs.identity.model import SHIPPED, Model
from jobs.identity.normalised import Normalised, normalise, table
from jobs.identity.persons import persons

# Where FEBRL is not like a hospital, by hand. Its people all live elsewhere and alone, and its mistakes put another
# value of the population in a field's place. It knows no sex, telephone or mail address. m, u.
BY_HAND = {
    "given name": {"different": (0.03, None), "one of several": (0.01, 0.0001), "short form": (0.02, 0.0006),
                   "initial": (0.01, 0.002)},
    "surname": {"different": (0.05, None), "one of several": (0.01, 0.0001)},
    "birth date": {"different": (0.02, None), "day and month swapped": (0.01, 0.00001), "two digits": (0.002, None),
                   "year": (0.002, None)},
    "sex": {"same": (0.98, 0.5), "different": (0.02, 0.5)},
    "street": {"same with number": (None, 0.0005), "different": (0.3, None)},
    "town": {"same with postal code": (None, 0.02), "postal code": (None, 0.02), "same": (None, 0.02),
             "same, postal code alike": (None, 0.002), "different": (0.3, None)},
    "telephone": {"same": (0.6, 0.001), "different": (0.4, 0.999)},
    "mail address": {"same": (0.6, 0.0005), "different": (0.4, 0.9995)},
    "national number": {"same": (0.85, 0.000002), "one digit": (0.08, 0.00005), "two digits": (0.02, 0.0005)},
}  # fmt: skip
HOW = (
    "m and u by expectation maximisation without labels on FEBRL 1 and 2 as one table, then the values of BY_HAND in "
    "infra/bench/identity.py where FEBRL is not like a hospital"
)


class Figures(NamedTuple):
    """Pairs of true people found by a band, and what of it is right."""

    precision: float
    recall: float
    wrong: int

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        return 2 * self.precision * self.recall / ((self.precision + self.recall) or 1)

    def __str__(self) -> str:
        return f"P {self.precision:.4f}  R {self.recall:.4f}  F1 {self.f1:.4f}"


def pairs_found(found: Collection[tuple[int, int]], truth: Mapping[int, str]) -> Figures:
    """Figures of pairs against the truth; pairs that were never compared count as missed."""
    right = sum(truth[left] == truth[right] for left, right in found)
    total = sum(count * (count - 1) // 2 for count in Counter(truth.values()).values())
    return Figures(right / (len(found) or 1), right / total, len(found) - right)


def b_cubed(person: Mapping[int, int], truth: Mapping[int, str]) -> Figures:
    """B-cubed: for each record the share of its cluster that is right, and of its person that is there; then means."""
    clusters, people = Counter(person.values()), Counter(truth.values())
    both = Counter((person[one], truth[one]) for one in truth)
    precision = sum(both[person[one], truth[one]] / clusters[person[one]] for one in truth) / len(truth)
    recall = sum(both[person[one], truth[one]] / people[truth[one]] for one in truth) / len(truth)
    return Figures(precision, recall, 0)


def _normalised(number: int, *, identifier: bool) -> tuple[list[Normalised], dict[int, str]]:
    rows, truth = identity_febrl.records(number, identifier=identifier)
    return [normalise(row) for row in rows], truth


def measure(number: int, *, identifier: bool) -> list[str]:
    """Lines about one FEBRL set: the model alone, and as shipped with the rules of safety."""
    records, truth = _normalised(number, identifier=identifier)
    began = time.monotonic()
    shipped = matching.compare(records, matching.Settings())
    seconds = time.monotonic() - began
    alone = [judge(one.evidence, safety=False) for one in shipped]
    title = f"FEBRL {number} {'with' if identifier else 'without'} identifier"
    lines = [f"{title}: {len(records):,} records, {seconds:.1f} s"]
    for name, verdicts in (("model alone", alone), ("as shipped", shipped)):
        lines += _lines(name, verdicts, truth)
    return lines + _reasons(shipped, truth)


def _lines(name: str, verdicts: list[Verdict], truth: Mapping[int, str]) -> list[str]:
    auto, review = _of(verdicts, AUTO), _of(verdicts, REVIEW)
    seen = pairs_found(auto | {pair for pair in review if truth[pair[0]] == truth[pair[1]]}, truth)
    known = dict.fromkeys(truth, 0)
    apart = {(one.evidence.left_id, one.evidence.right_id) for one in verdicts if one.apart}
    person = {one.patient_id: one.person_id for one in persons(known, _edges(verdicts), apart=apart)}
    answered = [Edge(*pair, 0.0, "steward") for pair in review if truth[pair[0]] == truth[pair[1]]]
    after = {one.patient_id: one.person_id for one in persons(known, [*_edges(verdicts), *answered])}
    figures = pairs_found(auto, truth)
    return [
        f"  {name:<13} auto   {figures}  {len(auto):,} pairs, {figures.wrong} wrong",
        f"  {'':<13} review {len(review):,} pairs; recall with them {seen.recall:.4f}",
        f"  {'':<13} people B-cubed {b_cubed(person, truth)}; after review {b_cubed(after, truth).f1:.4f}",
    ]


def _of(verdicts: Iterable[Verdict], band: str) -> set[tuple[int, int]]:
    return {(one.evidence.left_id, one.evidence.right_id) for one in verdicts if one.band == band}


def _edges(verdicts: Iterable[Verdict]) -> list[Edge]:
    return matching.edges(verdicts)


def _reasons(verdicts: Iterable[Verdict], truth: Mapping[int, str]) -> list[str]:
    counted: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for one in verdicts:
        if one.band == REVIEW:
            counted[one.rule][truth[one.evidence.left_id] != truth[one.evidence.right_id]] += 1
    told = ", ".join(f"{rule} {right:,}+{wrong:,}" for rule, (right, wrong) in sorted(counted.items()))
    return [f"  why review (true+false pairs): {told}"]


def hard() -> list[str]:
    """Lines about our own hard cases, by group."""
    began = time.monotonic()
    faults = identity_hard.wrong(identity_hard.matched())
    groups = Counter(case.group for case in identity_hard.CASES)
    failed = Counter(group for group, _ in {tuple(fault.split(": ")[:2]) for fault in faults})
    right = len(identity_hard.CASES) - sum(failed.values())
    lines = [f"hard cases of our own: {right} of {len(identity_hard.CASES)} right, {time.monotonic() - began:.1f} s"]
    lines += [f"  {group:<30}{count - failed[group]} of {count}" for group, count in groups.items()]
    return lines + [f"  wrong: {fault}" for fault in faults]


def train() -> Model:
    """The weights to ship."""
    everyone: list[Normalised] = []
    for number in (1, 2):
        found, _ = _normalised(number, identifier=True)
        everyone += [one._replace(patient_id=one.patient_id + number * 100_000) for one in found]
    keys, _ = blocking.with_keys(everyone)
    given = table(everyone).append_column("keys", pa.array(keys, pa.list_(pa.string())))
    with scoring.connect(given, 1) as connection:
        learnt = scoring.fit(connection, model.shipped(), learn=True)
    weights = {name: _by_hand(levels, BY_HAND.get(name, {})) for name, levels in learnt.weights.items()}
    return replace(learnt, weights=weights, rate=1e-4, how=HOW, rare=False)


def _by_hand(
    learnt: Mapping[str, tuple[float, float]], said: Mapping[str, tuple[float | None, float | None]]
) -> dict[str, tuple[float, float]]:
    """What was learnt, with what was said put in and the rest scaled so that all shares add up to one."""
    made = [_shares({level: pair[place] for level, pair in learnt.items()},
                    {level: pair[place] for level, pair in said.items()}) for place in (0, 1)]  # fmt: skip
    return {level: (made[0][level], made[1][level]) for level in learnt}


def _shares(learnt: Mapping[str, float], said: Mapping[str, float | None]) -> dict[str, float]:
    fixed = {level: share for level, share in said.items() if share is not None}
    rest = sum(share for level, share in learnt.items() if level not in fixed)
    scale = (1 - sum(fixed.values())) / rest if rest else 1.0
    return {level: float(f"{fixed.get(level, share * scale):.4g}") for level, share in learnt.items()}


def main() -> int:
    """Measure and print; 1 when a hard case is wrong."""
    parser = argparse.ArgumentParser(prog="python -m infra.bench.identity", description=__doc__)
    parser.add_argument("--sets", type=int, nargs="*", default=(3, 4), choices=(1, 2, 3, 4), help="FEBRL sets")
    parser.add_argument("--train", action="store_true", help="learn the weights to ship, and write them")
    asked = parser.parse_args()
    if asked.train:
        pathlib.Path(str(SHIPPED)).write_text(json.dumps(train().document(), indent=1) + "\n", encoding="utf-8")
        print(f"written: {SHIPPED}")
        return 0
    for number in asked.sets:
        for identifier in (True, False):
            print("\n".join(measure(number, identifier=identifier)), flush=True)
    lines = hard()
    print("\n".join(lines))
    return any("wrong:" in line for line in lines)


if __name__ == "__main__":
    sys.exit(main())
