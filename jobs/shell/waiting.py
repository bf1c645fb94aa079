"""What waits in quarantine, and why: by feed, table and reason. Values are masked unless revealed."""

from __future__ import annotations

from typing import Any

import duckdb

import schemas
from jobs.shell import deliveries, delta_log, quarantine, query, spill, status
from jobs.shell.settings import Settings

SHOWN_ALWAYS = (
    "record_id",
    "feed",
    "delivery_id",
    "file_digest",
    "position",
    "length",
    "entry",
    "resource_type",
    "faults",
)


class NothingWaitsError(ValueError):
    """A table is asked for of which no row waits."""


def _open(settings: Settings, table: str) -> duckdb.DuckDBPyRelation | None:
    path = settings.table_path(quarantine.name_of(table))
    head = delta_log.head(path)
    version = delta_log.version(path, head) if head >= 0 else None
    if version is None or not version.files:
        return None
    connection = spill.database()
    return connection.sql(f"FROM {query.source(connection, path, version)}")


def listing(settings: Settings) -> str:
    """A line for each table, feed and reason, with the number of rows that wait; then the tables that wait whole."""
    lines = []
    for feed in schemas.feeds():
        for delivery in deliveries.deliveries(feed.feed, settings):
            if delivery.state == "held":
                why = ", ".join(delivery.reasons)
                lines.append(_line("landing", feed.feed, why, "whole delivery") + f"  {delivery.delivery_id[:12]}")
    for name in schemas.names():
        found = _open(settings, name)
        if found is None:
            continue
        feed_of = "feed" if "feed" in found.columns else "NULL"
        each = f"SELECT {feed_of} AS feed, unnest(faults) AS reason FROM q"
        counted = found.query("q", f"SELECT feed, reason, count(*) FROM ({each}) GROUP BY ALL ORDER BY 1, 3 DESC, 2")
        assert counted is not None
        lines += [_line(name, feed, reason, f"{count:,}") for feed, reason, count in counted.fetchall()]
    if lines:
        lines = [_line("where", "feed", "reason", "rows"), *lines]
    if whole := status.unfinished_lines(status.unfinished(settings)):
        lines += ["Whole tables: their readers see the last version that came through.", *whole]
    return "\n".join(lines) or "Nothing waits."


def _line(where: str, feed: str | None, reason: str, rows: str) -> str:
    return f"{where:<34}{feed or '':<16}{reason:<40} {rows:>14}"


def show(settings: Settings, table: str, *, reason: str | None, limit: int, reveal: bool) -> str:
    """The rows of one table that wait; columns of people are masked unless `reveal`."""
    declared = schemas.table(table)
    found = _open(settings, table)
    if found is None:
        raise NothingWaitsError(f"{table}: nothing waits")
    where = "" if reason is None else f"WHERE list_contains(faults, {_quoted(reason)})"
    rows = found.query("q", f"SELECT * FROM q {where} LIMIT {int(limit)}")
    assert rows is not None
    names = rows.columns
    blocks = []
    for values in rows.fetchall():
        shown = [
            f"  {n}: {_shown(n, v, declared, reveal)}" for n, v in zip(names, values, strict=True) if v is not None
        ]
        blocks.append("\n".join(["row", *shown]))
    return "\n".join(blocks) or f"{table}: nothing waits for this reason"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _shown(name: str, value: Any, table: schemas.Table, reveal: bool) -> Any:
    column = table.columns.get(name)
    if reveal or name in SHOWN_ALWAYS or (column and column.privacy in ("operational", "derived")):
        return value
    return "***"
