"""silver.claim_state: a Claim, its answer or its visit, that another claim replaced, voided, told before or is of."""

from __future__ import annotations

import functools

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.columns.answered import NAMED_OTHERWISE, answered_otherwise, as_answered
from jobs.columns.claims import ASKED_AGAIN, own_number
from jobs.columns.keys import key
from jobs.columns.reference_texts import resource_key
from jobs.columns.remittance import CLAIMS, claim_status

VOIDED, REPLACED = "voided", "replaced"
_SOURCE = ("tenant", "feed", "resource_type", "resource_id", "record_id", "received_at", "patient_id")
_BENEFIT, _CLAIM = "ExplanationOfBenefit?", "Claim?"


def build(claims: DataFrame, benefits: DataFrame, encounters: DataFrame) -> DataFrame:
    """One row for each claim that another one stands for, for each benefit that answers such or a cancelled one, and
    for each encounter that is known by such claims alone.

    And one for each other benefit that answers a claim by another number of who billed it than the claim's own.
    The table is small and made as a whole: the claim that says so may be about another patient.
    """
    otherwise = answered_otherwise(benefits, claims)
    benefits = as_answered(benefits, otherwise, claims)
    void = claims.where(F.col("status").isin("cancelled", "entered-in-error"))
    own = void.select("claim_id", F.lit(VOIDED).alias("state"), F.col("claim_id").alias("by_claim_id"))
    told = _stood_for(claims, benefits).join(own.select("claim_id"), on="claim_id", how="left_anti")
    answers = _answers(benefits, claims.join(own.unionByName(told), on="claim_id", how="inner"))
    back = _taken_back(benefits, answers)
    claim = resource_key("claim", F.col("tenant"), F.col("feed"), F.col("claim_ref"))
    paid_back = back.select(claim.alias("claim_id"), "state", "by_claim_id").where(F.col("claim_id").isNotNull())
    ended = told.unionByName(paid_back)
    again = _asked_again(claims, ended).join(ended.select("claim_id"), on="claim_id", how="left_anti")
    gone = claims.join(ended.unionByName(again), on="claim_id", how="inner")
    # What became of a claim that was asked first becomes of what asks a later payer the same.
    as_first = again.join(ended.select(F.col("claim_id").alias("by_claim_id")), on="by_claim_id", how="left_semi")
    over = own.unionByName(ended).unionByName(as_first)
    taken = answers.unionByName(back)
    named = benefits.join(otherwise, on="benefit_id", how="inner").withColumn("state", F.lit(NAMED_OTHERWISE))
    named = named.join(taken.select("benefit_id"), on="benefit_id", how="left_anti")
    rows = [
        _rows(gone, "claim_id"),
        _rows(taken, "benefit_id"),
        _rows(named, "benefit_id"),
        _rows(_unbilled(encounters, claims, over), "encounter_id"),
    ]
    return functools.reduce(lambda one, other: one.unionByName(other, allowMissingColumns=True), rows)


def _rows(ended: DataFrame, own: str) -> DataFrame:
    """Rows of the table about things that are over, of the kind whose key is `own`."""
    source = [F.col(name) for name in _SOURCE[:4]]
    return ended.select(key("claim_state", *source).alias("claim_state_id"), *_SOURCE, own, "state", "by_claim_id")


def _stood_for(claims: DataFrame, benefits: DataFrame) -> DataFrame:
    """(claim_id, state, by_claim_id): the claims that another one replaces or voids, whichever does so last.

    X12 names them by the payer's number (REF F8), which only the payer's answers tell beside their claim.
    """
    later = _called(
        claims.where(_is_meant()),
        F.col("replaced_claim_refs"),
        F.col("claim_id").alias("by_claim_id"),
        F.struct("created_date", "received_at", F.col("claim_id").alias("id")).alias("_order"),
        F.when(F.col("status") == "cancelled", VOIDED).otherwise(REPLACED).alias("state"),
    )
    named = _called(claims, F.col("aliases"), F.col("claim_id"))
    texts = F.filter("aliases", lambda text: text.startswith(_BENEFIT))
    swapped = F.transform(texts, lambda text: F.replace(text, F.lit(_BENEFIT), F.lit(_CLAIM)))
    answered = resource_key("claim", F.col("tenant"), F.col("feed"), F.col("claim_ref"))
    by_payer = _called(benefits.where(answered.isNotNull()), swapped, answered.alias("claim_id"))
    found = named.unionByName(by_payer).join(F.broadcast(later), on="_alias", how="inner")
    # A claim sent again under its own number names itself.
    pairs = found.where(F.col("claim_id") != F.col("by_claim_id"))
    # Of two that name each other the later one stands.
    both = [F.least("claim_id", "by_claim_id"), F.greatest("claim_id", "by_claim_id")]
    last = pairs.groupBy(*both).agg(F.max(F.struct("_order", "claim_id", "state")).alias("_last"))
    each = last.select("_last.claim_id", F.struct("_last._order", "_last.state").alias("_by"))
    return (
        each.groupBy("claim_id")
        .agg(F.max("_by").alias("_by"))
        .select("claim_id", "_by.state", F.col("_by._order.id").alias("by_claim_id"))
    )


def _is_meant() -> Column:
    asks = F.coalesce("use", F.lit("claim")) == "claim"
    return asks & ~F.coalesce(F.col("status").isin("draft", "entered-in-error"), F.lit(False))


