"""gold.provider: one person who gives care."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns.concepts import NO_MATCH
from jobs.columns.events import source_value
from jobs.columns.mapping import first_concept, mapped
from jobs.columns.parties import with_care_site
from jobs.columns.sex import gender_concept
from jobs.columns.told import first_said, heard

RECEIVED = "SELECT NULL AS excluded FROM practitioners"
FOUND_AGAIN = "SELECT sum(len(lw_told_by)) FROM made"


def build(practitioners: DataFrame, organizations: DataFrame, concept_map: DataFrame) -> DataFrame:
    """OMOP CDM 5.4 PROVIDER, from all records of a practitioner and the role they mostly have.

    Of each thing the first word counts, by feed (jobs.columns.told).
    """
    placed = with_care_site(practitioners, organizations)
    special = mapped(placed, concept_map, "specialty_codes", into="specialty_map", said_in=practitioners)
    code = F.try_element_at(F.col("specialty_codes")["code"], F.lit(1))
    coded = F.size("specialty_codes") > 0
    special_of = F.struct(
        first_concept(F.when(coded, F.col("specialty_map"))).alias("concept"),
        F.coalesce(code, F.col("specialty_text")).alias("word"),
        F.when(coded, F.coalesce(F.col("specialty_map.source_concept_id"), F.lit(NO_MATCH))).alias("source_concept"),
    )
    whole = special.groupBy("provider_id").agg(
        _first(F.col("name_text"), "name"),
        _first(F.col("npi"), "npi"),
        _first(F.col("dea"), "dea"),
        _first(special_of, "special", special_of["word"].isNotNull()),
        _first(F.col("care_site_id"), "care_site_id"),
        _first(F.col("year_of_birth"), "year_of_birth"),
        _first(F.col("gender"), "gender"),
        _first(F.struct("feed", "resource_id", "practitioner_id"), "own"),
        F.array_sort(F.array_distinct(F.flatten(F.collect_list("record_ids")))).alias("lw_record_ids"),
        F.array_sort(F.collect_list("practitioner_id")).alias("lw_told_by"),
    )
    return whole.select(
        "provider_id",
        F.left(F.col("name"), F.lit(255)).alias("provider_name"),
        F.left(F.col("npi"), F.lit(20)).alias("npi"),
        F.left(F.col("dea"), F.lit(20)).alias("dea"),
        F.col("special.concept").alias("specialty_concept_id"),
        "care_site_id",
        "year_of_birth",
        F.when(F.col("gender").isNotNull(), gender_concept(F.col("gender"))).alias("gender_concept_id"),
        source_value(F.concat_ws("|", "own.feed", "own.resource_id")).alias("provider_source_value"),
        source_value(F.col("special.word")).alias("specialty_source_value"),
        F.col("special.source_concept").alias("specialty_source_concept_id"),
        source_value(F.col("gender")).alias("gender_source_value"),
        F.when(F.col("gender").isNotNull(), NO_MATCH).alias("gender_source_concept_id"),
        "lw_record_ids",
        F.concat_ws("|", F.lit("silver.practitioner"), F.col("own.practitioner_id").cast("string")).alias("lw_source"),
        "lw_told_by",
    )


def _first(value: Column, name: str, is_said: Column | None = None) -> Column:
    """The value of the first record that says it."""
    order = F.struct(heard(), "practitioner_id")
    return first_said(value, order, is_said).alias(name)
