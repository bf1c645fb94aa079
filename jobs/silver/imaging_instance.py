"""silver.imaging_instance: one image (SOP instance) of an imaging study, as one feed tells it, newest version."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns.faults import faults
from jobs.columns.fhir import current, identity, parsed
from jobs.columns.imaging import INSTANCE, INSTANCE_TYPE, STUDY, STUDY_TYPE, exploded, has_none, plain_uid
from jobs.columns.imaging import facts as facts_of
from jobs.columns.repeats import repeated

IMAGING_STUDY = f"{STUDY}, series array<struct<uid: string, instance: array<{INSTANCE}>>>"


def without_row() -> Column:
    """Why a resource gives no row: its study lists no images, or headers tell of them one by one."""
    return F.when(has_none("series[*].instance"), F.lit("study_without_images"))


def build(resources: DataFrame, translated: DataFrame | None = None, superseded: DataFrame | None = None) -> DataFrame:
    """One row for each image that is not deleted, by itself or with its study."""
    s, i = F.col("s"), F.col("i")
    told = current(resources, STUDY_TYPE, INSTANCE_TYPE, translated=translated, superseded=superseded)
    series = exploded(parsed(told, IMAGING_STUDY)).withColumn("repeated_instances", repeated(s["instance"]["uid"]))
    return series.withColumn("i", F.explode(s["instance"])).select(
        *identity("imaging_instance", s["uid"], i["uid"]),
        "imaging_study_id",
        "imaging_series_id",
        *[F.col(c) for c in ("patient_id", "patient_ref", "status", "study_uid")],
        plain_uid(s["uid"]).alias("series_uid"),
        plain_uid(i["uid"]).alias("instance_uid"),
        i["number"].alias("number"),
        plain_uid(i["sopClass"]["code"]).alias("sop_class_uid"),
        i["title"].alias("title"),
        facts_of(i["extension"]).alias("facts"),
        faults(
            no_subject=F.col("patient_ref").isNull(),
            no_series_uid=plain_uid(s["uid"]).isNull(),
            repeated_series_uid=F.array_contains("repeated_series", s["uid"]),
            no_instance_uid=plain_uid(i["uid"]).isNull(),
            repeated_instance_uid=F.array_contains("repeated_instances", i["uid"]),
        ).alias("faults"),
    )
