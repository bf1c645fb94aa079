"""What a user brought: the files of this load, and what earlier loads left in the published tables."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

import schemas
from jobs.formats.athena import TYPES
from jobs.shell.lake import Lake
from jobs.shell.vocabulary_files import Loaded


class Own:
    """The user's rows of each table: of this load where it brings the table, else of the last one that did."""

    def __init__(self, lake: Lake, loaded: dict[str, Loaded], stays: Collection[str]) -> None:
        self.lake = lake
        self.loaded = loaded
        self.stays = stays

    def has(self, table: str) -> bool:
        """Whether the user ever brought this table."""
        return table in self.loaded or (table in self.stays and self.lake.version(f"bronze.{table}") >= 0)

    def frame(self, table: str) -> DataFrame | None:
        """The user's rows; None when there are none to be had."""
        if table in self.loaded:
            return self.lake.spark.read.parquet(self.loaded[table].parquet).withColumn("origin", F.lit("load"))
        return self.lake.read(f"bronze.{table}").where(F.col("origin") == "load") if self.has(table) else None

    def distinct(
        self, table: str, *columns: str, among: tuple[str, Iterable[Any]] | None = None
    ) -> set[tuple[Any, ...]]:
        """The distinct values of some columns, over rows that have one of the given values in a column."""
        if table in self.loaded:
            asked = [(among[0], "in", set(among[1]))] if among else None
            found = pq.read_table(self.loaded[table].parquet, columns=list(columns), filters=asked)
            return {tuple(row.values()) for row in found.group_by(list(columns)).aggregate([]).to_pylist()}
        frame = self.frame(table)
        if frame is None:
            return set()
        rows = frame.where(F.col(among[0]).isin(*among[1])) if among else frame
        return {tuple(row) for row in rows.select(*columns).distinct().collect()}

    def concept_ids(self) -> np.ndarray[Any, Any]:
        """The sorted ids of the user's concepts."""
        if "concept" in self.loaded:
            found = pq.read_table(self.loaded["concept"].parquet, columns=["concept_id"])["concept_id"].to_numpy()
        else:
            frame = self.frame("concept")
            rows: Any = frame.select("concept_id").toPandas() if frame is not None else {"concept_id": np.empty(0)}
            found = np.asarray(rows["concept_id"], dtype=np.int64)
        return np.sort(found)


def as_frame(lake: Lake, table: str, rows: list[dict[str, Any]], folder: str) -> DataFrame:
    """Rows of a vocabulary table as a frame, by way of a file: a plan that holds rows is slow to plan."""
    columns = schemas.table(f"bronze.{table}").columns.values()
    place = f"{folder}/{table}.rest.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema=pa.schema([(c.name, TYPES[c.type]) for c in columns])), place)
    return lake.spark.read.parquet(place)
