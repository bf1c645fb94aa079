"""References of FHIR R4 as normalised texts, the texts under which a resource is known, and the keys they name."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from jobs.columns.keys import key
from jobs.columns.lists import distinct, has_null


def subject(ref: Column) -> list[Column]:
    """patient_id and patient_ref of a subject; the id is null when the reference is not direct."""
    patient = reference(ref, "Patient")
    found = resource_key("patient", F.col("tenant"), F.col("feed"), patient)
    return [found.alias("patient_id"), patient.alias("patient_ref")]


def reference(ref: Column, target_type: str) -> Column:
    """A Reference as one normalised text; `target_type` is what it refers to when it does not say so itself.

    What stands `inside` the resource, as `fhir.parsed` tells, is named as it is known elsewhere.

    >>> from pyspark.sql import SparkSession
    >>> from jobs.columns.fhir import REFERENCE
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> texts = ["Patient/1", "Patient/1/_history/2", "http://x/fhir/Patient/1", "urn:uuid:abc", "#p",
    ...     "#q", "Patient?identifier=http%3A%2F%2Fmrn|7", None]
    >>> inside = "inside array<struct<id:string,text:string>>"
    >>> given = [((t, None, ("mrn", "7"), None), [("q", "Patient?identifier=mrn|8")]) for t in texts]
    >>> rows = spark.createDataFrame(given, f"r {REFERENCE}, {inside}")
    >>> for row in rows.select(reference(F.col("r"), "Patient").alias("text")).collect():
    ...     print(row.text)
    Patient/1
    Patient/1
    Patient/1
    Patient/abc
    Patient#p
    Patient?identifier=mrn|8
    Patient?identifier=http://mrn|7
    Patient?identifier=mrn|7
    """
    target = F.coalesce(ref["type"], F.lit(target_type))
    number = by_identifier(target, ref["identifier"]["system"], ref["identifier"]["value"])
    said, inside = ref["reference"], F.col("inside")
    held = F.get(inside["text"], F.array_position(inside["id"], F.substr(said, F.lit(2))).cast("int") - 1)
    named = F.coalesce(F.when(said.startswith("#"), held), normal(said, target))
    return F.when(said.isNotNull(), named).otherwise(number)


def references(refs: Column, target_type: str) -> Column:
    """A list of References, normalised; empty when there is none.

    >>> from pyspark.sql import SparkSession
    >>> from jobs.columns.fhir import REFERENCE
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> lists = [["Patient/1", "Patient/1"], ["Patient/1", "urn:uuid:7"], ["", None], [None], []]
    >>> given = [([(text, None, ("mrn", "7") if text is None else None, None) for text in texts],) for texts in lists]
    >>> rows = spark.createDataFrame([*given, (None,)], f"r array<{REFERENCE}>")
    >>> rows = rows.withColumn("inside", F.lit(None).cast("array<struct<id:string,text:string>>"))
    >>> for row in rows.select(references(F.col("r"), "Patient").alias("texts")).collect():
    ...     print(row.texts)
    ['Patient/1', 'Patient/1']
    ['Patient/1', 'Patient/7']
    ['Patient?identifier=mrn|7']
    ['Patient?identifier=mrn|7']
    []
    []
    """
    texts = refs["reference"]
    each = F.when(are_normal(texts), texts).otherwise(
        F.array_compact(F.transform(refs, lambda ref: reference(ref, target_type)))
    )
    return F.when(F.size(refs) > 0, each).otherwise(F.array().cast("array<string>"))


def are_normal(texts: Column) -> Column:
    """Whether the texts of a list of references are all there, and normalised as they stand.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> lists = [["Patient/1", None], ["Patient/1", "#p"], ["Patient/1/_history/2"], ["Patient/1", ""], ["Patient/1"]]
    >>> rows = spark.createDataFrame([(texts,) for texts in lists], "t array<string>")
    >>> [row.n for row in rows.select(are_normal(F.col("t")).alias("n")).collect()]
    [False, False, False, False, True]
    """
    joined = F.array_join(texts, " ")
    other = joined.contains("?") | joined.contains(":") | joined.contains("#") | joined.contains("/_history/")
    return ~other & ~has_null(texts) & ~F.array_contains(texts, "")


def first_person(refs: Column) -> Column:
    """The first of normalised references that names a practitioner, by themselves or by a role."""
    return F.try_element_at(F.filter(refs, lambda ref: ref.startswith("Practitioner")), F.lit(1))


def normal(text: Column, target: Column) -> Column:
    """The text of a reference to a `target`, normalised; what it names by "#id" is not looked at."""
    # FHIR R4 references 2.3.0.1: relative, absolute (perhaps with a version), urn, fragment; and as in
    # transactions the conditional `Type?identifier=system|value`, which Synthea writes in bulk exports.
    plus_kept = F.try_url_decode(F.replace(text, F.lit("+"), F.lit("%2B")))
    decoded = F.when(text.contains("%"), F.coalesce(plus_kept, text)).otherwise(text)
    absolute = F.regexp_extract(text, r"([A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64})(/_history/[^/]+)?$", 1)
    return (
        F.when(text.contains("?"), F.regexp_extract(decoded, r"([A-Za-z]+\?.*)$", 1))
        .when(text.startswith("urn:"), F.concat(target, F.lit("/"), F.substring_index(text, ":", -1)))
        .when(text.startswith("#"), F.concat(target, text))
        .when(
            text.contains("://") | text.contains("/_history/"),
            F.when(absolute != "", absolute).otherwise(text),
        )
        .otherwise(F.when(text != "", text))
    )


def by_identifier(target: Column, system: Column, value: Column) -> Column:
    """A reference by a number of a thing; null without one."""
    return F.concat(target, F.lit("?identifier="), F.coalesce(system, F.lit("")), F.lit("|"), value)


def resource_key(thing: str, tenant: Column, feed: Column, ref: Column) -> Column:
    """The key in silver.<thing> of what a normalised reference names directly; null when it does not.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> rows = spark.createDataFrame([("Patient/1",), ("Patient?identifier=mrn|7",), ("Group/1",)], "ref string")
    >>> found = rows.select(resource_key("patient", F.lit("t"), F.lit("f"), F.col("ref")).alias("id")).collect()
    >>> expected = rows.select(key("patient", F.lit("t"), F.lit("f"), F.lit("Patient"), F.lit("1")).alias("id")).first()
    >>> found[0].id == expected.id, found[1].id, found[2].id
    (True, None, None)
    """
    resource_type = "".join(word.title() for word in thing.split("_"))
    direct = ref.startswith(f"{resource_type}/")
    resource_id = F.substr(ref, F.lit(len(resource_type) + 2))
    return F.when(direct, key(thing, tenant, feed, F.lit(resource_type), resource_id))


def aliases(resource_type: Column, resource_id: Column, full_url: Column, identifiers: Column) -> Column:
    """Every normalised text by which others may refer to a resource.

    >>> from pyspark.sql import SparkSession
    >>> from jobs.columns.fhir import IDENTIFIER
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> rows = spark.createDataFrame([("urn:uuid:9", [(None, None, "mrn", "7")])], f"u string, i array<{IDENTIFIER}>")
    >>> rows.select(aliases(F.lit("Patient"), F.lit("1"), F.col("u"), F.col("i")).alias("a")).first().a
    ['Patient/1', 'Patient/9', 'Patient?identifier=mrn|7']
    """
    named = F.transform(identifiers, lambda i: by_identifier(resource_type, i["system"], i["value"]))
    own = F.array(F.concat(resource_type, F.lit("/"), resource_id), normal(full_url, resource_type))
    return distinct(F.concat(own, F.coalesce(named, F.array().cast("array<string>"))))
