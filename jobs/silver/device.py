"""silver.device: one Device resource, newest version."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.dates import moment
from jobs.columns.faults import faults
from jobs.columns.fhir import (
    CODEABLE,
    IDENTIFIER,
    REFERENCE,
    all_codings,
    codings,
    current,
    has_content,
    identity,
    parsed,
    text_of,
)
from jobs.columns.parties import identifiers
from jobs.columns.reference_texts import aliases, reference, subject

DEVICE = f"""
    identifier array<{IDENTIFIER}>, status string, statusReason array<{CODEABLE}>, distinctIdentifier string,
    udiCarrier array<struct<deviceIdentifier: string, issuer: string, carrierHRF: string>>, manufacturer string,
    manufactureDate string, expirationDate string, lotNumber string, serialNumber string, modelNumber string,
    partNumber string, deviceName array<struct<name: string, type: string>>, type {CODEABLE}, patient {REFERENCE},
    owner {REFERENCE}, location {REFERENCE}, parent {REFERENCE}
"""


def build(resources: DataFrame, translated: DataFrame | None = None, superseded: DataFrame | None = None) -> DataFrame:
    r, zone = F.col("r"), F.col("time_zone")
    carrier, name = F.get(r["udiCarrier"], F.lit(0)), F.get(r["deviceName"]["name"], F.lit(0))
    return parsed(current(resources, "Device", translated=translated, superseded=superseded), DEVICE).select(
        *identity("device"),
        *subject(r["patient"]),
        aliases(F.col("resource_type"), F.col("resource_id"), F.col("full_url"), r["identifier"]).alias("aliases"),
        reference(r["owner"], "Organization").alias("owner_ref"),
        reference(r["location"], "Location").alias("location_ref"),
        reference(r["parent"], "Device").alias("parent_ref"),
        r["status"].alias("status"),
        all_codings(r["statusReason"]).alias("status_reason_codes"),
        identifiers(r["identifier"]).alias("identifiers"),
        codings(r["type"]).alias("codes"),
        F.coalesce(text_of(r["type"]), name).alias("code_text"),
        name.alias("name"),
        carrier["carrierHRF"].alias("udi"),
        carrier["deviceIdentifier"].alias("udi_device_identifier"),
        carrier["issuer"].alias("udi_issuer"),
        r["distinctIdentifier"].alias("distinct_identifier"),
        r["serialNumber"].alias("serial_number"),
        r["lotNumber"].alias("lot_number"),
        r["modelNumber"].alias("model_number"),
        r["partNumber"].alias("part_number"),
        r["manufacturer"].alias("manufacturer_name"),
        *moment("manufactured", r["manufactureDate"], zone),
        *moment("expiration", r["expirationDate"], zone),
        faults(
            no_code=~has_content(r["type"]) & name.isNull() & carrier["deviceIdentifier"].isNull(),
        ).alias("faults"),
    )
