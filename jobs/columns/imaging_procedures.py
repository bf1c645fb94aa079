"""The procedure in which images were made: the one that the data has of it, where it is told apart from the images."""

from __future__ import annotations

from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns.keys import key
from jobs.columns.mapping import mapped
from jobs.columns.reference_texts import resource_key

PROCEDURE: Final = "Procedure"
# FHIR R4 event-status: what was not done, or not yet, is no procedure that images can be of.
NOT_DONE: Final = ("entered-in-error", "not-done", "preparation")


def with_procedure(studies: DataFrame, procedures: DataFrame, concept_map: DataFrame) -> DataFrame:
    """Add `_procedure_record`, the bronze record of the procedure of each study; null when there is none of its own.

    It is the procedure that the study refers to, else one of the same encounter, patient, day and code: EHRs write
    both and leave out the reference. Only what will be a row of procedure_occurrence counts. Each study stays once.
    """
    usable = _usable(procedures, concept_map)
    by_id = usable.select(F.col("procedure_id").alias("_named"), F.col("record_id").alias("_named_record"))
    shared = _shared(studies, usable)
    named = resource_key("procedure", F.col("tenant"), F.col("feed"), F.col("procedure_ref"))
    found = studies.withColumn("_named", named).join(by_id, on="_named", how="left")
    found = found.join(shared, on="imaging_study_id", how="left")
    both = F.coalesce("_named_record", "_shared_record")
    return found.withColumn("_procedure_record", both).drop("_named", "_named_record", "_shared_record")


def _usable(procedures: DataFrame, concept_map: DataFrame) -> DataFrame:
    done = procedures.where(~F.coalesce(F.col("status"), F.lit("")).isin(*NOT_DONE) & F.col("start_date").isNotNull())
    return mapped(done, concept_map, "codes", into="_means", said_in=procedures).where(is_procedure(F.col("_means")))


def is_procedure(means: Column) -> Column:
    """Whether what codings map to makes a row of procedure_occurrence, which is also their home when unmapped."""
    targets = F.coalesce(means["targets"]["domain_id"], F.array().cast("array<string>"))
    return (F.size(targets) == 0) | F.array_contains(targets, PROCEDURE)


def _shared(studies: DataFrame, procedures: DataFrame) -> DataFrame:
    """(imaging_study_id, _shared_record): of several procedures the one with the smallest key."""

    def each(rows: DataFrame, codes: str, *kept: str) -> DataFrame:
        same = [F.col(c) for c in ("tenant", "feed", "patient_ref", "encounter_ref", "start_date")]
        coded = rows.where(F.col("encounter_ref").isNotNull()).withColumn("_code", F.explode(codes))
        coded = coded.where(F.col("_code.code").isNotNull())
        return coded.select(key("done", *same, F.col("_code.system"), F.col("_code.code")).alias("_same"), *kept)

    begun = studies.withColumn("start_date", F.col("started_date"))
    asked = each(begun, "procedure_codes", "imaging_study_id")
    there = each(procedures, "codes", "procedure_id", "record_id")
    both = asked.join(there, on="_same", how="inner").groupBy("imaging_study_id")
    first = both.agg(F.min(F.struct("procedure_id", "record_id")).alias("_first"))
    return first.select("imaging_study_id", F.col("_first.record_id").alias("_shared_record"))
