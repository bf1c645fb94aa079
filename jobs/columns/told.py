"""What several feeds tell of one event or visit: one of them is kept, and the others stay on it as evidence."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F

from jobs.columns.concepts import NO_MATCH

# Whose word is kept, by the place that the name of a feed begins with: the record of care before what is told of it.
FIRST_HEARD = ("ehr", "adt", "lab", "imaging", "claims")
BY_ANOTHER_FEED = "told_by_another_feed"


def feed_rank(feed: Column) -> Column:
    """The place of a feed in FIRST_HEARD; feeds of other places come after.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> rows = spark.createDataFrame([("ehr_fhir",), ("claims_x12",), ("registry_csv",)], "feed string")
    >>> [row.rank for row in rows.select(feed_rank(F.col("feed")).alias("rank")).collect()]
    [0, 4, 5]
    """
    place = F.substring_index(feed, "_", 1)
    found = F.array_position(F.array(*[F.lit(one) for one in FIRST_HEARD]), place).cast("int")
    return F.when(found > 0, found - 1).otherwise(len(FIRST_HEARD))


def numbered(rows: DataFrame, same: Column, earliest: Column, row_id: str) -> DataFrame:
    """Add `_same`, `_number` and `_is_known`: rows of different feeds that share the first two are one thing.

    `same` is a hash of what makes two rows the same; exactly one row of each `_same` and `_number` is not known from
    another. Two feeds that both tell of two such things tell of the same two, by `earliest`; what one feed tells twice
    stays twice.
    """
    marked = rows.withColumns({"_same": same, "_feed_rank": feed_rank(F.col("feed"))})
    whole = Window.partitionBy("_same")
    by_feed = whole.orderBy("_feed_rank", "feed")
    each = whole.orderBy("_feed_rank", "feed", earliest.asc_nulls_last(), row_id)
    place = F.count(F.lit(1)).over(each.rowsBetween(Window.unboundedPreceding, Window.currentRow))
    counted = marked.withColumn("_number", place - F.rank().over(by_feed))
    # An earlier feed that told of as many tells of this one too: the largest number so far is then not this feed's.
    before = F.max("_number").over(each.rowsBetween(Window.unboundedPreceding, -1))
    return counted.withColumn("_is_known", F.coalesce(before >= F.col("_number"), F.lit(False))).drop("_feed_rank")


def together() -> WindowSpec:
    """The rows that tell of one thing, after `numbered`."""
    return Window.partitionBy("_same", "_number")


def told_once(events: DataFrame) -> DataFrame:
    """Events of different feeds that are the same are one: the first feed's is kept and carries the others' records.

    The same: person, OMOP table, standard concept (or the code where none is known), day and value.
    """
    code = F.when(F.col("concept_id") == NO_MATCH, F.col("source_code"))
    comparable = F.col("excluded").isNull() & (F.size("faults") == 0) & F.col("start_date").isNotNull()
    comparable = comparable & ((F.col("concept_id") != NO_MATCH) | F.col("source_code").isNotNull())
    bar = F.lit("|")
    number = F.col("value_as_number").cast("decimal(38,6)").cast("string")
    # One feed sends the answer as a code with its words, another the words alone.
    words = F.lower(F.coalesce("value_as_string", "value_source_value"))
    value = F.coalesce(number, words, F.col("value_as_concept_id").cast("string"), bar)
    same = [F.col("person_id"), F.col("target"), F.col("concept_id"), F.coalesce(code, bar), F.col("start_date"), value]
    own = F.when(comparable, F.xxhash64(*same)).otherwise(F.col("event_id"))
    known = numbered(events, own, F.col("start_at"), "event_id")
    others = F.flatten(F.collect_list(F.when(F.col("_is_known"), F.col("record_ids"))).over(together()))
    records = F.array_distinct(F.concat("record_ids", "_others"))
    return (
        known.withColumn("_others", others)
        .withColumns(
            {
                "record_ids": F.when(F.col("_is_known"), F.col("record_ids")).otherwise(records),
                "excluded": F.when(F.col("_is_known"), F.lit(BY_ANOTHER_FEED)).otherwise(F.col("excluded")),
            }
        )
        .drop("_same", "_number", "_is_known", "_others")
    )
