"""From the codings of a statement to the standard concepts they map to. Nothing unmapped is lost."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.columns.codes import code_key, system_key, vocabulary_of

NO_MATCH = 0
ICD_10 = ("ICD10", "ICD10CM", "ICD10PCS")

TARGETS = "array<struct<concept_id:int,domain_id:string,concept_class_id:string,value_concept_id:int>>"


def codes_digest(codes: Column) -> Column:
    """A hash of an array of codings, to join the few distinct ones back to the many rows."""
    bar = F.lit("|")
    return F.xxhash64(F.size(codes), codes["system"], bar, codes["code"], bar, codes["display"])


def mapped(
    rows: DataFrame, concept_map: DataFrame, codes: str, *, into: str = "map", said_in: DataFrame | None = None
) -> DataFrame:
    """Add `into`: what the codings in column `codes` map to; every row stays exactly once.

    The struct holds source_concept_id (0: not in the vocabulary), vocabulary_id, source_code, source_display and
    targets (standard concepts with their domains, empty when unmapped). Of several codings the one
    that maps wins, then the one whose vocabulary is known, then the first as sent
    (CodeableConcept: the codings of one concept mean the same).

    `said_in` is a frame whose column `codes` holds every coding that `rows` has, by default `rows` itself.
    Rows that are derived want their source here: a plan that reads itself twice at each step doubles with each.
    """
    digest = f"_{into}"
    asked = (rows if said_in is None else said_in).select(
        codes_digest(F.col(codes)).alias(digest), F.col(codes).alias("_codes")
    )
    # Many rows, few distinct codings: map those, and bring the answer back.
    distinct = asked.where(F.size("_codes") > 0).groupBy(digest).agg(F.first("_codes").alias("_codes"))
    each = distinct.select(digest, F.posexplode("_codes").alias("_position", "_coding")).select(
        digest,
        "_position",
        F.col("_coding.code").alias("source_code"),
        F.col("_coding.display").alias("source_display"),
        vocabulary_of(F.col("_coding.system"), F.col("_coding.code")).alias("vocabulary_id"),
        system_key(F.col("_coding.system")).alias("_system"),
    )
    # A system that is not known here may be one that the user's vocabulary knows.
    each = each.withColumn("vocabulary_id", F.explode_outer(_meant())).withColumns(
        {
            "code_key": code_key(F.col("vocabulary_id"), F.col("source_code")),
            "_known_as": F.coalesce("vocabulary_id", "_system"),
        }
    )
    found = each.join(
        concept_map.select(
            F.col("vocabulary_id").alias("_known_as"),
            "code_key",
            F.col("source_vocabulary_id").alias("_named"),
            "source_concept_id",
            "targets",
        ),
        on=["_known_as", "code_key"],
        how="left",
    )
    best_first = Window.partitionBy(digest).orderBy(
        (F.size(F.coalesce(F.col("targets"), F.array().cast(TARGETS))) == 0).asc(),
        F.col("source_concept_id").isNull().asc(),
        F.col("vocabulary_id").isNull().asc(),
        F.col("_position").asc(),
        F.col("vocabulary_id").asc(),
    )
    answers = found.withColumn("_rank", F.rank().over(best_first)).where(F.col("_rank") == 1)
    answers = answers.select(
        digest,
        F.struct(
            F.coalesce(F.col("source_concept_id"), F.lit(NO_MATCH)).alias("source_concept_id"),
            F.coalesce("vocabulary_id", "_named").alias("vocabulary_id"),
            "source_code",
            "source_display",
            F.coalesce(F.col("targets").cast(TARGETS), F.array().cast(TARGETS)).alias("targets"),
        ).alias(into),
    )
    return rows.withColumn(digest, codes_digest(F.col(codes))).join(answers, on=digest, how="left").drop(digest)


def _meant() -> Column:
    """The vocabularies that a code may be of: of the ICD-10 its American modifications too, in this order.

    Medicare's first Blue Button and BCDA, among others of the United States, name all of them by the system of the WHO.
    """
    own = F.col("vocabulary_id")
    return F.when(own == "ICD10", F.array(*map(F.lit, ICD_10))).otherwise(F.array(own))


def mapped_code(
    rows: DataFrame,
    concept_map: DataFrame,
    system: Column,
    code: Column,
    *,
    into: str,
    said_in: DataFrame | None = None,
) -> DataFrame:
    """The same for one code in a column of its own, such as a unit."""
    one = F.array(F.struct(system.alias("system"), code.alias("code"), code.alias("display")))
    given = F.when(code.isNotNull(), one)
    source = (rows if said_in is None else said_in).select(given.alias("_one"))
    return mapped(rows.withColumn("_one", given), concept_map, "_one", into=into, said_in=source).drop("_one")


def first_concept(found: Column) -> Column:
    """The standard concept of a mapped attribute (unit, route, value): null without a code, 0 when unmapped."""
    first = F.try_element_at(found["targets"], F.lit(1))["concept_id"]
    return F.when(found.isNotNull(), F.coalesce(first, F.lit(NO_MATCH)))
