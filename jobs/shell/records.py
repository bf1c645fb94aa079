"""Records of deliveries: read by their feed's job, appended to bronze once, counted on the way, set aside if faulty.

What was set aside is taken up when code or declaration read it otherwise.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import pyarrow.dataset as ds
from pyspark.sql import DataFrame, Observation
from pyspark.sql import functions as F

import schemas
from jobs.shell import delta_log, quarantine, splits, state, tables
from jobs.shell.arrival import format_of
from jobs.shell.build import Request
from jobs.shell.failpoint import reach
from jobs.shell.lake import Lake
from jobs.shell.ledger import Delivery


class BadShareError(RuntimeError):
    """More of a delivery is faulty than its feed allows: the whole delivery waits."""


class Seen(NamedTuple):
    """What was seen while records were appended: of each delivery how many were kept and how many are faulty.

    `types` are those of the kept, `faulty_tasks` the numbers of the tasks that met a fault.
    """

    kept: dict[str, int]
    faulty: dict[str, int]
    types: list[str]
    faulty_tasks: list[int]


def read(
    lake: Lake, feed: schemas.Feed, together: Sequence[Delivery], only: Collection[int] | None = None
) -> DataFrame:
    """The records of some deliveries, or of some of the tasks that read them."""
    job = importlib.import_module(f"jobs.{feed.table}")
    order = [f.name for f in tables.fields(job.SPLITS)]
    built: DataFrame = job.build(splits.frame(lake, feed, together, only).select(*order))
    return built


def take_in(
    lake: Lake,
    feed: schemas.Feed,
    table: schemas.Table,
    together: Sequence[Delivery],
    known: state.State,
    request: Request,
) -> Seen:
    """Append the records without fault, and set the others aside; raises BadShareError where these are too many."""
    seen = _append(lake, table, read(lake, feed, together), together, known, request)
    reach("after-bronze-commit")
    check_shares(lake, feed, together, seen)
    set_aside(lake, feed, table, together, seen.faulty_tasks)
    return seen


def take_up(
    lake: Lake,
    feed: schemas.Feed,
    table: schemas.Table,
    together: Sequence[Delivery],
    known: state.State,
    request: Request,
) -> Seen:
    """Of deliveries that were taken in before, what waited is appended where it has no fault any more.

    What is in bronze stays as it is: who would find a fault in it now has it all the same.
    """
    there = tables.read(lake.spark, lake.path(table.table), known.version)
    there = there.where(F.col("delivery_id").isin([one.delivery_id for one in together])).select("record_id")
    waited = read(lake, feed, together).join(there, on="record_id", how="left_anti")
    bad = F.size("faults") > 0
    counted = waited.groupBy("delivery_id").agg(
        F.count_if(~bad).alias("kept"),
        F.count_if(bad).alias("faulty"),
        F.collect_set(F.when(~bad, F.col("resource_type"))).alias("types"),
    )
    found = {row["delivery_id"]: row for row in counted.collect()}
    kept, faulty = (
        {one.delivery_id: int(found[one.delivery_id][what]) if one.delivery_id in found else 0 for one in together}
        for what in ("kept", "faulty")
    )
    if any(kept.values()):
        fresh = tables.conform(waited.where(~bad).select(*table.columns), table)
        tables.append(lake.path(table.table), fresh, run=request.run)
    reach("after-bronze-commit")
    _keep_aside(lake, table, together, waited.where(bad))
    return Seen(kept, faulty, sorted({kind for row in found.values() for kind in row["types"]}), [])


def _append(
    lake: Lake,
    table: schemas.Table,
    records: DataFrame,
    together: Sequence[Delivery],
    known: state.State,
    request: Request,
) -> Seen:
    seen = Observation()
    bad = F.size("faults") > 0
    counts = []
    for number, one in enumerate(together):
        own = F.col("delivery_id") == one.delivery_id
        counts.append(F.count_if(own & ~bad).alias(f"kept_{number}"))
        counts.append(F.count_if(own & bad).alias(f"faulty_{number}"))
    watched = records.withColumn("_task", F.spark_partition_id()).observe(
        seen,
        F.collect_set(F.when(~bad, F.col("resource_type"))).alias("types"),
        F.collect_set(F.when(bad, F.col("_task"))).alias("faulty_tasks"),
        *counts,
    )
    # A text of a table that declares bytes stays as it is: what is not UTF-8 by nature is not made so.
    conformed = tables.conform(watched.where(~bad).select(*table.columns), table)
    # The delivery is the identity: the same delivery in the same generation is appended once, whatever happens.
    once = (f"{table.table}:{name(together)}", known.generation)
    tables.append(lake.path(table.table), conformed, run=request.run, once=once)
    return _seen(seen.get, together)


def _seen(found: dict[str, Any], together: Sequence[Delivery]) -> Seen:
    kept = {one.delivery_id: int(found[f"kept_{number}"]) for number, one in enumerate(together)}
    faulty = {one.delivery_id: int(found[f"faulty_{number}"]) for number, one in enumerate(together)}
    return Seen(kept, faulty, list(found["types"]), list(found["faulty_tasks"]))


def name(together: Sequence[Delivery]) -> str:
    """What deliveries that are taken in together are called: the one's id, or a digest of all their ids."""
    if len(together) == 1:
        return together[0].delivery_id
    return hashlib.sha256("\n".join(one.delivery_id for one in together).encode()).hexdigest()[:32]


