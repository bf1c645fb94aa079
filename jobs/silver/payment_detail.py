"""silver.payment_detail: what a payment is made of as it says itself: claims that are paid, what is given or taken."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns.dates import is_malformed, local_date
from jobs.columns.faults import faults
from jobs.columns.fhir import CODEABLE, IDENTIFIER, REFERENCE, codings, current, has_content, identity, parsed
from jobs.columns.payments import EXACT, PAYMENT, amount_faults, amount_of, payment_key, payment_ref
from jobs.columns.reference_texts import reference

DETAIL = f"""
    identifier: {IDENTIFIER}, predecessor: {IDENTIFIER}, type: {CODEABLE}, request: {REFERENCE},
    response: {REFERENCE}, date: string, payee: {REFERENCE}, amount: {EXACT}
"""
WHOLE = f"""
    extension array<struct<url: string, valueReference: {REFERENCE}>>, status string, detail array<struct<{DETAIL}>>
"""


def without_row() -> Column:
    """Why a resource gives no row here, by its payload; null when it does."""
    return F.when(F.get_json_object("payload", "$.detail[0]").isNull(), "without_details")


def build(resources: DataFrame, translated: DataFrame | None = None, superseded: DataFrame | None = None) -> DataFrame:
    """One row for each detail of a payment that is not deleted.

    An 835 says here what it gives and takes besides (PLB); what it pays for claims are benefits with this payment.
    """
    r, d = F.col("r"), F.col("d")
    claim, answer = reference(d["request"], "Claim"), reference(d["response"], "ClaimResponse")
    own = F.concat(F.lit(f"{PAYMENT}/"), F.col("resource_id"))
    each = parsed(current(resources, PAYMENT, translated=translated, superseded=superseded), WHOLE)
    each = each.withColumn("payment_ref", F.coalesce(payment_ref(r["extension"]), own))
    # A select of its own: beside an explode, Spark would compute the rest once for each part.
    parts = each.select("*", F.posexplode(r["detail"]).alias("place", "d")).withColumn("part", F.col("place") + 1)
    return parts.select(
        *identity("payment_detail", F.col("part")),
        payment_key(F.col("payment_ref")).alias("payment_id"),
        "payment_ref",
        "part",
        r["status"].alias("status"),
        (claim.isNotNull() | answer.isNotNull()).alias("is_claim"),
        codings(d["type"]).alias("type_codes"),
        d["identifier"]["value"].alias("reference_number"),
        d["predecessor"]["value"].alias("predecessor_number"),
        claim.alias("claim_ref"),
        answer.alias("response_ref"),
        reference(d["payee"], "Organization").alias("payee_ref"),
        d["payee"]["identifier"]["value"].alias("payee_number"),
        local_date(d["date"], F.col("time_zone")).alias("detail_date"),
        amount_of(d["amount"]).alias("amount"),
        d["amount"]["currency"].alias("currency"),
        faults(
            **amount_faults(d["amount"]), no_type=~has_content(d["type"]), malformed_date=is_malformed(d["date"])
        ).alias("faults"),
    )
