"""gold.source_to_concept_map: one source code and one concept it is mapped to."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.orphans import received, without_orphans

POINTERS = ("source_concept_id", "target_concept_id")
RECEIVED = received("local_map", *POINTERS)


def build(local_map: DataFrame, concepts: DataFrame) -> DataFrame:
    """The table as loaded but for orphans, with who brought each row beside it."""
    whole = without_orphans(local_map, concepts, *POINTERS)
    return whole.withColumn("lw_origin", F.col("origin")).drop("origin")
