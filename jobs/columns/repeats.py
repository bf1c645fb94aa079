"""Repeats: values that stand more than once in a list where each should stand once."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F


def repeated(values: Column) -> Column:
    """The values that stand more than once, each once; null when there are none.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> rows = spark.createDataFrame([([1, 2, 1],), ([1, 2],), (None,)], "v array<int>")
    >>> [row.twice for row in rows.select(repeated(F.col("v")).alias("twice")).collect()]
    [[1], None, None]
    """
    distinct = F.array_distinct(values)
    twice = F.filter(distinct, lambda value: F.size(F.filter(values, lambda other: other == value)) > 1)
    return F.when(F.size(values) > F.size(distinct), twice)