def _asked_again(claims: DataFrame, ended: DataFrame) -> DataFrame:
    """(claim_id, state, by_claim_id): the claims that ask a later payer what an earlier one was asked before.

    They have the provider's own number and the days in common (837 TR3 section 1.4.1, coordination of benefits). What
    was replaced was asked all the same, what was voided was not.
    """
    void = ended.where(F.col("state") == VOIDED).select("claim_id")
    meant = claims.where(_is_meant() & (F.coalesce("status", F.lit("")) != "cancelled"))
    turn, ends = F.coalesce("payer_turn", F.lit(1)), F.coalesce("end_date", "start_date")
    asked = _called(
        meant.join(void, on="claim_id", how="left_anti"),
        F.array(own_number(F.col("aliases"))),
        "claim_id",
        F.struct(turn.alias("turn"), "created_date", "received_at", "claim_id").alias("_order"),
        F.struct(F.col("start_date").alias("first"), ends.alias("last")).alias("_days"),
    )
    later = asked.where(F.col("_order.turn") > 1).toDF("_later_id", "_later", "_later_days", "_alias")
    overlap = (F.col("_days.first") <= F.col("_later_days.last")) & (F.col("_later_days.first") <= F.col("_days.last"))
    # A claim without days is of those of the other.
    before = (F.col("_order.turn") < F.col("_later.turn")) & F.coalesce(overlap, F.lit(True))
    pairs = asked.join(F.broadcast(later), on="_alias", how="inner").where(before)
    first = pairs.groupBy(F.col("_later_id").alias("claim_id")).agg(F.min("_order")["claim_id"].alias("by_claim_id"))
    return first.select("claim_id", F.lit(ASKED_AGAIN).alias("state"), "by_claim_id")


def _answers(benefits: DataFrame, ended: DataFrame) -> DataFrame:
    """The benefits that answer claims that are over, with their state."""
    known = _called(ended, F.col("aliases"), F.struct("state", "by_claim_id").alias("_end"))
    known = known.groupBy("_alias").agg(F.min("_end").alias("_end"))
    asked = benefits.where(F.col("claim_ref").isNotNull()).withColumn("_alias", _alias(F.col("claim_ref")))
    return asked.join(known, on="_alias", how="inner").select(*benefits.columns, "_end.state", "_end.by_claim_id")


def _taken_back(benefits: DataFrame, answers: DataFrame) -> DataFrame:
    """Benefits that a reversal takes back which does not name them: alike in all but the sign, first first.

    Pharmacies and flat extracts write such reversals; an 835 always names the claim.
    """
    who = F.when(~_is_drug(), F.concat_ws("|", "provider_ref", F.col("type_codes")["code"]))
    alike = F.xxhash64("tenant", "feed", "patient_ref", "insurer_ref", "start_date", F.abs("submitted_amount"),
                       F.abs("payment_amount"), who).alias("_alike")  # fmt: skip
    sign = F.when(F.col("submitted_amount") < 0, 1).when(F.col("submitted_amount") > 0, -1).otherwise(0)
    # What a reversal names is over already: those need no other.
    open_ = (
        answers.where(_may_leave_unnamed())
        .groupBy(alike)
        .agg(F.sum(sign).alias("_more"), F.min(F.when(sign > 0, F.col("by_claim_id"))).alias("by_claim_id"))
    )
    open_ = open_.where(F.col("_more") > 0)
    standing = benefits.where(_may_leave_unnamed() & (F.col("submitted_amount") > 0)).withColumn("_alike", alike)
    standing = standing.join(F.broadcast(open_), on="_alike", how="inner")
    standing = standing.join(answers.select("benefit_id"), on="benefit_id", how="left_anti")
    place = F.rank().over(Window.partitionBy("_alike").orderBy("created_date", "received_at", "benefit_id"))
    first = standing.withColumn("_place", place).where(F.col("_place") <= F.col("_more"))
    return first.select(*benefits.columns, F.lit(VOIDED).alias("state"), "by_claim_id")


def _unbilled(encounters: DataFrame, claims: DataFrame, over: DataFrame) -> DataFrame:
    """The encounters that claims made known all of which are over, with the state of these."""
    # What a record of care tells of took place, whatever became of the bill.
    known = _called(encounters.where(F.col("feed").startswith(CLAIMS)), F.col("aliases"), "encounter_id")
    named = _called(
        claims.where(F.col("feed").startswith(CLAIMS)).join(over, on="claim_id", how="left"),
        F.col("encounter_refs"),
        F.when(F.col("state").isNotNull(), F.struct("state", "by_claim_id")).alias("_end"),
        _is_meant().alias("_is_meant"),
    )
    gone = named.where(F.col("_end").isNotNull()).groupBy("_alias").agg(F.max("_end").alias("_end"))
    ended = (
        known.join(F.broadcast(gone), on="_alias", how="inner").groupBy("encounter_id").agg(F.max("_end").alias("_"))
    )
    stands = named.where(F.col("_end").isNull() & F.col("_is_meant")).select("_alias")
    standing = known.join(ended.select("encounter_id"), on="encounter_id", how="left_semi").join(
        stands, on="_alias", how="left_semi"
    )
    left = ended.join(standing.select("encounter_id"), on="encounter_id", how="left_anti")
    return encounters.join(left.select("encounter_id", "_.state", "_.by_claim_id"), on="encounter_id", how="inner")


def _may_leave_unnamed() -> Column:
    return _is_drug() | claim_status().isNull()


def _is_drug() -> Column:
    return F.array_contains(F.col("type_codes")["code"], "pharmacy")


def _called(rows: DataFrame, texts: Column, *columns: Column | str) -> DataFrame:
    """A row for each text by which somebody may call a thing."""
    each = rows.select("tenant", "feed", *columns, F.explode(F.array_compact(texts)).alias("_text"))
    return each.withColumn("_alias", _alias(F.col("_text"))).drop("tenant", "feed", "_text")


def _alias(text: Column) -> Column:
    return key("alias", F.col("tenant"), F.col("feed"), text)
