"""What a delivery costs in Spark, from bronze to the last table of silver that it reaches: wall and processor seconds.

It runs what `lakeward run` runs, gates, lineage and accounting included, of the tables that the records speak of.
"""

from __future__ import annotations

import contextlib
import pathlib
import threading
import time
from collections.abc import Collection, Sequence
from typing import NamedTuple, Self

import psutil
from pyspark.sql import SparkSession

import schemas
from jobs.shell import deliveries, run
from jobs.shell.lake import Lake
from jobs.shell.settings import Settings

# What every record goes through on its way to the tables of its resources.
ALWAYS = ("silver.translated", "silver.superseded")
_EVERY = 0.5


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
    began = time.monotonic()
    with Meter() as meter:
        report = run.run(Lake(spark, settings), [feed, *tables], say=lambda _: None)
    wall = time.monotonic() - began
    if report.state != "succeeded":
        raise RuntimeError(f"{feed}: {', '.join(report.failed)} failed")
    return Spent(delivery.records, wall, meter.spent(), {one["table"]: one["seconds"] for one in report.outcomes})


class Meter:
    """Processor time of this process and of all that it starts, while the meter is open.

    It looks again and again: what Spark's daemon of Python workers reaps leaves its time to nobody.
    """

    def __init__(self) -> None:
        self._own = psutil.Process()
        self._begins: dict[tuple[str, psutil.Process], float] = {}
        self._seen: dict[tuple[str, psutil.Process], float] = {}
        self._closed = threading.Event()
        self._looker = threading.Thread(target=self._look_on, daemon=True)

    def __enter__(self) -> Self:
        self._look()
        self._begins = dict(self._seen)
        self._looker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._looker.join()
        self._look()

    def spent(self) -> Processor:
        """Since the meter was opened."""
        found = dict.fromkeys(Processor._fields, 0.0)
        for which, seconds in self._seen.items():
            found[which[0]] += seconds - self._begins.get(which, 0.0)
        return Processor(**found)

    def _look_on(self) -> None:
        while not self._closed.wait(_EVERY):
            self._look()

    def _look(self) -> None:
        for process in (self._own, *self._own.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                self._seen[self._kind(process), process] = times.user + times.system

    def _kind(self, process: psutil.Process) -> str:
        if process == self._own:
            return "driver"
        return "jvm" if process.name() == "java" else "workers"
