"""silver.imaging_instance: one image (SOP instance) of an ImagingStudy, newest version."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.faults import faults
from jobs.columns.fhir import current, identity, parsed
from jobs.columns.imaging import INSTANCE, STUDY, exploded, plain_uid
from jobs.columns.keys import key
from jobs.columns.repeats import repeated

IMAGING_STUDY = f"{STUDY}, series array<struct<uid: string, instance: array<{INSTANCE}>>>"


def build(resources: DataFrame, translated: DataFrame | None = None, superseded: DataFrame | None = None) -> DataFrame:
    """One row for each image that a study which is not deleted lists."""
    s, i = F.col("s"), F.col("i")
    source = [F.col(c) for c in ("tenant", "feed", "resource_type", "resource_id")]
    series = exploded(
        parsed(current(resources, "ImagingStudy", translated=translated, superseded=superseded), IMAGING_STUDY)
    )
    series = series.withColumn("repeated_instances", repeated(s["instance"]["uid"]))
    return series.withColumn("i", F.explode(s["instance"])).select(
        *identity("imaging_instance", s["uid"], i["uid"]),
        key("imaging_study", *source).alias("imaging_study_id"),
        key("imaging_series", *source, s["uid"]).alias("imaging_series_id"),
        *[F.col(c) for c in ("patient_id", "patient_ref", "status", "study_uid")],
        plain_uid(s["uid"]).alias("series_uid"),
        plain_uid(i["uid"]).alias("instance_uid"),
        i["number"].alias("number"),
        plain_uid(i["sopClass"]["code"]).alias("sop_class_uid"),
        i["title"].alias("title"),
        faults(
            no_subject=F.col("patient_ref").isNull(),
            no_series_uid=plain_uid(s["uid"]).isNull(),
            repeated_series_uid=F.array_contains("repeated_series", s["uid"]),
            no_instance_uid=plain_uid(i["uid"]).isNull(),
            repeated_instance_uid=F.array_contains("repeated_instances", i["uid"]),
        ).alias("faults"),
    )
