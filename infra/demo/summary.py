"""The end of the demo: what every hop did to the rows, what the gates said, what is in OMOP now, where to look next."""

from __future__ import annotations

import collections
import decimal
import json
import pathlib
import shlex
from collections.abc import Callable, Iterable
from typing import Any

from infra.airflow import environment
from infra.demo import lakeward

LAYERS = {"bronze": "landing -> bronze", "silver": "bronze -> silver", "gold": "silver -> gold"}
REASONS = 12
STAGES = ("vocabulary", "bronze", "silver", "gold", "publication")
# OMOP's ten vocabulary tables say nothing about what was delivered.
VOCABULARY = {
    *("concept", "vocabulary", "domain", "concept_class", "concept_relationship", "relationship", "concept_synonym"),
    *("concept_ancestor", "source_to_concept_map", "drug_strength"),
}


def render(found: dict[str, Any], seconds: float) -> str:
    """The whole summary as text."""
    parts: list[Callable[[dict[str, Any]], list[str]]] = [
        _deliveries,
        _hops,
        _set_aside,
        _gates,
        _omop,
        _everywhere,
        _money,
        _coverage,
        _stages,
        _places,
        _next,
    ]
    lines = [line for part in parts for line in [*part(found), ""]]
    return "\n".join(["", *lines, f"All of this took {seconds:.0f} s."])


def _title(text: str) -> str:
    return f"{text}\n{'-' * len(text)}"


def _grid(head: Iterable[str], rows: Iterable[Iterable[Any]], first: int = 34) -> list[str]:
    """Lines of a table: the first column to the left, numbers to the right."""
    texts = [[f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row] for row in [head, *rows]]
    width = max(12, *(2 + len(cell) for row in texts for cell in row[1:]))
    return [f"  {row[0]:<{first}}{''.join(f'{cell:>{width}}' for cell in row[1:])}" for row in texts]


def _deliveries(found: dict[str, Any]) -> list[str]:
    lines = [_title("Deliveries")]
    for feed in found["feeds"]:
        states = collections.Counter(d["state"] for d in feed["deliveries"])
        told = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
        records = sum(d["records"] or 0 for d in feed["deliveries"] if d["state"] != "held")
        lines.append(f"  {feed['feed']:<16}{told:<28}{sum(d['files'] for d in feed['deliveries']):>7,} files"
                     f"{records:>10,} records")  # fmt: skip
        reasons = collections.Counter(reason for d in feed["deliveries"] for reason in d["reasons"] or [])
        lines += [f"  {'':<16}held for {reason}: {count}" for reason, count in reasons.most_common()]
    return lines


def _hops(found: dict[str, Any]) -> list[str]:
    head = ["", "in", "out", "superseded", "excluded", "quarantined", "fanned out", "unexplained"]
    rows = []
    for layer, name in LAYERS.items():
        tables = [t for t in found["tables"] if t["table"].startswith(f"{layer}.") and "in" in t["accounting"]]
        rows.append([f"{name} ({len(tables)} tables)", *_account(tables)])
    return [_title("Rows on each hop"), *_grid(head, rows)]


def _account(tables: list[dict[str, Any]]) -> list[int]:
    accounts = [table["accounting"] for table in tables]
    plain = ("in", "out", "superseded", "excluded", "held", "fanned_out", "missing")
    return [sum(_number(account.get(name, 0)) for account in accounts) for name in plain]


def _number(value: Any) -> int:
    return sum(value.values()) if isinstance(value, dict) else int(value or 0)


def _set_aside(found: dict[str, Any]) -> list[str]:
    """Every reason for which a row is not in the next table, most rows first."""
    counted: collections.Counter[tuple[str, str, str]] = collections.Counter()
    for table in found["tables"]:
        for fate in ("quarantined", "excluded"):
            reasons = table["accounting"].get(fate)
            for reason, rows in (reasons if isinstance(reasons, dict) else {}).items():
                counted[table["table"], fate, reason] += rows
    lines = [_title("Quarantined and excluded, by reason")]
    lines += [f"  {table:<32}{fate:<13}{reason:<36}{rows:>9,}" for (table, fate, reason), rows in _top(counted)]
    if len(counted) > REASONS:
        lines.append(f"  and {len(counted) - REASONS} more: lakeward status")
    return lines if counted else [*lines, "  none"]


def _top(counted: collections.Counter[tuple[str, str, str]]) -> list[tuple[tuple[str, str, str], int]]:
    # Quarantine first: those rows wait for somebody.
    ordered = sorted(counted.items(), key=lambda one: (one[0][1] != "quarantined", -one[1], one[0]))
    return ordered[:REASONS]


def _gates(found: dict[str, Any]) -> list[str]:
    rows, notable = [], []
    outcomes: list[str] = sorted({o for t in found["tables"] for o in t["gates"]["counted"]})
    for layer in LAYERS:
        tables = [t for t in found["tables"] if t["table"].startswith(f"{layer}.")]
        counts = [sum(t["gates"]["counted"].get(outcome, 0) for t in tables) for outcome in outcomes]
        rows.append([f"{layer} ({len(tables)} tables)", sum(counts), *counts])
        notable += [f"  {t['table']}: {v.get('message', '')}" for t in tables for v in t["gates"]["failed"]]
    lines = [_title("Gate verdicts"), *_grid(["", "checks", *outcomes], rows)]
    if notable:
        lines += ["  Did not pass, and only warns:", *notable[:REASONS]]
    if len(notable) > REASONS:
        lines.append(f"  and {len(notable) - REASONS} more: lakeward status")
    return lines


