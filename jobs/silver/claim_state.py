"""silver.claim_state: a Claim, its answer or its visit, that another claim replaced, voided, told before or is of."""

from __future__ import annotations

import functools

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.columns.answered import NAMED_OTHERWISE, answered_otherwise, of_what_was_paid
from jobs.columns.billed_visits import visit_id
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

    And one for each other benefit that answers a claim by another number than the claim's own, of who billed it or of
    the claim.
    The table is small and made as a whole: the claim that says so may be about another patient.
    """
    # What several frames stand on is planned once for each of them: so each is named as rarely as can be.
    named = answered_otherwise(benefits, claims).withColumnRenamed("by_claim_id", "_named_id")
    benefits = benefits.join(F.broadcast(named), on="benefit_id", how="left")
    benefits = benefits.withColumn("claim_ref", F.coalesce("_named_ref", "claim_ref"))
    told = _stood_for(claims, benefits)
    over = _benefits_over(of_what_was_paid(benefits), _with_end(claims, told))
    claim = resource_key("claim", F.col("tenant"), F.col("feed"), F.col("claim_ref"))
    paid_back = over.where("_is_taken_back").select(claim.alias("claim_id"), "state", "by_claim_id")
    told = told.unionByName(paid_back.where(F.col("claim_id").isNotNull()))
    judged = _asked_before(_with_end(claims, told))
    by_others = judged.where(~_is_void() & F.col("_end").isNotNull())
    rows = [
        _rows(by_others.select(*_SOURCE, "claim_id", "_end.*"), "claim_id"),
        _rows(over, "benefit_id", visit_id().alias("encounter_id"), _is_of().alias("by_claim_ref")),
        _rows(_unbilled(encounters, judged), "encounter_id"),
    ]
    return functools.reduce(lambda one, other: one.unionByName(other, allowMissingColumns=True), rows)


def _is_void() -> Column:
    return F.coalesce(F.col("status").isin("cancelled", "entered-in-error"), F.lit(False))


def _end(state: str | Column, by: str | Column) -> Column:
    said = F.lit(state) if isinstance(state, str) else state
    return F.struct(said.alias("state"), (F.col(by) if isinstance(by, str) else by).alias("by_claim_id"))


def _with_end(claims: DataFrame, told: DataFrame) -> DataFrame:
    """Every claim with `_end`: that it is void by its own word, else what others make of it (claim_id, state, ...)."""
    each = told.groupBy("claim_id").agg(F.min(_end(F.col("state"), "by_claim_id")).alias("_told"))
    known = claims.join(each, on="claim_id", how="left")
    return known.withColumn("_end", F.when(_is_void(), _end(VOIDED, "claim_id")).otherwise(F.col("_told"))).drop(
        "_told"
    )


def _rows(ended: DataFrame, own: str, *also: Column) -> DataFrame:
    """Rows of the table about things that are over, of the kind whose key is `own`."""
    source = [F.col(name) for name in _SOURCE[:4]]
    return ended.select(
        key("claim_state", *source).alias("claim_state_id"), *_SOURCE, own, *also, "state", "by_claim_id"
    )


def _is_of() -> Column:
    """The claim that a benefit which is named otherwise is of."""
    return F.when(F.col("state") == NAMED_OTHERWISE, F.col("_named_ref"))


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


def _asked_before(claims: DataFrame) -> DataFrame:
    """Every claim, narrow, with `_end` also where it asks a later payer what an earlier one was asked before.

    They have the provider's own number and the days in common (837 TR3 section 1.4.1, coordination of benefits). What
    was replaced was asked all the same, what was voided was not. `_over`: whether nobody is asked for it any more, by
    this claim or by the one before.
    """
    asks = ("status", "use", "payer_turn", "start_date", "end_date", "created_date", "encounter_refs", "_end")
    number = own_number(F.col("aliases"))
    number = F.when(number.isNotNull(), _alias(number)).otherwise(F.col("claim_id"))
    narrow = claims.select(*_SOURCE, "claim_id", *asks, number.alias("_number"))
    turn, last = F.coalesce("payer_turn", F.lit(1)), F.coalesce("end_date", "start_date")
    is_over = F.col("_end").isNotNull()
    meant = _is_meant() & (F.coalesce("status", F.lit("")) != "cancelled")
    is_asked = meant & (~is_over | (F.col("_end.state") == REPLACED))
    asked = F.struct(
        turn.alias("turn"), "created_date", "received_at", "claim_id", F.col("start_date").alias("first"),
        last.alias("last"), is_over.alias("is_over"),
    )  # fmt: skip
    together = Window.partitionBy("_number")
    # What nobody asks a later payer is not gathered.
    is_later = F.max(F.when(is_asked, turn)).over(together) > 1
    every = F.collect_list(F.when(is_asked & F.col("_is_later"), asked)).over(together)

    def is_before(one: Column) -> Column:
        # A claim without days is of those of the other.
        overlap = (one["first"] <= last) & (F.col("start_date") <= one["last"])
        return (one["turn"] < turn) & F.coalesce(overlap, F.lit(True))

    before = F.when(is_asked & ~is_over & (turn > 1), F.array_min(F.filter(every, is_before)))
    known = narrow.withColumn("_is_later", is_later).withColumn("_before", before)
    again = F.when(F.col("_before").isNotNull(), _end(ASKED_AGAIN, F.col("_before.claim_id")))
    # What became of a claim that was asked first becomes of what asks a later payer the same.
    over = F.when(is_over, F.lit(True)).otherwise(F.coalesce("_before.is_over", F.lit(False)))
    return known.withColumn("_over", over).withColumn("_end", F.coalesce("_end", again)).drop("_before", "_is_later")


def _benefits_over(benefits: DataFrame, claims: DataFrame) -> DataFrame:
    """The benefits that answer what is over, or are taken back, or name their claim otherwise, with state and by whom.

    A reversal that names nothing takes back one that is alike in all but the sign, first first (`_is_taken_back`).
    Pharmacies and flat extracts write such reversals; an 835 always names the claim.
    """
    ended = _called(claims.where(F.col("_end").isNotNull()), F.col("aliases"), "_end")
    ended = ended.groupBy("_alias").agg(F.min("_end").alias("_end"))
    asked = F.when(F.col("claim_ref").isNotNull(), _alias(F.col("claim_ref")))
    known = benefits.withColumn("_alias", asked).join(ended, on="_alias", how="left")
    who = F.when(~_is_drug(), F.concat_ws("|", "provider_ref", F.col("type_codes")["code"]))
    same = F.xxhash64("tenant", "feed", "patient_ref", "insurer_ref", "start_date", F.abs("submitted_amount"),
                      F.abs("payment_amount"), who)  # fmt: skip
    # What names its claim stands alone.
    alike = Window.partitionBy(F.when(_may_leave_unnamed(), same).otherwise(F.col("benefit_id")))
    amount, is_over = F.col("submitted_amount"), F.col("_end").isNotNull()
    is_reversal = is_over & (amount < 0)
    # What a reversal names is over already: those need no other.
    more = F.count_if(is_reversal).over(alike) - F.count_if(is_over & (amount > 0)).over(alike)
    by = F.min(F.when(is_reversal, F.col("_end.by_claim_id"))).over(alike)
    stands = F.coalesce(_may_leave_unnamed() & ~is_over & (amount > 0), F.lit(False))
    place = F.rank().over(alike.orderBy(~stands, "created_date", "received_at", "benefit_id"))
    seen = known.withColumns({"_by": by, "_is_taken_back": stands & (place <= more)})
    end = F.when(F.col("_is_taken_back"), _end(VOIDED, "_by")).otherwise(F.col("_end"))
    # What is over is not said to be named otherwise as well.
    named = F.when(F.col("_named_id").isNotNull(), _end(NAMED_OTHERWISE, "_named_id"))
    ends = seen.withColumn("_end", F.coalesce(end, named)).where(F.col("_end").isNotNull())
    return ends.select("*", "_end.state", "_end.by_claim_id")


def _unbilled(encounters: DataFrame, judged: DataFrame) -> DataFrame:
    """The encounters that claims made known all of which are over, with the state of these."""
    # What a record of care tells of took place, whatever became of the bill.
    known = _called(encounters.where(F.col("feed").startswith(CLAIMS)), F.col("aliases"), "encounter_id")
    named = _called(
        judged.where(F.col("feed").startswith(CLAIMS)),
        F.col("encounter_refs"),
        F.when(F.col("_over"), F.col("_end")).alias("_end"),
        (~F.col("_over") & _is_meant()).alias("_stands"),
    )
    each = known.join(named, on="_alias", how="inner").groupBy("encounter_id")
    ended = each.agg(F.max("_end").alias("_end"), F.bool_or("_stands").alias("_stands"))
    left = ended.where(F.col("_end").isNotNull() & ~F.col("_stands"))
    return encounters.join(left.select("encounter_id", "_end.*"), on="encounter_id", how="inner")


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
