"""Imaging studies of FHIR R4: their DICOM identifiers, and what a series shares with its study."""

from __future__ import annotations

from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns.fhir import CODEABLE, CODING, IDENTIFIER, REFERENCE, all_codings, reference, subject
from jobs.columns.repeats import repeated

STUDY: Final = f"""
    identifier array<{IDENTIFIER}>, status string, subject {REFERENCE}, encounter {REFERENCE}, started string,
    procedureReference {REFERENCE}, procedureCode array<{CODEABLE}>
"""
INSTANCE: Final = f"struct<uid: string, sopClass: {CODING}, number: int, title: string>"
SERIES: Final = f"""
    uid: string, number: int, modality: {CODING}, description: string, numberOfInstances: int, bodySite: {CODING},
    laterality: {CODING}, started: string, performer: array<struct<actor: {REFERENCE}>>
"""
# FHIR R4 imagingstudy notes: the Study Instance UID (0020,000D) is an identifier of this system, "urn:oid:" before it.
DICOM_SYSTEM: Final = "urn:dicom:uid"
OID: Final = "urn:oid:"


def plain_uid(text: Column) -> Column:
    """A DICOM UID without the prefix that makes it a URI.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> rows = spark.createDataFrame([("urn:oid:1.2.840",), ("1.2.840",), ("",)], "t string")
    >>> [row.uid for row in rows.select(plain_uid(F.col("t")).alias("uid")).collect()]
    ['1.2.840', '1.2.840', None]
    """
    bare = F.when(text.startswith(OID), F.substr(text, F.lit(len(OID) + 1))).otherwise(text)
    return F.when(bare != "", bare)


def study_uid(identifiers: Column) -> Column:
    """The Study Instance UID among the identifiers of a study; null when it has none.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> given = [(None, None, "urn:ietf:rfc:3986", "urn:oid:1.2"), (None, None, "urn:dicom:uid", "urn:oid:1.3")]
    >>> rows = spark.createDataFrame([(given,), (given[:1],), ([],)], f"i array<{IDENTIFIER}>")
    >>> [row.uid for row in rows.select(study_uid(F.col("i")).alias("uid")).collect()]
    ['1.3', '1.2', None]
    """
    named = F.filter(identifiers, lambda i: i["system"] == DICOM_SYSTEM)
    # Synthea gives it under the general system of URIs.
    shaped = F.filter(identifiers, lambda i: i["value"].startswith(OID))
    return plain_uid(F.coalesce(F.get(named, F.lit(0))["value"], F.get(shaped, F.lit(0))["value"]))


def exploded(read: DataFrame) -> DataFrame:
    """One row for each series: `s` is the series as sent, beside what it takes over from its study."""
    r = F.col("r")
    source = ["tenant", "feed", "resource_type", "resource_id", "record_id", "received_at", "time_zone"]
    studies = read.select(
        *source,
        *subject(r["subject"]),
        reference(r["encounter"], "Encounter").alias("encounter_ref"),
        reference(r["procedureReference"], "Procedure").alias("procedure_ref"),
        all_codings(r["procedureCode"]).alias("procedure_codes"),
        r["status"].alias("status"),
        study_uid(r["identifier"]).alias("study_uid"),
        r["started"].alias("study_started"),
        repeated(r["series"]["uid"]).alias("repeated_series"),
        r["series"].alias("_series"),
    )
    # A select of its own: beside an explode, Spark would compute the rest once for each series.
    return studies.withColumn("s", F.explode("_series")).drop("_series")
