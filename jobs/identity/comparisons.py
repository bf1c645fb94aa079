"""What is compared of two records, in levels from the same to different; Splink weighs them (jobs.identity.scoring).

Levels of one comparison exclude each other, the first that holds counts. Their names are what an explanation shows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

ALIKE, ROUGHLY = 0.92, 0.8
_SIDE = re.compile(r"\b([lr])\.([a-z_]+)")


class Level(NamedTuple):
    """One level: its name, when it holds (SQL over l and r), and the column whose rare values weigh more."""

    name: str
    holds: str
    rare: str | None = None


class Comparison(NamedTuple):
    """A comparison: its name, when nothing can be said, its levels; all else is `different`."""

    name: str
    unknown: str
    levels: tuple[Level, ...]


DIFFERENT, UNKNOWN, EXCHANGED = "different", "unknown", "exchanged with the given name"


def _either(*columns: str) -> str:
    return " OR ".join(f"{side}.{column} IS NULL" for column in columns for side in "lr")


def _nothing(column: str) -> str:
    return f"len(l.{column}) = 0 OR len(r.{column}) = 0"


def _similar(column: str, least: float) -> str:
    return f"jaro_winkler_similarity(l.{column}, r.{column}) >= {least}"


# Both ways: that one's surname is the other's given name happens by chance.
_CROSSED = " AND ".join(
    f"jaro_winkler_similarity({pair}) >= {ALIKE}" for pair in ("l.given, r.surname", "l.surname, r.given")
)

COMPARISONS = (
    Comparison(
        "given name",
        # Names that are exchanged are one mistake, which the surname tells.
        f"{_either('given')} OR ({_CROSSED})",
        (
            Level("same", "l.given = r.given", "given"),
            Level("one of several", "list_has_any(l.givens, r.givens)"),
            Level("short form", "list_has_any(l.nicknames, r.nicknames)"),
            Level("alike", _similar("given", ALIKE)),
            Level("initial", "(len(l.given) = 1 OR len(r.given) = 1) AND l.given[1] = r.given[1]"),
            Level("roughly alike", _similar("given", ROUGHLY)),
        ),
    ),
    Comparison(
        "surname",
        _either("surname"),
        (
            Level("same", "l.surname = r.surname", "surname"),
            Level("one of several", "list_has_any(l.surnames, r.surnames)"),
            Level("alike", _similar("surname", ALIKE)),
            Level(EXCHANGED, _CROSSED),
            Level("roughly alike", _similar("surname", ROUGHLY)),
        ),
    ),
    Comparison(
        "birth date",
        _either("birth"),
        (
            Level("same", "l.birth = r.birth"),
            Level("day and month swapped", "l.birth_swapped = r.birth OR l.birth = r.birth_swapped"),
            Level("one digit", "damerau_levenshtein(l.birth, r.birth) <= 1"),
            Level(
                "two of three parts",
                "(l.birth[1:4] = r.birth[1:4])::INT + (l.birth[5:6] = r.birth[5:6])::INT"
                " + (l.birth[7:8] = r.birth[7:8])::INT = 2",
            ),
            Level("two digits", "damerau_levenshtein(l.birth, r.birth) <= 2"),
            Level("year", "l.birth_year = r.birth_year"),
        ),
    ),
    Comparison("sex", _either("sex"), (Level("same", "l.sex = r.sex"),)),
    Comparison(
        "street",
        _either("street"),
        (
            Level(
                "same with number", "list_has_any(l.places, r.places) OR (l.number = r.number AND l.street = r.street)"
            ),
            Level("same", "l.street = r.street", "street"),
            Level("alike with number", f"l.number = r.number AND {_similar('street', 0.88)}"),
            Level("alike", _similar("street", ALIKE)),
            Level("in the other's second line", "l.street = r.rest OR l.rest = r.street OR l.rest = r.rest"),
        ),
    ),
    Comparison(
        "town",
        f"({_either('postcode')}) AND ({_either('city')})",
        (
            Level("same with postal code", "l.postcode = r.postcode AND l.city = r.city", "postcode"),
            Level("postal code", "l.postcode = r.postcode", "postcode"),
            Level("same, postal code alike", "l.city = r.city AND damerau_levenshtein(l.postcode, r.postcode) <= 1"),
            Level("same", "l.city = r.city", "city"),
            Level("postal code alike", "damerau_levenshtein(l.postcode, r.postcode) <= 1"),
            Level("alike", _similar("city", ALIKE)),
        ),
    ),
    Comparison("telephone", _nothing("phones"), (Level("same", "list_has_any(l.phones, r.phones)"),)),
    Comparison("mail address", _nothing("mails"), (Level("same", "list_has_any(l.mails, r.mails)"),)),
    Comparison(
        "national number",
        "NOT list_has_any(l.national_by, r.national_by)",
        (
            Level("same", "list_has_any(l.national_ids, r.national_ids)"),
            Level("one digit", "damerau_levenshtein(l.national, r.national) <= 1"),
            Level("two digits", "damerau_levenshtein(l.national, r.national) <= 2"),
        ),
    ),
)


def level_of(comparison: Comparison, gamma: int) -> str:
    """The name of a level by Splink's number for it: -1 unknown, 0 different, the first level the highest."""
    if gamma < 0:
        return UNKNOWN
    return DIFFERENT if gamma == 0 else comparison.levels[len(comparison.levels) - gamma].name


def column(comparison: Comparison) -> str:
    """The name in columns of Splink."""
    return comparison.name.replace(" ", "_")


def as_splink(comparison: Comparison, weights: Mapping[str, tuple[float, float]], *, rare: bool) -> dict[str, Any]:
    """The comparison as Splink's settings have it, with (m, u) of each level; `rare`: a rare value weighs more."""
    levels: list[dict[str, Any]] = [
        {"sql_condition": _sql(comparison.unknown), "label_for_charts": UNKNOWN, "is_null_level": True}
    ]
    for level in (*comparison.levels, Level(DIFFERENT, "ELSE")):
        m, u = weights[level.name]
        one = {
            "sql_condition": _sql(level.holds),
            "label_for_charts": level.name,
            "m_probability": m,
            "u_probability": u,
        }
        if rare and level.rare:
            one |= {"tf_adjustment_column": level.rare, "tf_adjustment_weight": 1.0}
        levels.append(one)
    return {"output_column_name": column(comparison), "comparison_levels": levels}


def _sql(condition: str) -> str:
    """l.x and r.x as Splink writes them: x_l and x_r."""
    return _SIDE.sub(r"\2_\1", condition)
