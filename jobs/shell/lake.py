"""The lake as one Spark application sees it: tables at the versions that are known good."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Hashable, Iterable

import pyarrow as pa
import pyarrow.dataset as ds
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import LongType, StructField, StructType

import schemas
from jobs.shell import arrow_rows, delta_log, state, steward, tables
from jobs.shell.settings import Settings

DELIVERIES = "ops.delivery"
DECISIONS = "ops.decision"
# What jobs are handed of the operations documents; no tables of the lake.
OPERATIONS = (DELIVERIES, DECISIONS)


class NotBuiltError(RuntimeError):
    """A table is asked for that no run has published yet: names it and the stage that makes it."""


class Lake:
    """Reads declared tables at their published versions; holds what the tables of a stage share."""

    def __init__(self, spark: SparkSession, settings: Settings) -> None:
        self.spark = spark
        self.settings = settings
        self._sets: dict[tuple[str, frozenset[int]], DataFrame] = {}
        self._picked: dict[Hashable, DataFrame] = {}
        self._pinned: dict[str, int] = {}
        self._guard = threading.Lock()

    def path(self, name: str) -> str:
        """Where the table lies."""
        return self.settings.table_path(name)

    def version(self, name: str) -> int:
        """The published version; of the ledger and of stewards' words how many there are."""
        if name == DELIVERIES:
            return sum(len(state.read(self.settings, feed.table).deliveries) for feed in schemas.feeds())
        if name == DECISIONS:
            return len(steward.decisions(self.settings))
        return self._pinned[name] if name in self._pinned else state.version(self.settings, name)

    def pin(self, names: Iterable[str]) -> None:
        """From now on these tables, and only these, are read as they are published now, whatever another run does."""
        self._pinned = {name: state.version(self.settings, name) for name in names}

    def read(self, name: str, version: int | None = None) -> DataFrame:
        """The table at its published version, or at the one given."""
        if name == DELIVERIES:
            return self._deliveries()
        if name == DECISIONS:
            schema = tables.spark_schema(schemas.table(DECISIONS))
            said = [tuple(getattr(one, c) for c in schema.names) for one in steward.decisions(self.settings)]
            return self.spark.createDataFrame(said, schema)
        version = self.version(name) if version is None else version
        if _never_delivered(name, version):
            return of_feed(self.empty(name), name)
        return of_feed(tables.read(self.spark, self.path(name), version), name)

    def rows(self, name: str, version: int, *, since: int | None = None) -> ds.Dataset:
        """The table at a version, for what is asked of it without Spark; with `since` only files added after that."""
        path = self.path(name)
        if _never_delivered(name, version):
            declared = tables.spark_schema(schemas.table(name)).json()
            return arrow_rows.dataset(path, delta_log.Version(version, declared, (), ()))
        files = None if since is None else delta_log.fresh(path, version, since)
        return arrow_rows.dataset(path, delta_log.version(path, version), files)

    def empty(self, name: str) -> DataFrame:
        """The table as declared, without a row."""
        return tables.of_rows(self.spark, None, tables.spark_schema(schemas.table(name)))

    def ids(self, column: str, wanted: Iterable[int]) -> DataFrame:
        """A one-column frame of ids, small enough to broadcast; made once per set."""
        cut = (column, frozenset(wanted))
        with self._guard:
            if cut not in self._sets:
                schema = StructType([StructField(column, LongType(), False)])
                rows = pa.table([pa.array(sorted(cut[1]), pa.int64())], names=[column])
                self._sets[cut] = F.broadcast(self.frame(rows, schema))
            return self._sets[cut]

    def frame(self, rows: pa.Table, schema: StructType) -> DataFrame:
        """Rows that are on the driver, as a frame."""
        return tables.of_rows(self.spark, rows, schema)

    def shared(self, name: str, once: Hashable, rows: Callable[[], pa.Table], schema: StructType) -> DataFrame:
        """Rows of a table that several ask for, picked by the first of them."""
        with self._guard:
            if once not in self._picked:
                self._picked[once] = of_feed(self.frame(rows(), schema), name)
            return self._picked[once]

    def _deliveries(self) -> DataFrame:
        schema = tables.spark_schema(schemas.table(DELIVERIES))
        rows = []
        for feed in schemas.feeds():
            for delivery_id, noted in sorted(state.read(self.settings, feed.table).deliveries.items()):
                known = {"delivery_id": delivery_id, "feed": feed.feed, "tenant": feed.tenant, **noted}
                rows.append({name: known.get(name) for name in schema.names})
        return self.spark.createDataFrame(rows, _from_text(schema)).select(
            *[F.col(f.name).cast(f.dataType).alias(f.name) for f in schema.fields]
        )


def _never_delivered(name: str, version: int) -> bool:
    """Whether this is of a feed that never delivered, which says nothing; any other table must have been built."""
    if version < 0 and name not in {feed.table for feed in schemas.feeds()}:
        raise NotBuiltError(f"{name} has not been built: run `lakeward run {name.split('.')[0]}` first")
    return version < 0


def of_feed(records: DataFrame, table: str) -> DataFrame:
    """Records with what their feed declares: its time zone, and for translators the rest as JSON."""
    if "feed" not in records.columns or not table.startswith(("bronze.", "silver.translated")):
        return records
    zones = {feed.feed: feed.time_zone for feed in schemas.feeds()}
    pairs = [F.lit(text) for pair in sorted(zones.items()) for text in pair]
    found = records.withColumn("time_zone", F.try_element_at(F.create_map(*pairs), F.col("feed")))
    declared = next((feed for feed in schemas.feeds() if feed.table == table), None)
    if declared is None or declared.format == "fhir":
        return found
    told = {"format": declared.format, "options": declared.options, "columns": declared.columns}
    return found.withColumn("declaration", F.lit(json.dumps(told, sort_keys=True, default=str)))


def _from_text(schema: StructType) -> StructType:
    from pyspark.sql.types import StringType, TimestampType

    return StructType(
        [
            StructField(f.name, StringType() if isinstance(f.dataType, TimestampType) else f.dataType)
            for f in schema.fields
        ]
    )
