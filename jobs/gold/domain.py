"""gold.domain: one domain."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

RECEIVED = "SELECT NULL AS excluded FROM domains"


def build(domains: DataFrame) -> DataFrame:
    """The table as loaded, with who brought each row beside it."""
    return domains.withColumn("lw_origin", F.col("origin")).drop("origin")
