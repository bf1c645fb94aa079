"""Versions of a translated resource that leave something unsaid: what an older one said of it goes on to hold."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from jobs.columns.fhir import extended, is_tombstone, oldest_first, parsed, translated_versions
from jobs.formats.translation import UNSAID


def last_said(translated: DataFrame, kind: str, ddl: str, places: Mapping[str, str]) -> DataFrame:
    """By `said_id`, what holds at each version of a kind of resource: its own word, else the last before it.

    `places` are members of the resource by the word that the extension has for them. A version that takes the
    resource back ends what was said before; where nobody said anything, a version's own value holds.
    """
    versions = translated_versions(translated.where(F.col("resource_type") == kind))
    told = versions.withColumn("_order", oldest_first())
    told = parsed(told, f"{ddl}, extension array<struct<url:string,valueString:string>>")
    unsaid = F.split(F.coalesce(extended(F.col("r.extension"), UNSAID)["valueString"], F.lit("")), " ")
    so_far = Window.partitionBy("tenant", "feed", "resource_id").orderBy("_order")
    so_far = so_far.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    held = {}
    for word, place in places.items():
        own = F.col(f"r.{place}")
        said = F.when(~F.array_contains(unsaid, word), F.struct(own.alias("value"), is_tombstone().alias("is_end")))
        last = F.last(said, ignorenulls=True).over(so_far)
        held[word] = F.when(last["is_end"].eqNullSafe(F.lit(False)), last["value"]).otherwise(own)
    return told.select("said_id", F.struct(*[value.alias(word) for word, value in held.items()]).alias("held"))
