"""Build one table: read its inputs, build, conform, write unpublished, gate, publish, tell lineage."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyspark.sql import Column, DataFrame, Observation
from pyspark.sql import functions as F
from pyspark.storagelevel import StorageLevel

import schemas
from jobs.shell import delta_log, few_changes, many_changes, quarantine, scope, state, tables, whom
from jobs.shell import inputs as narrowed
from jobs.shell.failpoint import reach
from jobs.shell.lake import Lake
from jobs.shell.scope import Scope

if TYPE_CHECKING:
    from jobs.shell.witness import GateAndLineage

# Up to so many rows a table is compared and written by the driver, also where all of it is built again.
SMALL_TABLE = 20_000


@dataclass(frozen=True)
class Request:
    """What a run was asked for."""

    run: str
    as_of: str
    full: bool = False
    download: str | None = None


@dataclass
class Outcome:
    """What became of one table in a run."""

    table: str
    action: str
    version: int = -1
    rows: int = 0
    seconds: float = 0.0
    gate_seconds: float = 0.0
    lineage_seconds: float = 0.0
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    accounting: dict[str, Any] = field(default_factory=dict)
    verdicts: list[dict[str, Any]] = field(default_factory=list)
    message: str = ""


def build_table(lake: Lake, name: str, request: Request, witness: GateAndLineage) -> Outcome:
    """Build and publish one table, or find that there is nothing to do."""
    table = schemas.table(name)
    started = time.monotonic()
    with tables.lock(lake.settings, name):
        known = state.read(lake.settings, name)
        # What a table reads of itself is no input that could be newer than it.
        inputs = {source: lake.version(source) for source in sorted({*table.built_from.values()} - {name})}
        code = state.code_of(name)
        job = importlib.import_module(f"jobs.{name}")
        takes_date = "as_of" in inspect.signature(job.build).parameters
        as_of = request.as_of if takes_date else None
        fresh = known.version >= 0 and known.inputs == inputs and known.code == code and known.as_of == as_of
        if fresh and not request.full:
            return Outcome(name, "unchanged", known.version, known.rows)
        cut = scope.plan(lake, table, known, inputs, code)
        if request.full or (takes_date and known.as_of != as_of):
            cut = scope.EVERYTHING
        outcome = Outcome(name, "built")
        witness.begin(name, witness.sources(inputs), request=request)
        try:
            reach("before-build")
            if cut.nothing:
                known = dataclasses.replace(known, inputs=inputs)
                state.write(lake.settings, known)
                outcome = Outcome(name, "untouched", known.version, known.rows, accounting=known.accounting)
                witness.prepare(outcome)
                witness.finish(outcome)
                return outcome
            known = _settle(lake, table, known)
            frames = {p: _frame(lake, table, s, inputs, known, cut) for p, s in table.built_from.items()}
            given = {**narrowed.handed(frames), **({"as_of": as_of} if takes_date else {})}
            built = job.build(**given)
            part = _write(lake, table, known, built, cut, request, outcome, frames, witness)
            reach("after-commit")
            measures: dict[str, Any]
            if outcome.version != known.version or not known.verdicts:
                candidate = tables.read(lake.spark, lake.path(name), outcome.version)
                measures = witness.judge(table, candidate, outcome, request, inputs, part)
            else:
                outcome.verdicts, measures, outcome.action = known.verdicts, known.measures, "confirmed"
                witness.confirm(table, outcome, inputs)
            witness.prepare(outcome)
            reach("before-publish")
            outcome.seconds = time.monotonic() - started
            state.write(
                lake.settings,
                dataclasses.replace(
                    known,
                    version=outcome.version,
                    code=code,
                    inputs=inputs,
                    run=request.run,
                    rows=outcome.rows,
                    accounting=outcome.accounting,
                    verdicts=outcome.verdicts,
                    measures=measures,
                    as_of=as_of,
                    at=request.as_of,
                    seconds=outcome.seconds,
                ),
            )
            reach("before-lineage")
            witness.finish(outcome)
        except BaseException as fault:
            witness.fail(name, fault)
            raise
    return outcome


def _frame(
    lake: Lake, table: schemas.Table, source: str, inputs: Mapping[str, int], known: state.State, cut: Scope
) -> DataFrame:
    """An input as far as the scope needs it; a table that reads itself gets what is published of it."""
    if source in inputs:
        return narrowed.frame(lake, table, source, inputs, cut)
    return lake.read(source, known.version) if known.version >= 0 else lake.empty(source)


def _settle(lake: Lake, table: schemas.Table, known: state.State) -> state.State:
    """Make the head what is published: a killed or refused run may have left a version behind."""
    path = lake.path(table.table)
    tables.create(path, table)
    head = delta_log.head(path)
    if known.version < 0 or head == known.version:
        return known
    version = tables.restore(path, known.version)
    nobody: dict[str, Any] = {kind: [] for kind in whom.kinds(table)}
    state.write_changes(lake.settings, table.table, version, known.version, nobody)
    known = dataclasses.replace(known, version=version)
    state.write(lake.settings, known)
    return known


def _write(
    lake: Lake,
    table: schemas.Table,
    known: state.State,
    built: DataFrame,
    cut: Scope,
    request: Request,
    outcome: Outcome,
    frames: Mapping[str, DataFrame],
    witness: GateAndLineage,
) -> pa.Table | None:
    """Write the candidate version and set aside the faulty rows; fills the outcome.

    Gives the rows that the scope now has, where they are few enough to be on the driver.
    """
    has_faults = "faults" in built.columns
    extra = ("faults",) if has_faults else ()
    conformed = tables.conform(built, table, extra=extra)
    witness.look(table, frames, conformed)
    is_first = known.version < 0 or not tables.is_as_declared(lake.path(table.table), table)
    if not is_first and (scope.are_few(lake, table.table, cut) or (cut.everything and known.rows <= SMALL_TABLE)):
        made = few_changes.built(conformed, table, cut, most=SMALL_TABLE if cut.everything else None)
        if made is not None:
            part = _few(lake, table, known, made, cut, request, outcome)
            return None if cut.everything else part
    conformed = scope.rows_in(lake, conformed, table, cut) if cut.kind == "person" else conformed
    faulty = F.coalesce(F.size("faults") > 0, F.lit(False)) if has_faults else F.lit(False)
    if is_first:
        count = _first(lake, table, conformed, faulty, request, outcome)
    else:
        count = _again(lake, table, known, conformed, faulty, cut, request, outcome)
    if has_faults:
        reach("before-quarantine")
        quarantine.set_aside(lake, table, conformed.where(faulty), cut, count, request)
    return None


def _few(
    lake: Lake,
    table: schemas.Table,
    known: state.State,
    built: few_changes.Built,
    cut: Scope,
    request: Request,
    outcome: Outcome,
) -> pa.Table:
    """Bring what a scope made into a table on the driver; its rows."""
    outcome.version, differs = few_changes.apply(lake, table, known.version, built.clean, cut, request.run)
    outcome.inserted, outcome.updated, outcome.deleted = differs.inserted, differs.updated, differs.deleted
    outcome.rows = known.rows + differs.inserted - differs.deleted
    if "faults" in built.faulty.column_names:
        reach("before-quarantine")
        quarantine.set_aside(lake, table, lake.frame(built.faulty, built.schema), cut, built.faulty.num_rows, request)
    return built.clean


def _first(
    lake: Lake, table: schemas.Table, rows: DataFrame, faulty: Column, request: Request, outcome: Outcome
) -> int:
    """Write the first version of a table, or of its declaration, in one pass; returns how many rows are faulty."""
    path = lake.path(table.table)
    seen = Observation()
    watched = rows.observe(seen, F.count(F.lit(1)).alias("rows"), F.count_if(faulty).alias("faulty"))
    clean = watched.where(~faulty).select(*table.columns)
    outcome.version = tables.replace(path, clean, run=request.run, table=table)
    outcome.rows = outcome.inserted = int(seen.get["rows"] - seen.get["faulty"])
    state.write_changes(lake.settings, table.table, outcome.version, -1, dict.fromkeys(whom.kinds(table)))
    return int(seen.get["faulty"])


def _again(
    lake: Lake,
    table: schemas.Table,
    known: state.State,
    rows: DataFrame,
    faulty: Column,
    cut: Scope,
    request: Request,
    outcome: Outcome,
) -> int:
    """Bring a table that is there to what was built; returns how many of the built rows are faulty."""
    # Read twice, by the faults and by the comparison: built once.
    rows = rows.persist(StorageLevel.MEMORY_AND_DISK)
    try:
        [(count, waiting)] = rows.agg(F.count(F.lit(1)), F.count_if(faulty)).collect()
        clean = rows.where(~faulty).select(*table.columns)
        made = many_changes.apply(lake, table, known, clean, count - waiting, cut, request.run)
    finally:
        rows.unpersist()
    outcome.version, outcome.inserted, outcome.updated, outcome.deleted = made
    outcome.rows = known.rows + made.inserted - made.deleted
    return int(waiting)
