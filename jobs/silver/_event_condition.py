"""Conditions and allergies as statements."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns import concepts
from jobs.silver._statement import statements

PROBLEM_LIST = "problem-list-item"
ENCOUNTER_DIAGNOSIS = "encounter-diagnosis"
# HL7 condition-ver-status: unconfirmed, and the two kinds of it: candidates that are not established yet.
CANDIDATES = ("unconfirmed", "provisional", "differential")


def of_conditions(conditions: DataFrame) -> DataFrame:
    """FHIR R4 Condition: onset, else the day it was recorded; refuted conditions were never there.

    What was recorded when it was over is known for the last day that it was there.
    """
    end = F.coalesce("abatement_date", "abatement_end_date")
    is_late = F.coalesce(F.col("recorded_date") > end, F.lit(False))
    refuted = F.when(F.col("verification_status") == "refuted", "refuted")
    entered = F.when(F.col("verification_status") == "entered-in-error", "entered_in_error")
    return statements(
        conditions,
        "condition",
        home=F.lit("condition_occurrence"),
        excluded=F.coalesce(entered, refuted),
        codes=F.col("codes"),
        code_text=F.col("code_text"),
        type_concept_id=_type(),
        encounter_ref=F.col("encounter_ref"),
        practitioner_ref=F.coalesce("asserter_ref", "recorder_ref"),
        start_date=F.coalesce("onset_date", F.least("recorded_date", end)),
        start_at=F.when(F.col("onset_date").isNotNull(), F.col("onset_at")).otherwise(
            F.when(~is_late, F.col("recorded_at"))
        ),
        end_date=end,
        end_at=F.when(F.col("abatement_date").isNotNull(), F.col("abatement_at")).otherwise(F.col("abatement_end_at")),
        status_concept_id=F.when(F.col("verification_status") == "confirmed", concepts.STATUS_CONFIRMED_DIAGNOSIS).when(
            F.col("verification_status").isin(*CANDIDATES), concepts.STATUS_PRELIMINARY_DIAGNOSIS
        ),
        status_source_value=F.col("verification_status"),
        stop_reason=F.when(
            F.col("clinical_status").isin("resolved", "remission", "inactive"), F.col("clinical_status")
        ),
    )


def _type() -> Column:
    category = F.transform(F.col("category_codes"), lambda c: c["code"])
    return (
        F.when(F.array_contains(category, PROBLEM_LIST), concepts.TYPE_EHR_PROBLEM_LIST)
        .when(F.array_contains(category, ENCOUNTER_DIAGNOSIS), concepts.TYPE_EHR_ENCOUNTER)
        .otherwise(concepts.TYPE_EHR)
    )


def of_allergies(allergies: DataFrame) -> DataFrame:
    """FHIR R4 AllergyIntolerance: an observation; a substance it names becomes the value (HL7 FHIR-OMOP guide)."""
    refuted = F.when(F.col("verification_status") == "refuted", "refuted")
    entered = F.when(F.col("verification_status") == "entered-in-error", "entered_in_error")
    return statements(
        allergies,
        "allergy",
        home=F.lit("observation"),
        excluded=F.coalesce(entered, refuted),
        codes=F.col("codes"),
        code_text=F.col("code_text"),
        type_concept_id=F.lit(concepts.TYPE_EHR),
        encounter_ref=F.col("encounter_ref"),
        practitioner_ref=F.coalesce("asserter_ref", "recorder_ref"),
        start_date=F.coalesce("onset_date", "recorded_date"),
        start_at=F.when(F.col("onset_date").isNotNull(), F.col("onset_at")).otherwise(F.col("recorded_at")),
        value_source_value=F.col("code_text"),
        status_source_value=F.col("clinical_status"),
    )
