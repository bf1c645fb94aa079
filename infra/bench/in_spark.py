"""What a delivery costs in Spark, from bronze to the last table of silver that it reaches: wall and processor seconds.

It runs what `lakeward run` runs, gates, lineage and accounting included, of the tables that the records speak of.
"""

from __future__ import annotations

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


class Spent(NamedTuple):
    """What a run took. `processor`: of the driver, the JVM and the Python workers together; `tables`: wall, by name."""

    records: int
    wall: float
    processor: float
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
    before, began = processor_seconds(), time.monotonic()
    report = run.run(Lake(spark, settings), [feed, *tables], say=lambda _: None)
    wall, spent = time.monotonic() - began, processor_seconds() - before
    if report.state != "succeeded":
        raise RuntimeError(f"{feed}: {', '.join(report.failed)} failed")
    return Spent(delivery.records, wall, spent, {one["table"]: one["seconds"] for one in report.outcomes})


def processor_seconds() -> float:
    """Processor time of this process and all it started, those that have ended too."""
    spent = 0.0
    own = psutil.Process()
    for process in (own, *own.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            # It ended just now: whoever started it has its time.
            continue
        spent += times.user + times.system + times.children_user + times.children_system
    return spent
