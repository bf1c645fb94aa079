"""What a delivery costs in Spark, from bronze to the last table of silver that it reaches: wall and processor seconds.

It runs what `lakeward run` runs, gates, lineage and accounting included, of the tables that the records speak of.
"""

from __future__ import annotations

import contextlib
import pathlib
import time
from collections.abc import Collection, Sequence
from typing import NamedTuple

import psutil
from pyspark.sql import SparkSession

import schemas
from jobs.shell import deliveries, run
from jobs.shell.lake import Lake
from jobs.shell.settings import Settings

# What every record goes through on its way to the tables of its resources.
ALWAYS = ("silver.translated", "silver.superseded")


class Processor(NamedTuple):
    """Seconds of processor time: of the Python of the driver, of the JVM, of the Python workers, where records are."""

    driver: float
    jvm: float
    workers: float


class Spent(NamedTuple):
    """What a run took; `tables`: wall seconds, by name."""

    records: int
    wall: float
    processor: Processor
    tables: dict[str, float]


def reached(resource_types: Collection[str]) -> list[str]:
    """The tables of silver that resources of these types give rows to."""
    return [
        *ALWAYS,
        *[
            table.table
            for table in schemas.tables("silver")
            if not set(resource_types).isdisjoint(table.resource_types)
        ],
    ]


def to_silver(
    spark: SparkSession, feed: str, paths: Sequence[pathlib.Path], tables: Sequence[str], home: pathlib.Path
) -> Spent:
    """Land the files in a new lake, run its bronze and the tables; landing is not counted."""
    settings = Settings(str(home))
    delivery = deliveries.land(feed, paths, settings)
    if delivery.state != deliveries.LANDED:
        raise RuntimeError(f"{feed}: the delivery is held: {', '.join(delivery.reasons)}")
    before, began = processor(), time.monotonic()
    report = run.run(Lake(spark, settings), [feed, *tables], say=lambda _: None)
    wall = time.monotonic() - began
    spent = Processor(*[after - then for after, then in zip(processor(), before, strict=True)])
    if report.state != "succeeded":
        raise RuntimeError(f"{feed}: {', '.join(report.failed)} failed")
    return Spent(delivery.records, wall, spent, {one["table"]: one["seconds"] for one in report.outcomes})


def processor() -> Processor:
    """Processor time of this process and all it started so far, those that have ended too."""
    own = psutil.Process()
    jvms = [one for one in own.children() if one.name() == "java"]
    workers = [one for jvm in jvms for one in jvm.children(recursive=True)]
    return Processor(_seconds([own]), _seconds(jvms), _seconds(workers))


def _seconds(processes: list[psutil.Process]) -> float:
    spent = 0.0
    for process in processes:
        # Who ends just now leaves its time to the one that started it.
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            spent += times.user + times.system + times.children_user + times.children_system
    return spent
