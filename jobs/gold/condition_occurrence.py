"""gold.condition_occurrence: one stated condition, as one standard concept."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.events import belonging, source_value, trace
from jobs.columns.keys import key


def build(events: DataFrame, people: DataFrame, visits: DataFrame, details: DataFrame) -> DataFrame:
    """OMOP CDM 5.4 CONDITION_OCCURRENCE."""
    mine = belonging(events, "condition_occurrence", people, visits, details)
    return mine.select(
        key("condition_occurrence", F.col("event_id")).alias("condition_occurrence_id"),
        "person_id",
        F.col("concept_id").alias("condition_concept_id"),
        F.col("start_date").alias("condition_start_date"),
        F.col("start_at").alias("condition_start_datetime"),
        F.col("end_date").alias("condition_end_date"),
        F.col("end_at").alias("condition_end_datetime"),
        F.col("type_concept_id").alias("condition_type_concept_id"),
        F.col("status_concept_id").alias("condition_status_concept_id"),
        F.left(F.col("stop_reason"), F.lit(20)).alias("stop_reason"),
        "provider_id",
        "visit_occurrence_id",
        "visit_detail_id",
        source_value(F.col("source_value")).alias("condition_source_value"),
        F.col("source_concept_id").alias("condition_source_concept_id"),
        source_value(F.col("status_source_value")).alias("condition_status_source_value"),
        *trace(),
        "faults",
    )
