"""FHIR R4: the newest version of each resource, parsed; codings in one shape for all of silver."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.columns.contained import CONTAINED, KNOWN, known_elsewhere
from jobs.columns.keys import key
from jobs.columns.lists import flat

# Types to declare schemas with.
CODING = "struct<system:string,code:string,display:string,version:string,userSelected:boolean>"
CODEABLE = f"struct<coding:array<{CODING}>,text:string>"
REFERENCE = "struct<reference:string,type:string,identifier:struct<system:string,value:string>,display:string>"
PERIOD = "struct<start:string,`end`:string>"
# Spark reads a JSON number declared as string through a double, which loses digits (FHIR R4 datatypes, decimal);
# declared as decimal, what is no number vanishes. A variant keeps both: `jobs.columns.numbers`.
NUMBER = "variant"
QUANTITY = f"struct<value:{NUMBER},comparator:string,unit:string,system:string,code:string>"
IDENTIFIER = f"struct<use:string,type:{CODEABLE},system:string,value:string>"
ANNOTATION = "struct<text:string>"

# What silver keeps of a coding: the type of every `codes` column.
CODES = "array<struct<system:string,code:string,display:string,version:string,user_selected:boolean>>"
DECIMAL = "decimal(38,18)"

TOMBSTONE = "DELETE"

# What of a record, or of what was translated from one, silver reads.
_VERSION = ("tenant", "feed", "delivery_id", "file_digest", "position", "entry", "record_id", "received_at",
            "exported_at", "resource_type", "resource_id", "version_id", "last_updated", "full_url", "method",
            "payload", "payload_hash", "time_zone")  # fmt: skip


def said(resources: DataFrame, translated: DataFrame | None = None) -> DataFrame:
    """Everything that was said of resources, in FHIR or translated into it; `said_id` names one version."""
    own = resources.select(*_VERSION, F.col("record_id").alias("said_id"))
    return own if translated is None else own.unionByName(translated_versions(translated))


def translated_versions(translated: DataFrame) -> DataFrame:
    """What was translated into FHIR, as `said` tells it."""
    absent = {"version_id": "string", "exported_at": "timestamp", "full_url": "string"}
    whole = translated.where(F.col("resource_type").isNotNull())
    filled = whole.withColumns({name: F.lit(None).cast(kind) for name, kind in absent.items()})
    return filled.select(*_VERSION, F.col("translated_id").alias("said_id"))


def current(
    resources: DataFrame, *types: str, translated: DataFrame | None = None, superseded: DataFrame | None = None
) -> DataFrame:
    """The newest version of each resource of these types, once; a deleted resource gives no row.

    Newest: by meta.lastUpdated, meta.versionId when it is a number, time of the export, of arrival, then
    delivery and position. Within one delivery the last record counts; of the deliveries that then agree
    up to the end, the earliest is kept, so that sending unchanged content again changes nothing.
    `superseded` are the other versions (silver.superseded) where they are known already.
    """
    wanted = said(resources, translated).where(F.col("resource_type").isin(*types))
    old = losers(wanted) if superseded is None else superseded.where(F.col("resource_type").isin(*types))
    # The losers are few, the payloads are heavy: the payloads stay where they are.
    newest = wanted.join(F.broadcast(old.select("said_id")), on="said_id", how="left_anti")
    return newest.where(F.coalesce(F.col("method") != TOMBSTONE, F.lit(True)))


def is_tombstone() -> Column:
    """Whether a version takes its resource back."""
    return F.coalesce(F.col("method") == TOMBSTONE, F.lit(False))


def oldest_first() -> Column:
    """What versions of a resource are ordered by; the last is the newest."""
    # A deletion that does not say when had happened when it was exported; it must not sort before all versions.
    deleted_by = F.coalesce("last_updated", "exported_at", "received_at")
    return F.struct(
        F.when(is_tombstone(), deleted_by).otherwise(F.col("last_updated")).alias("said_at"),
        F.col("version_id").try_cast("bigint").alias("version"),
        "exported_at",
        "received_at",
        "delivery_id",
        "position",
        "file_digest",
        F.coalesce("entry", F.lit(-1)).alias("entry"),
        "record_id",
    )


def losers(versions: DataFrame) -> DataFrame:
    """Of what was `said`, the versions that are not the newest of their resource."""
    source = ["tenant", "feed", "resource_type", "resource_id"]
    known = versions.withColumn("_resource", key("resource", *[F.col(c) for c in source]))
    ordered = known.select(
        "_resource",
        "said_id",
        "record_id",
        *source,
        "delivery_id",
        "received_at",
        oldest_first().alias("_order"),
        F.struct(is_tombstone().alias("is_tombstone"), "payload_hash").alias("_content"),
    )
    # Almost every resource has one version: count the keys first, and order only what was sent twice.
    repeated = known.select("_resource").groupBy("_resource").count().where(F.col("count") > 1).select("_resource")
    ordered = ordered.join(F.broadcast(repeated), on="_resource", how="left_semi")
    in_order = Window.partitionBy("_resource").orderBy("_order")
    next_delivery = F.lead("delivery_id").over(in_order)
    last_of_delivery = ordered.withColumn("_said", ~next_delivery.eqNullSafe(F.col("delivery_id")))
    last = last_of_delivery.where("_said")
    before = F.lag("_content").over(in_order)
    changed = last.withColumn("_new", ~F.col("_content").eqNullSafe(before)).where("_new")
    winners = changed.withColumn("_next", F.lead("said_id").over(in_order)).where(F.col("_next").isNull())
    return ordered.join(winners.select("said_id"), on="said_id", how="left_anti")


def parsed(resources: DataFrame, ddl: str, *, contained: bool = True) -> DataFrame:
    """The resources with their payload read into struct `r`: the declared fields, and what they contain.

    `inside` is what that is known as, for `reference`. Of claims and their answers, which contain their coverage and
    name much, that is not asked (`contained`): they would take a fifth longer to read.
    """
    whole = ddl if not contained or "contained " in ddl else f"{ddl}, {CONTAINED}"
    read = resources.withColumn("r", F.from_json("payload", whole, {"mode": "PERMISSIVE"})).drop("payload")
    nothing = F.lit(None).cast(KNOWN)
    return read.withColumn("inside", known_elsewhere(F.col("r.contained")) if contained else nothing)


def identity(thing: str, *parts: Column) -> list[Column]:
    """The first columns of every silver table: its key and where the row comes from.

    `parts` are for tables with more than one row for a resource; the resource's own row has none.
    """
    source = [F.col(c) for c in ("tenant", "feed", "resource_type", "resource_id")]
    return [key(thing, *source, *parts).alias(f"{thing}_id"), *source, F.col("record_id"), F.col("received_at")]


def codings(codeable_concept: Column) -> Column:
    """All codings of a CodeableConcept, as sent; empty when there is none.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> potassium = ([("http://loinc.org", "2823-3", "K", None, True)], "potassium")
    >>> rows = spark.createDataFrame([(potassium,)], f"c {CODEABLE}")
    >>> rows.select(codings(F.col("c")).alias("codes")).first().codes
    [Row(system='http://loinc.org', code='2823-3', display='K', version=None, user_selected=True)]
    """
    return F.coalesce(codeable_concept["coding"].cast(CODES), F.array().cast(CODES))


def all_codings(codeable_concepts: Column) -> Column:
    """The codings of a list of CodeableConcepts, one after the other; empty when there is none.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> one = ([("s", "a", None, None, None)], None)
    >>> rows = spark.createDataFrame([([one, (None, "text only"), one],)], f"c array<{CODEABLE}>")
    >>> [coding.code for coding in rows.select(all_codings(F.col("c")).alias("codes")).first().codes]
    ['a', 'a']
    """
    return F.coalesce(flat(codeable_concepts["coding"]).cast(CODES), F.array().cast(CODES))


def coding(one: Column) -> Column:
    """A single Coding as a list of one; empty when there is none.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> rows = spark.createDataFrame([(("s", "AMB", None, None, None),), (None,)], f"c {CODING}")
    >>> [len(row.codes) for row in rows.select(coding(F.col("c")).alias("codes")).collect()]
    [1, 0]
    """
    return F.when(one.isNotNull(), F.array(one).cast(CODES)).otherwise(F.array().cast(CODES))


def text_of(codeable_concept: Column) -> Column:
    """What a CodeableConcept says in words: its text, else the first display.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> rows = spark.createDataFrame([(([("s", "c", "shown", None, None)], None),), ((None, "said"),)], f"c {CODEABLE}")
    >>> [row.t for row in rows.select(text_of(F.col("c")).alias("t")).collect()]
    ['shown', 'said']
    """
    return F.coalesce(codeable_concept["text"], F.try_element_at(codeable_concept["coding"]["display"], F.lit(1)))


def has_content(codeable_concept: Column) -> Column:
    """Whether a CodeableConcept says anything: a coding or a text.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> rows = spark.createDataFrame([((None, "said"),), (([], None),), (None,)], f"c {CODEABLE}")
    >>> [row.h for row in rows.select(has_content(F.col("c")).alias("h")).collect()]
    [True, False, False]
    """
    return F.coalesce(codeable_concept["text"].isNotNull() | (F.size(codeable_concept["coding"]) > 0), F.lit(False))


def extended(extensions: Column, url: str) -> Column:
    """The first extension of this name; null when there is none.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> given = [([("a", 1), ("b", 2), ("b", 3)],), ([("a", 1)],), (None,)]
    >>> rows = spark.createDataFrame(given, "e array<struct<url:string,valueInteger:int>>")
    >>> [row.v for row in rows.select(extended(F.col("e"), "b")["valueInteger"].alias("v")).collect()]
    [2, None, None]
    """
    return F.get(extensions, F.array_position(extensions["url"], url).cast("int") - 1)
