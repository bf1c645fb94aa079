"""gold.payer_plan_period: one stretch of time in which a payer covers a person."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns import concepts
from jobs.columns.eras import joined
from jobs.columns.events import source_value
from jobs.columns.faults import faults
from jobs.columns.keys import key
from jobs.columns.placed import with_person
from jobs.columns.references import resolved

# Without an enrolment, a payer that answers claims less than a year apart is taken to cover the time between.
DAYS_BETWEEN_CLAIMS = 365
SPAN = ("payer_plan_period_start_date", "payer_plan_period_end_date")

# Periods of payers that are known by their benefits alone are derived, and count as rows beside these.
RECEIVED = """
    SELECT CASE WHEN status = 'entered-in-error' THEN 'entered_in_error' WHEN start_date IS NULL THEN 'no_start' END
    AS excluded FROM coverages
"""
FOUND_AGAIN = "SELECT count(*) FROM made WHERE lw_source LIKE 'silver.coverage|%'"


def build(
    coverages: DataFrame,
    benefits: DataFrame,
    organizations: DataFrame,
    patients: DataFrame,
    links: DataFrame,
    people: DataFrame,
) -> DataFrame:
    """OMOP CDM 5.4 PAYER_PLAN_PERIOD: coverages as enrolled; of payers known by their benefits only, as derived."""
    # A claim names the coverage it is asked under and not since when: that is no enrolment.
    enrolled = coverages.where(
        (F.coalesce("status", F.lit("")) != "entered-in-error") & F.col("start_date").isNotNull()
    )
    named = organizations.withColumnRenamed("name", "_name")
    # FHIR R4 Coverage.payor need not say the name of the organization that it refers to.
    asked = enrolled.withColumn("_payer_ref", F.try_element_at("payer_refs", F.lit(1)))
    asked = resolved(asked, "_payer_ref", named, "organization_id", "_payer_id", _payer_name="_name")
    own = with_person(asked, patients, links, people)
    known = own.select("person_id").distinct()
    own = own.select(
        key("payer_plan_period", F.col("coverage_id")).alias("payer_plan_period_id"),
        "person_id",
        "_has_person",
        F.col("start_date").alias(SPAN[0]),
        # Open coverage lasts at least to the day we heard of it.
        F.coalesce("end_date", F.greatest(F.to_date("received_at"), F.col("start_date"))).alias(SPAN[1]),
        F.coalesce(F.try_element_at("payer_names", F.lit(1)), "_payer_name").alias("payer"),
        F.coalesce("plan", "plan_group").alias("plan"),
        F.coalesce("plan_group", "subscriber_number").alias("family"),
        F.array("record_id").alias("lw_record_ids"),
        F.concat_ws("|", F.lit("silver.coverage"), F.col("coverage_id").cast("string")).alias("lw_source"),
    )
    answered = benefits.where(F.coalesce("status", F.lit("")) == "active")
    answered = resolved(answered, "insurer_ref", named, "organization_id", "_insurer_id", _insurer_name="_name")
    answered = answered.withColumn("payer", F.coalesce("payer_name", "_insurer_name")).where("payer is not null")
    answered = with_person(answered, patients, links, people).join(known, on="person_id", how="left_anti")
    day = F.coalesce("start_date", "created_date")
    spans = answered.where(day.isNotNull()).select(
        "person_id",
        "_has_person",
        "payer",
        F.upper("payer").alias("_payer"),
        day.alias(SPAN[0]),
        day.alias(SPAN[1]),
        "record_id",
    )
    derived = joined(
        spans,
        ["person_id", "_has_person", "_payer"],
        *SPAN,
        DAYS_BETWEEN_CLAIMS,
        # X12 is written in capitals: the same payer, by the name that is easier to read.
        F.max("payer").alias("payer"),
        F.array(F.min("record_id")).alias("lw_record_ids"),
    ).select(
        key("payer_plan_period", F.col("person_id"), F.col("payer"), F.col(SPAN[0])).alias("payer_plan_period_id"),
        "person_id",
        "_has_person",
        *SPAN,
        "payer",
        F.lit(None).cast("string").alias("plan"),
        F.lit(None).cast("string").alias("family"),
        "lw_record_ids",
        F.lit("silver.benefit").alias("lw_source"),
    )
    nothing = F.lit(None)
    return own.unionByName(derived).select(
        "payer_plan_period_id",
        "person_id",
        *SPAN,
        F.when(F.col("payer").isNotNull(), concepts.NO_MATCH).alias("payer_concept_id"),
        source_value(F.col("payer")).alias("payer_source_value"),
        F.when(F.col("payer").isNotNull(), concepts.NO_MATCH).alias("payer_source_concept_id"),
        F.when(F.col("plan").isNotNull(), concepts.NO_MATCH).alias("plan_concept_id"),
        source_value(F.col("plan")).alias("plan_source_value"),
        F.when(F.col("plan").isNotNull(), concepts.NO_MATCH).alias("plan_source_concept_id"),
        nothing.cast("int").alias("sponsor_concept_id"),
        nothing.cast("string").alias("sponsor_source_value"),
        nothing.cast("int").alias("sponsor_source_concept_id"),
        source_value(F.col("family")).alias("family_source_value"),
        nothing.cast("int").alias("stop_reason_concept_id"),
        nothing.cast("string").alias("stop_reason_source_value"),
        nothing.cast("int").alias("stop_reason_source_concept_id"),
        "lw_record_ids",
        "lw_source",
        faults(no_person=F.col("_has_person").isNull()).alias("faults"),
    )
