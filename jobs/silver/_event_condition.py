"""Conditions and allergies as statements."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns import concepts
from jobs.columns.reference_texts import resource_key
from jobs.silver._event_list import no_longer_listed, with_list
from jobs.silver._statement import begins, statements

PROBLEM_LIST = "problem-list-item"
ENCOUNTER_DIAGNOSIS = "encounter-diagnosis"
# HL7 condition-ver-status: unconfirmed, and the two kinds of it: candidates that are not established yet.
CANDIDATES = ("unconfirmed", "provisional", "differential")


# HL7 diagnosis-role: how an encounter uses a diagnosis; what it was discharged with is the last word on it.
DISCHARGE, ADMISSION, COMORBIDITY, BILLING = "DD", "AD", "CM", "billing"


def of_conditions(conditions: DataFrame, encounters: DataFrame) -> DataFrame:
    """FHIR R4 Condition: onset, else the day by which it is known to be there; refuted conditions were never there.

    What was recorded when it was over is known for the last day that it was there. What its encounter has it for, and
    which of its diagnoses it is (FHIR R4 Encounter.diagnosis), is its status, unless it is only a candidate. What
    somebody was admitted for may be provisional.
    """
    candidate = F.when(F.col("verification_status").isin(*CANDIDATES), concepts.STATUS_PRELIMINARY_DIAGNOSIS)
    confirmed = F.when(F.col("verification_status") == "confirmed", concepts.STATUS_CONFIRMED_DIAGNOSIS)
    admitted = F.col("_role.concept") == concepts.STATUS_ADMISSION_DIAGNOSIS
    role = F.when(candidate.isNull() | (admitted & (F.col("verification_status") == "provisional")), F.col("_role"))
    end = F.coalesce("abatement_date", "abatement_end_date")
    start = begins("onset_date", "onset_by_date", "recorded_date", end)
    refuted = F.when(F.col("verification_status") == "refuted", "refuted")
    entered = F.when(F.col("verification_status") == "entered-in-error", "entered_in_error")
    listed = with_list(conditions, encounters, "encounter_id", "diagnosis_list")
    return statements(
        listed.join(_roles(encounters), on="condition_id", how="left"),
        "condition",
        home=F.lit("condition_occurrence"),
        excluded=F.coalesce(entered, refuted, no_longer_listed()),
        codes=F.col("codes"),
        code_text=F.col("code_text"),
        type_concept_id=_type(),
        encounter_ref=F.coalesce("encounter_ref", "_role.encounter_ref"),
        practitioner_ref=F.coalesce("asserter_ref", "recorder_ref"),
        start_date=start,
        start_at=_at(start),
        end_date=end,
        end_at=F.when(F.col("abatement_date").isNotNull(), F.col("abatement_at")).otherwise(F.col("abatement_end_at")),
        status_concept_id=F.coalesce(role["concept"], candidate, confirmed),
        status_source_value=F.coalesce(role["said"], "verification_status"),
        stop_reason=F.when(
            F.col("clinical_status").isin("resolved", "remission", "inactive"), F.col("clinical_status")
        ),
    )


def _roles(encounters: DataFrame) -> DataFrame:
    """(condition_id, _role): as what an encounter names a condition; of several words the last on it."""
    meant = encounters.where((F.size("diagnoses") > 0) & (F.coalesce("status", F.lit("")) != "entered-in-error"))
    each = meant.select("tenant", "feed", "resource_id", F.explode("diagnoses").alias("_named"))
    use, rank = F.try_element_at(F.col("_named.use_codes.code"), F.lit(1)), F.col("_named.rank")
    is_first, is_other = rank == 1, rank > 1
    discharge, counted = use == DISCHARGE, F.coalesce(use == BILLING, F.lit(True))
    concept = (
        F.when(discharge & F.coalesce(is_first, F.lit(False)), concepts.STATUS_PRIMARY_DISCHARGE_DIAGNOSIS)
        .when(discharge, concepts.STATUS_DISCHARGE_DIAGNOSIS)
        .when(use == ADMISSION, concepts.STATUS_ADMISSION_DIAGNOSIS)
        .when(counted & is_first, concepts.STATUS_PRIMARY_DIAGNOSIS)
        .when((counted & is_other) | (use == COMORBIDITY), concepts.STATUS_SECONDARY_DIAGNOSIS)
    )
    order = F.coalesce(F.array_position(F.array(F.lit(DISCHARGE), F.lit(ADMISSION)), use), F.lit(0))
    role = F.struct(
        concept.isNull().alias("is_unknown"),
        F.when(order > 0, order).otherwise(len((DISCHARGE, ADMISSION)) + 1).alias("order"),
        rank.alias("rank"),
        "resource_id",
        concept.alias("concept"),
        F.when(concept.isNotNull(), F.coalesce(use, rank.cast("string"))).alias("said"),
        F.concat(F.lit("Encounter/"), F.col("resource_id")).alias("encounter_ref"),
    )
    named = resource_key("condition", F.col("tenant"), F.col("feed"), F.col("_named.condition_ref"))
    known = each.select(named.alias("condition_id"), role.alias("_role")).where(F.col("condition_id").isNotNull())
    return known.groupBy("condition_id").agg(F.min("_role").alias("_role"))


def _at(start: Column) -> Column:
    """The instant of the day that something began."""
    recorded = F.when(F.col("recorded_date") == start, F.col("recorded_at"))
    return F.when(F.col("onset_date").isNotNull(), F.col("onset_at")).otherwise(recorded)


def _type() -> Column:
    category = F.transform(F.col("category_codes"), lambda c: c["code"])
    return (
        F.when(F.array_contains(category, PROBLEM_LIST), concepts.TYPE_EHR_PROBLEM_LIST)
        .when(F.array_contains(category, ENCOUNTER_DIAGNOSIS), concepts.TYPE_EHR_ENCOUNTER)
        .otherwise(concepts.TYPE_EHR)
    )


def of_allergies(allergies: DataFrame, patients: DataFrame) -> DataFrame:
    """FHIR R4 AllergyIntolerance: an observation; a substance it names becomes the value (HL7 FHIR-OMOP guide).

    It was there when it was recorded, and when somebody reacted.
    """
    start = begins("onset_date", "onset_by_date", F.coalesce("recorded_date", "last_occurrence_date"))
    refuted = F.when(F.col("verification_status") == "refuted", "refuted")
    entered = F.when(F.col("verification_status") == "entered-in-error", "entered_in_error")
    return statements(
        with_list(allergies, patients, "patient_id", "allergy_list"),
        "allergy",
        home=F.lit("observation"),
        excluded=F.coalesce(entered, refuted, no_longer_listed()),
        codes=F.col("codes"),
        code_text=F.col("code_text"),
        type_concept_id=F.lit(concepts.TYPE_EHR),
        encounter_ref=F.col("encounter_ref"),
        practitioner_ref=F.coalesce("asserter_ref", "recorder_ref"),
        start_date=start,
        start_at=_at(start),
        value_source_value=F.col("code_text"),
        status_source_value=F.col("clinical_status"),
    )
