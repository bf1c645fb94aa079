"""Imaging studies of FHIR R4: their DICOM identifiers, what a series shares with its study, and what was sent of both.

An EHR tells of a study in one ImagingStudy with all its series and images. A DICOM header tells of one image, so
`jobs.formats.dicom_fhir` gives three resources of it, an ImagingStudy, an ImagingSeries and an ImagingInstance, each
with no more than the one thing it is of; the keys below are the same whichever of them a row comes from.
"""

from __future__ import annotations

from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns.fhir import CODEABLE, CODING, DECIMAL, IDENTIFIER, REFERENCE, all_codings, extended
from jobs.columns.keys import key
from jobs.columns.quantities import QUANTITY
from jobs.columns.reference_texts import reference, subject
from jobs.columns.repeats import repeated

STUDY_TYPE: Final = "ImagingStudy"
SERIES_TYPE: Final = "ImagingSeries"
INSTANCE_TYPE: Final = "ImagingInstance"
_SENT: Final = "array<struct<url: string, valueString: string>>"
EXTENSION: Final = f"""array<struct<url: string, valueUrl: string, extension: array<struct<url: string,
    valueString: string, valueQuantity: {QUANTITY}, extension: {_SENT}>>>>"""
STUDY: Final = f"""
    identifier array<{IDENTIFIER}>, status string, subject {REFERENCE}, encounter {REFERENCE}, started string,
    procedureReference {REFERENCE}, procedureCode array<{CODEABLE}>
"""
INSTANCE: Final = f"struct<uid: string, sopClass: {CODING}, number: int, title: string, extension: {EXTENSION}>"
SERIES: Final = f"""
    uid: string, number: int, modality: {CODING}, description: string, numberOfInstances: int, bodySite: {CODING},
    laterality: {CODING}, started: string, performer: array<struct<actor: {REFERENCE}>>, extension: {EXTENSION}
"""
SENT_AS: Final = "array<struct<element:string,value:string>>"
FACTS: Final = f"array<struct<name:string,value:{DECIMAL},unit:string,words:string,sent:string>>"
# FHIR R4 imagingstudy notes: the Study Instance UID (0020,000D) is an identifier of this system, "urn:oid:" before it.
DICOM_SYSTEM: Final = "urn:dicom:uid"
OID: Final = "urn:oid:"
OURS: Final = "https://lakeward.dev/fhir/"


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
    """One row for each series: `s` is the series as sent, beside its keys and what it takes over from its study."""
    r, s = F.col("r"), F.col("s")
    source = ["tenant", "feed", "resource_type", "resource_id", "record_id", "received_at", "time_zone", "inside"]
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
    found = studies.withColumn("s", F.explode("_series")).drop("_series")
    return found.withColumns(
        {
            "imaging_study_id": _key("imaging_study", STUDY_TYPE, F.col("study_uid")),
            "imaging_series_id": _key("imaging_series", SERIES_TYPE, plain_uid(s["uid"]), s["uid"]),
        }
    )


def _key(table: str, kind: str, uid: Column, *parts: Column) -> Column:
    """The key of a study or series: of the resource that tells the whole study, else of its own by its UID."""
    owner = [F.col("tenant"), F.col("feed")]
    whole = key(table, *owner, F.col("resource_type"), F.col("resource_id"), *parts)
    return F.when(F.col("resource_type") == STUDY_TYPE, whole).otherwise(key(table, *owner, F.lit(kind), uid, *parts))


def _of(extensions: Column, name: str) -> Column:
    """The first extension of ours with this name; null when there is none."""
    return extended(extensions, f"{OURS}{name}")


def sent_as(extensions: Column) -> Column:
    """What was sent where it was cleaned to something else or could not be read; empty when all is told as sent.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> part = '{"url": "modality", "valueString": "CR"}'
    >>> text = f'[{{"url": "https://lakeward.dev/fhir/dicom-raw", "extension": [{part}]}}]'
    >>> rows = spark.createDataFrame([(text,), ("[]",)], "t string").select(F.from_json("t", EXTENSION).alias("e"))
    >>> [row.s for row in rows.select(sent_as(F.col("e")).alias("s")).collect()]
    [[Row(element='modality', value='CR')], []]
    """
    parts = _of(extensions, "dicom-raw")["extension"]
    named = F.transform(parts, lambda one: F.struct(one["url"].alias("element"), one["valueString"].alias("value")))
    return F.coalesce(named.cast(SENT_AS), F.array().cast(SENT_AS))


def facts(extensions: Column) -> Column:
    """How images were made: each fact with its number and unit, or its words, and what was sent where that differs.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> fact = '{"url": "kvp", "valueQuantity": {"value": 120, "code": "kV"}, '
    >>> fact += '"extension": [{"url": "raw", "valueString": "120000"}]}'
    >>> text = f'[{{"url": "https://lakeward.dev/fhir/dicom-acquisition", "extension": [{fact}]}}]'
    >>> rows = spark.createDataFrame([(text,)], "t string").select(F.from_json("t", EXTENSION).alias("e"))
    >>> [one] = rows.select(facts(F.col("e")).alias("f")).first().f
    >>> one.name, int(one.value), one.unit, one.words, one.sent
    ('kvp', 120, 'kV', None, '120000')
    """
    parts = _of(extensions, "dicom-acquisition")["extension"]
    told = F.transform(
        parts,
        lambda one: F.struct(
            one["url"].alias("name"),
            one["valueQuantity"]["value"].alias("value"),
            one["valueQuantity"]["code"].alias("unit"),
            one["valueString"].alias("words"),
            F.get(one["extension"], F.lit(0))["valueString"].alias("sent"),
        ),
    )
    return F.coalesce(told.cast(FACTS), F.array().cast(FACTS))


def retrieve_url(extensions: Column) -> Column:
    """Where an archive hands out the series by DICOMweb (WADO-RS); null when it does not say."""
    return _of(extensions, "dicom-retrieve")["valueUrl"]


def same_study(study_uid: Column, imaging_study_id: Column) -> Column:
    """What two feeds' rows of one study have in common: its UID, which is unique in the world (PS3.5 9)."""
    return F.coalesce(study_uid, imaging_study_id.cast("string"))


def has_none(path: str) -> Column:
    """Whether a resource, as JSON in column `payload`, has nothing at this path.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> rows = spark.createDataFrame([('{"series":[{"uid":"1"}]}',), ('{"series":[]}',), ("{}",)], "payload string")
    >>> found = rows.select(has_none("series").alias("a"), has_none("series[*].uid").alias("b")).collect()
    >>> [(row.a, row.b) for row in found]
    [(False, False), (True, True), (True, True)]
    """
    found = F.get_json_object("payload", f"$.{path}")
    return F.coalesce(found, F.lit("[]")).isin("[]", "[[]]")
