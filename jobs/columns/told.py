"""What several feeds tell of one event or visit: one of them is kept, and the others stay on it as evidence."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F

from jobs.columns.concepts import NO_MATCH

# Whose word is kept, by the place that the name of a feed begins with: the record of care before what is told of it.
FIRST_HEARD = ("ehr", "adt", "lab", "imaging", "claims")
BY_ANOTHER_FEED = "told_by_another_feed"
# What an event that is kept may leave out and another teller of it say: a laboratory knows the normal range, a pharmacy
# how much it gave. Columns that are said together are taken together.
LEFT_OUT = (
    ("range_low", "range_high"),
    ("unit_concept_id", "unit_source_concept_id", "unit_source_value"),
    ("quantity",),
    ("days_supply",),
    ("refills",),
    ("sig",),
    ("route_concept_id", "route_source_value"),
    ("lot_number",),
    ("status_concept_id", "status_source_value"),
    ("modifier_concept_id", "modifier_source_value"),
    ("provider_id",),
    ("unique_device_id", "production_id"),
)


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


def heard() -> Column:
    """Whose word goes first: the rank of the row's feed, then its name."""
    return F.struct(feed_rank(F.col("feed")), "feed")


def first_said(value: Column | str, order: Column, is_said: Column | None = None) -> Column:
    """An aggregate: the value of the first row that says it, in an `order` that has no ties."""
    said = F.col(value) if isinstance(value, str) else value
    return F.min_by(said, F.when(said.isNotNull() if is_said is None else is_said, order))


def numbered(
    rows: DataFrame, same: Sequence[str], order: Sequence[Column], *, teller: Column, rank: Column
) -> DataFrame:
    """Add `_number` and `_is_first`: rows of different tellers that are the `same` and have one number are one thing.

    Two tellers that both tell of two such things tell of the same two, each in this `order`, in which only what is one
    thing to its teller has ties; what one teller tells twice stays twice. `_is_first` is the row of the lowest `rank`,
    which no two rows of one thing share.
    """
    in_order = Window.partitionBy(*same, "_teller").orderBy(*order)
    counted = rows.withColumn("_teller", teller).withColumn("_number", F.dense_rank().over(in_order)).drop("_teller")
    return counted.withColumn("_is_first", F.min(rank).over(together(same)) == rank)


def together(same: Sequence[str]) -> WindowSpec:
    """The rows that tell of one thing, after `numbered`."""
    return Window.partitionBy(*same, "_number")


def told_once(events: DataFrame, said_in: DataFrame | None = None) -> DataFrame:
    """Events of different feeds that are the same are one: the first feed's is kept and carries the others' records.

    What it leaves out of LEFT_OUT the first of the others tells that knows it.

    The same: person, OMOP table, standard concept (or the code where none is known), day and value.

    `said_in` holds the same events with at least what is compared, by default `events` themselves: few columns are
    sorted, and what they say is brought back to the whole rows.
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
    asked = (events if said_in is None else said_in).where(comparable)
    # Gathered once for all that compares them.
    # The feed that is heard first has nothing to add to another.
    tells = F.when(feed_rank(F.col("feed")) > 0, F.struct(*[name for names in LEFT_OUT for name in names]))
    own = ("event_id", "feed", "start_at", "record_ids", tells.alias("tells"))
    narrow = asked.select(*own, F.xxhash64(*same).alias("_same"))
    order = [F.col("start_at").asc_nulls_last(), F.col("event_id")]
    known = numbered(narrow.repartition("_same"), ["_same"], order, teller=F.col("feed"), rank=heard())
    other = F.struct(heard().alias("rank"), "event_id", "record_ids", "tells")
    others = F.array_sort(F.collect_list(F.when(~F.col("_is_first"), other)).over(together(["_same"])))
    heard_again = known.withColumn("_others", others).where(~F.col("_is_first") | (F.size("_others") > 0))
    first, tells = F.col("_is_first"), F.col("_others.tells")
    answers = heard_again.select(
        "event_id",
        first,
        F.when(first, F.flatten(F.col("_others.record_ids"))).alias("_others"),
        F.when(first, F.struct(*[one for names in LEFT_OUT for one in _from_first(tells, names)])).alias("_tells"),
    )
    records = F.concat("record_ids", F.coalesce("_others", F.array().cast("array<bigint>")))
    filled = {name: _filled(name, names) for names in LEFT_OUT for name in names}
    return (
        events.join(answers.hint("shuffle_hash"), on="event_id", how="left")
        .withColumns(
            {
                **filled,
                "record_ids": F.array_distinct(records),
                "excluded": F.when(F.coalesce("_is_first", F.lit(True)), F.col("excluded")).otherwise(
                    F.lit(BY_ANOTHER_FEED)
                ),
            }
        )
        .drop("_is_first", "_others", "_tells")
    )


def _from_first(tells: Column, names: Sequence[str]) -> list[Column]:
    """What the first of the others says that says any of these."""
    able = F.filter(tells, lambda one: functools.reduce(operator.or_, [one[name].isNotNull() for name in names]))
    return [F.get(able, F.lit(0))[name].alias(name) for name in names]


def _filled(name: str, names: Sequence[str]) -> Column:
    """What is said, or what another says where nothing is said of all of these."""
    unsaid = functools.reduce(operator.and_, [F.col(one).isNull() for one in names])
    return F.when(unsaid, F.col("_tells")[name]).otherwise(F.col(name))
