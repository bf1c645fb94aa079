"""gold.observation: one fact about a person that has no table of its own."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.events import belonging, source_value, trace
from jobs.columns.keys import key


def build(events: DataFrame, people: DataFrame, visits: DataFrame, details: DataFrame) -> DataFrame:
    """OMOP CDM 5.4 OBSERVATION."""
    mine = belonging(events, "observation", people, visits, details)
    return mine.select(
        key("observation", F.col("event_id")).alias("observation_id"),
        "person_id",
        F.col("concept_id").alias("observation_concept_id"),
        F.col("start_date").alias("observation_date"),
        F.col("start_at").alias("observation_datetime"),
        F.col("type_concept_id").alias("observation_type_concept_id"),
        F.col("value_as_number").cast("double").alias("value_as_number"),
        F.left(F.col("value_as_string"), F.lit(60)).alias("value_as_string"),
        "value_as_concept_id",
        F.lit(None).cast("int").alias("qualifier_concept_id"),
        "unit_concept_id",
        "provider_id",
        "visit_occurrence_id",
        "visit_detail_id",
        source_value(F.col("source_value")).alias("observation_source_value"),
        F.col("source_concept_id").alias("observation_source_concept_id"),
        source_value(F.col("unit_source_value")).alias("unit_source_value"),
        F.lit(None).cast("string").alias("qualifier_source_value"),
        source_value(F.col("value_source_value")).alias("value_source_value"),
        F.lit(None).cast("bigint").alias("observation_event_id"),
        F.lit(None).cast("int").alias("obs_event_field_concept_id"),
        *trace(),
        "faults",
    )
