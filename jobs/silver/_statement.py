"""The one shape in which every source's statements reach silver.clinical_event, before codes are mapped."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns.fhir import CODES, DECIMAL

# Columns that a source may fill; what it does not fill is null.
SHAPE = {
    "part": "string",
    "home": "string",
    "excluded": "string",
    "codes": CODES,
    "code_text": "string",
    "type_concept_id": "int",
    "encounter_ref": "string",
    "practitioner_ref": "string",
    "start_date": "date",
    "start_at": "timestamp",
    "end_date": "date",
    "end_at": "timestamp",
    "value_as_number": DECIMAL,
    "value_as_string": "string",
    "value_as_concept_id": "int",
    "value_source_value": "string",
    "operator_concept_id": "int",
    "unit_concept_id": "int",
    "unit_source_concept_id": "int",
    "unit_source_value": "string",
    "range_low": DECIMAL,
    "range_high": DECIMAL,
    "quantity": DECIMAL,
    "days_supply": "int",
    "refills": "int",
    "sig": "string",
    "route_concept_id": "int",
    "route_source_value": "string",
    "lot_number": "string",
    "stop_reason": "string",
    "status_concept_id": "int",
    "status_source_value": "string",
    "modifier_concept_id": "int",
    "modifier_source_value": "string",
    "unique_device_id": "string",
    "production_id": "string",
}

EXCLUDED_STATUS = {
    "entered-in-error": "entered_in_error",
    "not-done": "not_done",
    "cancelled": "cancelled",
    "draft": "draft",
    "registered": "registered_only",
    "preparation": "not_done",
    "declined": "declined",
    "intended": "intended",
    "planned": "planned",
    "aborted": "aborted",
    "unknown": None,
}


def statements(rows: DataFrame, source: str, **filled: Column) -> DataFrame:
    """Rows of silver.`source` in the shape; keyword arguments say how its columns are filled."""
    columns = [filled.get(name, F.lit(None)).cast(kind).alias(name) for name, kind in SHAPE.items()]
    return rows.select(
        F.lit(f"silver.{source}").alias("source_table"),
        F.col(f"{source}_id").alias("source_row_id"),
        "patient_id",
        "patient_ref",
        "tenant",
        "feed",
        F.array("record_id").alias("record_ids"),
        *columns,
    )


def excluded_by(status: Column, *statuses: str) -> Column:
    """Why a status gives no gold row: one of the named statuses, in the words of the account; else null."""
    reason = F.lit(None).cast("string")
    for one in ("entered-in-error", *statuses):
        reason = F.when(status == one, F.lit(EXCLUDED_STATUS[one])).otherwise(reason)
    return reason


def begins(exact: str, by: str, *later: Column | str) -> Column:
    """The day that something began: as said, else the first of the days by which it is known to have begun."""
    return F.coalesce(exact, F.least(by, *later) if later else F.col(by))
