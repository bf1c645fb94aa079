"""gold.concept_synonym: one name of one concept in one language."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.orphans import received, without_orphans

POINTERS = ("concept_id",)
RECEIVED = received("synonyms", *POINTERS)


def build(synonyms: DataFrame, concepts: DataFrame) -> DataFrame:
    """The table as loaded but for orphans, with who brought each row beside it."""
    whole = without_orphans(synonyms, concepts, *POINTERS)
    return whole.withColumn("lw_origin", F.col("origin")).drop("origin")
