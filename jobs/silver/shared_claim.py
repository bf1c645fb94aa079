"""silver.shared_claim: one claim to one payer, as one of several patient records has to do with it."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from jobs.columns.answered import NAMED_OTHERWISE, as_answered
from jobs.columns.claims import ASKED_AGAIN, own_number
from jobs.columns.keys import key
from jobs.columns.reference_texts import resource_key


def build(claims: DataFrame, benefits: DataFrame, states: DataFrame) -> DataFrame:
    """Claims under one number of the provider, and the answers to them, that name more than one patient record.

    The table is small and made as a whole: what is told of one patient decides whose the money of another is.
    """
    benefits = as_answered(benefits, states.where(F.col("state") == NAMED_OTHERWISE), claims)
    answered = resource_key("claim", F.col("tenant"), F.col("feed"), F.col("claim_ref"))
    named = _numbered(claims).unionByName(_numbered(benefits.withColumn("claim_id", answered)))
    same = ["tenant", "feed", "_number", "claim_id", "patient_id"]
    told = named.groupBy(*same).agg(F.min("record_id").alias("record_id"))
    together = F.sort_array(F.collect_set("patient_id").over(Window.partitionBy("_number")))
    shared = told.withColumn("together_with", together).where(F.size("together_with") > 1)
    rows = shared.join(_whose(claims, states), on="claim_id", how="left")
    # Whom another payer told of the claim nobody sent one: that answer is about the patient of the first.
    rows = rows.join(_asked_first(claims), on="_number", how="left")
    return rows.select(
        key("shared_claim", F.col("claim_id"), F.col("patient_id")).alias("shared_claim_id"),
        "tenant",
        "feed",
        "claim_id",
        "patient_id",
        F.coalesce("_whose.patient_id", "_first.patient_id").alias("whose_patient_id"),
        F.coalesce("_whose.patient_ref", "_first.patient_ref").alias("whose_patient_ref"),
        "_whose.payer_turn",
        "together_with",
        "record_id",
    )


def _numbered(rows: DataFrame) -> DataFrame:
    """The rows about a patient that know their claim, and the provider's own number of it as a key."""
    known = rows.withColumn("_text", own_number(F.col("aliases"))).dropna(subset=["_text", "claim_id", "patient_id"])
    number = key("alias", F.col("tenant"), F.col("feed"), F.col("_text")).alias("_number")
    return known.select("tenant", "feed", number, "claim_id", "patient_id", "record_id")


def _whose(claims: DataFrame, states: DataFrame) -> DataFrame:
    """(claim_id, _whose): patient and turn of each claim; one that asks a later payer has the patient of the first."""
    before = states.where((F.col("state") == ASKED_AGAIN) & F.col("claim_id").isNotNull())
    own = claims.join(before.select("claim_id", "by_claim_id"), on="claim_id", how="left")
    asked = own.select("claim_id", "payer_turn", F.coalesce("by_claim_id", "claim_id").alias("_by"))
    patients = claims.select(F.col("claim_id").alias("_by"), "patient_id", "patient_ref")
    whose = F.struct("patient_id", "patient_ref", "payer_turn").alias("_whose")
    return asked.join(patients, on="_by", how="inner").select("claim_id", whose)


def _asked_first(claims: DataFrame) -> DataFrame:
    """(_number, _first): the patient of the claim that was asked first under a number."""
    order = F.struct(
        F.coalesce(F.col("status") == "cancelled", F.lit(False)),
        F.coalesce("payer_turn", F.lit(1)),
        "created_date",
        "received_at",
        "claim_id",
    )
    patients = claims.select("claim_id", "patient_ref", order.alias("_order"))
    each = _numbered(claims).join(patients, on="claim_id", how="inner")
    patient = F.min_by(F.struct("patient_id", "patient_ref"), "_order")
    return each.groupBy("_number").agg(patient.alias("_first"))
