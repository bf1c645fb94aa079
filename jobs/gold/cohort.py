"""gold.cohort: one stretch in which a subject is in a cohort."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def build(people: DataFrame) -> DataFrame:
    """OMOP CDM 5.4 COHORT. Present and empty: cohorts are the analysts' to write."""
    return people.where(F.lit(False)).select(
        F.lit(None).cast("bigint").alias("cohort_definition_id"),
        F.lit(None).cast("bigint").alias("subject_id"),
        F.lit(None).cast("date").alias("cohort_start_date"),
        F.lit(None).cast("date").alias("cohort_end_date"),
    )
