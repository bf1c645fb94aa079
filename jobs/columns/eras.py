"""Eras: stretches of time joined over gaps, by window functions, linear in rows."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

PERSISTENCE_DAYS = 30


def joined(rows: DataFrame, by: Sequence[str], start: str, end: str, gap_days: int, *sums: Column) -> DataFrame:
    """One row per era: rows of the same `by` whose start lies at most `gap_days` after the running end.

    Gives `by`, `start` (first), `end` (last, unpadded) and the given aggregates.
    """
    in_order = Window.partitionBy(*by).orderBy(start, end)
    before = in_order.rowsBetween(Window.unboundedPreceding, -1)
    upto = in_order.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    reached = F.max(end).over(before)
    begins = F.when(F.col(start) <= F.date_add(reached, gap_days), 0).otherwise(1)
    numbered = rows.withColumn("_begins", begins).withColumn("_era", F.sum("_begins").over(upto))
    return numbered.groupBy(*by, "_era").agg(F.min(start).alias(start), F.max(end).alias(end), *sums).drop("_era")
