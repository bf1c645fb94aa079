"""Answers of payers that name their claim by another number than it has.

Some know who billed by another number than the claim does: the NPI, the tax number.

An 837 tells both numbers of who bills (NM109, REF EI), an 835 one of them or both (N104, REF TJ). Who is known by their
NPI on either side is known by the tax number too, and two NPIs of one tax number are two providers.

A reversal may take back what was paid under another number of the claim (CLP01), as after it was billed anew: it names
the payer's number of the former payment (005010X221A1, 2100 REF F8, which is CLP07 there).
"""

from __future__ import annotations

from typing import Final

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.columns.claims import is_own_number, own_number, tax_number
from jobs.columns.keys import key
from jobs.columns.reference_texts import resource_key
from jobs.columns.remittance import REVERSAL, claim_status
from jobs.formats.x12_fhir_codes import OURS

# The state of a benefit that answers a claim which it cannot name (silver.claim_state).
NAMED_OTHERWISE: Final = "named_otherwise"
# How answers are called by the payer's own number of them.
_PAYERS_NUMBER: Final = f"ExplanationOfBenefit?identifier={OURS}payer-claim-number/"


def answered_otherwise(benefits: DataFrame, claims: DataFrame) -> DataFrame:
    """(benefit_id, by_claim_id): the only claim to the payer that has the number of who bills which a benefit knows.

    `_named_ref` refers to that claim.
    """
    told = _taxed(benefits, F.col("benefit_id"), F.col("claim_ref"))
    asked = _taxed(claims, F.col("claim_id"), F.concat(F.lit("Claim/"), F.col("resource_id")).alias("_ref"))
    asked = asked.withColumnRenamed("_is_alone", "_is_claim_alone")
    pairs = told.join(asked, on="_number", how="inner").where(F.col("_is_alone") | F.col("_is_claim_alone"))
    only = pairs.groupBy("benefit_id", "claim_ref").agg(
        F.min("claim_id").alias("by_claim_id"), F.max("claim_id").alias("_last"), F.min("_ref").alias("_ref")
    )
    found = only.where((F.col("by_claim_id") == F.col("_last")) & (F.col("_ref") != F.col("claim_ref")))
    return found.select("benefit_id", "by_claim_id", F.col("_ref").alias("_named_ref"))


def of_what_was_paid(benefits: DataFrame) -> DataFrame:
    """The same benefits, a reversal of the claim of what it takes back: `claim_ref`, `_named_id` and `_named_ref`.

    That is the only one paid under the payer's number that the reversal names; it may never have come itself, an 835
    names it all the same.
    """
    status, ref = claim_status(), F.col("claim_ref")
    is_back = F.coalesce(status == REVERSAL, F.lit(False))
    own = F.try_element_at(F.filter("aliases", lambda text: text.startswith(_PAYERS_NUMBER)), F.lit(1))
    former = F.regexp_replace(F.get("replaced_claim_refs", F.lit(0)), "^Claim", "ExplanationOfBenefit")
    number = F.when(status.isNotNull() & ref.isNotNull(), F.when(is_back, former).otherwise(own))
    alias = F.when(number.isNotNull(), key("alias", F.col("tenant"), F.col("feed"), number))
    together = Window.partitionBy(F.coalesce(alias, F.col("benefit_id")))
    paid = F.when(~is_back, ref)
    first, last = F.min(paid).over(together), F.max(paid).over(together)
    known = benefits.withColumn("_paid_ref", F.when(is_back & (first == last) & (first != ref), first))
    paid_id = resource_key("claim", F.col("tenant"), F.col("feed"), F.col("_paid_ref"))
    return known.withColumns(
        {
            "claim_ref": F.coalesce("_paid_ref", "claim_ref"),
            "_named_id": F.coalesce(paid_id, "_named_id"),
            "_named_ref": F.coalesce("_paid_ref", "_named_ref"),
        }
    ).drop("_paid_ref")


def as_answered(benefits: DataFrame, otherwise: DataFrame, claims: DataFrame) -> DataFrame:
    """The same benefits, those of `otherwise` (benefit_id, by_claim_id) named as their claim is."""
    known = claims.select(
        F.col("claim_id").alias("by_claim_id"),
        F.concat(F.lit("Claim/"), F.col("resource_id")).alias("_ref"),
        F.regexp_replace(own_number(F.col("aliases")), "^Claim", "ExplanationOfBenefit").alias("_own"),
    )
    named = otherwise.select("benefit_id", "by_claim_id", "by_claim_ref").join(known, on="by_claim_id", how="left")
    # What is taken back may be of a claim that never came.
    named = named.withColumn("_ref", F.coalesce("by_claim_ref", "_ref")).drop("by_claim_ref")
    # Few: sent to where the benefits are, for these are wide and many.
    found = benefits.join(F.broadcast(named.drop("by_claim_id")), on="benefit_id", how="left")
    # Of several numbers the first counts.
    first = F.when(F.col("_own").isNotNull(), F.concat(F.array("_own"), F.col("aliases"))).otherwise(F.col("aliases"))
    said = {"claim_ref": F.coalesce("_ref", "claim_ref"), "aliases": first}
    return found.withColumns(said).drop("_ref", "_own")


def under_own_number(claims: DataFrame) -> DataFrame:
    """The same claims, each known by the first number of who bills only: several may share another."""
    own = own_number(F.col("aliases"))
    others = F.filter("aliases", lambda text: ~is_own_number(text))
    return claims.withColumn("aliases", F.array_compact(F.concat(others, F.array(own))))


def _taxed(rows: DataFrame, *columns: Column) -> DataFrame:
    """Who is known by tax number: `_number` with the payer as a key, and whether no other number is known."""
    taxed = tax_number(F.col("aliases"))
    payer = F.col("insurer_ref")
    number = F.when(taxed.isNotNull() & payer.isNotNull(), key("alias", F.col("tenant"), F.col("feed"), payer, taxed))
    is_alone = (own_number(F.col("aliases")) == taxed).alias("_is_alone")
    return rows.where(number.isNotNull()).select(*columns, number.alias("_number"), is_alone)
