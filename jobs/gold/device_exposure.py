"""gold.device_exposure: one device a person was given or wears."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.events import belonging, source_value, trace
from jobs.columns.keys import key


def build(events: DataFrame, people: DataFrame, visits: DataFrame, details: DataFrame) -> DataFrame:
    """OMOP CDM 5.4 DEVICE_EXPOSURE."""
    mine = belonging(events, "device_exposure", people, visits, details)
    return mine.select(
        key("device_exposure", F.col("event_id")).alias("device_exposure_id"),
        "person_id",
        F.col("concept_id").alias("device_concept_id"),
        F.col("start_date").alias("device_exposure_start_date"),
        F.col("start_at").alias("device_exposure_start_datetime"),
        F.col("end_date").alias("device_exposure_end_date"),
        F.col("end_at").alias("device_exposure_end_datetime"),
        F.col("type_concept_id").alias("device_type_concept_id"),
        F.left(F.col("unique_device_id"), F.lit(255)).alias("unique_device_id"),
        F.left(F.col("production_id"), F.lit(255)).alias("production_id"),
        F.col("quantity").cast("int").alias("quantity"),
        "provider_id",
        "visit_occurrence_id",
        "visit_detail_id",
        source_value(F.col("source_value")).alias("device_source_value"),
        F.col("source_concept_id").alias("device_source_concept_id"),
        "unit_concept_id",
        source_value(F.col("unit_source_value")).alias("unit_source_value"),
        "unit_source_concept_id",
        *trace(),
        "faults",
    )
