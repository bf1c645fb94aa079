"""gold.concept_class: one class."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

RECEIVED = "SELECT NULL AS excluded FROM concept_classes"


def build(concept_classes: DataFrame) -> DataFrame:
    """The table as loaded, with who brought each row beside it."""
    return concept_classes.withColumn("lw_origin", F.col("origin")).drop("origin")
