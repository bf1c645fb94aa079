"""gold.episode_event: one event of a course of treatment."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns import concepts
from jobs.columns.keys import key
from jobs.columns.published import told_in
from jobs.columns.references import resolved


def build(plans: DataFrame, conditions: DataFrame, episodes: DataFrame, stated: DataFrame) -> DataFrame:
    """OMOP CDM 5.4 EPISODE_EVENT: the conditions that a care plan addresses, where both are published."""
    refs = plans.select("tenant", "feed", "care_plan_id", F.explode("condition_refs").alias("_ref"))
    named = resolved(refs, "_ref", conditions, "condition_id", "condition_id")
    events = told_in(stated, "condition_occurrence_id", "silver.condition", "condition_id")
    rows = named.withColumn("episode_id", key("episode", F.col("care_plan_id")))
    rows = rows.join(episodes.select("episode_id"), on="episode_id", how="left_semi")
    # A plan may name one condition twice; it is one event of the episode.
    return (
        rows.select("episode_id", "condition_id")
        .distinct()
        .join(events, on="condition_id", how="inner")
        .select(
            "episode_id",
            F.col("condition_occurrence_id").alias("event_id"),
            F.lit(concepts.FIELD_CONDITION_OCCURRENCE).alias("episode_event_field_concept_id"),
            F.col("person_id").alias("lw_person_id"),
            "lw_record_ids",
            "lw_source",
        )
    )
