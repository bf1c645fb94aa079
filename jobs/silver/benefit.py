"""silver.benefit: one ExplanationOfBenefit resource with its adjudicated lines, newest version."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
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
    text_of,
)
from jobs.columns.money import ADJUDICATION, KINDS, MONEY, adjudicated, amount
from jobs.columns.parties import identifiers
from jobs.columns.spans import moment, span, span_faults

BENEFIT = f"""
    {claims.HEADER}, identifier array<{IDENTIFIER}>, claim {REFERENCE}, outcome string, disposition string,
    contained array<struct<resourceType: string, id: string, type: {CODEABLE}, payor: array<{REFERENCE}>>>,
    item array<struct<{claims.ITEM}, adjudication: array<{ADJUDICATION}>>>, adjudication array<{ADJUDICATION}>,
    total array<{ADJUDICATION}>, payment struct<type: {CODEABLE}, date: string, amount: {MONEY}>
"""


def build(resources: DataFrame) -> DataFrame:
    r = F.col("r")
    period, coverage = r["billablePeriod"], claims.focal(r)["coverage"]
    held = _contained(r, coverage)
    payer = F.coalesce(r["insurer"]["display"], F.get(held["payor"]["display"], F.lit(0)), coverage["display"])
    read = parsed(current(resources, "ExplanationOfBenefit"), BENEFIT)
    totals = read.withColumns({"totals": adjudicated(r["total"]), "whole": adjudicated(r["adjudication"])})
    return totals.select(
        *identity("benefit"),
        *subject(r["patient"]),
        aliases(F.col("resource_type"), F.col("resource_id"), F.col("full_url"), r["identifier"]).alias("aliases"),
        claims.encounters(r).alias("encounter_refs"),
        reference(r["claim"], "Claim").alias("claim_ref"),
        reference(r["provider"], "Practitioner").alias("provider_ref"),
        reference(r["facility"], "Location").alias("facility_ref"),
        reference(r["insurer"], "Organization").alias("insurer_ref"),
        F.when(held.isNull(), reference(coverage, "Coverage")).alias("coverage_ref"),
        payer.alias("payer_name"),
        codings(held["type"]).alias("coverage_type_codes"),
        text_of(held["type"]).alias("coverage_type_text"),
        reference(r["prescription"], "MedicationRequest").alias("prescription_ref"),
        r["status"].alias("status"),
        r["use"].alias("use"),
        r["outcome"].alias("outcome"),
        r["disposition"].alias("disposition"),
        identifiers(r["identifier"]).alias("identifiers"),
        codings(r["type"]).alias("type_codes"),
        codings(r["subType"]).alias("sub_type_codes"),
        *span(period["start"], period["end"]),
        *moment("created", r["created"]),
        claims.care_team(r).alias("care_team"),
        claims.diagnoses(r).alias("diagnoses"),
        claims.procedures(r).alias("procedures"),
        claims.information(r).alias("information"),
        "totals",
        # CARIN Blue Button: an inpatient benefit may be adjudicated as a whole instead of line by line.
        *[F.coalesce(amount(F.col("totals"), k), amount(F.col("whole"), k)).alias(name) for name, k in KINDS.items()],
        r["payment"]["amount"]["value"].alias("payment_amount"),
        *moment("payment", r["payment"]["date"])[:1],
        codings(r["payment"]["type"]).alias("payment_type_codes"),
        F.coalesce(
            r["payment"]["amount"]["currency"], F.get(F.array_compact(r["total"]["amount"]["currency"]), F.lit(0))
        ).alias("currency"),
        claims.lines(r, adjudicated).alias("lines"),
        faults(
            no_patient=reference(r["patient"], "Patient").isNull(),
            **span_faults(period["start"], period["end"]),
        ).alias("faults"),
    )


def _contained(r: Column, coverage: Column) -> Column:
    """The contained Coverage that the focal insurance names by "#id", as Synthea writes it; or null."""
    wanted = F.substr(coverage["reference"], F.lit(2))
    same = F.filter(r["contained"], lambda held: (held["id"] == wanted) & (held["resourceType"] == "Coverage"))
    return F.when(coverage["reference"].startswith("#"), F.get(same, F.lit(0)))
