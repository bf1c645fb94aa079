"""Versions of a translated resource that leave something unsaid: what an older one said of it goes on to hold."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.columns.fhir import extended, is_tombstone, oldest_first, parsed, translated_versions
from jobs.formats.translation import LISTED, UNSAID


def with_what_holds_on(
    resources: DataFrame,
    translated: DataFrame,
    kind: str,
    ddl: str,
    places: Mapping[str, Column],
    in_turn: Mapping[str, Column] | None = None,
) -> DataFrame:
    """The resources of a kind with column `held`: what holds of each place, or null; a FHIR resource is always whole.

    `places` are parts of the resource `r` by the word that the extension has for them; `ddl` has extension.valueString.
    `in_turn` are parts of which `held` has a list: each version's word that is not null, oldest first.
    """
    return resources.join(_last_said(translated, kind, ddl, places, in_turn or {}), on="said_id", how="left")


def listed(extensions: Column, segment: str) -> Column:
    """The text that says what a version lists completely (`translation.LISTED`); null where it says nothing of it."""
    return extended(extensions, f"{LISTED}-{segment}")["valueString"]


def last_list(texts: Column) -> Column:
    """Of what versions listed, oldest first, the last: who listed it, and the ids of what was in it.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> rows = spark.createDataFrame([(["A-H x y", "A-H x"],), (["A-H"],), ([],)], "t array<string>")
    >>> [row.l and (row.l.by, row.l.names) for row in rows.select(last_list(F.col("t")).alias("l")).collect()]
    [('A-H', ['x']), ('A-H', []), None]
    """
    words = F.split(F.try_element_at(texts, F.lit(-1)), " ")
    found = F.struct(F.get(words, F.lit(0)).alias("by"), F.slice(words, 2, F.size(words)).alias("names"))
    return F.when(words.isNotNull(), found)


def _last_said(
    translated: DataFrame, kind: str, ddl: str, places: Mapping[str, Column], in_turn: Mapping[str, Column]
) -> DataFrame:
    """By `said_id`, what holds at each version: its own word, else the last before it.

    A version that takes the resource back ends what was said before; where nobody said anything, a version's own
    value holds.
    """
    versions = translated_versions(translated.where(F.col("resource_type") == kind))
    told = versions.withColumn("_order", oldest_first())
    told = parsed(told, ddl)
    unsaid = F.split(F.coalesce(extended(F.col("r.extension"), UNSAID)["valueString"], F.lit("")), " ")
    so_far = Window.partitionBy("tenant", "feed", "resource_id").orderBy("_order")
    so_far = so_far.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    held = {}
    for word, own in places.items():
        said = F.when(~F.array_contains(unsaid, word), F.struct(own.alias("value"), is_tombstone().alias("is_end")))
        last = F.last(said, ignorenulls=True).over(so_far)
        held[word] = F.when(last["is_end"].eqNullSafe(F.lit(False)), last["value"]).otherwise(own)
    for word, own in in_turn.items():
        said = F.when(own.isNotNull() | is_tombstone(), F.struct(own.alias("value"), is_tombstone().alias("is_end")))
        every = F.collect_list(said).over(so_far)
        ends = F.array_position(F.reverse(every["is_end"]), F.lit(True)).cast("int")
        since = F.when(ends > 0, F.slice(every, F.size(every) - ends + 2, F.size(every))).otherwise(every)
        held[word] = since["value"]
    return told.select("said_id", F.struct(*[value.alias(word) for word, value in held.items()]).alias("held"))
