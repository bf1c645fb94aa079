"""Procedures as statements."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns import concepts
from jobs.silver._event_list import no_longer_listed, with_list
from jobs.silver._statement import begins, excluded_by, statements


def of_procedures(procedures: DataFrame, encounters: DataFrame) -> DataFrame:
    """FHIR R4 Procedure: what was done, from when to when."""
    return statements(
        with_list(procedures, encounters, "encounter_id", "procedure_list"),
        "procedure",
        home=F.lit("procedure_occurrence"),
        excluded=F.coalesce(excluded_by(F.col("status"), "not-done", "preparation"), no_longer_listed()),
        codes=F.col("codes"),
        code_text=F.col("code_text"),
        type_concept_id=F.lit(concepts.TYPE_EHR),
        encounter_ref=F.col("encounter_ref"),
        practitioner_ref=F.coalesce("performer_ref", "recorder_ref"),
        start_date=begins("start_date", "start_by_date"),
        start_at=F.col("start_at"),
        end_date=F.col("end_date"),
        end_at=F.col("end_at"),
        quantity=F.lit(1),
    )
