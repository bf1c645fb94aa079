"""silver.location: a place where care is given, the newest version."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.faults import faults
from jobs.columns.fhir import CODEABLE, IDENTIFIER, NUMBER, REFERENCE, all_codings, codings, current, identity, parsed
from jobs.columns.numbers import decimal
from jobs.columns.parties import ADDRESS, TELECOM, address, coordinate, identifiers
from jobs.columns.reference_texts import aliases, reference

SCHEMA = f"""
    status string, name string, alias array<string>, description string, mode string, identifier array<{IDENTIFIER}>,
    type array<{CODEABLE}>, physicalType {CODEABLE}, telecom array<{TELECOM}>, address {ADDRESS},
    position struct<longitude:{NUMBER},latitude:{NUMBER}>, managingOrganization {REFERENCE}, partOf {REFERENCE}
"""


def build(resources: DataFrame, translated: DataFrame | None = None, superseded: DataFrame | None = None) -> DataFrame:
    """One row for each location that is not deleted."""
    locations = parsed(current(resources, "Location", translated=translated, superseded=superseded), SCHEMA)
    r = F.col("r")
    latitude = F.coalesce(decimal(r["position"]["latitude"]), coordinate(r["address"], "latitude"))
    longitude = F.coalesce(decimal(r["position"]["longitude"]), coordinate(r["address"], "longitude"))
    known_place = r["address"].isNotNull() | r["position"].isNotNull()
    return locations.select(
        *identity("location"),
        aliases(F.col("resource_type"), F.col("resource_id"), F.col("full_url"), r["identifier"]).alias("aliases"),
        r["status"].alias("status"),
        r["name"].alias("name"),
        r["alias"].alias("other_names"),
        r["description"].alias("description"),
        r["mode"].alias("mode"),
        identifiers(r["identifier"]).alias("identifiers"),
        all_codings(r["type"]).alias("type_codes"),
        codings(r["physicalType"]).alias("physical_type_codes"),
        r["telecom"].alias("telecom"),
        F.array_compact(F.array(F.when(known_place, address(r["address"], latitude, longitude)))).alias("addresses"),
        reference(r["managingOrganization"], "Organization").alias("organization_ref"),
        reference(r["partOf"], "Location").alias("part_of_ref"),
        faults(
            impossible_position=(F.abs(latitude) > 90) | (F.abs(longitude) > 180),
        ).alias("faults"),
    )
