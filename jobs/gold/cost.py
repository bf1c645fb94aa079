"""gold.cost: what one visit cost, as one benefit answered it."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns import concepts
from jobs.columns.faults import faults
from jobs.columns.keys import key
from jobs.columns.placed import with_person, with_visit
from jobs.columns.references import resolved

LINE_AMOUNTS = ("eligible_amount", "deductible_amount", "copay_amount", "coinsurance_amount", "paid_by_patient_amount",
                "primary_paid_amount", "benefit_amount")  # fmt: skip
VISIT_DOMAIN = "Visit"


def excluded() -> Column:
    """Why a benefit costs nothing: it was withdrawn, is a draft, or only says what would be paid."""
    status = F.when(
        F.col("status").isin("entered-in-error", "cancelled", "draft"), F.regexp_replace("status", "-", "_")
    )
    return F.coalesce(status, F.when(F.coalesce("use", F.lit("claim")) != "claim", "not_a_claim"))


def build(
    benefits: DataFrame,
    items: DataFrame,
    patients: DataFrame,
    links: DataFrame,
    people: DataFrame,
    encounters: DataFrame,
    visits: DataFrame,
    details: DataFrame,
    periods: DataFrame,
) -> DataFrame:
    """OMOP CDM 5.4 COST: one row for each benefit, on the visit it answers for, so that no amount counts twice.

    The amounts of the lines are summed into it; a benefit whose visit is not known waits in quarantine.
    """
    sums = items.groupBy("benefit_id").agg(*[F.sum(name).alias(f"_{name}") for name in LINE_AMOUNTS])
    rows = with_person(benefits.where(excluded().isNull()), patients, links, people)
    rows = rows.withColumn("encounter_ref", F.try_element_at("encounter_refs", F.lit(1)))
    rows = resolved(rows, "encounter_ref", encounters, "encounter_id", "encounter_id")
    rows = with_visit(rows, "encounter_id", visits, details).join(sums, on="benefit_id", how="left")
    rows = _with_period(rows, periods)
    by_line = {name: F.coalesce(F.col(name), F.col(f"_{name}")) for name in LINE_AMOUNTS}
    shares = [by_line[name] for name in ("copay_amount", "coinsurance_amount", "deductible_amount")]
    by_patient = F.coalesce(by_line["paid_by_patient_amount"], _sum(*shares))
    by_payer = F.coalesce(F.col("payment_amount"), by_line["benefit_amount"])
    return rows.select(
        key("cost", F.col("benefit_id")).alias("cost_id"),
        F.col("visit_occurrence_id").alias("cost_event_id"),
        F.lit(VISIT_DOMAIN).alias("cost_domain_id"),
        F.lit(concepts.TYPE_COST_RECORD).alias("cost_type_concept_id"),
        F.when(F.col("currency") == "USD", concepts.CURRENCY_USD)
        .when(F.col("currency").isNotNull(), concepts.NO_MATCH)
        .alias("currency_concept_id"),
        F.col("submitted_amount").alias("total_charge"),
        _nothing().alias("total_cost"),
        _sum(by_payer, by_patient).alias("total_paid"),
        by_payer.alias("paid_by_payer"),
        by_patient.alias("paid_by_patient"),
        by_line["copay_amount"].alias("paid_patient_copay"),
        by_line["coinsurance_amount"].alias("paid_patient_coinsurance"),
        by_line["deductible_amount"].alias("paid_patient_deductible"),
        by_line["primary_paid_amount"].alias("paid_by_primary"),
        _nothing().alias("paid_ingredient_cost"),
        _nothing().alias("paid_dispensing_fee"),
        "payer_plan_period_id",
        by_line["eligible_amount"].alias("amount_allowed"),
        F.lit(None).cast("int").alias("revenue_code_concept_id"),
        F.lit(None).cast("string").alias("revenue_code_source_value"),
        F.lit(None).cast("int").alias("drg_concept_id"),
        F.lit(None).cast("string").alias("drg_source_value"),
        F.col("person_id").alias("lw_person_id"),
        F.array("record_id").alias("lw_record_ids"),
        F.concat_ws("|", F.lit("silver.benefit"), F.col("benefit_id").cast("string")).alias("lw_source"),
        faults(no_person=F.col("_has_person").isNull(), no_visit=F.col("visit_occurrence_id").isNull()).alias("faults"),
    )


def _with_period(rows: DataFrame, periods: DataFrame) -> DataFrame:
    """Add the coverage that the benefit was paid under: that of its payer on its day; each row stays once."""
    spans = periods.select(
        F.col("person_id").alias("_who"),
        F.col("payer_source_value").alias("_payer"),
        F.struct("payer_plan_period_start_date", "payer_plan_period_end_date", "payer_plan_period_id").alias("_span"),
    )
    by_payer = spans.groupBy("_who", "_payer").agg(F.array_sort(F.collect_list("_span")).alias("_spans"))
    day = F.coalesce("start_date", "created_date")
    same = (F.col("person_id") == F.col("_who")) & (F.left("payer_name", F.lit(50)) == F.col("_payer"))
    covering = F.filter(
        "_spans",
        lambda span: (span["payer_plan_period_start_date"] <= day) & (span["payer_plan_period_end_date"] >= day),
    )
    found = F.try_element_at(covering, F.lit(1))["payer_plan_period_id"]
    return (
        rows.join(by_payer, on=same, how="left")
        .withColumn("payer_plan_period_id", found)
        .drop("_who", "_payer", "_spans")
    )


def _sum(*amounts: Column) -> Column:
    """The sum of the amounts that are known; null when none is."""
    zero = F.lit(0).cast("decimal(19,4)")
    total = zero
    for one in amounts:
        total = total + F.coalesce(one, zero)
    return F.when(F.coalesce(*amounts).isNotNull(), total.cast("decimal(19,4)"))


def _nothing() -> Column:
    return F.lit(None).cast("decimal(19,4)")
