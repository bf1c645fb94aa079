"""gold.relationship: one kind of relation."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

RECEIVED = "SELECT NULL AS excluded FROM relationships"


def build(relationships: DataFrame) -> DataFrame:
    """The table as loaded, with who brought each row beside it."""
    return relationships.withColumn("lw_origin", F.col("origin")).drop("origin")
