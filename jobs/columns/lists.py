"""Lists: what Spark would call a function for at every element, done by functions that it compiles.

A higher-order function (`filter`, `transform`, `array_compact`) is interpreted, and so is everything that its list is
made of; each field it takes out of a struct looks up Spark's configuration anew (Spark 4.2). Most lists need none.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F


def distinct(values: Column) -> Column:
    """The texts of a list, each once, without nulls; null of null.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> rows = spark.createDataFrame([(["b", None, "a", "b"],), (None,)], "v array<string>")
    >>> [row.v for row in rows.select(distinct(F.col("v")).alias("v")).collect()]
    [['b', 'a'], None]
    """
    return F.array_except(values, F.array(F.lit(None).cast("string")))


def compact(values: Column) -> Column:
    """The texts of a list without nulls, in order; null of null.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> rows = spark.createDataFrame([(["b", None, "b"],), (["b", "b"],), (None,)], "v array<string>")
    >>> [row.v for row in rows.select(compact(F.col("v")).alias("v")).collect()]
    [['b', 'b'], ['b', 'b'], None]
    """
    return F.when(has_null(values), F.array_compact(values)).otherwise(values)


def has_null(values: Column) -> Column:
    """Whether one of the texts of a list is null; null of null.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> rows = spark.createDataFrame([(["b", None, "b"],), (["b", "b"],), ([],), (None,)], "v array<string>")
    >>> [row.v for row in rows.select(has_null(F.col("v")).alias("v")).collect()]
    [True, False, False, None]
    """
    return F.size(distinct(values)) < F.size(F.array_distinct(values))


def flat(lists: Column) -> Column:
    """A list of lists as one, those that are null left out; null of null.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> rows = spark.createDataFrame([([["a"], None, ["b"]],), ([["a"], []],), (None,)], "v array<array<string>>")
    >>> [row.v for row in rows.select(flat(F.col("v")).alias("v")).collect()]
    [['a', 'b'], ['a'], None]
    """
    # flatten itself gives null when a list among them is null.
    return F.when(lists.isNotNull(), F.coalesce(F.flatten(lists), F.flatten(F.array_compact(lists))))
