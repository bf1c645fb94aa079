"""The shape of a table as a whole: checks that no single row can fail, most of them against the last publication.

What they catch leaves every row plausible: half a feed missing, units or decimals shifted, all dates moved,
one default value everywhere. Measures are plain documents; groups of fewer than FEWEST rows are not kept.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from expectations.check import STOP, WARN, Check, Shape

Measures = Mapping[str, Any]
# Below this many rows a mean or a share says little, and could say something about somebody.
FEWEST = 20
# (what is compared, share that went wrong, rows it is of)
Finding = tuple[str, float, int]

CHECKS: tuple[Shape, ...] = (
    Shape("volume", "", 0.5, STOP, "rows lost since the last publication", "lost", 100),
    Shape("volume", "", 0.1, WARN, "rows lost since the last publication", "lost", 100),
    Shape("volume_growth", "", 2.0, WARN, "rows gained since the last publication", "gained", 100),
    Shape("filled_shift", "", 0.1, WARN, "share of nulls moved since the last publication", "filled"),
    Shape("fault_shift", "", 0.05, WARN, "share of rows that fail a check, above the last publication's", "faults"),
    Shape("day_shift", "", 0.0, WARN, "mean day moved by more than the spread allows", "days"),
    Shape("value_shift", "", 0.0, WARN, "size of the values of a concept in a unit moved", "values"),
    Shape("number_shift", "", 0.0, WARN, "size of the numbers of a column moved", "numbers"),
    Shape("unit_shift", "", 0.1, WARN, "rows of a concept left the unit they had", "units"),
    Shape("concept_gone", "", 0.0, WARN, "concepts with many rows at the last publication, none now", "gone"),
    Shape("constant", "", 0.5, WARN, "rows of concepts that always have the same number", "constant"),
    Shape("one_day", "", 0.0, WARN, "all rows on one day", "one_day"),
    Shape("one_person", "", 0.3, WARN, "rows of the busiest person", "one_person"),
    Shape("repeated", "", 0.02, WARN, "rows equal to another but for the key, above the last publication", "repeated"),
    Shape("gender_shift", "", 0.3, WARN, "concepts whose people changed their gender", "genders"),
    Shape("rewritten", "", 0.5, WARN, "rows that this build changed and did not add", "rewritten", 100),
    Shape("default_year", "", 0.2, WARN, "people of the most frequent year of birth", "mode"),
)


def checks() -> list[Check]:
    """The shape checks that every table has; those without something to look at are not applicable."""
    return list(CHECKS)


def findings(rule: str, now: Measures, before: Measures, above: float = 0.0) -> Iterator[Finding]:
    """What a rule finds; nothing when it has nothing to look at."""
    return RULES[rule](now, before, above)


def _lost(now: Measures, before: Measures, above: float) -> Iterator[Finding]:
    was = before.get("rows", 0)
    if was >= above:
        yield "", max(was - now["rows"], 0) / max(was, 1), was


def _gained(now: Measures, before: Measures, above: float) -> Iterator[Finding]:
    was = before.get("rows", 0)
    if was >= above:
        yield "", max(now["rows"] - was, 0) / max(was, 1), was


def _filled(now: Measures, before: Measures, above: float) -> Iterator[Finding]:
    if min(now["rows"], before.get("rows", 0)) < FEWEST:
        return
    for column, count in now.get("filled", {}).items():
        if column in before.get("filled", {}):
            moved = abs(count / now["rows"] - before["filled"][column] / before["rows"])
            yield column, moved, now["rows"]


def _faults(now: Measures, before: Measures, above: float) -> Iterator[Finding]:
    for check, (failed, rows) in now.get("checks", {}).items():
        was = before.get("checks", {}).get(check)
        if was and min(rows, was[1]) >= FEWEST:
            yield check, max(failed / rows - was[0] / was[1], 0.0), rows


def _days(now: Measures, before: Measures, above: float) -> Iterator[Finding]:
    # More rows move the mean a little; more than this is another calendar.
    for column, count, moved, spread in _both(now, before, "days"):
        grown = abs(now["rows"] - before["rows"]) / max(before["rows"], 1)
        if moved > max(20.0, spread * (0.02 + grown)):
            yield column, 1.0, count
        else:
            yield column, 0.0, count


def _values(now: Measures, before: Measures, above: float) -> Iterator[Finding]:
    yield from _moved(now, before, "values", 0.15)


def _numbers(now: Measures, before: Measures, above: float) -> Iterator[Finding]:
    yield from _moved(now, before, "numbers", 0.25)


def _moved(now: Measures, before: Measures, kind: str, least: float) -> Iterator[Finding]:
    """Means of logarithms: a factor of ten is 2.3, for however few of the rows."""
    for label, count, moved, spread in _both(now, before, kind):
        wide = 5 * spread / math.sqrt(count)
        yield label, 1.0 if moved > max(least, wide) else 0.0, count


def _both(now: Measures, before: Measures, kind: str) -> Iterator[tuple[str, int, float, float]]:
    for label, (count, mean, _) in now.get(kind, {}).items():
        was = before.get(kind, {}).get(label)
        if was:
            yield label, min(count, was[0]), abs(mean - was[1]), was[2]


def _units(now: Measures, before: Measures, above: float) -> Iterator[Finding]:
    """Rows per concept and unit: the share of a concept's rows that its former units no longer have."""
    was, now_units = _by_concept(before), _by_concept(now)
    for concept, units in was.items():
        there = now_units.get(concept)
        if there:
            total, total_now = sum(units.values()), sum(there.values())
            left = sum(max(n / total - there.get(unit, 0) / total_now, 0.0) for unit, n in units.items())
            yield concept, left, total_now


