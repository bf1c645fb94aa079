"""gold.source_to_concept_map: one source code and one concept it is mapped to."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def build(local_map: DataFrame) -> DataFrame:
    """The table as loaded, with who brought each row beside it."""
    return local_map.withColumn("lw_origin", F.col("origin")).drop("origin")
