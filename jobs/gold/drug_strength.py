"""gold.drug_strength: one ingredient of one drug."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def build(strengths: DataFrame) -> DataFrame:
    """The table as loaded, with who brought each row beside it."""
    return strengths.withColumn("lw_origin", F.col("origin")).drop("origin")
