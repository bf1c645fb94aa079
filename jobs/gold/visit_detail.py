"""gold.visit_detail: one part of a visit."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns import concepts
from jobs.columns.events import source_value
from jobs.columns.faults import faults
from jobs.columns.keys import key
from jobs.columns.placed import visit_of
from jobs.columns.references import resolved
from jobs.columns.visits import coded, described, ends, excluded_status, kind, told_in


def excluded() -> Column:
    """Why an encounter is no part of a visit; null when it is one."""
    return F.coalesce(excluded_status(), F.when(F.col("part_of_ref").isNull(), "visit_of_its_own"))


def build(
    encounters: DataFrame,
    patients: DataFrame,
    links: DataFrame,
    people: DataFrame,
    practitioners: DataFrame,
    organizations: DataFrame,
    concept_map: DataFrame,
    visits: DataFrame,
) -> DataFrame:
    """OMOP CDM 5.4 VISIT_DETAIL: encounters that say which visit they are part of."""
    parts = encounters.where(excluded().isNull())
    rows = described(parts, patients, links, people, practitioners, organizations, concept_map)
    rows = resolved(rows, "part_of_ref", encounters, "encounter_id", "_parent_id")
    rows = rows.withColumn("_encounter_id", F.col("_parent_id")).join(visit_of(visits), on="_encounter_id", how="left")
    came_from, came_from_said = coded("admit_source_codes", "admit_map")
    went_to, went_to_said = coded("discharge_codes", "discharge_map")
    return rows.select(
        key("visit_detail", F.col("encounter_id")).alias("visit_detail_id"),
        "person_id",
        kind().alias("visit_detail_concept_id"),
        F.col("start_date").alias("visit_detail_start_date"),
        F.col("start_at").alias("visit_detail_start_datetime"),
        ends().alias("visit_detail_end_date"),
        F.col("end_at").alias("visit_detail_end_datetime"),
        told_in().alias("visit_detail_type_concept_id"),
        "provider_id",
        "care_site_id",
        source_value(F.col("class_code")).alias("visit_detail_source_value"),
        F.lit(concepts.NO_MATCH).alias("visit_detail_source_concept_id"),
        came_from.alias("admitted_from_concept_id"),
        came_from_said.alias("admitted_from_source_value"),
        went_to.alias("discharged_to_concept_id"),
        went_to_said.alias("discharged_to_source_value"),
        F.lit(None).cast("bigint").alias("preceding_visit_detail_id"),
        F.lit(None).cast("bigint").alias("parent_visit_detail_id"),
        "visit_occurrence_id",
        F.array("record_id").alias("lw_record_ids"),
        F.concat_ws("|", F.lit("silver.encounter"), F.col("encounter_id").cast("string")).alias("lw_source"),
        faults(
            no_person=F.col("_has_person").isNull(),
            no_start_date=F.col("start_date").isNull(),
            unknown_visit=F.col("visit_occurrence_id").isNull(),
        ).alias("faults"),
    )
