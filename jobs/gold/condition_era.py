"""gold.condition_era: one stretch of time in which a person is taken to have a condition."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.eras import PERSISTENCE_DAYS, joined
from jobs.columns.keys import key

RECEIVED = "SELECT CASE condition_concept_id WHEN 0 THEN 'no_standard_concept' END AS excluded FROM conditions"
FOUND_AGAIN = "SELECT sum(condition_occurrence_count) FROM made"


def build(conditions: DataFrame) -> DataFrame:
    """OMOP CDM 5.4 CONDITION_ERA: occurrences of one concept, at most 30 days apart."""
    # Concept 0 makes no era: it would glue unrelated unmapped conditions together.
    mapped = conditions.where(F.col("condition_concept_id") != 0).select(
        "person_id",
        "condition_concept_id",
        F.col("condition_start_date").alias("condition_era_start_date"),
        F.coalesce("condition_end_date", F.date_add("condition_start_date", 1)).alias("condition_era_end_date"),
    )
    eras = joined(
        mapped,
        ["person_id", "condition_concept_id"],
        "condition_era_start_date",
        "condition_era_end_date",
        PERSISTENCE_DAYS,
        F.count(F.lit(1)).cast("int").alias("condition_occurrence_count"),
    )
    parts = [F.col(c) for c in ("person_id", "condition_concept_id", "condition_era_start_date")]
    return eras.withColumn("condition_era_id", key("condition_era", *parts))