def _omop(found: dict[str, Any]) -> list[str]:
    gold = {t["table"].removeprefix("gold."): t["rows"] for t in found["tables"] if t["table"].startswith("gold.")}
    current = found["publication"]
    named = f"publication {current['number']}, data as of {current['as_of']}" if current else "nothing is published"
    clinical = sorted(name for name in gold if name not in VOCABULARY)
    cells = [f"{name:<22}{gold[name]:>10,}" for name in clinical]
    third = -(-len(cells) // 3)
    lines = ["  " + "    ".join(cells[i::third]) for i in range(third)]
    concepts = gold.get("concept", 0)
    return [_title(f"OMOP CDM v5.4: {named}"), *lines, f"  and the ten vocabulary tables, {concepts:,} concepts"]


def _everywhere(_: dict[str, Any]) -> list[str]:
    """The person whom most feeds know, and what each feed told of them."""
    query = (
        "SELECT person_id, list(DISTINCT feed ORDER BY feed) AS feeds, count(*) AS records FROM silver.person_link"
        " GROUP BY person_id ORDER BY len(feeds) DESC, records DESC, person_id LIMIT 1"
    )
    people = json.loads(lakeward.ask("sql", query, "--format", "json"))
    lines = [_title("One patient, known to every feed")]
    for one in people:
        lines.append(f"  person {one['person_id']}: {one['records']} patient records in {len(one['feeds'])} feeds")
        told = (
            "SELECT feed, count(*) AS events, count(*) FILTER (excluded = 'told_by_another_feed') AS known"
            f" FROM silver.clinical_event WHERE person_id = {one['person_id']} GROUP BY feed ORDER BY feed"
        )
        events = {row["feed"]: row for row in json.loads(lakeward.ask("sql", told, "--format", "json"))}
        rows = [
            [feed, events.get(feed, {}).get("events", 0), events.get(feed, {}).get("known", 0)] for feed in one["feeds"]
        ]
        lines += _grid(["told by", "events", "known already"], rows, first=22)
    return lines


def _money(_: dict[str, Any]) -> list[str]:
    """What was asked for and who paid; what is allowed is what payer and patient pay together."""
    query = (
        "SELECT coalesce(split_part(lw_source, '|', 1), '') AS told, count(*) AS costs,"
        " sum(total_charge)::VARCHAR AS charge, sum(amount_allowed)::VARCHAR AS allowed,"
        " sum(paid_by_payer)::VARCHAR AS payer, sum(paid_by_patient)::VARCHAR AS patient,"
        " count(*) FILTER (amount_allowed <> coalesce(paid_by_payer, 0) + coalesce(paid_by_patient, 0)"
        " + coalesce(paid_by_primary, 0)) AS off FROM gold.cost GROUP BY ALL ORDER BY ALL"
    )
    found = json.loads(lakeward.ask("sql", query, "--format", "json", "--trace"))
    head = ["", "costs", "charged", "allowed", "by payer", "by patient", "unbalanced"]
    rows = [
        [
            row["told"],
            row["costs"],
            *[_amount(row[name]) for name in ("charge", "allowed", "payer", "patient")],
            row["off"],
        ]
        for row in found
    ]
    return [_title("Money"), *_grid(head, rows, first=22)]


def _amount(text: str | None) -> str:
    return f"{decimal.Decimal(text):,.2f}" if text else "-"


def _coverage(found: dict[str, Any]) -> list[str]:
    listed = (found.get("coverage") or {}).get("vocabularies", [])
    rows = [[v["vocabulary"], v["rows"], _share(v["mapped"], v["rows"])] for v in listed]
    return [_title("Rows that reached a standard concept"), *_grid(["vocabulary", "rows", "mapped"], rows, first=22)]


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"


def _stages(found: dict[str, Any]) -> list[str]:
    latest: dict[str, float] = {}
    for run in found["runs"]:
        if run["state"] == "succeeded":
            latest |= run["stages"]
    rows = [[stage, f"{latest[stage]:.0f} s"] for stage in STAGES if stage in latest]
    return [_title("Wall time of each stage inside Spark"), *_grid(["", ""], rows, first=22)[1:]]


def _places(found: dict[str, Any]) -> list[str]:
    places = found["places"]
    pages = sorted(pathlib.Path(places["gates"]).rglob("index.html"), key=lambda path: len(path.parts))
    lines = [f"  lake             {places['lake']}", f"  data docs        {pages[0] if pages else places['gates']}"]
    lines.append(f"  lineage events   {places['lineage']}")
    return [_title("Where things are"), *lines]


def _next(found: dict[str, Any]) -> list[str]:
    home = environment.lake()
    word = "" if home == environment.CHECKOUT / "lake" else f"LAKEWARD_HOME={shlex.quote(str(home))} "
    command = f"{word}.venv/bin/lakeward"
    by_concept = (
        "SELECT concept_name, count(*) AS n FROM condition_occurrence JOIN concept ON condition_concept_id = concept_id"
        " GROUP BY ALL ORDER BY n DESC LIMIT 10"
    )
    tries = [f'{command} sql "{by_concept}"', f"{command} trace gold.measurement {_a_measurement()}"]
    return [_title("Try next"), *(f"  {one}" for one in [*tries, f"{word}make airflow"])]


def _a_measurement() -> str:
    """The id of one published measurement, for a command that works as printed."""
    query = "SELECT min(measurement_id) AS id FROM measurement WHERE measurement_concept_id <> 0"
    [row] = json.loads(lakeward.ask("sql", query, "--format", "json"))
    return str(row["id"])
