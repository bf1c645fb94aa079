"""gold.care_site: one organization that gives care."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.addresses import location_key, main_address
from jobs.columns.concepts import NO_MATCH
from jobs.columns.events import source_value
from jobs.columns.parties import PAYING, gives_care

RECEIVED = f"""
    SELECT CASE
        WHEN len(type_codes) > 0
        AND len(list_filter(type_codes, lambda one: coalesce(one.code, '') NOT IN {PAYING})) = 0
        THEN 'only_pays'
    END AS excluded FROM organizations
"""


def build(organizations: DataFrame) -> DataFrame:
    """OMOP CDM 5.4 CARE_SITE, from the organizations that may provide care: all but those that only pay for it."""
    kind = F.coalesce("type_text", F.try_element_at(F.col("type_codes")["code"], F.lit(1)))
    return organizations.where(gives_care()).select(
        F.col("organization_id").alias("care_site_id"),
        F.left(F.col("name"), F.lit(255)).alias("care_site_name"),
        # FHIR says what kind of organization it is, not what kind of place.
        F.when(kind.isNotNull(), NO_MATCH).alias("place_of_service_concept_id"),
        location_key(main_address(F.col("addresses"))).alias("location_id"),
        source_value(F.concat_ws("|", "feed", "resource_id")).alias("care_site_source_value"),
        source_value(kind).alias("place_of_service_source_value"),
        F.array("record_id").alias("lw_record_ids"),
        F.concat_ws("|", F.lit("silver.organization"), F.col("organization_id").cast("string")).alias("lw_source"),
    )
