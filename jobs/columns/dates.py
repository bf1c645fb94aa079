"""Dates: FHIR dates, dateTimes and instants become local dates and UTC instants, nothing is guessed.

FHIR R4 datatypes 2.24.0.1: a date is YYYY, YYYY-MM or YYYY-MM-DD; a dateTime adds a time with an offset.
A date alone is never shifted; an instant has the date it had on the wall of the feed's time zone.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

DAY_LENGTH = len("2026-03-01")


def instant(text: Column, zone: Column | None = None) -> Column:
    """The UTC instant of a dateTime with an offset; null for a date alone and for text that is no time.

    A time without an offset breaks FHIR's rule; with `zone` it is read as local time there, else it is null.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> texts = ["2024-04-09T22:00:00-04:00", "2024-04-09", "2024-02-30T10:00:00Z", "2024-04-09T22:00:00"]
    >>> rows = spark.createDataFrame([(t,) for t in texts], "t string").select(
    ...     instant(F.col("t")).cast("string").alias("utc"),
    ...     instant(F.col("t"), F.lit("America/New_York")).cast("string").alias("assumed"),
    ... )
    >>> [row.utc for row in rows.collect()]
    ['2024-04-10 02:00:00', None, None, None]
    >>> rows.collect()[3].assumed
    '2024-04-10 02:00:00'
    """
    timed = F.length(text) > DAY_LENGTH
    # The cast is lenient about everything but the calendar, so what has no offset must not reach it.
    with_offset = text.endswith("Z") | F.substring(text, -6, 1).isin("+", "-")
    found = F.when(timed & with_offset, text.try_cast("timestamp"))
    if zone is None:
        return found
    # The session's zone is UTC: a text without an offset is read as UTC first, then moved.
    return found.when(timed, F.to_utc_timestamp(text.try_cast("timestamp"), zone))


def local_date(text: Column, zone: Column) -> Column:
    """The local date: a full date as it stands, an instant as the date in `zone`; null when partial or malformed.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> texts = ["2024-04-09", "2024-04-10T02:00:00Z", "2024-04", "2024-02-30"]
    >>> rows = spark.createDataFrame([(t,) for t in texts], "t string")
    >>> [str(row.d) for row in rows.select(local_date(F.col("t"), F.lit("America/New_York")).alias("d")).collect()]
    ['2024-04-09', '2024-04-09', 'None', 'None']
    """
    moved = F.from_utc_timestamp(instant(text, zone), zone).cast("date")
    return F.when(F.length(text) == DAY_LENGTH, text.try_cast("date")).when(F.length(text) > DAY_LENGTH, moved)


def precision(text: Column) -> Column:
    """How exactly a date or dateTime is known: year, month, day or second; null when there is none or it is malformed.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> texts = ["1970", "1970-05", "1970-05-01", "1970-05-01T10:00:00Z", "1970-13", "May 1970"]
    >>> rows = spark.createDataFrame([(t,) for t in texts], "t string")
    >>> [row.p for row in rows.select(precision(F.col("t")).alias("p")).collect()]
    ['year', 'month', 'day', 'second', None, None]
    """
    length = F.length(text)
    return (
        F.when(
            (length > DAY_LENGTH) & text.try_cast("timestamp").isNotNull() & (F.substring(text, 11, 1) == "T"), "second"
        )
        .when((length == DAY_LENGTH) & text.try_cast("date").isNotNull(), "day")
        .when((length == 7) & text.rlike(r"^\d{4}-(0[1-9]|1[0-2])$"), "month")
        .when((length == 4) & text.rlike(r"^\d{4}$"), "year")
    )


def by_then(name: str, text: Column) -> Column:
    """The column <name>_by_date: `known_by`."""
    return known_by(text).alias(f"{name}_by_date")


def known_by(text: Column) -> Column:
    """Where only a year or a month is known, the day by which it had happened; else null.

    That is its last day, as OMOP has it of deaths, or the day on which the row's record was `received_at`, if earlier.

    >>> import datetime
    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> texts = ["2019", "2020-02", "2026", "2019-05-06", "2019-13", None]
    >>> given = [(text, datetime.datetime(2026, 3, 1)) for text in texts]
    >>> rows = spark.createDataFrame(given, "t string, received_at timestamp")
    >>> [str(row.day) for row in rows.select(known_by(F.col("t")).alias("day")).collect()]
    ['2019-12-31', '2020-02-29', '2026-03-01', 'None', 'None', 'None']
    """
    first = F.concat(text, F.when(F.length(text) == 4, "-12-01").otherwise("-01"))
    last = F.when(F.length(text).isin(4, 7), F.last_day(first.try_cast("date")))
    # The least of two ignores a null.
    return F.when(last.isNotNull(), F.least(last, F.to_date("received_at")))


def is_malformed(text: Column) -> Column:
    """Whether something was sent that is no date of any precision: a fault, where the row cannot do without it.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> rows = spark.createDataFrame([("1970",), ("1970-02-30",), (None,)], "t string")
    >>> [row.m for row in rows.select(is_malformed(F.col("t")).alias("m")).collect()]
    [False, True, False]
    """
    return text.isNotNull() & precision(text).isNull()


def moment(name: str, text: Column, zone: Column) -> list[Column]:
    """The pair of columns of one point in time: <name>_date, <name>_at.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> spark.range(1).select(moment("issued", F.lit("2024-04-09"), F.lit("UTC"))).columns
    ['issued_date', 'issued_at']
    """
    return [local_date(text, zone).alias(f"{name}_date"), instant(text, zone).alias(f"{name}_at")]


def spell(name: str, start: Column, end: Column, zone: Column) -> list[Column]:
    """The columns of a time that may be a point or a period: with <name>_precision, <name>_end_date, <name>_end_at.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> spark.range(1).select(spell("onset", F.lit("1970"), F.lit(None).cast("string"), F.lit("UTC"))).first()
    Row(onset_date=None, onset_at=None, onset_precision='year', onset_end_date=None, onset_end_at=None)
    """
    return [*moment(name, start, zone), precision(start).alias(f"{name}_precision"), *moment(f"{name}_end", end, zone)]


def ends_before_start(start: Column, end: Column) -> Column:
    """Whether a period of two FHIR texts runs backwards, as far as both are exact enough to tell.

    A date is compared with a date and an instant with an instant: mixed precision is no contradiction.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> periods = [("2024-01-02", "2024-01-01"), ("2024-01-01T23:00:00Z", "2024-01-01"), ("2024-01-02", None)]
    >>> rows = spark.createDataFrame(periods, "s string, e string")
    >>> [row.b for row in rows.select(ends_before_start(F.col("s"), F.col("e")).alias("b")).collect()]
    [True, False, False]
    """
    exact = (F.length(start) > DAY_LENGTH) & (F.length(end) > DAY_LENGTH)
    instants = text_instant(end) < text_instant(start)
    # Texts of dates sort as dates do.
    days = F.substring(end, 1, DAY_LENGTH) < F.substring(start, 1, DAY_LENGTH)
    dates = (F.length(start) == DAY_LENGTH) & (F.length(end) == DAY_LENGTH)
    return F.coalesce(F.when(exact, instants).when(dates, days), F.lit(False))


def text_instant(text: Column) -> Column:
    """An instant for comparing only: a text without an offset counts as UTC on both sides.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> row = spark.range(1).select(text_instant(F.lit("2024-01-01T01:00:00+01:00")).cast("string").alias("t")).first()
    >>> row.t
    '2024-01-01 00:00:00'
    """
    return text.try_cast("timestamp")
