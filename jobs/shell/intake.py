"""Intake: a feed's landed deliveries become bronze, each exactly once, in order of arrival."""

from __future__ import annotations

import dataclasses
import importlib
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from pyspark.sql import DataFrame, Observation
from pyspark.sql import functions as F

import schemas
from jobs.shell import deliveries, delta_log, outbox, quarantine, splits, state, tables
from jobs.shell.build import Outcome, Request
from jobs.shell.column_lineage import ColumnLineage, declared
from jobs.shell.column_sources import Source
from jobs.shell.deliveries import Delivery
from jobs.shell.failpoint import reach
from jobs.shell.lake import Lake
from jobs.shell.lineage_datasets import CONTENT, Dataset, of_delivery, of_file
from jobs.shell.settings import Settings
from jobs.shell.witness import GateAndLineage

# More files than this are told to lineage as one folder.
MOST_FILES_TOLD = 100


class BadShareError(RuntimeError):
    """More of a delivery is faulty than its feed allows: the whole delivery waits."""


def newest_day(settings: Settings) -> str:
    """The day the newest landed delivery speaks of: its export, else its arrival. The as-of date by default."""
    days = [
        (one.exported_at or one.received_at)[:10]
        for feed in schemas.feeds()
        for one in deliveries.deliveries(feed.feed, settings)
        if one.state == deliveries.LANDED
    ]
    return max(days, default="1970-01-01")


def take_in(
    lake: Lake, feed: str, request: Request, witness: GateAndLineage, say: Callable[[str], None]
) -> list[Outcome]:
    """Take in every delivery of a feed that waits; the table is there even when none does."""
    declared_feed = schemas.feed(feed)
    table = schemas.table(declared_feed.table)
    outcomes = []
    with tables.lock(lake.settings, table.table):
        known = _settle(lake, table)
        # What a run before this one took in and could not answer any more, and what was held since.
        outbox.answer(lake, declared_feed, known.deliveries)
        for delivery in deliveries.waiting(feed, lake.settings, known.deliveries):
            outcome, known = _take(lake, declared_feed, table, delivery, known, request, witness)
            outcomes.append(outcome)
            outbox.answer(lake, declared_feed, known.deliveries)
            say(f"{table.table:<32} delivery {delivery.delivery_id[:12]} {outcome.inserted:>10,} records"
                f" {outcome.seconds:6.1f} s")  # fmt: skip
    return outcomes or [Outcome(table.table, "unchanged", known.version, known.rows)]


def _settle(lake: Lake, table: schemas.Table) -> state.State:
    """Bring the head back to what is published, and count a generation up so that nothing is taken for a repeat."""
    path = lake.path(table.table)
    known = state.read(lake.settings, table.table)
    tables.create(path, table)
    head = delta_log.head(path)
    published = max(known.version, 0)
    if head > published:
        # Delta skips a transaction it has seen, even when a restore took its rows away: first a new generation.
        known = dataclasses.replace(known, generation=known.generation + 1)
        state.write(lake.settings, known)
        restored = tables.restore(path, published)
        state.write_changes(lake.settings, table.table, restored, known.version, {"resource": [], "delivery": []}, [])
        published = restored
    if known.version != published:
        if known.version < 0:
            state.write_changes(lake.settings, table.table, published, -1, {"resource": [], "delivery": []}, [])
        known = dataclasses.replace(known, version=published)
        state.write(lake.settings, known)
    return known


