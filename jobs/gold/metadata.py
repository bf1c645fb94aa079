"""gold.metadata: one fact about the data set."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.keys import key


def build(deliveries: DataFrame, vocabularies: DataFrame) -> DataFrame:
    """OMOP CDM 5.4 METADATA: deliveries and records of each feed, and the version of each vocabulary."""
    per_feed = deliveries.groupBy("tenant", "feed").agg(
        F.count(F.lit(1)).cast("double").alias("deliveries"), F.sum("records").cast("double").alias("records")
    )
    source = F.concat_ws(" ", "tenant", "feed")
    facts = per_feed.select(
        F.explode(
            F.array(
                F.struct(F.concat(F.lit("deliveries of "), source).alias("name"), F.col("deliveries").alias("number")),
                F.struct(F.concat(F.lit("records of "), source).alias("name"), F.col("records").alias("number")),
            )
        ).alias("fact")
    ).select("fact.name", F.lit(None).cast("string").alias("text"), "fact.number")
    versions = vocabularies.where(F.col("vocabulary_version").isNotNull()).select(
        F.concat(F.lit("version of vocabulary "), F.col("vocabulary_id")).alias("name"),
        F.col("vocabulary_version").alias("text"),
        F.lit(None).cast("double").alias("number"),
    )
    return facts.unionByName(versions).select(
        key("metadata", F.col("name")).alias("metadata_id"),
        F.lit(0).alias("metadata_concept_id"),
        F.lit(0).alias("metadata_type_concept_id"),
        F.left("name", F.lit(250)).alias("name"),
        F.left("text", F.lit(250)).alias("value_as_string"),
        F.lit(None).cast("int").alias("value_as_concept_id"),
        F.col("number").alias("value_as_number"),
        F.lit(None).cast("date").alias("metadata_date"),
        F.lit(None).cast("timestamp").alias("metadata_datetime"),
    )
