"""When something happened: pairs of local date and UTC instant out of FHIR date texts."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from jobs.columns.dates import ends_before_start, instant, is_malformed, local_date

# A FHIR Timing or Period bound inside a list of structs: both forms of both ends.
SPAN = "start_date: date, start_at: timestamp, end_date: date, end_at: timestamp"


def moment(what: str, text: Column) -> list[Column]:
    """<what>_date and <what>_at of a FHIR date or dateTime, in the zone of the frame's `time_zone` column.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> rows = spark.createDataFrame([("2024-01-01T02:00:00Z", "America/New_York")], "t string, time_zone string")
    >>> row = rows.select(*moment("asserted", F.col("t"))).first()
    >>> str(row.asserted_date), str(row.asserted_at)
    ('2023-12-31', '2024-01-01 02:00:00')
    """
    zone = F.col("time_zone")
    return [local_date(text, zone).alias(f"{what}_date"), instant(text, zone).alias(f"{what}_at")]


def span(start: Column, end: Column) -> list[Column]:
    """start_date, start_at, end_date and end_at of what may have taken time.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> rows = spark.createDataFrame([("2024-01-01", "2024-01-03", "UTC")], "s string, e string, time_zone string")
    >>> [str(value) for value in rows.select(*span(F.col("s"), F.col("e"))).first()]
    ['2024-01-01', 'None', '2024-01-03', 'None']
    """
    return [*moment("start", start), *moment("end", end)]


def bad_dates(*texts: Column) -> Column:
    """Whether any of these texts is sent but is no date: what happened then cannot be placed in time.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> rows = spark.createDataFrame([("2024-01-01", "yesterday"), ("2024", None)], "s string, e string")
    >>> [row.bad for row in rows.select(bad_dates(F.col("s"), F.col("e")).alias("bad")).collect()]
    [True, False]
    """
    any_bad = F.lit(False)
    for text in texts:
        any_bad = any_bad | is_malformed(text)
    return any_bad


def span_faults(start: Column, end: Column, *others: Column) -> dict[str, Column]:
    """The faults a span of time can have, by name; `others` are dates beside it that must be dates too."""
    return {"malformed_date": bad_dates(start, end, *others), "bad_period": ends_before_start(start, end)}
