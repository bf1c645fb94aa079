"""silver.benefit: one ExplanationOfBenefit resource, newest version."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns import claims
from jobs.columns.dates import local_date, moment
from jobs.columns.faults import faults
from jobs.columns.fhir import (
    CODEABLE,
    IDENTIFIER,
    PERIOD,
    REFERENCE,
    all_codings,
    codings,
    current,
    identity,
    parsed,
    text_of,
)
from jobs.columns.lists import distinct
from jobs.columns.money import ADJUDICATION, KINDS, MONEY, adjudicated, amount
from jobs.columns.parties import identifiers
from jobs.columns.payments import payment_ref
from jobs.columns.reference_texts import aliases, reference
from jobs.columns.spans import span, span_faults

BENEFIT = f"""
    {claims.HEADER}, identifier array<{IDENTIFIER}>, claim {REFERENCE}, outcome string, disposition string,
    {claims.RELATED},
    adjudication array<{ADJUDICATION}>, total array<{ADJUDICATION}>,
    payment struct<extension: array<struct<url: string, valueReference: {REFERENCE}>>, type: {CODEABLE},
        date: string, amount: {MONEY}>,
    item array<struct<encounter: array<{REFERENCE}>, revenue: {CODEABLE}, locationCodeableConcept: {CODEABLE},
        servicedDate: string, servicedPeriod: {PERIOD}>>
"""


def without_row() -> Column:
    """Why a resource gives no row here, by its payload; null when it does."""
    return F.when(claims.is_line_of_another(F.col("payload")), "line_of_another")


def build(resources: DataFrame, translated: DataFrame | None = None, superseded: DataFrame | None = None) -> DataFrame:
    """One row for each explanation of benefit that is not deleted; its lines are rows of silver.benefit_item."""
    r, zone = F.col("r"), F.col("time_zone")
    held, paid, items = claims.contained_coverage(r), r["payment"], r["item"]
    period, claim = r["billablePeriod"], reference(r["claim"], "Claim")
    start, end = _days(r, claim.isNull())
    own = current(resources, "ExplanationOfBenefit", translated=translated, superseded=superseded)
    read = parsed(own.where(without_row().isNull()), BENEFIT, contained=False)
    said = read.withColumns({"totals": adjudicated(r["total"]), "whole": adjudicated(r["adjudication"])})
    named = distinct(F.concat(F.array(paid["amount"]["currency"]), F.col("totals")["currency"]))
    return said.select(
        *identity("benefit"),
        *claims.who(),
        aliases(F.col("resource_type"), F.col("resource_id"), F.col("full_url"), r["identifier"]).alias("aliases"),
        claims.encounters(r).alias("encounter_refs"),
        claim.alias("claim_ref"),
        claims.replaced(r).alias("replaced_claim_refs"),
        r["outcome"].alias("outcome"),
        r["disposition"].alias("disposition"),
        identifiers(r["identifier"]).alias("identifiers"),
        codings(r["subType"]).alias("sub_type_codes"),
        codings(held["type"]).alias("coverage_type_codes"),
        text_of(held["type"]).alias("coverage_type_text"),
        # What answers a claim leaves to it where and how it was done.
        F.when(claim.isNull(), _first_place(items["locationCodeableConcept"])).alias("place_codes"),
        F.when(claim.isNull(), F.array_distinct(all_codings(items["revenue"]))).alias("revenue_codes"),
        *span(start, end, zone),
        *moment("created", r["created"], zone),
        claims.care_team(r).alias("care_team"),
        claims.diagnoses(r).alias("diagnoses"),
        claims.procedures(r, zone).alias("procedures"),
        claims.information(r, zone).alias("information"),
        "totals",
        # CARIN Blue Button: an inpatient benefit may be adjudicated as a whole instead of line by line.
        *[F.coalesce(amount(F.col("totals"), k), amount(F.col("whole"), k)).alias(name) for name, k in KINDS.items()],
        paid["amount"]["value"].alias("payment_amount"),
        local_date(paid["date"], zone).alias("payment_date"),
        codings(paid["type"]).alias("payment_type_codes"),
        payment_ref(paid["extension"]).alias("payment_ref"),
        F.get(named, F.lit(0)).alias("currency"),
        faults(
            no_subject=reference(r["patient"], "Patient").isNull(),
            mixed_currency=F.size(named) > 1,
            **span_faults(period["start"], period["end"]),
        ).alias("faults"),
    )


def _days(r: Column, is_alone: Column) -> tuple[Column, Column]:
    """First and last day as sent, of the whole; else those of its lines, where no claim says them."""
    period, items = r["billablePeriod"], r["item"]
    by_line = is_alone & period["start"].isNull() & period["end"].isNull()
    told = F.concat(items["servicedDate"], items["servicedPeriod"]["start"])
    until = F.concat(items["servicedDate"], items["servicedPeriod"]["end"])
    # Of days as FHIR writes them the first in time is the first in letters.
    first = F.when(by_line, F.array_min(told)).otherwise(period["start"])
    return first, F.when(by_line, F.array_max(until)).otherwise(period["end"])


def _first_place(places: Column) -> Column:
    return codings(F.get(F.array_compact(places), F.lit(0)))
