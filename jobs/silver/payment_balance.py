"""silver.payment_balance: one payment with what its parts come to, and what is missing between the two."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns.money import AMOUNT
from jobs.columns.payments import PAYMENT, payment_key

# FHIR R4 financial resource status codes: what is none of these was taken back, or never meant.
STANDS = "active"


def excluded() -> Column:
    """Why a row of silver.payment has no balance: a notice tells of a payment, and has no parts."""
    return F.when(F.col("resource_type") != PAYMENT, "notice")


def build(payments: DataFrame, details: DataFrame, benefits: DataFrame) -> DataFrame:
    """BPR02 = sum of CLP04 - sum of PLB (005010X221A1, 1.10.2.1); null where no part of a payment is known."""
    # A payment that says no currency has parts that say none.
    own = payments.where(excluded().isNull()).withColumn("_currency", _currency())
    found = own.join(_summed(details, benefits), on=["payment_id", "_currency"], how="left")
    known = ("payment_id", "tenant", "feed", "record_id", "status", "payment_number", "payment_date", "payer_ref")
    return found.select(
        *known,
        "payee_ref",
        "currency",
        "amount",
        *[F.coalesce(name, F.lit(0)).alias(name) for name in ("claims", "adjustments")],
        *[F.col(name).cast(AMOUNT).alias(name) for name in ("claims_amount", "adjustments_amount", "parts_amount")],
        (F.col("amount") - F.col("parts_amount")).cast(AMOUNT).alias("difference"),
    )


def _summed(details: DataFrame, benefits: DataFrame) -> DataFrame:
    answers = benefits.withColumns({"payment_id": payment_key(F.col("payment_ref")), "is_claim": F.lit(True)})
    answers = answers.withColumnRenamed("payment_amount", "amount")
    names = ("payment_id", "status", "currency", "is_claim", "amount")
    parts = details.select(*names).unionByName(answers.select(*names)).where(F.col("payment_id").isNotNull())
    stands = parts.where(F.coalesce("status", F.lit(STANDS)) == STANDS)
    claim, other = F.when(F.col("is_claim"), F.col("amount")), F.when(~F.col("is_claim"), F.col("amount"))
    return stands.groupBy("payment_id", _currency().alias("_currency")).agg(
        F.count(claim).cast("int").alias("claims"),
        F.count(other).cast("int").alias("adjustments"),
        F.sum(claim).alias("claims_amount"),
        F.sum(other).alias("adjustments_amount"),
        F.sum("amount").alias("parts_amount"),
    )


def _currency() -> Column:
    return F.coalesce("currency", F.lit(""))
