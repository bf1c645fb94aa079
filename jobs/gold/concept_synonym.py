"""gold.concept_synonym: one name of one concept in one language."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def build(synonyms: DataFrame) -> DataFrame:
    """The table as loaded, with who brought each row beside it."""
    return synonyms.withColumn("lw_origin", F.col("origin")).drop("origin")
