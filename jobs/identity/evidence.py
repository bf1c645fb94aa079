"""What is known of a pair of records: how alike they are in each comparison, and what they share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import duckdb

from jobs.identity import given_names
from jobs.identity.comparisons import COMPARISONS, EXCHANGED, UNKNOWN, column, level_of

_ROWS = 10_000


class Evidence(NamedTuple):
    """One pair. given to sex are names of levels (jobs.identity.comparisons), the rest say what both have.

    `own`: the identifiers of one person that both have from one authority; `family`: an insurance number; `household`:
    a home, a telephone, or an address alike; `mistyped`: of the two given names one is a name that others bear and one
    is not; `years`: between the births; `numbers_differ`: numbers with right check digits from one authority that are
    not the same.
    `weights` are (comparison, level, bits) of all that is known, in the order of the comparisons.
    """

    left_id: int
    right_id: int
    probability: float
    given: str = UNKNOWN
    surname: str = UNKNOWN
    birth: str = UNKNOWN
    sex: str = UNKNOWN
    street: str = UNKNOWN
    own: tuple[str, ...] = ()
    family: bool = False
    household: bool = False
    mistyped: bool = False
    years: int | None = None
    numbers_differ: bool = False
    generations_differ: bool = False
    unnamed_newborn: bool = False
    multiple_birth: bool = False
    weights: tuple[tuple[str, str, float], ...] = ()


# How many records must bear a given name to make it a name; a mistake is rarely made three times.
_BORNE = 3
_NAMES = f"""
    CREATE OR REPLACE TABLE borne AS SELECT given AS name FROM records WHERE given IS NOT NULL
    GROUP BY given HAVING count(*) >= {_BORNE} UNION SELECT unnest(?::VARCHAR[])
"""
_SHARED = """
    SELECT s.*,
        list_sort(list_intersect(l.own_ids, r.own_ids)) AS own,
        list_has_any(l.family_ids, r.family_ids) AS family,
        list_has_any(l.places, r.places) OR list_has_any(l.phones, r.phones) AS household,
        (l.given IN (FROM borne)) <> (r.given IN (FROM borne)) AS mistyped,
        abs(l.birth_year - r.birth_year) AS years,
        list_has_any(l.checked_by, r.checked_by) AND NOT list_has_any(l.checked_ids, r.checked_ids) AS numbers_differ,
        coalesce(l.generation <> r.generation, false) AS generations_differ,
        l.is_newborn OR r.is_newborn AS unnamed_newborn,
        l.is_multiple_birth OR r.is_multiple_birth AS multiple_birth
    FROM scored s JOIN records l ON l.patient_id = s.left_id JOIN records r ON r.patient_id = s.right_id
    WHERE s.probability >= ? OR list_has_any(l.own_ids, r.own_ids) OR list_has_any(l.family_ids, r.family_ids)
    ORDER BY s.left_id, s.right_id
"""
_WHERE = frozenset(("street", "town", "telephone", "mail address"))
# Bits of the comparisons that say where somebody is reached: a street and a town that both agree give 15 and more.
_ONE_HOME = 8.0


def pairs(connection: duckdb.DuckDBPyConnection, least: float) -> Iterator[Evidence]:
    """Pairs of the tables `scored` and `records` that are probable enough or share an identifier, in order of ids."""
    connection.execute(_NAMES, [sorted(given_names.KNOWN)])
    found = connection.execute(_SHARED, [least])
    names = [described[0] for described in found.description or ()]
    while rows := found.fetchmany(_ROWS):
        yield from (_evidence(dict(zip(names, row, strict=True))) for row in rows)


def _evidence(row: dict[str, Any]) -> Evidence:
    levels = {one.name: level_of(one, row[f"gamma_{column(one)}"]) for one in COMPARISONS}
    weights = tuple(
        (one.name, levels[one.name], row[f"weight_{column(one)}"]) for one in COMPARISONS if levels[one.name] != UNKNOWN
    )
    near = sum(bits for name, _, bits in weights if name in _WHERE)
    return Evidence(
        row["left_id"],
        row["right_id"],
        row["probability"],
        given=EXCHANGED if levels["surname"] == EXCHANGED else levels["given name"],
        surname=levels["surname"],
        birth=levels["birth date"],
        sex=levels["sex"],
        own=tuple(row["own"]),
        family=row["family"],
        household=row["household"] or near >= _ONE_HOME,
        mistyped=bool(row["mistyped"]),
        years=row["years"],
        numbers_differ=row["numbers_differ"],
        generations_differ=row["generations_differ"],
        unnamed_newborn=row["unnamed_newborn"],
        multiple_birth=row["multiple_birth"],
        weights=weights,
    )
