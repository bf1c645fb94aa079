"""Which pairs are worth comparing: two records are looked at together when they share a key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from jobs.identity.normalised import Normalised

# A key that more records than this have in common says little, and its pairs are their number squared.
MOST = 400


def keys(record: Normalised) -> list[str]:
    """The keys of a record, sorted, each once. One mistyped field leaves others that still meet."""
    return sorted(set(_keys(record)))


def _keys(one: Normalised) -> Iterator[str]:
    yield from (f"number {value}" for value in (*one.own_ids, *one.family_ids))
    yield from (f"phone {value}" for value in one.phones)
    yield from (f"mail {value}" for value in one.mails)
    yield from (f"place {value}" for value in one.places)
    # Given name and surname are often exchanged, so both count as either.
    called = sorted({*one.givens, *one.surnames})
    if one.birth_key and one.birth:
        yield from (f"birth {one.birth_key} {name[0]}" for name in called)
        yield from (f"day {one.birth_key[4:]} {name}" for name in called)
        yield from (f"year {one.birth_year} {name}" for name in called)
        if one.postcode:
            yield f"home {one.postcode} {one.birth_key[4:]}"
    if one.name_key:
        yield f"name {one.name_key}"
    for where in filter(None, (one.postcode, one.city)):
        yield from (f"at {where} {name[:4]}" for name in called)
        if one.street:
            yield f"street {where} {one.street[:6]}"


def with_keys(records: Sequence[Normalised]) -> tuple[list[list[str]], int]:
    """For each record the keys that at least two and at most `MOST` share, and how many keys were too common."""
    own = [keys(record) for record in records]
    shared = Counter(key for one in own for key in one)
    common = sum(count > MOST for count in shared.values())
    return [[key for key in one if 1 < shared[key] <= MOST] for one in own], common
