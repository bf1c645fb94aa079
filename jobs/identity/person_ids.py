"""The id of somebody whom only one record tells of, as Spark makes it (jobs.columns.people.own_person)."""

from __future__ import annotations

import xxhash

_POSITIVE = 0x7FFF_FFFF_FFFF_FFFF
# Spark starts its xxhash64 with it, and goes on with the hash of the columns before.
_SEED = 42
# What stands for null in a key (jobs.columns.keys.MISSING).
_MISSING = "\u0000"


def own_person(patient_id: int | None) -> int:
    """The person a record is when no link says otherwise; of None nobody, whose rows say no patient that is known.

    >>> own_person(1) == own_person(1), own_person(1) != own_person(2), own_person(1) > 0, own_person(None) > 0
    (True, True, True, True)
    """
    return spark_xxhash64("person", _MISSING if patient_id is None else str(patient_id)) & _POSITIVE


def spark_xxhash64(*parts: str) -> int:
    """Spark's xxhash64 of text columns, as an unsigned number.

    >>> spark_xxhash64("ABC"), spark_xxhash64("ABC", "DEF")
    (4105715581806190027, 3233247871021311208)
    """
    seed = _SEED
    for part in parts:
        seed = xxhash.xxh64_intdigest(part.encode(), seed)
    return seed
