"""gold.vocabulary: one vocabulary."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

RECEIVED = "SELECT NULL AS excluded FROM vocabularies"


def build(vocabularies: DataFrame) -> DataFrame:
    """The table as loaded, with who brought each row beside it."""
    return vocabularies.withColumn("lw_origin", F.col("origin")).drop("origin")
