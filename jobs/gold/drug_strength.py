"""gold.drug_strength: one ingredient of one drug."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.orphans import without_orphans


def build(strengths: DataFrame, concepts: DataFrame) -> DataFrame:
    """The table as loaded but for orphans, with who brought each row beside it."""
    whole = without_orphans(strengths, concepts, "drug_concept_id", "ingredient_concept_id")
    return whole.withColumn("lw_origin", F.col("origin")).drop("origin")
