"""silver.person_pair: one pair of patient records that may be of one person."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def build(links: DataFrame) -> DataFrame:
    """The pairs that were found when persons were made, each once, under its smaller record."""
    each = links.select("tenant", F.col("patient_id").alias("left_id"), F.explode("pairs").alias("_pair"))
    return each.select("left_id", "_pair.right_id", "tenant", "_pair.probability", "_pair.band", "_pair.rule",
                       "_pair.explanation")  # fmt: skip
