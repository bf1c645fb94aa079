"""gold.episode: one course of treatment of a person."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns import concepts
from jobs.columns.events import source_value
from jobs.columns.faults import faults
from jobs.columns.keys import key
from jobs.columns.mapping import first_concept, mapped
from jobs.columns.placed import with_person

RECEIVED = """
    SELECT CASE status WHEN 'entered-in-error' THEN 'entered_in_error' WHEN 'draft' THEN 'draft' END AS excluded
    FROM plans
"""


def build(
    plans: DataFrame, patients: DataFrame, links: DataFrame, people: DataFrame, concept_map: DataFrame
) -> DataFrame:
    """OMOP CDM 5.4 EPISODE: care plans that are or were followed, as courses of treatment."""
    followed = plans.where(~F.coalesce("status", F.lit("")).isin("entered-in-error", "draft"))
    # Synthea and US Core put "assess-plan" first; what the plan is about follows.
    about = F.filter("category_codes", lambda c: c["code"] != "assess-plan")
    rows = with_person(followed.withColumn("_about", about), patients, links, people)
    rows = mapped(rows, concept_map, "_about", into="what")
    return rows.select(
        key("episode", F.col("care_plan_id")).alias("episode_id"),
        "person_id",
        F.lit(concepts.EPISODE_TREATMENT_REGIMEN).alias("episode_concept_id"),
        F.col("start_date").alias("episode_start_date"),
        F.col("start_at").alias("episode_start_datetime"),
        F.col("end_date").alias("episode_end_date"),
        F.col("end_at").alias("episode_end_datetime"),
        F.lit(None).cast("bigint").alias("episode_parent_id"),
        F.lit(None).cast("int").alias("episode_number"),
        F.coalesce(first_concept(F.col("what")), F.lit(concepts.NO_MATCH)).alias("episode_object_concept_id"),
        F.lit(concepts.TYPE_EHR).alias("episode_type_concept_id"),
        source_value(F.coalesce(F.col("what.source_code"), F.col("title"))).alias("episode_source_value"),
        F.coalesce(F.col("what.source_concept_id"), F.lit(concepts.NO_MATCH)).alias("episode_source_concept_id"),
        F.array("record_id").alias("lw_record_ids"),
        F.concat_ws("|", F.lit("silver.care_plan"), F.col("care_plan_id").cast("string")).alias("lw_source"),
        faults(no_person=F.col("_has_person").isNull(), no_start_date=F.col("start_date").isNull()).alias("faults"),
    )
