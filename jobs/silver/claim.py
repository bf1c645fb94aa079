"""silver.claim: one Claim resource, newest version."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns import claims
from jobs.columns.dates import moment
from jobs.columns.faults import faults
from jobs.columns.fhir import CODEABLE, IDENTIFIER, REFERENCE, codings, current, identity, parsed, text_of
from jobs.columns.money import MONEY
from jobs.columns.parties import identifiers
from jobs.columns.reference_texts import aliases, reference
from jobs.columns.spans import span, span_faults

CLAIM = f"""
    {claims.HEADER}, identifier array<{IDENTIFIER}>, priority {CODEABLE}, total {MONEY}, {claims.RELATED},
    item array<struct<encounter: array<{REFERENCE}>>>
"""


def without_row() -> Column:
    """Why a resource gives no row here, by its payload; null when it does."""
    return F.when(claims.is_line_of_another(F.col("payload")), "line_of_another")


def build(resources: DataFrame, translated: DataFrame | None = None, superseded: DataFrame | None = None) -> DataFrame:
    """One row for each claim that is not deleted; its lines are rows of silver.claim_item."""
    r, zone = F.col("r"), F.col("time_zone")
    period, held = r["billablePeriod"], claims.contained_coverage(r)
    own = current(resources, "Claim", translated=translated, superseded=superseded).where(without_row().isNull())
    return parsed(own, CLAIM, contained=False).select(
        *identity("claim"),
        *claims.who(),
        aliases(F.col("resource_type"), F.col("resource_id"), F.col("full_url"), r["identifier"]).alias("aliases"),
        claims.encounters(r).alias("encounter_refs"),
        reference(F.get(r["related"]["claim"], F.lit(0)), "Claim").alias("related_claim_ref"),
        claims.replaced(r).alias("replaced_claim_refs"),
        identifiers(r["identifier"]).alias("identifiers"),
        codings(r["subType"]).alias("sub_type_codes"),
        codings(r["priority"]).alias("priority_codes"),
        codings(held["type"]).alias("coverage_type_codes"),
        text_of(held["type"]).alias("coverage_type_text"),
        claims.payer_turn(r).alias("payer_turn"),
        *span(period["start"], period["end"], zone),
        *moment("created", r["created"], zone),
        claims.care_team(r).alias("care_team"),
        claims.diagnoses(r).alias("diagnoses"),
        claims.procedures(r, zone).alias("procedures"),
        claims.information(r, zone).alias("information"),
        r["total"]["value"].alias("total_amount"),
        claims.prior_paid(r).alias("prior_paid_amount"),
        r["total"]["currency"].alias("currency"),
        faults(
            no_subject=reference(r["patient"], "Patient").isNull(),
            **span_faults(period["start"], period["end"]),
        ).alias("faults"),
    )
