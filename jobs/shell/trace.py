"""Trace: from a gold row through its silver row and bronze records to the file, the position and the exact bytes."""

from __future__ import annotations

from typing import Any

import duckdb

import schemas
from jobs.shell import deliveries, publication, query, state
from jobs.shell.settings import Settings

MOST_RECORDS = 50
# A partner's bytes tell a terminal nothing.
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(9), *range(11, 32), *range(127, 160))}

# Derived rows stand on rows of other gold tables: where those are found, in terms of the derived row `d`.
DERIVED: dict[str, list[tuple[str, str]]] = {
    "gold.condition_era": [
        (
            "gold.condition_occurrence",
            "g.person_id = d.person_id AND g.condition_concept_id = d.condition_concept_id"
            " AND g.condition_start_date BETWEEN d.condition_era_start_date AND d.condition_era_end_date",
        )
    ],
    "gold.drug_era": [
        (
            "gold.drug_exposure",
            "g.person_id = d.person_id AND (g.drug_concept_id = d.drug_concept_id OR g.drug_concept_id IN (SELECT"
            " descendant_concept_id FROM gold.concept_ancestor WHERE ancestor_concept_id = d.drug_concept_id))"
            " AND g.drug_exposure_start_date BETWEEN d.drug_era_start_date AND d.drug_era_end_date",
        )
    ],
    "gold.dose_era": [
        (
            "gold.drug_exposure",
            "g.person_id = d.person_id AND g.drug_concept_id IN (SELECT drug_concept_id FROM gold.drug_strength"
            " WHERE ingredient_concept_id = d.drug_concept_id)"
            " AND g.drug_exposure_start_date BETWEEN d.dose_era_start_date AND d.dose_era_end_date",
        )
    ],
    "gold.observation_period": [
        ("gold.person", "g.person_id = d.person_id"),
        ("gold.visit_occurrence", "g.person_id = d.person_id"),
    ],
}


class UntraceableError(ValueError):
    """A row that is asked for and not there, or a table that has no rows of its own to trace."""


def walk(settings: Settings, name: str, key: int | str, *, masked: bool = False) -> dict[str, Any]:
    """Everything behind one gold row, as one document; `masked`: where it is and nothing that it says of a person.

    `key` is the row's, a number or its text. Raises UntraceableError where there is no such row.
    """
    table = schemas.table(name)
    if table.layer != "gold":
        raise UntraceableError(f"{name}: trace starts from a gold table")
    is_text = table.columns[table.key[0]].type == "string"
    if not is_text and not str(key).lstrip("-").isdigit():
        raise UntraceableError(f"{name}: {table.key[0]} is a number")
    row_id = str(key) if is_text else int(key)
    connection = query.connect(settings, trace=True)
    row = _row(connection, table, row_id)
    records, silver = _records(connection, table, row_id, row)
    return {
        "table": name,
        "id": row_id,
        "row": _masked(row, table) if masked else row,
        "published": _published(settings, name),
        "derived_from": [t for t, _ in DERIVED.get(name, [])],
        "silver": [_masked(s, schemas.table(s["table"])) for s in silver] if masked else silver,
        "records": [_source(settings, record, masked) for record in records],
        "hops": _hops(settings, table),
    }


def _row(connection: duckdb.DuckDBPyConnection, table: schemas.Table, row_id: int | str) -> dict[str, Any]:
    found = _rows(connection, f'SELECT * FROM {table.table} WHERE "{table.key[0]}" = ?', [row_id])
    if not found:
        raise UntraceableError(f"{table.table} has no row with {table.key[0]} = {row_id} in the current publication")
    return found[0]


def _rows(connection: duckdb.DuckDBPyConnection, sql: str, given: list[Any]) -> list[dict[str, Any]]:
    result = connection.execute(sql, given)
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, values, strict=True)) for values in result.fetchall()]


