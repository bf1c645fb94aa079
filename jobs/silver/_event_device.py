"""Devices as statements: those a patient has, and those a patient is said to use."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns import concepts
from jobs.columns.references import resolved
from jobs.silver._statement import excluded_by, statements

HOME = "device_exposure"


def of_devices(devices: DataFrame) -> DataFrame:
    """FHIR R4 Device of a patient. R4 does not say since when; the day it was made is the first it can have been.

    A device of nobody is stock, not an exposure.
    """
    owned = F.when(F.col("patient_ref").isNull(), "device_of_nobody")
    return statements(
        devices,
        "device",
        home=F.lit(HOME),
        excluded=F.coalesce(excluded_by(F.col("status")), owned),
        codes=F.col("codes"),
        code_text=F.col("code_text"),
        type_concept_id=F.lit(concepts.TYPE_EHR),
        start_date=F.col("manufactured_date"),
        start_at=F.col("manufactured_at"),
        unique_device_id=F.coalesce("udi", "udi_device_identifier"),
        production_id=F.coalesce("serial_number", "lot_number"),
        quantity=F.lit(1),
    )


def of_device_uses(uses: DataFrame, devices: DataFrame) -> DataFrame:
    """FHIR R4 DeviceUseStatement: the device in place, contained, or referred to."""
    named = resolved(
        uses, "device_ref", devices, "device_id", "_device_id", _codes="codes", _text="code_text", _udi="udi"
    )
    return statements(
        named,
        "device_use",
        home=F.lit(HOME),
        excluded=excluded_by(F.col("status")),
        codes=F.when(F.size("codes") > 0, F.col("codes")).otherwise(F.col("_codes")),
        code_text=F.coalesce("code_text", "_text"),
        type_concept_id=F.lit(concepts.TYPE_PATIENT_REPORT),
        start_date=F.coalesce("start_date", "recorded_date"),
        start_at=F.when(F.col("start_date").isNotNull(), F.col("start_at")).otherwise(F.col("recorded_at")),
        end_date=F.col("end_date"),
        end_at=F.col("end_at"),
        unique_device_id=F.coalesce("udi", "_udi"),
        quantity=F.lit(1),
    )
