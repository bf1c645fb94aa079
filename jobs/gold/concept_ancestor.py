"""gold.concept_ancestor: one pair of concepts, the one above the other."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.orphans import received, without_orphans

POINTERS = ("ancestor_concept_id", "descendant_concept_id")
RECEIVED = received("ancestors", *POINTERS)


def build(ancestors: DataFrame, concepts: DataFrame) -> DataFrame:
    """The table as loaded but for orphans, with who brought each row beside it."""
    whole = without_orphans(ancestors, concepts, *POINTERS)
    return whole.withColumn("lw_origin", F.col("origin")).drop("origin")
