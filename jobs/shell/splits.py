"""Splits: a delivery's files as byte ranges of like size, so that one large file keeps all cores busy."""

from __future__ import annotations

import datetime
import importlib
from collections.abc import Iterable
from typing import Any

from pyspark.sql import DataFrame, SparkSession

import schemas
from jobs.formats import ndjson
from jobs.shell.arrival import format_of
from jobs.shell.ledger import Delivery, LandedFile, folder
from jobs.shell.settings import Settings

# A range is a second's work or less for a core; a task is as much, so that small files share one.
RANGE_BYTES = 48 << 20
LEAST_TASKS = 2


def plan(deliveries: Iterable[Delivery], settings: Settings) -> list[dict[str, Any]]:
    """The byte ranges of the files that hold records, in the columns that bronze jobs take as splits."""
    rows = []
    for delivery in deliveries:
        feed = schemas.feed(delivery.feed)
        for file in sorted(delivery.data, key=lambda one: (one.resource_type or "", one.position)):
            rows += [_row(feed, delivery, file, first, last, settings) for first, last in _ranges(feed, file)]
    return rows


def _ranges(feed: schemas.Feed, file: LandedFile) -> list[tuple[int, int | None]]:
    # Nobody can start in the middle of a gzip file or of one JSON text.
    if file.compressed or file.shape not in format_of(feed).LINES:
        return [(0, None)]
    return list(ndjson.plan(file.unpacked, RANGE_BYTES))


def _row(
    feed: schemas.Feed, delivery: Delivery, file: LandedFile, first: int, last: int | None, settings: Settings
) -> dict[str, Any]:
    return {
        "tenant": delivery.tenant,
        "feed": delivery.feed,
        "delivery_id": delivery.delivery_id,
        "received_at": datetime.datetime.fromisoformat(delivery.received_at),
        "exported_at": datetime.datetime.fromisoformat(delivery.exported_at) if delivery.exported_at else None,
        "file_digest": file.digest,
        "path": f"{folder(delivery.feed, settings)}/{file.path}",
        "first": first,
        "last": last,
        "document": file.shape in format_of(feed).DOCUMENTS,
        "limits": {name: int(value) for name, value in feed.limits.items()},
        "bytes": (file.unpacked if last is None else last - first),
    }


def frame(spark: SparkSession, rows: list[dict[str, Any]], table: str) -> DataFrame:
    """Splits as a frame whose partitions are about equal in bytes, for the bronze job of a table."""
    schema = importlib.import_module(f"jobs.{table}").SPLITS
    names = [column.split()[0] for column in schema.split(", ")]
    total = sum(row["bytes"] for row in rows)
    tasks = max(LEAST_TASKS, -(-total // RANGE_BYTES))
    bins: list[list[tuple[Any, ...]]] = [[]]
    filled = 0
    for row in rows:
        if bins[-1] and filled + row["bytes"] / 2 > total / tasks:
            bins.append([])
            filled = 0
        bins[-1].append(tuple(row[name] for name in names))
        filled += row["bytes"]
    ranges = spark.sparkContext.parallelize(bins, len(bins)).flatMap(list)
    return spark.createDataFrame(ranges, schema)
