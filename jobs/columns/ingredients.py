"""The RxNorm ingredients of a drug, through CONCEPT_ANCESTOR."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def ingredients_of(concepts: DataFrame, ancestors: DataFrame) -> DataFrame:
    """(drug_id, ingredient_id): each drug with each of its standard ingredients; an ingredient with itself."""
    ingredients = concepts.where(
        (F.col("concept_class_id") == "Ingredient")
        & (F.col("standard_concept") == "S")
        & (F.col("domain_id") == "Drug")
    ).select(F.col("concept_id").alias("ingredient_id"))
    below = ancestors.select(
        F.col("descendant_concept_id").alias("drug_id"), F.col("ancestor_concept_id").alias("ingredient_id")
    ).join(ingredients, on="ingredient_id", how="left_semi")
    itself = ingredients.select(F.col("ingredient_id").alias("drug_id"), "ingredient_id")
    # Some subsets of a vocabulary lack the row of a concept with itself: the union has it, once.
    return below.select("drug_id", "ingredient_id").union(itself).distinct()
