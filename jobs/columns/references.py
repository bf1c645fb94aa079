"""References between silver rows, resolved by the texts under which a thing is known."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.keys import key


def resolved(rows: DataFrame, ref: str, things: DataFrame, thing_id: str, into: str, **also: str) -> DataFrame:
    """Add `into`: the id of the thing that column `ref` names, null when it is not known; every row stays once.

    `also` names further columns of the thing to bring along: new name = its column. A text under which
    two things are known means the one with the smaller id: any rule will do, so long as it is one.
    """
    known = things.select(
        F.explode("aliases").alias("_text"),
        "tenant",
        "feed",
        F.struct(thing_id, *also.values()).alias("_thing"),
    )
    known = known.groupBy(key("alias", F.col("tenant"), F.col("feed"), F.col("_text")).alias("_alias")).agg(
        F.min("_thing").alias("_thing")
    )
    brought = {into: F.col(f"_thing.{thing_id}"), **{new: F.col(f"_thing.{old}") for new, old in also.items()}}
    # Rows without a reference take no part in the join: a null key matches nothing.
    asked = F.when(F.col(ref).isNotNull(), key("alias", F.col("tenant"), F.col("feed"), F.col(ref)))
    return (
        rows.withColumn("_alias", asked)
        .join(known, on="_alias", how="left")
        .withColumns(brought)
        .drop("_alias", "_thing")
    )
