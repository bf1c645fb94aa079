"""gold.concept_relationship: one relation of one concept to another."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def build(relations: DataFrame) -> DataFrame:
    """The table as loaded, with who brought each row beside it."""
    return relations.withColumn("lw_origin", F.col("origin")).drop("origin")
