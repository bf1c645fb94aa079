"""gold.fact_relationship: one direction of a relation between two facts."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns import concepts
from jobs.columns.published import told_in
from jobs.columns.references import resolved

EMPTY = "array<bigint>"


def build(
    procedures: DataFrame,
    conditions: DataFrame,
    observations: DataFrame,
    specimens: DataFrame,
    done: DataFrame,
    stated: DataFrame,
    measured: DataFrame,
    taken: DataFrame,
) -> DataFrame:
    """OMOP CDM 5.4 FACT_RELATIONSHIP: a procedure and the condition it was done for, a result and its specimen.

    Both facts must be published; each relation is told in both directions.
    """
    why = procedures.select("tenant", "feed", F.col("procedure_id"), F.explode("reason_refs").alias("_ref"))
    why = resolved(why, "_ref", conditions, "condition_id", "condition_id")
    procedures_done = told_in(done, "procedure_occurrence_id", "silver.procedure", "procedure_id")
    conditions_stated = told_in(stated, "condition_occurrence_id", "silver.condition", "condition_id", "_two")
    done_for = why.join(procedures_done, on="procedure_id", how="inner")
    done_for = done_for.join(conditions_stated, on="condition_id", how="inner")
    of = resolved(observations, "specimen_ref", specimens, "specimen_id", "_specimen_id")
    results = told_in(measured, "measurement_id", "silver.observation", "observation_id")
    samples = told_in(taken, "specimen_id", "silver.specimen", "_sample_id", "_two")
    sampled = of.select("observation_id", F.col("_specimen_id").alias("_sample_id"))
    sampled = sampled.join(results, on="observation_id", how="inner").join(samples, on="_sample_id", how="inner")
    due = _both_ways(
        done_for,
        (concepts.DOMAIN_PROCEDURE, F.col("procedure_occurrence_id"), concepts.RELATION_HAS_DUE_TO),
        (concepts.DOMAIN_CONDITION, F.col("condition_occurrence_id"), concepts.RELATION_DUE_TO_OF),
    )
    from_specimen = _both_ways(
        sampled,
        (concepts.DOMAIN_MEASUREMENT, F.col("measurement_id"), concepts.RELATION_HAS_SPECIMEN),
        (concepts.DOMAIN_SPECIMEN, F.col("specimen_id"), concepts.RELATION_SPECIMEN_OF),
    )
    return due.unionByName(from_specimen).distinct()


def _both_ways(pairs: DataFrame, one: tuple[int, Column, int], two: tuple[int, Column, int]) -> DataFrame:
    """The relation seen from either fact."""
    records = F.array_sort(F.array_union("lw_record_ids", "_two_record_ids"))

    def seen(mine: tuple[int, Column, int], other: tuple[int, Column, int]) -> Column:
        return F.struct(
            F.lit(mine[0]).alias("domain_concept_id_1"),
            mine[1].alias("fact_id_1"),
            F.lit(other[0]).alias("domain_concept_id_2"),
            other[1].alias("fact_id_2"),
            F.lit(mine[2]).alias("relationship_concept_id"),
        )

    each = pairs.select(
        F.explode(F.array(seen(one, two), seen(two, one))).alias("fact"),
        F.col("person_id").alias("lw_person_id"),
        records.alias("lw_record_ids"),
        F.col("lw_source"),
    )
    return each.select("fact.*", "lw_person_id", "lw_record_ids", "lw_source")
