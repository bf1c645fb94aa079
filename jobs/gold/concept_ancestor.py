"""gold.concept_ancestor: one pair of concepts, the one above the other."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def build(ancestors: DataFrame) -> DataFrame:
    """The table as loaded, with who brought each row beside it."""
    return ancestors.withColumn("lw_origin", F.col("origin")).drop("origin")
