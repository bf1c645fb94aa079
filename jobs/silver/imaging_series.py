"""silver.imaging_series: one series of an ImagingStudy, newest version."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.dates import is_malformed, moment
from jobs.columns.faults import faults
from jobs.columns.fhir import coding, current, identity, parsed, reference
from jobs.columns.imaging import SERIES, STUDY, exploded, plain_uid
from jobs.columns.keys import key

IMAGING_STUDY = f"{STUDY}, series array<struct<{SERIES}>>"


def build(resources: DataFrame, translated: DataFrame | None = None, superseded: DataFrame | None = None) -> DataFrame:
    """One row for each series of a study that is not deleted."""
    s, zone = F.col("s"), F.col("time_zone")
    source = [F.col(c) for c in ("tenant", "feed", "resource_type", "resource_id")]
    started = F.coalesce(s["started"], F.col("study_started"))
    return exploded(
        parsed(current(resources, "ImagingStudy", translated=translated, superseded=superseded), IMAGING_STUDY)
    ).select(
        *identity("imaging_series", s["uid"]),
        key("imaging_study", *source).alias("imaging_study_id"),
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
        faults(
            no_subject=F.col("patient_ref").isNull(),
            no_series_uid=plain_uid(s["uid"]).isNull(),
            repeated_series_uid=F.array_contains("repeated_series", s["uid"]),
            malformed_date=is_malformed(started),
        ).alias("faults"),
    )
