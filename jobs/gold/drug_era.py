"""gold.drug_era: one stretch of time in which a person is taken to be exposed to an ingredient."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.eras import PERSISTENCE_DAYS, joined
from jobs.columns.ingredients import ingredients_of
from jobs.columns.keys import key

BY = ["person_id", "drug_concept_id"]

# One for each ingredient of an exposure.
RECEIVED = """
    WITH ingredients AS (
        SELECT concept_id FROM concepts
        WHERE concept_class_id = 'Ingredient' AND standard_concept = 'S' AND domain_id = 'Drug'
    ), parts AS (
        SELECT concept_id AS drug_id, concept_id AS ingredient_id FROM ingredients UNION
        SELECT descendant_concept_id, ancestor_concept_id FROM ancestors
        WHERE ancestor_concept_id IN (FROM ingredients)
    )
    SELECT CASE
        WHEN drug_concept_id = 0 THEN 'no_standard_concept'
        WHEN days_supply < 0 THEN 'negative_days_supply'
        WHEN ingredient_id IS NULL THEN 'no_ingredient'
    END AS excluded FROM drugs LEFT JOIN parts ON drug_id = drug_concept_id
"""
FOUND_AGAIN = "SELECT sum(drug_exposure_count) FROM made"


def build(drugs: DataFrame, concepts: DataFrame, ancestors: DataFrame) -> DataFrame:
    """OMOP CDM 5.4 DRUG_ERA: exposures to one ingredient, first merged where they overlap, then over 30 days.

    A drug of several ingredients gives one era per ingredient.
    """
    exposures = drugs.where((F.col("drug_concept_id") != 0) & (F.coalesce("days_supply", F.lit(0)) >= 0)).select(
        "person_id",
        F.col("drug_concept_id").alias("drug_id"),
        F.col("drug_exposure_start_date").alias("drug_era_start_date"),
        F.coalesce("drug_exposure_end_date", F.date_add("drug_exposure_start_date", 1)).alias("drug_era_end_date"),
    )
    by_ingredient = exposures.join(ingredients_of(concepts, ancestors), on="drug_id", how="inner").withColumnRenamed(
        "ingredient_id", "drug_concept_id"
    )
    spans = ("drug_era_start_date", "drug_era_end_date")
    one = F.count(F.lit(1)).cast("int").alias("drug_exposure_count")
    # Sub-exposures: stretches without a day between, whose days count as exposed.
    stretches = joined(by_ingredient, BY, *spans, 0, one).withColumn("_days", F.datediff(spans[1], spans[0]))
    eras = joined(
        stretches,
        BY,
        *spans,
        PERSISTENCE_DAYS,
        F.sum("drug_exposure_count").cast("int").alias("drug_exposure_count"),
        F.sum("_days").alias("_days"),
    )
    gap = F.datediff(spans[1], spans[0]) - F.col("_days")
    parts = [F.col(c) for c in (*BY, "drug_era_start_date")]
    return eras.select(key("drug_era", *parts).alias("drug_era_id"), "*", gap.cast("int").alias("gap_days")).drop(
        "_days"
    )
