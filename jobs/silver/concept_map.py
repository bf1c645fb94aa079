"""silver.concept_map: one code of one vocabulary, under one spelling, with the standard concepts it means.

OMOP: a source code leads to standard concepts by `Maps to`, with an answer by `Maps to value`. The user's
SOURCE_TO_CONCEPT_MAP goes before the vocabulary. Dates of validity are not asked: a mapping counts until
it is marked invalid, so that the same inputs give the same map on any day.

A local code system has no name that a message could say: its codes are looked up by the system itself, which is what
the user's VOCABULARY gives as vocabulary_reference of the source_vocabulary_id.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns.codes import KNOWN, code_key, spellings, system_key
from jobs.columns.concepts import NO_MATCH

TARGET = "struct<concept_id:int,domain_id:string,concept_class_id:string,value_concept_id:int>"
# Concepts that OMOP made to name its own tables share one code; nobody sends it.
MADE_BY_OMOP = "OMOP generated"
# Domains whose records have a place for an answer.
TAKES_VALUE = ("Observation", "Measurement")
CODE = ("vocabulary_id", "code_key")


def build(concepts: DataFrame, relationships: DataFrame, local_map: DataFrame, vocabularies: DataFrame) -> DataFrame:
    """Every code of the vocabularies and of the local map, each key once."""
    standard = _standard(concepts)
    codes = _codes(concepts).join(_mapped(relationships, standard), on="source_concept_id", how="left")
    itself = F.when(F.col("is_standard"), F.array(_target("source_concept_id", "source_domain_id", "source_class_id")))
    # A standard concept means itself, also in a subset of a vocabulary that lacks the row saying so.
    codes = codes.withColumn("targets", F.coalesce(F.col("targets"), itself, _nothing()))
    told = codes.join(
        _local(_by_system(local_map, vocabularies), concepts, standard), on=list(CODE), how="full_outer"
    ).select(
        *CODE,
        F.coalesce("named", "vocabulary_id").alias("source_vocabulary_id"),
        F.coalesce("concept_code", "code_key").alias("concept_code"),
        F.coalesce(F.col("given_concept_id"), F.col("source_concept_id"), F.lit(NO_MATCH)).alias("source_concept_id"),
        F.when(F.col("given_concept_id").isNotNull(), F.col("given_domain_id"))
        .otherwise(F.col("source_domain_id"))
        .alias("source_domain_id"),
        F.when(F.col("local_targets").isNull(), "vocabulary").otherwise("local_map").alias("mapped_by"),
        F.coalesce("local_targets", "targets").alias("targets"),
    )
    return told.unionByName(_respelled(told))


def _standard(concepts: DataFrame) -> DataFrame:
    return concepts.where(_is_standard()).select(
        F.col("concept_id").cast("int"), F.trim("domain_id").alias("domain_id"), "concept_class_id"
    )


def _is_standard() -> Column:
    # Blank and null both say no: downloads write either.
    return (F.coalesce(F.trim("standard_concept"), F.lit("")) == "S") & _is_valid()


def _is_valid() -> Column:
    return F.coalesce(F.trim("invalid_reason"), F.lit("")) == ""


def _codes(concepts: DataFrame) -> DataFrame:
    """The concept that stands for each code: valid before not, standard before not, then the newest, then the first."""
    best = F.struct(
        (~_is_valid()).alias("is_invalid"),
        (~_is_standard()).alias("is_source"),
        (-F.unix_date("valid_end_date")).alias("age"),
        F.col("concept_id").cast("int").alias("source_concept_id"),
        F.trim("concept_code").alias("concept_code"),
        F.trim("domain_id").alias("source_domain_id"),
        F.col("concept_class_id").alias("source_class_id"),
        _is_standard().alias("is_standard"),
    )
    key = code_key(F.col("vocabulary_id"), F.col("concept_code"))
    sent = key.isNotNull() & (F.col("concept_code") != MADE_BY_OMOP) & (F.col("concept_id") != NO_MATCH)
    found = concepts.where(sent).groupBy("vocabulary_id", key.alias("code_key")).agg(F.min(best).alias("best"))
    named = ("source_concept_id", "concept_code", "source_domain_id", "source_class_id", "is_standard")
    return found.select(*CODE, *[F.col(f"best.{name}") for name in named])


def _mapped(relationships: DataFrame, standard: DataFrame) -> DataFrame:
    """Source concept -> its targets, ordered by concept, each with the value it takes."""
    means = relationships.where(F.col("relationship_id").isin("Maps to", "Maps to value") & _is_valid())
    means = means.select(
        F.col("concept_id_1").cast("int").alias("source_concept_id"),
        F.col("concept_id_2").cast("int").alias("concept_id"),
        (F.col("relationship_id") == "Maps to value").alias("is_value"),
    )
    found = means.join(standard, on="concept_id", how="inner")
    plain = F.when(~F.col("is_value"), _target("concept_id", "domain_id", "concept_class_id"))
    grouped = found.groupBy("source_concept_id").agg(
        F.array_sort(F.collect_set(plain)).alias("targets"),
        F.array_sort(F.collect_set(F.when(F.col("is_value"), F.col("concept_id")))).alias("values"),
    )
    return grouped.where(F.size("targets") > 0).select("source_concept_id", _paired().alias("targets"))


def _paired() -> Column:
    """Each target with each value where the record has a place for one; a lone target takes it in any domain."""

    def with_values(target: Column) -> Column:
        takes = (F.size("values") > 0) & (target["domain_id"].isin(*TAKES_VALUE) | (F.size("targets") == 1))
        each = F.transform(F.col("values"), lambda value: target.withField("value_concept_id", value))
        return F.when(takes, each).otherwise(F.array(target))

    return F.flatten(F.transform(F.col("targets"), with_values))


def _by_system(local_map: DataFrame, vocabularies: DataFrame) -> DataFrame:
    """The local map as it is, and once more by the code system of each vocabulary that only the user knows."""
    system = system_key(F.col("vocabulary_reference"))
    own = vocabularies.where(system.isNotNull() & ~F.col("vocabulary_id").isin(*KNOWN))
    # Two names of one system: any rule will do, so long as it is one.
    names = own.groupBy(system.alias("_system")).agg(F.min("vocabulary_id").alias("source_vocabulary_id"))
    as_is = local_map.withColumn("named", F.col("source_vocabulary_id"))
    renamed = as_is.join(F.broadcast(names), on="source_vocabulary_id", how="inner")
    renamed = renamed.withColumn("source_vocabulary_id", F.col("_system")).drop("_system")
    return as_is.unionByName(renamed)


def _local(local_map: DataFrame, concepts: DataFrame, standard: DataFrame) -> DataFrame:
    """The local map by code: its valid rows with a standard target; target 0 says that a code is known to have none."""
    key = code_key(F.col("source_vocabulary_id"), F.col("source_code"))
    rows = local_map.where(_is_valid() & key.isNotNull()).select(
        F.col("source_vocabulary_id").alias("vocabulary_id"),
        key.alias("code_key"),
        F.when(F.col("source_concept_id") != NO_MATCH, F.col("source_concept_id").cast("int")).alias(
            "given_concept_id"
        ),
        F.col("target_concept_id").cast("int").alias("concept_id"),
        "named",
    )
    found = rows.join(standard, on="concept_id", how="left").where(
        F.col("domain_id").isNotNull() | (F.col("concept_id") == NO_MATCH)
    )
    target = F.when(F.col("concept_id") != NO_MATCH, _target("concept_id", "domain_id", "concept_class_id"))
    grouped = found.groupBy(*CODE).agg(
        F.min("given_concept_id").alias("given_concept_id"),
        F.array_sort(F.collect_set(target)).alias("local_targets"),
        F.min("named").alias("named"),
    )
    given = concepts.select(
        F.col("concept_id").cast("int").alias("given_concept_id"), F.trim("domain_id").alias("given_domain_id")
    )
    return grouped.join(given, on="given_concept_id", how="left")


def _respelled(told: DataFrame) -> DataFrame:
    """Codes under another spelling, where no other code has that spelling and no code has it as its own key."""
    spelled = told.withColumn("_spelling", F.explode(spellings(F.col("vocabulary_id"), F.col("concept_code"))))
    names = [name for name in told.columns if name not in CODE]
    alone = (
        spelled.groupBy("vocabulary_id", F.col("_spelling").alias("code_key"))
        .agg(F.count_distinct("concept_code").alias("_codes"), F.min(F.struct(*names)).alias("_row"))
        .where(F.col("_codes") == 1)
    )
    return alone.join(told.select(*CODE), on=list(CODE), how="left_anti").select(
        *CODE, *[F.col(f"_row.{name}") for name in names]
    )


def _target(concept_id: str, domain_id: str, class_id: str) -> Column:
    fields = [F.col(concept_id), F.col(domain_id), F.col(class_id), F.lit(None)]
    return F.struct(*fields).cast(TARGET)


def _nothing() -> Column:
    return F.array().cast(f"array<{TARGET}>")
