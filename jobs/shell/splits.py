"""Splits: which byte ranges of a delivery's files are read by which task, as far as their format lets them be cut."""

from __future__ import annotations

import dataclasses
import heapq
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

import schemas
from jobs.formats import ndjson
from jobs.shell import ledger
from jobs.shell.arrival import format_of
from jobs.shell.lake import Lake
from jobs.shell.ledger import Delivery, LandedFile

# Small enough that two cores end together, large enough that a task is worth its start.
SPLIT_BYTES = 48 << 20
# Opening a file and reading its head costs as much as so many bytes of a large one.
FILE_BYTES = 32 << 10


@dataclass(frozen=True)
class Split:
    """A byte range of a landed file; `last` is None to read to the end. `weight` is about what reading it costs."""

    path: str
    digest: str
    first: int
    last: int | None
    document: bool
    kind: str | None
    weight: int
    delivery_id: str = ""


def of_file(feed: schemas.Feed, file: LandedFile, folder: str) -> list[Split]:
    """The splits of one file: what is packed or one document is read from its beginning."""
    form = format_of(feed)
    document = file.shape in form.DOCUMENTS
    path = f"{folder}/{file.path}"
    if file.compressed or document:
        # Of an image only the header is read, however large the file.
        size = 0 if file.shape in getattr(form, "HEADER_ONLY", ()) else file.unpacked
        return [Split(path, file.digest, 0, None, document, file.resource_type, FILE_BYTES + size)]
    return [
        Split(path, file.digest, first, last, document, file.resource_type, FILE_BYTES + last - first)
        for first, last in ndjson.plan(file.unpacked, SPLIT_BYTES)
    ]


def tasks(splits: Sequence[Split], cores: int) -> list[list[Split]]:
    """Splits shared out among tasks of about equal weight, in a number that keeps all cores busy to the end."""
    wanted = max(1, -(-sum(one.weight for one in splits) // SPLIT_BYTES))
    count = min(len(splits), -(-wanted // cores) * cores)
    shares = [(0, number) for number in range(count)]
    shared: list[list[Split]] = [[] for _ in shares]
    # The largest first, each to the task that has least: no task is a straggler.
    for one in sorted(splits, key=lambda one: (-one.weight, one.path, one.first)):
        weight, number = heapq.heappop(shares)
        shared[number].append(one)
        heapq.heappush(shares, (weight + one.weight, number))
    return shared


def frame(
    lake: Lake, feed: schemas.Feed, together: Sequence[Delivery], only: Collection[int] | None = None
) -> DataFrame:
    """The splits of deliveries as bronze jobs take them, one partition for each task; or those of some tasks only."""
    folder = ledger.folder(feed.feed, lake.settings)
    context = lake.spark.sparkContext
    planned = [
        dataclasses.replace(one, delivery_id=delivery.delivery_id)
        for delivery in together
        for file in delivery.data
        for one in of_file(feed, file, folder)
    ]
    stamps = {one.delivery_id: (one.received_at, one.exported_at) for one in together}
    limits = {name: int(value) for name, value in feed.limits.items()}
    options = json.dumps(dict(feed.options), sort_keys=True) if feed.options else None

    def row(one: Split) -> tuple[Any, ...]:
        stamp = (feed.tenant, feed.feed, one.delivery_id, *stamps[one.delivery_id])
        return (*stamp, one.digest, one.path, one.first, one.last, one.document, limits, one.kind, options)

    shared = [
        [row(one) for one in task]
        for number, task in enumerate(tasks(planned, context.defaultParallelism))
        if only is None or number in only
    ]
    schema = (
        "tenant string, feed string, delivery_id string, received_at string, exported_at string, file_digest string,"
        " path string, first bigint, last bigint, document boolean, limits map<string, bigint>, kind string,"
        " options string"
    )
    rows = context.parallelize(shared, max(len(shared), 1)).flatMap(list)
    splits = lake.spark.createDataFrame(rows, schema)
    return splits.withColumns({n: F.col(n).cast("timestamp") for n in ("received_at", "exported_at")})
