"""silver.payment_detail: one part of a payment: what it pays for a claim (835 CLP), or gives or takes besides (PLB)."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns.dates import is_malformed, local_date
from jobs.columns.faults import faults
from jobs.columns.fhir import CODEABLE, IDENTIFIER, REFERENCE, codings, current, extended, has_content, identity, parsed
from jobs.columns.parties import identifiers
from jobs.columns.payments import EXACT, PAYMENT, amount_faults, amount_of, payment_key, says_part
from jobs.columns.reference_texts import reference
from jobs.formats.x12_fhir_payment import PART_OF

BENEFIT = "ExplanationOfBenefit"
PARTS = f"array<struct<url: string, valueReference: {REFERENCE}>>"
DETAIL = f"""
    identifier: {IDENTIFIER}, predecessor: {IDENTIFIER}, type: {CODEABLE}, request: {REFERENCE},
    response: {REFERENCE}, date: string, payee: {REFERENCE}, amount: {EXACT}
"""
WHOLE = f"extension {PARTS}, status string, detail array<struct<{DETAIL}>>"
ANSWER = f"""
    status string, identifier array<{IDENTIFIER}>, subType {CODEABLE}, claim {REFERENCE}, provider {REFERENCE},
    payment struct<extension: {PARTS}, date: string, amount: {EXACT}>
"""


def without_row() -> Column:
    """Why a resource gives no row here, by its payload; null when it does."""
    is_answer = F.col("resource_type") == BENEFIT
    has_parts = F.get_json_object("payload", "$.detail[0]").isNotNull()
    return F.when(is_answer & ~says_part(), "of_no_payment").when(~is_answer & ~has_parts, "without_details")


def build(resources: DataFrame, translated: DataFrame | None = None, superseded: DataFrame | None = None) -> DataFrame:
    """One row for each part of a payment: its details, and the answers to claims that name the payment."""
    known = {"translated": translated, "superseded": superseded}
    parts = _details(current(resources, PAYMENT, **known)).unionByName(_answers(current(resources, BENEFIT, **known)))
    zone, amount, ref = F.col("time_zone"), F.col("amount"), F.col("payment_ref")
    own = F.concat(F.lit(f"{PAYMENT}/"), F.col("resource_id"))
    paid = parts.withColumn("payment_ref", F.coalesce(ref, F.when(F.col("resource_type") == PAYMENT, own)))
    return paid.select(
        *identity("payment_detail", F.col("part")),
        payment_key(ref).alias("payment_id"),
        "payment_ref",
        "part",
        "status",
        (F.col("claim_ref").isNotNull() | F.col("response_ref").isNotNull()).alias("is_claim"),
        codings(F.col("type")).alias("type_codes"),
        F.col("number").alias("reference_number"),
        F.col("former").alias("predecessor_number"),
        "claim_ref",
        "response_ref",
        reference(F.col("payee"), "Organization").alias("payee_ref"),
        F.col("payee")["identifier"]["value"].alias("payee_number"),
        local_date(F.col("date"), zone).alias("detail_date"),
        amount_of(amount).alias("amount"),
        amount["currency"].alias("currency"),
        faults(
            **amount_faults(amount),
            no_type=(F.col("resource_type") == PAYMENT) & ~has_content(F.col("type")),
            malformed_date=is_malformed(F.col("date")),
        ).alias("faults"),
    )


def _details(payments: DataFrame) -> DataFrame:
    r, d = F.col("r"), F.col("d")
    named = reference(extended(r["extension"], PART_OF)["valueReference"], PAYMENT)
    each = parsed(payments, WHOLE).withColumn("payment_ref", named)
    # A select of its own: beside an explode, Spark would compute the rest once for each part.
    numbered = each.select("*", F.posexplode(r["detail"]).alias("place", "d"))
    return numbered.select(
        *_source(),
        (F.col("place") + 1).alias("part"),
        r["status"].alias("status"),
        d["type"].alias("type"),
        d["identifier"]["value"].alias("number"),
        d["predecessor"]["value"].alias("former"),
        reference(d["request"], "Claim").alias("claim_ref"),
        reference(d["response"], "ClaimResponse").alias("response_ref"),
        d["payee"].alias("payee"),
        d["date"].alias("date"),
        d["amount"].alias("amount"),
    )


def _answers(benefits: DataFrame) -> DataFrame:
    """What is paid for claims: in an 835 only the answers to them say it."""
    r = F.col("r")
    paid = r["payment"]
    named = reference(extended(paid["extension"], PART_OF)["valueReference"], PAYMENT)
    each = parsed(benefits.where(says_part()), ANSWER, contained=False).withColumn("payment_ref", named)
    # The provider's number of the claim (CLP01), as its id may be cut.
    own = F.filter(identifiers(r["identifier"]), lambda one: one["system"].contains("patient-control-number/"))
    return each.select(
        *_source(),
        F.lit(0).alias("part"),
        r["status"].alias("status"),
        r["subType"].alias("type"),
        F.get(own, F.lit(0))["value"].alias("number"),
        F.lit(None).cast("string").alias("former"),
        reference(r["claim"], "Claim").alias("claim_ref"),
        F.concat(F.lit(f"{BENEFIT}/"), F.col("resource_id")).alias("response_ref"),
        r["provider"].alias("payee"),
        paid["date"].alias("date"),
        paid["amount"].alias("amount"),
    )


def _source() -> list[Column]:
    names = ("tenant", "feed", "resource_type", "resource_id", "record_id", "received_at", "time_zone", "inside")
    return [F.col(name) for name in (*names, "payment_ref")]
