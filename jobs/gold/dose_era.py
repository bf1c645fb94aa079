"""gold.dose_era: one stretch of time in which a person takes a constant daily dose of an ingredient."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns.eras import PERSISTENCE_DAYS, joined
from jobs.columns.keys import key

BY = ["person_id", "drug_concept_id", "unit_concept_id", "dose_value"]
SIGNIFICANT_DIGITS = 6


def build(drugs: DataFrame, strengths: DataFrame) -> DataFrame:
    """OMOP CDM 5.4 DOSE_ERA: the form of the drug is ignored, the dose is constant, gaps up to 30 days are joined.

    Daily dose = strength of the ingredient per unit x quantity / days. An exposure without a quantity
    or a strength has no known dose and makes no era. There is no reference script (CommonDataModel
    issue 451), so the rule is ours.
    """
    exposures = drugs.where((F.col("drug_concept_id") != 0) & (F.col("quantity") > 0)).select(
        "person_id", "drug_concept_id", "quantity", "drug_exposure_start_date", "drug_exposure_end_date", "days_supply"
    )
    valid = strengths.where(F.col("invalid_reason").isNull()).select(
        "drug_concept_id", "ingredient_concept_id", _amount().alias("_amount"), _unit().alias("unit_concept_id")
    )
    # Lasting at least a day: by the supply when stated, else from first to last day.
    days = F.when(F.col("days_supply") > 0, F.col("days_supply")).otherwise(
        F.datediff("drug_exposure_end_date", "drug_exposure_start_date") + 1
    )
    dose = F.col("_amount") * F.col("quantity") / F.greatest(days, F.lit(1))
    doses = exposures.join(valid, on="drug_concept_id", how="inner").select(
        "person_id",
        F.col("ingredient_concept_id").alias("drug_concept_id"),
        "unit_concept_id",
        _rounded(dose).alias("dose_value"),
        F.col("drug_exposure_start_date").alias("dose_era_start_date"),
        F.col("drug_exposure_end_date").alias("dose_era_end_date"),
    )
    known = doses.where(F.col("dose_value").isNotNull() & F.col("unit_concept_id").isNotNull())
    eras = joined(known, BY, "dose_era_start_date", "dose_era_end_date", PERSISTENCE_DAYS)
    return eras.withColumn("dose_era_id", key("dose_era", *[F.col(c) for c in (*BY, "dose_era_start_date")]))


def _amount() -> Column:
    """Strength per unit: a fixed amount, else the numerator over the denominator (per one when there is none)."""
    per = F.coalesce(F.col("denominator_value"), F.lit(1.0))
    return F.coalesce(F.col("amount_value"), F.try_divide(F.col("numerator_value"), per))


def _unit() -> Column:
    return F.coalesce(F.col("amount_unit_concept_id"), F.col("numerator_unit_concept_id"))


def _rounded(dose: Column) -> Column:
    """Six significant digits, so that 500.0000001 and 500 are one dose."""
    scale = F.pow(F.lit(10.0), F.lit(SIGNIFICANT_DIGITS - 1) - F.floor(F.log10(dose)))
    return F.when(dose > 0, F.round(dose * scale) / scale)
