"""Writes one vocabulary table: what the user brought and what stays of the starter; faulty rows wait in quarantine."""

from __future__ import annotations

import collections
import dataclasses
import json
import time
from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame, Observation
from pyspark.sql import functions as F

import schemas
from jobs.shell import delta_log, quarantine, state, tables
from jobs.shell.build import Outcome, Request
from jobs.shell.column_lineage import declared as lineage_of
from jobs.shell.column_sources import Source
from jobs.shell.lake import Lake
from jobs.shell.lineage_datasets import CONTENT, Dataset
from jobs.shell.vocabulary_files import Loaded

if TYPE_CHECKING:
    from jobs.shell.witness import GateAndLineage


def write(
    lake: Lake,
    request: Request,
    witness: GateAndLineage | None,
    table: str,
    rows: DataFrame,
    loaded: Loaded | None,
    sources: list[Dataset],
    version: str,
) -> tuple[Outcome, state.State]:
    """Write and gate a version that nobody sees yet; the state to publish it with."""
    started = time.monotonic()
    declared = schemas.table(f"bronze.{table}")
    path = lake.path(declared.table)
    if witness:
        witness.begin(declared.table, sources, request=request)
    try:
        tables.create(path, declared)
        seen = Observation()
        frame = tables.conform(rows, declared).observe(
            seen, F.count(F.lit(1)).alias("rows"), F.count_if(F.col("origin") == "load").alias("load")
        )
        outcome = Outcome(declared.table, "built", tables.replace(path, frame, run=request.run))
        counts: dict[str, int] = seen.get
        outcome.rows = outcome.inserted = counts["rows"]
        _set_aside(lake, declared, loaded)
        outcome.accounting = _account(counts, loaded)
        measures: dict[str, Any] = {}
        if witness:
            read = {name: [Source(source.called, CONTENT) for source in sources] for name in declared.columns}
            witness.declare(declared.table, lineage_of(read))
            candidate = tables.read(lake.spark, path, outcome.version)
            measures = witness.judge(declared, candidate, outcome, request)
        outcome.seconds = time.monotonic() - started
        if witness:
            witness.prepare(outcome)
    except BaseException as fault:
        if witness:
            witness.fail(declared.table, fault)
        raise
    return outcome, dataclasses.replace(
        state.read(lake.settings, declared.table),
        version=outcome.version,
        run=request.run,
        rows=outcome.rows,
        accounting=outcome.accounting,
        verdicts=outcome.verdicts,
        measures=measures,
        vocabulary=version,
        at=request.as_of,
        seconds=round(outcome.seconds, 2),
    )


def _account(counts: dict[str, int], loaded: Loaded | None) -> dict[str, Any]:
    """Rows of the file = rows of the table that a load brought + rows that wait."""
    brought = counts["load"]
    held = len(loaded.faults) if loaded else 0
    into = loaded.rows if loaded else brought
    reasons = collections.Counter(reason for fault in (loaded.faults if loaded else ()) for reason in fault.reasons)
    return {
        "in": into,
        "out": brought,
        "held": held,
        "quarantined": dict(reasons),
        "from_starter": counts["rows"] - brought,
        "orphans": loaded.orphans if loaded else 0,
        "missing": into - brought - held,
    }


def _set_aside(lake: Lake, table: schemas.Table, loaded: Loaded | None) -> None:
    """Make the quarantine of a table hold the faulty rows of the file that is now loaded; position is the line."""
    path = lake.path(quarantine.name_of(table.table))
    if loaded is None or (not loaded.faults and not delta_log.exists(path)):
        return
    rows = [(loaded.file, loaded.digest, f.line, bytearray(f.payload), list(f.reasons)) for f in loaded.faults]
    schema = "file string, file_digest string, position bigint, payload binary, faults array<string>"
    frame = lake.spark.createDataFrame(rows, schema)
    tables.keep(path, frame, doc=quarantine.doc_of(table.table))


def line(outcome: Outcome) -> str:
    """One line about one table, for the console."""
    account = outcome.accounting
    noted = {key: account[key] for key in ("from_starter", "orphans", "held") if account.get(key)}
    text = f"{outcome.table:<32} {outcome.action:<10} {outcome.rows:>10,} rows {outcome.seconds:6.1f} s"
    return f"{text}  {json.dumps(noted)}" if noted else text
