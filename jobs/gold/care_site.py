"""gold.care_site: one organization that gives care."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.addresses import location_key, main_address
from jobs.columns.concepts import NO_MATCH
from jobs.columns.events import source_value
from jobs.columns.parties import MONEY, PAYING, UNITS, gives_care, is_unit

RECEIVED = f"""
    SELECT CASE
        WHEN len(type_codes) = 0 THEN NULL
        WHEN len(list_filter(type_codes, lambda one: coalesce(one.code, '') NOT IN {PAYING})) = 0 THEN 'only_pays'
        WHEN len(list_filter(type_codes, lambda one: coalesce(one.code, '') NOT IN {MONEY})) = 0 THEN 'only_is_paid'
    END AS excluded FROM organizations
    UNION ALL
    SELECT CASE
        WHEN len(list_filter(physical_type_codes, lambda one: one.code IN {UNITS})) > 0 THEN NULL ELSE 'no_unit'
    END FROM places
"""


def build(organizations: DataFrame, places: DataFrame) -> DataFrame:
    """OMOP CDM 5.4 CARE_SITE: organizations that may give care, all but those that only pay or are paid, and wards."""
    giving = organizations.where(gives_care())
    return _sites(giving, "organization").unionByName(_sites(places.where(is_unit()), "location"))


def _sites(rows: DataFrame, source: str) -> DataFrame:
    text, codes = ("type_text", "type_codes") if source == "organization" else ("description", "physical_type_codes")
    kind = F.coalesce(text, F.try_element_at(F.col(codes)["code"], F.lit(1)))
    own = F.col(f"{source}_id")
    return rows.select(
        own.alias("care_site_id"),
        F.left(F.col("name"), F.lit(255)).alias("care_site_name"),
        # FHIR says what kind of organization it is, and which form a place has, not what is done there.
        F.when(kind.isNotNull(), NO_MATCH).alias("place_of_service_concept_id"),
        location_key(main_address(F.col("addresses"))).alias("location_id"),
        source_value(F.concat_ws("|", "feed", "resource_id")).alias("care_site_source_value"),
        source_value(kind).alias("place_of_service_source_value"),
        F.array("record_id").alias("lw_record_ids"),
        F.concat_ws("|", F.lit(f"silver.{source}"), own.cast("string")).alias("lw_source"),
    )