def _take(
    lake: Lake,
    feed: schemas.Feed,
    table: schemas.Table,
    delivery: Delivery,
    known: state.State,
    request: Request,
    witness: GateAndLineage,
) -> tuple[Outcome, state.State]:
    started = time.monotonic()
    outcome = Outcome(table.table, "built")
    witness.begin(table.table, _inputs(lake.settings, feed, delivery), part=delivery.delivery_id, request=request)
    try:
        reach("before-bronze")
        records = _records(splits.frame(lake, feed, delivery), table)
        witness.declare(table.table, _columns(table, _inputs(lake.settings, feed, delivery)))
        seen = _append(lake, table, records, delivery, known, request)
        kept, faulty = seen["kept"], seen["faulty"]
        reach("after-bronze-commit")
        _check_share(feed, delivery, kept, faulty)
        if faulty:
            # Only what was read by tasks that met a fault is read again.
            again = splits.frame(lake, feed, delivery, only=seen["faulty_tasks"])
            _set_aside(lake, table, _records(again, table), delivery)
        outcome.version = delta_log.head(lake.path(table.table))
        outcome.inserted, outcome.rows = kept, known.rows + kept
        touched, types = _touched(lake, table, delivery, outcome.version, known, seen["types"])
        state.write_changes(lake.settings, table.table, outcome.version, known.version, touched, types)
        taken = {**known.deliveries, delivery.delivery_id: _noted(delivery, kept, faulty)}
        outcome.accounting = _account(lake, table, taken, outcome.version, known, delivery)
        candidate = tables.read(lake.spark, lake.path(table.table), outcome.version)
        measures = witness.judge(table, candidate, outcome, request)
        witness.prepare(outcome)
        outcome.seconds = round(time.monotonic() - started, 2)
        published = dataclasses.replace(
            known,
            version=outcome.version,
            run=request.run,
            rows=outcome.rows,
            accounting=outcome.accounting,
            verdicts=outcome.verdicts,
            measures=measures,
            deliveries=taken,
            at=request.as_of,
            seconds=outcome.seconds,
        )
        reach("before-bronze-publish")
        state.write(lake.settings, published)
        witness.finish(outcome)
    except BaseException as fault:
        witness.fail(table.table, fault)
        raise
    return outcome, published


def _records(planned: DataFrame, table: schemas.Table) -> DataFrame:
    """The records in some splits, parsed by the feed's job."""
    job = importlib.import_module(f"jobs.{table.table}")
    order = [f.name for f in tables.fields(job.SPLITS)]
    built: DataFrame = job.build(planned.select(*order))
    return built


def _append(
    lake: Lake, table: schemas.Table, records: DataFrame, delivery: Delivery, known: state.State, request: Request
) -> dict[str, Any]:
    """Append the records without fault; returns what was seen on the way.

    `kept` and `faulty` are counts, `types` those of the kept, `faulty_tasks` the numbers of the tasks with a fault.
    """
    seen = Observation()
    bad = F.size("faults") > 0
    watched = records.withColumn("_task", F.spark_partition_id()).observe(
        seen,
        F.count_if(~bad).alias("kept"),
        F.count_if(bad).alias("faulty"),
        F.collect_set(F.when(~bad, F.col("resource_type"))).alias("types"),
        F.collect_set(F.when(bad, F.col("_task"))).alias("faulty_tasks"),
    )
    # A text of a table that declares bytes stays as it is: what is not UTF-8 by nature is not made so.
    conformed = tables.conform(watched.where(~bad).select(*table.columns), table)
    # The delivery is the identity: the same delivery in the same generation is appended once, whatever happens.
    once = (f"{table.table}:{delivery.delivery_id}", known.generation)
    tables.append(lake.path(table.table), conformed, run=request.run, once=once)
    return dict(seen.get)


def _set_aside(lake: Lake, table: schemas.Table, records: DataFrame, delivery: Delivery) -> None:
    """Make the quarantine hold the faulty records of this delivery, verbatim, once."""
    reach("before-bronze-quarantine")
    path = lake.path(quarantine.name_of(table.table))
    faulty = records.where(F.size("faults") > 0).select(*table.columns, "faults")
    head = delta_log.head(path)
    if head >= 0:
        others = tables.read(lake.spark, path, head).where(F.col("delivery_id") != delivery.delivery_id)
        faulty = others.unionByName(faulty)
    tables.keep(path, faulty, doc=quarantine.doc_of(table.table))


