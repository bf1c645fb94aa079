"""What a complete list leaves out that its sender had told before: it is no longer said (HL7 v2.5.1 section 2.10.4)."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns.reference_texts import resource_key

NO_LONGER_LISTED = "no_longer_listed"


def with_list(rows: DataFrame, owners: DataFrame, owner_id: str, name: str) -> DataFrame:
    """Add `_list`: the last complete list of such things that the visit or patient has whom a row is about."""
    of_visit = resource_key("encounter", F.col("tenant"), F.col("feed"), F.col("encounter_ref"))
    owner = of_visit if owner_id == "encounter_id" else F.col(owner_id)
    known = owners.where(F.col(name).isNotNull())
    lists = known.select(F.col(owner_id).alias("_owner_id"), F.col(name).alias("_list"))
    return rows.withColumn("_owner_id", owner).join(lists, on="_owner_id", how="left").drop("_owner_id")


def no_longer_listed() -> Column:
    """Why a row of `with_list` is no event: whoever listed it has a newer list without it."""
    is_left_out = (F.col("_list.by") == F.col("listed_by")) & ~F.array_contains("_list.names", F.col("resource_id"))
    return F.when(is_left_out, NO_LONGER_LISTED)