def _records(
    connection: duckdb.DuckDBPyConnection, table: schemas.Table, row_id: int | str, row: dict[str, Any]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The bronze records behind a row, and its silver rows."""
    ids: list[int] = list(row.get("lw_record_ids") or [])
    sources: list[str] = [row["lw_source"]] if row.get("lw_source") else []
    for parent, condition in DERIVED.get(table.table, []):
        key = table.key[0]
        sql = f"SELECT g.lw_record_ids, g.lw_source FROM {parent} g, {table.table} d WHERE d.{key} = ? AND {condition}"
        for found in _rows(connection, sql, [row_id]):
            ids += found["lw_record_ids"] or []
            sources += [found["lw_source"]] if found["lw_source"] else []
    wanted = list(dict.fromkeys(ids))[:MOST_RECORDS]
    return _bronze(connection, wanted), _silver(connection, list(dict.fromkeys(sources))[:MOST_RECORDS])


def _silver(connection: duckdb.DuckDBPyConnection, sources: list[str]) -> list[dict[str, Any]]:
    found = []
    for source in sources:
        name, _, number = source.partition("|")
        if name not in schemas.names("silver") or not number.lstrip("-").isdigit():
            continue
        key = schemas.table(name).key[0]
        for row in _rows(connection, f'SELECT * FROM {name} WHERE "{key}" = ?', [int(number)]):
            found.append({"table": name, **row})
    return found


def _bronze(connection: duckdb.DuckDBPyConnection, ids: list[int]) -> list[dict[str, Any]]:
    found = []
    if ids:
        for feed in schemas.feeds():
            if feed.table not in schemas.names("bronze"):
                continue
            sql = (
                "SELECT record_id, feed, delivery_id, file_digest, position, length, received_at"
                f" FROM {feed.table} WHERE list_contains(?, record_id)"
            )
            try:
                found += _rows(connection, sql, [ids])
            except duckdb.CatalogException:
                continue  # a feed that has delivered nothing yet has no table
    return found


def _source(settings: Settings, record: dict[str, Any], masked: bool) -> dict[str, Any]:
    content = deliveries.trace_bytes(
        settings, record["feed"], record["file_digest"], record["position"], record["length"]
    )
    shown = None if masked else content.decode("utf-8", errors="backslashreplace")
    return {**record, "bytes_found": len(content), "bytes": shown}


def _masked(row: dict[str, Any], table: schemas.Table) -> dict[str, Any]:
    """The row without what says something about a person."""
    columns = table.columns
    open_to_see = ("operational", "derived")
    return {
        name: value if value is None or name not in columns or columns[name].privacy in open_to_see else "***"
        for name, value in row.items()
    }


def _published(settings: Settings, name: str) -> dict[str, Any]:
    current = publication.current(settings)
    assert current is not None
    return {
        "publication": current["number"],
        "version": current["tables"][name],
        "vocabulary": current["vocabulary"],
        "as_of": current["as_of"],
    }


def _hops(settings: Settings, table: schemas.Table) -> list[dict[str, Any]]:
    """The runs and gates passed, from gold back to bronze, each table once."""
    found, queue, seen = [], [table.table], set()
    while queue:
        name = queue.pop(0)
        if name in seen or name.startswith("ops."):
            continue
        seen.add(name)
        known = state.read(settings, name)
        counted: dict[str, int] = {}
        for verdict in known.verdicts:
            counted[verdict["outcome"]] = counted.get(verdict["outcome"], 0) + 1
        found.append(
            {"table": name, "version": known.version, "run": known.run, "code": known.code, "gates": counted,
             "inputs": known.inputs}
        )  # fmt: skip
        queue += [source for source in known.inputs if not source.startswith("bronze.concept")]
    return found


def as_text(found: dict[str, Any]) -> str:
    """The walk, for people."""
    published = found["published"]
    place = f"version {published['version']}, publication {published['publication']}"
    lines = [f"{found['table']} {found['id']}, {place}, vocabulary {published['vocabulary']}"]
    lines += [f"  {name}: {value}" for name, value in found["row"].items() if value is not None]
    if found["derived_from"]:
        lines.append(f"derived by rule from {', '.join(found['derived_from'])}")
    for row in found["silver"]:
        lines.append(f"silver row in {row['table']}")
        lines += [f"  {name}: {value}" for name, value in row.items() if value is not None and name != "table"]
    for record in found["records"]:
        lines.append(
            f"bronze record {record['record_id']} of feed {record['feed']}, delivery {record['delivery_id'][:12]}"
            f"\n  file sha256 {record['file_digest']}\n  byte {record['position']}, {record['length']} bytes"
            f" ({record['bytes_found']} found), received {record['received_at']}"
        )
        if record["bytes"] is not None:
            lines.append(f"  {record['bytes'].translate(_CONTROLS)}")
    lines.append("passed on the way (table, version, run, gates)")
    for hop in found["hops"]:
        gates = ", ".join(f"{count} {outcome}" for outcome, count in sorted(hop["gates"].items())) or "no gate"
        lines.append(f"  {hop['table']:<30} v{hop['version']:<5} {hop['run'][:8]}  {gates}")
    return "\n".join(lines)
