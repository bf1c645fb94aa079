"""Spans of time: when something began and ended, as pairs of local date and UTC instant out of FHIR date texts."""

from __future__ import annotations

from pyspark.sql import Column

from jobs.columns.dates import ends_before_start, is_malformed, moment

# The columns of `span`, for a span inside a struct.
SPAN = "start_date: date, start_at: timestamp, end_date: date, end_at: timestamp"


def span(start: Column, end: Column, zone: Column) -> list[Column]:
    """start_date, start_at, end_date and end_at of what may have taken time.

    >>> from pyspark.sql import SparkSession
    >>> from pyspark.sql import functions as F
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> rows = spark.createDataFrame([("2024-01-01T02:00:00Z", "2024-01-03")], "s string, e string")
    >>> [str(value) for value in rows.select(*span(F.col("s"), F.col("e"), F.lit("America/New_York"))).first()]
    ['2023-12-31', '2024-01-01 02:00:00', '2024-01-03', 'None']
    """
    return [*moment("start", start, zone), *moment("end", end, zone)]


def span_faults(start: Column, end: Column, *beside: Column) -> dict[str, Column]:
    """The faults that a span of time can have, by name; `beside` are further dates of the row."""
    malformed = is_malformed(start)
    for text in (end, *beside):
        malformed = malformed | is_malformed(text)
    return {"malformed_date": malformed, "bad_period": ends_before_start(start, end)}
