"""gold.visit_occurrence: one visit of a person to a care site."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.columns import concepts
from jobs.columns.events import source_value
from jobs.columns.faults import faults
from jobs.columns.keys import key
from jobs.columns.told import numbered, together
from jobs.columns.visits import coded, described, ends, excluded_status, kind


def excluded() -> Column:
    """Why an encounter is no visit of its own; null when it is one."""
    return F.coalesce(excluded_status(), F.when(F.col("part_of_ref").isNotNull(), "part_of_another_visit"))


def build(
    encounters: DataFrame,
    patients: DataFrame,
    links: DataFrame,
    people: DataFrame,
    practitioners: DataFrame,
    organizations: DataFrame,
    concept_map: DataFrame,
) -> DataFrame:
    """OMOP CDM 5.4 VISIT_OCCURRENCE: every encounter of every class that took place and is no part of another.

    Encounters that different feeds tell of one person, kind and first day are one visit, told by the first feed.
    """
    own = encounters.where(excluded().isNull())
    rows = described(own, patients, links, people, practitioners, organizations, concept_map)
    rows = _told_once(rows)
    came_from, came_from_said = coded("admit_source_codes", "admit_map")
    went_to, went_to_said = coded("discharge_codes", "discharge_map")
    in_order = Window.partitionBy("person_id").orderBy("start_date", F.col("start_at").asc_nulls_last(), "encounter_id")
    usable = F.col("start_date").isNotNull() & F.col("_has_person")
    visit = key("visit_occurrence", F.col("encounter_id"))
    before = in_order.rowsBetween(Window.unboundedPreceding, -1)
    rows = rows.withColumn("_before", F.last(F.when(usable, visit), ignorenulls=True).over(before))
    return rows.select(
        visit.alias("visit_occurrence_id"),
        "person_id",
        kind().alias("visit_concept_id"),
        F.col("start_date").alias("visit_start_date"),
        F.col("start_at").alias("visit_start_datetime"),
        ends().alias("visit_end_date"),
        F.col("end_at").alias("visit_end_datetime"),
        F.lit(concepts.TYPE_EHR_ENCOUNTER).alias("visit_type_concept_id"),
        "provider_id",
        "care_site_id",
        source_value(F.col("class_code")).alias("visit_source_value"),
        F.lit(concepts.NO_MATCH).alias("visit_source_concept_id"),
        came_from.alias("admitted_from_concept_id"),
        came_from_said.alias("admitted_from_source_value"),
        went_to.alias("discharged_to_concept_id"),
        went_to_said.alias("discharged_to_source_value"),
        F.col("_before").alias("preceding_visit_occurrence_id"),
        "lw_record_ids",
        F.concat_ws("|", F.lit("silver.encounter"), F.col("encounter_id").cast("string")).alias("lw_source"),
        "lw_told_by",
        faults(no_person=F.col("_has_person").isNull(), no_start_date=F.col("start_date").isNull()).alias("faults"),
    )


def _told_once(rows: DataFrame) -> DataFrame:
    usable = F.col("start_date").isNotNull() & F.col("_has_person")
    same = F.when(usable, F.xxhash64("person_id", kind(), "start_date")).otherwise(F.col("encounter_id"))
    known = numbered(rows, same, F.col("start_at"), "encounter_id")
    return (
        known.withColumn("lw_told_by", F.sort_array(F.collect_list("encounter_id").over(together())))
        .withColumn("lw_record_ids", F.sort_array(F.collect_list("record_id").over(together())))
        .where(~F.col("_is_known"))
    )
