"""Keys: 64-bit, positive, derived from what a row is, never counted."""

from __future__ import annotations

from collections.abc import Iterable

import xxhash
from pyspark.sql import Column
from pyspark.sql import functions as F

POSITIVE = 0x7FFF_FFFF_FFFF_FFFF
# xxhash64 skips nulls, so ('a', null) and (null, 'a') would collide; no source id holds this character.
MISSING = "\u0000"
# What Spark's xxhash64 begins with.
SEED = 42


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


def key_of(table: str, *parts: str | None) -> int:
    """The same key for texts that are on the driver.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> spark.range(1).select(key("t", F.lit("a"), F.lit(None))).first()[0] == key_of("t", "a", None)
    True
    """
    return _digest(table, *parts) & POSITIVE


def last_keys(table: str, parts: tuple[str | None, ...], last: Iterable[bytes | None]) -> list[int]:
    """The keys of many that share all but the last part, given as UTF-8."""
    seed = _digest(table, *parts)
    digest, missing = xxhash.xxh64_intdigest, MISSING.encode()
    return [digest(missing if one is None else one, seed) & POSITIVE for one in last]


def _digest(*parts: str | None) -> int:
    seed = SEED
    for part in parts:
        seed = xxhash.xxh64_intdigest((MISSING if part is None else part).encode(), seed)
    return seed
