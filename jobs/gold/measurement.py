"""gold.measurement: one result of a test or examination."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.events import belonging, source_value, trace
from jobs.columns.keys import key


def build(events: DataFrame, people: DataFrame, visits: DataFrame, details: DataFrame) -> DataFrame:
    """OMOP CDM 5.4 MEASUREMENT."""
    mine = belonging(events, "measurement", people, visits, details)
    return mine.select(
        key("measurement", F.col("event_id")).alias("measurement_id"),
        "person_id",
        F.col("concept_id").alias("measurement_concept_id"),
        F.col("start_date").alias("measurement_date"),
        F.col("start_at").alias("measurement_datetime"),
        F.lit(None).cast("string").alias("measurement_time"),
        F.col("type_concept_id").alias("measurement_type_concept_id"),
        "operator_concept_id",
        F.col("value_as_number").cast("double").alias("value_as_number"),
        "value_as_concept_id",
        "unit_concept_id",
        F.col("range_low").cast("double").alias("range_low"),
        F.col("range_high").cast("double").alias("range_high"),
        "provider_id",
        "visit_occurrence_id",
        "visit_detail_id",
        source_value(F.col("source_value")).alias("measurement_source_value"),
        F.col("source_concept_id").alias("measurement_source_concept_id"),
        source_value(F.col("unit_source_value")).alias("unit_source_value"),
        "unit_source_concept_id",
        source_value(F.col("value_source_value")).alias("value_source_value"),
        F.lit(None).cast("bigint").alias("measurement_event_id"),
        F.lit(None).cast("int").alias("meas_event_field_concept_id"),
        *trace(),
        "faults",
    )
