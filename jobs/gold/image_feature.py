"""gold.image_feature: one fact about a series of images, and the row of another table that has its value."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns import concepts
from jobs.columns.keys import key

SERIES = "silver.imaging_series"


def build(images: DataFrame, measured: DataFrame, observed: DataFrame) -> DataFrame:
    """OMOP medical imaging extension, IMAGE_FEATURE: how the images were made.

    Each is a published measurement or observation that a series told; those of a series that waits have none yet.
    """
    told = images.select(
        F.explode("lw_told_by").alias("_series"),
        F.col("person_id").alias("_owner"),
        "image_occurrence_id",
        "anatomic_site_concept_id",
    )
    facts = _facts(measured, "measurement", concepts.FIELD_MEASUREMENT).unionByName(
        _facts(observed, "observation", concepts.FIELD_OBSERVATION)
    )
    same = (F.col("_told_by") == F.col("_series")) & (F.col("person_id") == F.col("_owner"))
    return facts.join(told, on=same, how="inner").select(
        key("image_feature", F.col("_field"), F.col("_event_id")).alias("image_feature_id"),
        "person_id",
        "image_occurrence_id",
        F.col("_concept_id").alias("image_feature_concept_id"),
        F.col("_type_concept_id").alias("image_feature_type_concept_id"),
        F.col("_field").alias("image_feature_event_field_concept_id"),
        F.col("_event_id").alias("image_feature_event_id"),
        # MI-CDM: 0 for how images were made; it is no finding.
        F.lit(concepts.NO_MATCH).alias("image_finding_concept_id"),
        F.lit(None).cast("bigint").alias("image_finding_id"),
        "anatomic_site_concept_id",
        F.lit(None).cast("string").alias("alg_system"),
        F.lit(None).cast("timestamp").alias("alg_datetime"),
        "lw_record_ids",
        "lw_source",
    )


def _facts(rows: DataFrame, table: str, field: int) -> DataFrame:
    mine = rows.where(F.col("lw_source").startswith(f"{SERIES}|"))
    return mine.select(
        F.substring_index("lw_source", "|", -1).try_cast("bigint").alias("_told_by"),
        "person_id",
        F.lit(field).alias("_field"),
        F.col(f"{table}_id").alias("_event_id"),
        F.col(f"{table}_concept_id").alias("_concept_id"),
        F.col(f"{table}_type_concept_id").alias("_type_concept_id"),
        "lw_record_ids",
        "lw_source",
    )