def set_aside(
    lake: Lake, feed: schemas.Feed, table: schemas.Table, together: Sequence[Delivery], tasks: Collection[int]
) -> None:
    """Make the quarantine hold the faulty records of these deliveries, verbatim, once.

    Only what was read by tasks that met a fault is read again; where none did, what waits of an earlier try goes.
    """
    reach("before-bronze-quarantine")
    name, ours = quarantine.name_of(table.table), [one.delivery_id for one in together]
    head = delta_log.head(lake.path(name))
    of_ours = ds.field("delivery_id").isin(ours)
    if not tasks and (head < 0 or not lake.rows(name, head).count_rows(filter=of_ours)):
        return
    faulty = read(lake, feed, together, only=tasks).where(F.size("faults") > 0) if tasks else None
    _keep_aside(lake, table, together, faulty)


def _keep_aside(lake: Lake, table: schemas.Table, together: Sequence[Delivery], faulty: DataFrame | None) -> None:
    """Make the quarantine hold these records of these deliveries, and what it holds of others."""
    name, ours = quarantine.name_of(table.table), [one.delivery_id for one in together]
    head = delta_log.head(lake.path(name))
    waiting = []
    if head >= 0:
        waiting.append(tables.read(lake.spark, lake.path(name), head).where(~F.col("delivery_id").isin(ours)))
    if faulty is not None:
        waiting.append(faulty.select(*table.columns, "faults"))
    together_now = functools.reduce(DataFrame.unionByName, waiting)
    tables.keep(lake.path(name), together_now, doc=quarantine.doc_of(table.table))


def check_shares(lake: Lake, feed: schemas.Feed, together: Sequence[Delivery], seen: Seen) -> None:
    """Raise BadShareError for the first delivery of which too much is faulty: says what is, and where it is first."""
    for delivery_id, faulty in seen.faulty.items():
        total = seen.kept[delivery_id] + faulty
        if not _is_too_much(feed, faulty, total):
            continue
        own = [one for one in together if one.delivery_id == delivery_id]
        faulty -= _as_meant(lake, feed, own)
        if _is_too_much(feed, faulty, total):
            raise BadShareError(
                f"{feed.table}: delivery {delivery_id} has {faulty} faulty records of {total} ({faulty / total:.2%}),"
                f" above the {feed.bad_share:.2%} that {feed.feed} allows; it is not taken in:"
                f" {_faults(lake, feed, own)}"
            )


def _is_too_much(feed: schemas.Feed, faulty: int, total: int) -> bool:
    return faulty >= feed.bad_least and faulty / max(total, 1) > feed.bad_share


def _as_meant(lake: Lake, feed: schemas.Feed, together: Sequence[Delivery]) -> int:
    """How many records wait for what they are and not for how they were made, as test data does."""
    names = getattr(format_of(feed), "AS_MEANT", ())
    if not names:
        return 0
    others = F.array_except("faults", F.array(*[F.lit(name) for name in names]))
    return read(lake, feed, together).where((F.size("faults") > 0) & (F.size(others) == 0)).count()


def _faults(lake: Lake, feed: schemas.Feed, together: Sequence[Delivery]) -> str:
    """Each fault with its number and the first place of it."""
    faulty = read(lake, feed, together).select(F.explode("faults").alias("fault"), "file_digest", "position")
    first = F.min(F.struct("file_digest", "position")).alias("first")
    counted = faulty.groupBy("fault").agg(F.count(F.lit(1)).alias("count"), first).orderBy(F.desc("count"), "fault")
    return "; ".join(
        f"{row['fault']} {row['count']} times, first in file {row['first']['file_digest'][:12]} at byte"
        f" {row['first']['position']}"
        for row in counted.collect()
    )
