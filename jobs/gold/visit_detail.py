"""gold.visit_detail: one part of a visit."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns import concepts
from jobs.columns.events import source_value
from jobs.columns.faults import faults
from jobs.columns.keys import key
from jobs.columns.visits import coded, described, ends, kind, one_before, told_in
from jobs.columns.visits import judged as of_encounters


def judged(encounters: DataFrame, visits: DataFrame, claim_states: DataFrame) -> DataFrame:
    """Every encounter with the visit it is a part of, and `excluded`: why it is no part of one."""
    known = of_encounters(encounters, claim_states).join(_parts(visits), on="encounter_id", how="left")
    own = F.when(F.col("visit_occurrence_id").isNull(), "visit_of_its_own")
    return known.withColumn("excluded", F.coalesce("excluded", own))


def build(
    encounters: DataFrame,
    claim_states: DataFrame,
    patients: DataFrame,
    links: DataFrame,
    people: DataFrame,
    practitioners: DataFrame,
    organizations: DataFrame,
    concept_map: DataFrame,
    visits: DataFrame,
) -> DataFrame:
    """OMOP CDM 5.4 VISIT_DETAIL: encounters that are a part of a visit, and of which part of it, as the visit knows."""
    parts = judged(encounters, visits, claim_states).where(F.col("excluded").isNull())
    rows = described(parts, patients, links, people, practitioners, organizations, concept_map, said_in=encounters)
    came_from, came_from_said = coded("admit_source_codes", "admit_map")
    went_to, went_to_said = coded("discharge_codes", "discharge_map")
    parent, own = F.col("parent_id"), key("visit_detail", F.col("encounter_id"))
    return rows.select(
        own.alias("visit_detail_id"),
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
        one_before(own, within="visit_occurrence_id").alias("preceding_visit_detail_id"),
        F.when(parent.isNotNull(), key("visit_detail", parent)).alias("parent_visit_detail_id"),
        "visit_occurrence_id",
        F.array("record_id").alias("lw_record_ids"),
        F.concat_ws("|", F.lit("silver.encounter"), F.col("encounter_id").cast("string")).alias("lw_source"),
        faults(no_person=F.col("_has_person").isNull(), no_start_date=F.col("start_date").isNull()).alias("faults"),
    )


def _parts(visits: DataFrame) -> DataFrame:
    """(encounter_id, parent_id, visit_occurrence_id): the encounters that are parts of visits, each once."""
    return visits.select("visit_occurrence_id", F.inline("lw_parts"))
