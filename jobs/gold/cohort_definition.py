"""gold.cohort_definition: one definition of a cohort."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def build(people: DataFrame) -> DataFrame:
    """OMOP CDM 5.4 COHORT_DEFINITION. Present and empty: cohorts are the analysts' to define."""
    return people.where(F.lit(False)).select(
        F.lit(None).cast("bigint").alias("cohort_definition_id"),
        F.lit(None).cast("string").alias("cohort_definition_name"),
        F.lit(None).cast("string").alias("cohort_definition_description"),
        F.lit(None).cast("int").alias("definition_type_concept_id"),
        F.lit(None).cast("string").alias("cohort_definition_syntax"),
        F.lit(None).cast("int").alias("subject_concept_id"),
        F.lit(None).cast("date").alias("cohort_initiation_date"),
    )
