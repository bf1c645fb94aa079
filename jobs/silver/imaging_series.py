"""silver.imaging_series: one series of an imaging study, as one feed tells it, newest version.

Of the DICOM headers of a series the one that arrived last counts, whole: headers do not say when they were written.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns.dates import is_malformed, moment
from jobs.columns.faults import faults
from jobs.columns.fhir import coding, current, identity, parsed
from jobs.columns.imaging import (
    SERIES,
    SERIES_TYPE,
    STUDY,
    STUDY_TYPE,
    exploded,
    has_none,
    plain_uid,
    retrieve_url,
    sent_as,
)
from jobs.columns.imaging import facts as facts_of
from jobs.columns.reference_texts import reference

IMAGING_STUDY = f"{STUDY}, series array<struct<{SERIES}>>"


def without_row() -> Column:
    """Why a resource gives no row: its study has no series, or headers tell of them one by one."""
    return F.when(has_none("series"), F.lit("study_without_series"))


def build(resources: DataFrame, translated: DataFrame | None = None, superseded: DataFrame | None = None) -> DataFrame:
    """One row for each series that is not deleted, by itself or with its study."""
    s, zone = F.col("s"), F.col("time_zone")
    started = F.coalesce(s["started"], F.col("study_started"))
    told = current(resources, STUDY_TYPE, SERIES_TYPE, translated=translated, superseded=superseded)
    _, *source = identity("imaging_series")
    return exploded(parsed(told, IMAGING_STUDY)).select(
        "imaging_series_id",
        *source,
        "imaging_study_id",
        *[F.col(c) for c in ("patient_id", "patient_ref", "encounter_ref", "procedure_ref", "procedure_codes")],
        reference(F.get(s["performer"]["actor"], F.lit(0)), "Practitioner").alias("performer_ref"),
        "status",
        "study_uid",
        plain_uid(s["uid"]).alias("series_uid"),
        s["number"].alias("number"),
        coding(s["modality"]).alias("modality_codes"),
        coding(s["bodySite"]).alias("body_site_codes"),
        coding(s["laterality"]).alias("laterality_codes"),
        s["description"].alias("description"),
        *moment("started", started, zone),
        s["numberOfInstances"].alias("instance_count"),
        facts_of(s["extension"]).alias("facts"),
        sent_as(s["extension"]).alias("sent_as"),
        retrieve_url(s["extension"]).alias("retrieve_url"),
        faults(
            no_subject=F.col("patient_ref").isNull(),
            no_series_uid=plain_uid(s["uid"]).isNull(),
            repeated_series_uid=F.array_contains("repeated_series", s["uid"]),
            malformed_date=is_malformed(started),
        ).alias("faults"),
    )
