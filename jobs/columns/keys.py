"""Keys: 64-bit, positive, derived from what a row is, never counted."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

POSITIVE = 0x7FFF_FFFF_FFFF_FFFF
# xxhash64 skips nulls, so ('a', null) and (null, 'a') would collide; no source id holds this character.
MISSING = "\u0000"


def key(table: str, *parts: Column) -> Column:
    """A positive bigint that stands for these parts in this table.

    The same parts give the same key in every run and rebuild; uniqueness is a gate.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> row = spark.range(1).select(
    ...     key("t", F.lit("a"), F.lit(None)).alias("a"), key("t", F.lit(None), F.lit("a")).alias("b")
    ... ).first()
    >>> row.a > 0, row.a == row.b
    (True, False)
    """
    marked = [F.coalesce(part.cast("string"), F.lit(MISSING)) for part in parts]
    return F.xxhash64(F.lit(table), *marked).bitwiseAND(F.lit(POSITIVE))
