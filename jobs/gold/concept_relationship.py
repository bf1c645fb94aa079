"""gold.concept_relationship: one relation of one concept to another."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.orphans import received, without_orphans

POINTERS = ("concept_id_1", "concept_id_2")
RECEIVED = received("relations", *POINTERS)


def build(relations: DataFrame, concepts: DataFrame) -> DataFrame:
    """The table as loaded but for orphans, with who brought each row beside it."""
    whole = without_orphans(relations, concepts, *POINTERS)
    return whole.withColumn("lw_origin", F.col("origin")).drop("origin")
