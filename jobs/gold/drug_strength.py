"""gold.drug_strength: one ingredient of one drug."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.orphans import received, without_orphans

POINTERS = ("drug_concept_id", "ingredient_concept_id")
RECEIVED = received("strengths", *POINTERS)


def build(strengths: DataFrame, concepts: DataFrame) -> DataFrame:
    """The table as loaded but for orphans, with who brought each row beside it."""
    whole = without_orphans(strengths, concepts, *POINTERS)
    return whole.withColumn("lw_origin", F.col("origin")).drop("origin")
