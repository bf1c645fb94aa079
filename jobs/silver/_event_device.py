"""Devices as statements: those a patient has, and those a patient is said to use."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns import concepts
from jobs.columns.references import resolved
from jobs.silver._statement import excluded_by, statements

HOME = "device_exposure"
# Which device it is, and which of its make.
UNIQUE, MADE = ("udi", "udi_device_identifier"), ("serial_number", "lot_number")


def of_devices(devices: DataFrame, uses: DataFrame) -> DataFrame:
    """FHIR R4 Device of a patient. R4 does not say since when; the day it was made is the first it can have been.

    A device of nobody is stock, not an exposure. One whose use is stated, as the International Patient Summary does,
    is that use.
    """
    told = resolved(uses.where(_is_used().isNull()), "device_ref", devices, "device_id", "device_id")
    told = told.where(F.col("device_id").isNotNull()).select("device_id", F.lit(True).alias("_is_told")).distinct()
    used = F.when(F.col("_is_told"), "told_by_its_use")
    owned = F.when(F.col("patient_ref").isNull(), "device_of_nobody")
    return statements(
        devices.join(F.broadcast(told), on="device_id", how="left"),
        "device",
        home=F.lit(HOME),
        excluded=F.coalesce(excluded_by(F.col("status")), owned, used),
        codes=F.col("codes"),
        code_text=F.col("code_text"),
        type_concept_id=F.lit(concepts.TYPE_EHR),
        start_date=F.col("manufactured_date"),
        start_at=F.col("manufactured_at"),
        unique_device_id=F.coalesce(*UNIQUE),
        production_id=F.coalesce(*MADE),
        quantity=F.lit(1),
    )


def of_device_uses(uses: DataFrame, devices: DataFrame) -> DataFrame:
    """FHIR R4 DeviceUseStatement: the device in place, contained, or referred to, as its user or a clinician says."""
    by_clinician = F.col("source_ref").startswith("Practitioner")
    named = resolved(
        uses,
        "device_ref",
        devices,
        "device_id",
        "_device_id",
        **{f"_{name}": name for name in ("codes", "code_text", *UNIQUE, *MADE)},
    )
    return statements(
        named,
        "device_use",
        home=F.lit(HOME),
        excluded=_is_used(),
        codes=F.when(F.size("codes") > 0, F.col("codes")).otherwise(F.col("_codes")),
        code_text=F.coalesce("code_text", "_code_text"),
        type_concept_id=F.when(by_clinician, concepts.TYPE_EHR).otherwise(concepts.TYPE_PATIENT_REPORT),
        start_date=F.coalesce("start_date", "recorded_date"),
        start_at=F.when(F.col("start_date").isNotNull(), F.col("start_at")).otherwise(F.col("recorded_at")),
        end_date=F.col("end_date"),
        end_at=F.col("end_at"),
        unique_device_id=F.coalesce("udi", *[f"_{name}" for name in UNIQUE]),
        production_id=F.coalesce(*[f"_{name}" for name in MADE]),
        quantity=F.lit(1),
    )


def _is_used() -> Column:
    """Why a use is none, or null. FHIR R4 device-statement-status: what is intended may be used one day."""
    return excluded_by(F.col("status"), "intended")