def _check_share(feed: schemas.Feed, delivery: Delivery, kept: int, faulty: int) -> None:
    share = faulty / max(kept + faulty, 1)
    if faulty >= feed.bad_least and share > feed.bad_share:
        raise BadShareError(
            f"{feed.table}: delivery {delivery.delivery_id} has {faulty} faulty records of {kept + faulty}"
            f" ({share:.2%}), above the {feed.bad_share:.2%} that {feed.feed} allows; it is not taken in"
        )


def _touched(
    lake: Lake, table: schemas.Table, delivery: Delivery, version: int, known: state.State, types: list[str]
) -> tuple[dict[str, list[int] | None], list[str]]:
    """The delivery, the resources that it speaks of, and their types."""
    own = [int(delivery.delivery_id[: tables.DELIVERY_DIGITS], 16)]
    fresh = tables.read(lake.spark, lake.path(table.table), version).where(F.col("delivery_id") == delivery.delivery_id)
    # Into an empty table everything is new: whoever reads it builds everything.
    if not known.rows or delivery.records > state.MOST_TOUCHED:
        return {"resource": None, "delivery": own}, types
    ids = fresh.select(tables.resource_key().alias("id")).distinct().collect()
    return {"resource": [row[0] for row in ids], "delivery": own}, types


def _noted(delivery: Delivery, kept: int, faulty: int) -> dict[str, Any]:
    return {
        "received_at": delivery.received_at,
        "exported_at": delivery.exported_at,
        "records": kept + faulty,
        "quarantined": faulty,
    }


def _account(
    lake: Lake,
    table: schemas.Table,
    taken: dict[str, dict[str, Any]],
    version: int,
    known: state.State,
    delivery: Delivery,
) -> dict[str, Any]:
    """Records the ledger counted on arrival against those that are in bronze and in quarantine."""
    announced = sum(
        one.records for one in deliveries.deliveries(delivery.feed, lake.settings) if one.delivery_id in taken
    )
    written = delta_log.version(lake.path(table.table), version)
    # Counted when they were written, type by type where the table is partitioned so.
    by_type = Counter[str]()
    for file in written.files:
        by_type[dict(file.partition).get("resource_type") or ""] += file.rows
    read = {kind for name in schemas.names("silver") for kind in schemas.table(name).resource_types}
    # What a message of another format says is known once it is translated.
    speaks_fhir = schemas.feed(delivery.feed).format == "fhir"
    held = quarantine.waiting(lake, table.table)
    out = written.rows
    return {
        "in": announced,
        "out": out,
        "held": held,
        "quarantined": quarantine.reasons(lake, table.table),
        "not_mapped": {kind: count for kind, count in sorted(by_type.items()) if kind not in read}
        if speaks_fhir
        else {},
        "missing": announced - out - held,
    }


def _inputs(settings: Settings, feed: schemas.Feed, delivery: Delivery) -> list[Dataset]:
    folder = deliveries.folder(feed.feed, settings)
    if len(delivery.data) > MOST_FILES_TOLD:
        size = sum(file.size for file in delivery.data)
        return [
            of_delivery(f"{folder}/{delivery.delivery_id}", delivery.delivery_id, files=len(delivery.data), bytes=size)
        ]
    return [of_file(f"{folder}/{f.path}", f.digest, bytes=f.size, rows=f.records) for f in delivery.data]


def _columns(table: schemas.Table, inputs: Sequence[Dataset]) -> ColumnLineage:
    """What the parser takes from the bytes of a file; the rest, of no file, the shell stamps on every record."""
    stamped = {"tenant", "feed", "delivery_id", "received_at", "exported_at"}
    sources = [Source(one.called, CONTENT) for one in inputs]
    return declared({c: [] if c in stamped else sources for c in table.columns}, identical=("payload",))
