"""gold.procedure_occurrence: one thing done to or for a person."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.events import belonging, source_value, trace
from jobs.columns.keys import key


def build(events: DataFrame, people: DataFrame, visits: DataFrame, details: DataFrame) -> DataFrame:
    """OMOP CDM 5.4 PROCEDURE_OCCURRENCE."""
    mine = belonging(events, "procedure_occurrence", people, visits, details)
    return mine.select(
        key("procedure_occurrence", F.col("event_id")).alias("procedure_occurrence_id"),
        "person_id",
        F.col("concept_id").alias("procedure_concept_id"),
        F.col("start_date").alias("procedure_date"),
        F.col("start_at").alias("procedure_datetime"),
        F.col("end_date").alias("procedure_end_date"),
        F.col("end_at").alias("procedure_end_datetime"),
        F.col("type_concept_id").alias("procedure_type_concept_id"),
        "modifier_concept_id",
        F.col("quantity").cast("int").alias("quantity"),
        "provider_id",
        "visit_occurrence_id",
        "visit_detail_id",
        source_value(F.col("source_value")).alias("procedure_source_value"),
        F.col("source_concept_id").alias("procedure_source_concept_id"),
        source_value(F.col("modifier_source_value")).alias("modifier_source_value"),
        *trace(),
        "faults",
    )
