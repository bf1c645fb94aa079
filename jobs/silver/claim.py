"""silver.claim: one Claim resource with its lines, newest version."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns import claims
from jobs.columns.faults import faults
from jobs.columns.fhir import (
    CODEABLE,
    IDENTIFIER,
    REFERENCE,
    aliases,
    codings,
    current,
    identity,
    parsed,
    reference,
    subject,
)
from jobs.columns.money import MONEY
from jobs.columns.parties import identifiers
from jobs.columns.spans import moment, span, span_faults

CLAIM = f"""
    {claims.HEADER}, identifier array<{IDENTIFIER}>, priority {CODEABLE}, total {MONEY},
    related array<struct<claim: {REFERENCE}, relationship: {CODEABLE}>>, item array<struct<{claims.ITEM}>>
"""


def build(resources: DataFrame) -> DataFrame:
    r = F.col("r")
    period, insurance = r["billablePeriod"], claims.focal(r)
    return parsed(current(resources, "Claim"), CLAIM).select(
        *identity("claim"),
        *subject(r["patient"]),
        aliases(F.col("resource_type"), F.col("resource_id"), F.col("full_url"), r["identifier"]).alias("aliases"),
        claims.encounters(r).alias("encounter_refs"),
        reference(r["provider"], "Practitioner").alias("provider_ref"),
        reference(r["facility"], "Location").alias("facility_ref"),
        reference(r["insurer"], "Organization").alias("insurer_ref"),
        reference(insurance["coverage"], "Coverage").alias("coverage_ref"),
        F.coalesce(r["insurer"]["display"], insurance["coverage"]["display"]).alias("payer_name"),
        reference(r["prescription"], "MedicationRequest").alias("prescription_ref"),
        reference(F.get(r["related"]["claim"], F.lit(0)), "Claim").alias("related_claim_ref"),
        r["status"].alias("status"),
        r["use"].alias("use"),
        identifiers(r["identifier"]).alias("identifiers"),
        codings(r["type"]).alias("type_codes"),
        codings(r["subType"]).alias("sub_type_codes"),
        codings(r["priority"]).alias("priority_codes"),
        *span(period["start"], period["end"]),
        *moment("created", r["created"]),
        claims.care_team(r).alias("care_team"),
        claims.diagnoses(r).alias("diagnoses"),
        claims.procedures(r).alias("procedures"),
        claims.information(r).alias("information"),
        r["total"]["value"].alias("total_amount"),
        r["total"]["currency"].alias("currency"),
        claims.lines(r).alias("lines"),
        faults(
            no_patient=reference(r["patient"], "Patient").isNull(),
            **span_faults(period["start"], period["end"]),
        ).alias("faults"),
    )
