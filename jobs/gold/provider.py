"""gold.provider: one person who gives care."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.concepts import NO_MATCH
from jobs.columns.events import source_value
from jobs.columns.mapping import first_concept, mapped
from jobs.columns.references import resolved
from jobs.columns.sex import gender_concept

RECEIVED = "SELECT NULL AS excluded FROM practitioners"


def build(practitioners: DataFrame, organizations: DataFrame, concept_map: DataFrame) -> DataFrame:
    """OMOP CDM 5.4 PROVIDER, from practitioners and the role they mostly have."""
    placed = resolved(practitioners, "organization_ref", organizations, "organization_id", "care_site_id")
    special = mapped(placed, concept_map, "specialty_codes", into="specialty_map", said_in=practitioners)
    code = F.try_element_at(F.col("specialty_codes")["code"], F.lit(1))
    coded = F.size("specialty_codes") > 0
    return special.select(
        F.col("practitioner_id").alias("provider_id"),
        F.left(F.col("name_text"), F.lit(255)).alias("provider_name"),
        F.left(F.col("npi"), F.lit(20)).alias("npi"),
        F.left(F.col("dea"), F.lit(20)).alias("dea"),
        first_concept(F.when(coded, F.col("specialty_map"))).alias("specialty_concept_id"),
        "care_site_id",
        "year_of_birth",
        F.when(F.col("gender").isNotNull(), gender_concept(F.col("gender"))).alias("gender_concept_id"),
        source_value(F.concat_ws("|", "feed", "resource_id")).alias("provider_source_value"),
        source_value(F.coalesce(code, F.col("specialty_text"))).alias("specialty_source_value"),
        F.when(coded, F.coalesce(F.col("specialty_map.source_concept_id"), F.lit(NO_MATCH))).alias(
            "specialty_source_concept_id"
        ),
        source_value(F.col("gender")).alias("gender_source_value"),
        F.when(F.col("gender").isNotNull(), NO_MATCH).alias("gender_source_concept_id"),
        F.col("record_ids").alias("lw_record_ids"),
        F.concat_ws("|", F.lit("silver.practitioner"), F.col("practitioner_id").cast("string")).alias("lw_source"),
    )
