"""What the answers to one claim come to: payments, reversals and corrections of an 835 as one, whoever tells of it.

An 835 answers a claim as often as a payer decides anew: what was paid, the same taken back (CLP02 = 22), what is paid
instead. The sum of them is what is true in the end (005010X221A1, 1.10.2.8), as long as we heard all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.columns.keys import key
from jobs.columns.told import feed_rank, first_said, heard, numbered, together
from jobs.formats.x12_fhir_codes import CLAIM_STATUS, OURS

AMOUNT: Final = "decimal(19,4)"
REVERSAL: Final = "22"
# Data element 1029: answers of the payers after the first, and of one who only passed the claim on.
SECOND, THIRD, FORWARDED = ("2", "20"), ("3", "21"), "23"
CHARGE, ALLOWED, BY_PATIENT = "total_charge", "amount_allowed", "paid_by_patient"
PATIENT: Final = (BY_PATIENT, "paid_patient_copay", "paid_patient_coinsurance", "paid_patient_deductible")
AMOUNTS: Final = (CHARGE, ALLOWED, *PATIENT, "paid_by_payer", "paid_by_primary", "paid_ingredient_cost",
                  "paid_dispensing_fee")  # fmt: skip
_CLAIM: Final = ("tenant", "feed", "patient_ref", "claim_ref")
# How the names of feeds of payers begin.
CLAIMS: Final = "claims_"


def claim_status() -> Column:
    """How a payer says it decided (CLP02); null of what does not come from an 835."""
    place = F.array_position(F.col("sub_type_codes")["system"], CLAIM_STATUS).cast("int") - 1
    return F.get(F.col("sub_type_codes")["code"], place)


def settled(benefits: DataFrame, carried: Sequence[str], known: Sequence[str]) -> DataFrame:
    """One row for each claim that an 835 answers, and for each other benefit: AMOUNTS and `carried` in the end.

    `carried` holds asked_ref, the text by which the claim is known whoever pays it, and asked_turn, whose turn it is.
    Each column of `known` is what the last answer says that knows it.

    Adds cost_key, told_by (keys of the benefits), record_ids, and the claim_status of the answer that `carried` is of.
    """
    rows = benefits.withColumn("claim_status", claim_status())
    is_answer = F.col("claim_status").isNotNull() & F.col("claim_ref").isNotNull()
    kept = [*carried, "claim_status", *AMOUNTS, *known]
    alone = rows.where(~is_answer).select(
        *kept,
        F.col("benefit_id").alias("cost_key"),
        F.array("benefit_id").alias("told_by"),
        F.array("record_id").alias("record_ids"),
    )
    return alone.unionByName(_charged_once(_summed(rows.where(is_answer), [*carried, "claim_status"], known)))


def _summed(answers: DataFrame, carried: Sequence[str], known: Sequence[str]) -> DataFrame:
    is_back = F.col("claim_status") == REVERSAL
    last_on = F.max(F.when(~is_back, F.col("created_date"))).over(Window.partitionBy(*_CLAIM))
    is_now = ~is_back & F.col("created_date").eqNullSafe(last_on)
    answers = answers.withColumns({"_is_now": is_now, **{name: _as_taken_back(name, is_back) for name in AMOUNTS}})
    order = F.struct((~is_back).alias("stands"), "created_date", "received_at", "benefit_id")
    last = F.max(F.struct(order.alias("order"), *dict.fromkeys([*carried, *AMOUNTS]))).alias("_last")
    # A reversal may come without what the patient owes: then that cannot be added up.
    is_short = is_back & F.col("member_liability_amount").isNull()
    whole = answers.groupBy(*_CLAIM).agg(
        last,
        F.sum(F.when(is_back, -1).otherwise(1)).alias("_standing"),
        F.max(F.when(is_back, F.col("created_date"))).alias("_back_on"),
        F.max(F.when(~is_back, F.col("created_date"))).alias("_decided_on"),
        F.max(is_short).alias("_is_short"),
        *[F.sum(name).cast(AMOUNT).alias(name) for name in AMOUNTS],
        *[F.sum(F.when(F.col("_is_now"), F.col(n))).cast(AMOUNT).alias(f"_now_{n}") for n in (CHARGE, *PATIENT)],
        F.sort_array(F.collect_list("benefit_id")).alias("told_by"),
        F.sort_array(F.collect_list("record_id")).alias("record_ids"),
        *[_last_known(name, order).alias(name) for name in known],
    )
    return whole.select(
        *[F.col(f"_last.{name}").alias(name) for name in carried if name not in _CLAIM],
        *[name for name in carried if name in _CLAIM],
        *[_in_the_end(name).alias(name) for name in AMOUNTS],
        key("claim_answered", *[F.col(name) for name in _CLAIM]).alias("cost_key"),
        "told_by",
        "record_ids",
        *known,
    )


def _as_taken_back(name: str, is_back: Column) -> Column:
    """An amount of a reversal by the sign that it must have: all are negated (005010X221A1, 1.10.2.8).

    What was charged tells whether they are, as no charge is below zero: of a payment that is, the reversal is not.
    """
    return F.when(is_back & (F.col(CHARGE) > 0), -F.abs(name)).otherwise(F.col(name)).cast(AMOUNT)


def _last_known(name: str, order: Column) -> Column:
    """What the last answer says that knows it; null where the parts of a claim that is split say several things."""
    now = F.when(F.col("_is_now"), F.col(name))
    is_one = F.min(now).eqNullSafe(F.max(now))
    return F.when(is_one, F.max_by(name, F.when(F.col(name).isNotNull(), order)))


def _in_the_end(name: str) -> Column:
    """The sum; where a reversal takes back what we never heard, the last word.

    Of several answers that stand those of the last payment count for what was charged and what is left to the patient:
    a payer may split a claim, and answer its parts in one payment (005010X221A1, 1.10.2.11).
    """
    last, standing, is_short = F.col(f"_last.{name}"), F.col("_standing"), F.col("_is_short")
    is_back = F.coalesce(F.col("_back_on") > F.col("_decided_on"), F.col("_decided_on").isNull())
    nothing = F.when(F.col(name).isNotNull(), F.lit(0).cast(AMOUNT))
    found = F.when((standing < 0) & is_back, nothing).when((standing < 1) & ~is_back, last)
    if name in (CHARGE, *PATIENT):
        found = found.when(standing > 1, F.col(f"_now_{name}"))
    if name == BY_PATIENT:
        found = found.when(is_short & (standing == 1), last).when(is_short & (standing < 1), nothing)
    return found.otherwise(F.col(name))


def _charged_once(rows: DataFrame) -> DataFrame:
    """Of the payers of one claim the first tells what was charged and allowed, the last what is left to the patient."""
    status = F.col("claim_status")
    turn = F.when(status.isin(*SECOND), 2).when(status.isin(*THIRD), 3).when(status == FORWARDED, 0)
    # Who denies a claim does not say in which turn.
    turn = turn.otherwise(F.coalesce("asked_turn", F.lit(1)))
    # The provider's number of the claim, whoever pays.
    claim = Window.partitionBy("tenant", "feed", "asked_ref")
    place = F.rank().over(claim.orderBy(turn != 1, turn, "created_date", "cost_key"))
    again = (turn != 1) & (place > 1)
    passed_on = turn < F.max(turn).over(claim)
    known = rows.withColumns({"_again": again, "_passed_on": passed_on})
    nothing = F.lit(None).cast(AMOUNT)
    once = {name: F.when(F.col("_again"), nothing).otherwise(F.col(name)) for name in (CHARGE, ALLOWED)}
    left = {name: F.when(F.col("_passed_on"), nothing).otherwise(F.col(name)) for name in PATIENT}
    return known.withColumns({**once, **left}).drop("_again", "_passed_on")


def claim_number(identifiers: Column, insurer_ref: Column) -> Column:
    """The text by which every feed knows one claim to one payer: the payer's number of it, else the provider's own."""
    payers, own = (_of_system(identifiers, f"{OURS}{kind}-number/") for kind in ("payer-claim", "patient-control"))
    told = F.coalesce(payers, own)
    return F.when(told.isNotNull(), F.concat_ws("|", insurer_ref, told["system"], told["value"]))


def _of_system(identifiers: Column, system: str) -> Column:
    return F.try_element_at(F.filter(identifiers, lambda i: i["system"].startswith(system)), F.lit(1))


def told_once(rows: DataFrame, same: Column, teller: Column, known: Sequence[str]) -> DataFrame:
    """Rows of one person that are the `same` and come from different tellers are one: the payer's own answer first.

    It then holds told_by and record_ids of all of them, and each column of `known` as the first says that knows it.
    Of two that each teller tells, the first is the first of the other; what one teller tells twice stays twice.
    `same` null: nobody else tells of it.
    """
    own = F.concat(F.lit("own "), F.col("cost_key").cast("string"))
    of_payer = F.when(F.col("claim_status").isNotNull(), -2).when(F.col("feed").startswith(CLAIMS), -1)
    marked = rows.withColumn("_same", F.coalesce(same.cast("string"), own))
    alike = ["person_id", "tenant", "_same"]
    rank = F.struct(F.coalesce(of_payer, feed_rank(F.col("feed"))), "feed")
    told = numbered(marked, alike, [F.col("start_date"), F.col("cost_key")], teller=teller, rank=rank)
    whole = together(alike)
    joined = {name: F.sort_array(F.flatten(F.collect_list(name).over(whole))) for name in ("told_by", "record_ids")}
    care = F.when(F.col("visit_occurrence_id").isNotNull() & ~F.col("feed").startswith(CLAIMS), heard())
    # The payer knows what was paid, the record of care for which visit.
    visit = F.coalesce(F.min_by("visit_occurrence_id", care).over(whole), F.col("visit_occurrence_id"))
    first = {name: first_said(name, rank).over(whole) for name in known}
    every = told.withColumns({**joined, **first, "visit_occurrence_id": visit})
    return every.where("_is_first").drop("_same", "_number", "_is_first")
