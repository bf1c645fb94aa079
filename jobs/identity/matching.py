"""Patient records in, pairs and persons out: normalise, compare, judge, join. Tenants never meet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pyarrow as pa

from jobs.identity import bands, blocking, evidence, model, persons, scoring, settling
from jobs.identity import decisions as words_of
from jobs.identity.bands import AUTO, INSURANCE_NUMBER, NO_LINK, REVIEW, SAME_NUMBER, Verdict
from jobs.identity.clusters import STEWARD, Edge
from jobs.identity.decisions import Decisions, Pair
from jobs.identity.model import Model
from jobs.identity.normalised import Normalised, normalise, table

# With fewer records the shipped weights are better than what could be learnt.
LEARN_FROM = 2_000
STEWARD_UNLINK, STEWARD_NEVER = "steward_unlink", "steward_never"
_STRENGTH = {SAME_NUMBER: 2.0, INSURANCE_NUMBER: 1.0}
_WEIGHT = pa.struct([("comparison", pa.string()), ("level", pa.string()), ("weight", pa.float64())])
PAIRS = pa.schema(
    [
        ("left_id", pa.int64()),
        ("right_id", pa.int64()),
        ("probability", pa.float64()),
        ("band", pa.string()),
        ("rule", pa.string()),
        ("explanation", pa.list_(_WEIGHT)),
    ]
)
PERSONS = pa.schema(
    [("patient_id", pa.int64()), ("person_id", pa.int64()), ("is_survivor", pa.bool_()), ("link_rule", pa.string())]
)


@dataclass(frozen=True)
class Settings:
    """How to match. `checks`: authority -> its check digit (nhs, ssn, luhn); `learn_from`: see `LEARN_FROM`.

    `safety=False` lets probability alone decide: for a bench that compares with others, never for people.
    """

    checks: Mapping[str, str] = field(default_factory=dict)
    threads: int = 2
    learn_from: int = LEARN_FROM
    safety: bool = True


class Matched(NamedTuple):
    """`pairs` (schema PAIRS, left_id < right_id) and `persons` (schema PERSONS, one row a record), in order of ids.

    A pair has a probability where the two were compared; the explanation names comparisons, levels and bits, no value.
    """

    pairs: pa.Table
    persons: pa.Table


def match(
    patients: pa.Table,
    decisions: pa.Table | None = None,
    previous: pa.Table | None = None,
    *,
    merges: pa.Table | None = None,
    settings: Settings = Settings(),  # noqa: B008 - frozen
) -> Matched:
    """Who is whom.

    `patients`: patient_id, feed, tenant and the columns of silver.patient that tell who somebody is (names, birth_date,
    birth_sent, gender, birth_sex, addresses, telecom, identifiers, is_multiple_birth, birth_order), any of which may be
    missing. `decisions`: left_id, right_id, decision, decided_at. `previous`: patient_id, person_id. `merges`:
    patient_id, survivor_id, as sources told. The same tables give the same rows, in whatever order theirs come.
    """
    merged = [] if merges is None else sorted(zip(*_columns(merges, "patient_id", "survivor_id"), strict=True))
    before = {} if previous is None else dict(zip(*_columns(previous, "patient_id", "person_id"), strict=True))
    words = words_of.decisions([] if decisions is None else decisions.to_pylist())
    by_tenant: dict[str, list[Normalised]] = {}
    for row in patients.to_pylist():
        by_tenant.setdefault(row["tenant"], []).append(normalise(row, settings.checks))
    pairs: list[tuple[Any, ...]] = []
    assigned: list[persons.Assignment] = []
    for tenant in sorted(by_tenant):
        of_tenant = sorted(by_tenant[tenant], key=lambda one: one.patient_id)
        verdicts = compare(of_tenant, settings)
        known = {one.patient_id: one.known for one in of_tenant}
        pairs += _told(verdicts, words, known)
        assigned += _assigned(verdicts, known, words, before, [pair for pair in merged if known.keys() >= set(pair)])
    return Matched(_table(sorted(pairs, key=lambda one: one[:2]), PAIRS), _table(sorted(assigned), PERSONS))


def compare(records: list[Normalised], settings: Settings, weights: Model | None = None) -> list[Verdict]:
    """Verdicts on the pairs of one tenant's records that share a key."""
    keys, _ = blocking.with_keys(records)
    if not any(keys):
        return []
    given = table(records).append_column("keys", pa.array(keys, pa.list_(pa.string())))
    with scoring.connect(given, settings.threads) as connection:
        known = weights or scoring.fit(connection, model.shipped(), learn=len(records) >= settings.learn_from)
        scoring.score(connection, known)
        found = [bands.judge(one, safety=settings.safety) for one in evidence.pairs(connection, bands.REVIEW_FROM)]
    return settling.settle(found) if settings.safety else found


def _assigned(
    verdicts: list[Verdict], known: dict[int, int], words: Decisions, before: Mapping[int, int], merged: list[Pair]
) -> list[persons.Assignment]:
    apart = {(one.evidence.left_id, one.evidence.right_id) for one in verdicts if one.apart}
    return persons.persons(known, edges(verdicts), words, before, merges=merged, apart=apart)


def edges(verdicts: Iterable[Verdict]) -> list[Edge]:
    """The automatic links among verdicts."""
    auto = (one for one in verdicts if one.band == AUTO)
    return [Edge(one.evidence.left_id, one.evidence.right_id, _strength(one), one.rule) for one in auto]


def _strength(one: Verdict) -> float:
    # Probabilities near one are all alike; bits are not.
    return 1000.0 * _STRENGTH.get(one.rule, 0.0) + sum(bits for _, _, bits in one.evidence.weights)


def _told(verdicts: list[Verdict], words: Decisions, known: Mapping[int, int]) -> list[tuple[Any, ...]]:
    """Rows of `pairs`: what was judged, and over it what a steward said."""
    linked = frozenset(words.linked)
    rows: dict[Pair, tuple[Any, ...]] = {}
    for one in verdicts:
        seen = one.evidence
        explained = [{"comparison": name, "level": level, "weight": bits} for name, level, bits in seen.weights]
        rows[seen.left_id, seen.right_id] = (seen.probability, one.band, one.rule, explained)
    for pair in sorted(linked | words.apart):
        if known.keys() >= set(pair):
            probability, _, _, explained = rows.get(pair, (None, None, None, []))
            rows[pair] = (probability, *_word(pair, linked, words), explained)
    return [(*pair, *row) for pair, row in rows.items()]


def _word(pair: Pair, linked: frozenset[Pair], words: Decisions) -> tuple[str, str]:
    if pair in linked:
        return AUTO, STEWARD
    return (REVIEW, STEWARD_UNLINK) if pair in words.unlinked else (NO_LINK, STEWARD_NEVER)


def _columns(given: pa.Table, *names: str) -> list[list[Any]]:
    return [given.column(name).to_pylist() for name in names]


def _table(rows: list[Any], schema: pa.Schema) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pa.table([pa.array(values, one.type) for values, one in zip(columns, schema, strict=True)], schema=schema)
