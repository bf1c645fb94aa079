"""Numbers: FHIR decimals out of the variants they are read as, exact."""

from __future__ import annotations

from pyspark.sql import Column

from jobs.columns.fhir import DECIMAL


def digits(number: Column) -> Column:
    """A number as text, whatever stood in its place; null when nothing did.

    >>> from pyspark.sql import SparkSession
    >>> from pyspark.sql import functions as F
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> from jobs.columns.fhir import QUANTITY
    >>> sent = [("0.12345678901234567891",), ('"high"',), ("null",)]
    >>> rows = spark.createDataFrame([(f'{{"value":{value}}}',) for (value,) in sent], "q string")
    >>> [row.t for row in rows.select(digits(F.from_json("q", QUANTITY)["value"]).alias("t")).collect()]
    ['0.12345678901234567891', 'high', None]
    """
    return number.cast("string")


def decimal(number: Column) -> Column:
    """A FHIR decimal, exact to eighteen places; null when it is no number.

    >>> from pyspark.sql import SparkSession
    >>> from pyspark.sql import functions as F
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> rows = spark.createDataFrame([("4.10",), ("1e-3",), ("high",)], "t string")
    >>> [str(row.n) for row in rows.select(decimal(F.col("t")).alias("n")).collect()]
    ['4.100000000000000000', '0.001000000000000000', 'None']
    """
    return digits(number).try_cast(DECIMAL)


def is_no_number(number: Column) -> Column:
    """Whether something was sent that is no FHIR decimal.

    >>> from pyspark.sql import SparkSession
    >>> from pyspark.sql import functions as F
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> rows = spark.createDataFrame([("4.10",), ("high",), (None,)], "t string")
    >>> [row.n for row in rows.select(is_no_number(F.col("t")).alias("n")).collect()]
    [False, True, False]
    """
    return digits(number).isNotNull() & decimal(number).isNull()