def _by_concept(measures: Measures) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for label, moments in measures.get("values", {}).items():
        concept, _, unit = label.partition("/")
        found.setdefault(concept, {})[unit] = moments[0]
    return found


def _gone(now: Measures, before: Measures, above: float) -> Iterator[Finding]:
    for column, counts in before.get("concepts", {}).items():
        there = now.get("concepts", {}).get(column, {})
        listed = [concept for concept, count in counts.items() if count >= 5 * FEWEST]
        if listed:
            yield column, sum(concept not in there for concept in listed) / len(listed), len(listed)


def _constant(now: Measures, before: Measures, above: float) -> Iterator[Finding]:
    for kind in ("values", "numbers"):
        groups = {label: m for label, m in now.get(kind, {}).items() if m[0] >= FEWEST}
        # A column that was constant before is made that way; one that became so is broken.
        known = before.get(kind, {})
        flat = sum(m[0] for label, m in groups.items() if m[2] == 0 and not _was_flat(known, label))
        total = sum(m[0] for m in groups.values())
        if kind == "values" and total:
            yield "values", flat / total, total
        elif kind == "numbers" and known:
            for label, m in groups.items():
                if label in known:
                    yield label, 1.0 if m[2] == 0 and not _was_flat(known, label) else 0.0, m[0]


def _was_flat(known: Mapping[str, Any], label: str) -> bool:
    return label in known and known[label][2] == 0


def _one_day(now: Measures, before: Measures, above: float) -> Iterator[Finding]:
    for column, (count, _, spread) in now.get("days", {}).items():
        if count >= FEWEST and now.get("persons", 0) > 1:
            yield column, 1.0 if spread == 0 else 0.0, count


def _one_person(now: Measures, before: Measures, above: float) -> Iterator[Finding]:
    if now.get("persons", 0) >= FEWEST:
        yield "", now["busiest"] / max(now["rows"], 1), now["rows"]


def _repeated(now: Measures, before: Measures, above: float) -> Iterator[Finding]:
    if "repeated" in now and now["rows"] >= FEWEST:
        was = before["repeated"] / max(before["rows"], 1) if before.get("repeated") is not None else 0.0
        yield "", max(now["repeated"] / now["rows"] - was, 0.0), now["rows"]


def _genders(now: Measures, before: Measures, above: float) -> Iterator[Finding]:
    for concept, (of_one, rows) in now.get("genders", {}).items():
        was = before.get("genders", {}).get(concept)
        if was:
            yield concept, abs(of_one / rows - was[0] / was[1]), rows


def _rewritten(now: Measures, before: Measures, above: float) -> Iterator[Finding]:
    if before.get("rows", 0) >= above and "updated" in now:
        yield "", (now["updated"] + now["deleted"]) / before["rows"], before["rows"]


def _mode(now: Measures, before: Measures, above: float) -> Iterator[Finding]:
    if now.get("mode") and now["rows"] >= 2 * FEWEST:
        yield now["mode"][0], now["mode"][1] / now["rows"], now["rows"]


RULES = {
    "lost": _lost, "gained": _gained, "filled": _filled, "faults": _faults, "days": _days, "values": _values,
    "numbers": _numbers, "units": _units, "gone": _gone, "constant": _constant, "one_day": _one_day,
    "one_person": _one_person, "repeated": _repeated, "mode": _mode,
    "genders": _genders, "rewritten": _rewritten,
}  # fmt: skip
