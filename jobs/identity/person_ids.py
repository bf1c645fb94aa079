"""The id of somebody whom only one record tells of, as Spark makes it (jobs.columns.people.own_person)."""

from __future__ import annotations

_MASK = 0xFFFF_FFFF_FFFF_FFFF
_POSITIVE = 0x7FFF_FFFF_FFFF_FFFF
_P1, _P2, _P3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
_P4, _P5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5
# Spark starts its xxhash64 with it, and goes on with the hash of the columns before.
_SEED = 42


def own_person(patient_id: int) -> int:
    """The person a record is when no link says otherwise.

    >>> own_person(1) == own_person(1), own_person(1) != own_person(2), own_person(1) > 0
    (True, True, True)
    """
    return spark_xxhash64("person", str(patient_id)) & _POSITIVE


def spark_xxhash64(*parts: str) -> int:
    """Spark's xxhash64 of text columns, as an unsigned number.

    >>> spark_xxhash64("ABC"), spark_xxhash64("ABC", "DEF")
    (4105715581806190027, 3233247871021311208)
    """
    seed = _SEED
    for part in parts:
        seed = _xxh64(part.encode(), seed)
    return seed


def _xxh64(data: bytes, seed: int) -> int:
    """XXH64 of bytes shorter than 32, which names of tables and decimal numbers are (xxHash specification, 0.1.1)."""
    if len(data) >= 32:
        raise ValueError("longer than 31 bytes")
    found = (seed + _P5 + len(data)) & _MASK
    whole = len(data) // 8 * 8
    for start in range(0, whole, 8):
        lane = int.from_bytes(data[start : start + 8], "little")
        found ^= _rotated(lane * _P2 & _MASK, 31) * _P1 & _MASK
        found = (_rotated(found, 27) * _P1 + _P4) & _MASK
    if len(data) - whole >= 4:
        found ^= int.from_bytes(data[whole : whole + 4], "little") * _P1 & _MASK
        found = (_rotated(found, 23) * _P2 + _P3) & _MASK
        whole += 4
    for byte in data[whole:]:
        found ^= byte * _P5 & _MASK
        found = _rotated(found, 11) * _P1 & _MASK
    found = (found ^ found >> 33) * _P2 & _MASK
    found = (found ^ found >> 29) * _P3 & _MASK
    return found ^ found >> 32


def _rotated(number: int, by: int) -> int:
    return (number << by | number >> (64 - by)) & _MASK
