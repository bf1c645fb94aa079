"""silver.concept_map: one code of one vocabulary, under one spelling, with the standard concepts it means.

OMOP: a source code leads to standard concepts by `Maps to`, with an answer by `Maps to value`. The user's
SOURCE_TO_CONCEPT_MAP goes before the vocabulary. Dates of validity are not asked: a mapping counts until
it is marked invalid, so that the same inputs give the same map on any day.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.columns.codes import code_key, spellings
from jobs.columns.concepts import NO_MATCH

TARGET = "struct<concept_id:int,domain_id:string,concept_class_id:string,value_concept_id:int>"
# Concepts that OMOP made to name its own tables share one code; nobody sends it.
MADE_BY_OMOP = "OMOP generated"
# Domains whose records have a place for an answer.
TAKES_VALUE = ("Observation", "Measurement")


def build(concepts: DataFrame, relationships: DataFrame, local_map: DataFrame) -> DataFrame:
    """Every code of the vocabularies and of the local map, each key once."""
    standard = _standard(concepts)
    codes = _codes(concepts).join(_mapped(relationships, standard), on="source_concept_id", how="left")
    itself = F.when(F.col("is_standard"), F.array(_target("source_concept_id", "source_domain_id", "source_class_id")))
    # A standard concept means itself, also in a subset of a vocabulary that lacks the row saying so.
    codes = codes.withColumn("targets", F.coalesce(F.col("targets"), itself, _nothing()))
    local = _local(local_map, standard, codes)
    theirs = codes.join(local, on=["vocabulary_id", "concept_code"], how="left_anti")
    same = ["vocabulary_id", "concept_code", "source_concept_id", "source_domain_id", "targets"]
    both = theirs.select(*same, F.lit("vocabulary").alias("mapped_by")).unionByName(
        local.select(*same, F.lit("local_map").alias("mapped_by"))
    )
    return _keyed(both)


def _standard(concepts: DataFrame) -> DataFrame:
    return concepts.where(_is_standard()).select(
        F.col("concept_id").cast("int"), F.trim("domain_id").alias("domain_id"), "concept_class_id", "vocabulary_id"
    )


def _is_standard() -> Column:
    # Blank and null both say no: downloads write either.
    return (F.coalesce(F.trim("standard_concept"), F.lit("")) == "S") & _is_valid()


def _is_valid() -> Column:
    return F.coalesce(F.trim("invalid_reason"), F.lit("")) == ""


def _codes(concepts: DataFrame) -> DataFrame:
    """The concept that stands for each (vocabulary, code): valid before not, standard before not, then the newest."""
    first = Window.partitionBy("vocabulary_id", "concept_code").orderBy(
        _is_valid().desc(), _is_standard().desc(), F.col("valid_end_date").desc(), F.col("concept_id").asc()
    )
    sent = (F.trim("concept_code") != "") & (F.col("concept_code") != MADE_BY_OMOP) & (F.col("concept_id") != NO_MATCH)
    return (
        concepts.where(sent)
        .withColumn("concept_code", F.trim("concept_code"))
        .withColumn("_rank", F.rank().over(first))
        .where(F.col("_rank") == 1)
        .select(
            "vocabulary_id",
            "concept_code",
            F.col("concept_id").cast("int").alias("source_concept_id"),
            F.trim("domain_id").alias("source_domain_id"),
            F.col("concept_class_id").alias("source_class_id"),
            _is_standard().alias("is_standard"),
        )
    )


def _mapped(relationships: DataFrame, standard: DataFrame) -> DataFrame:
    """Source concept -> its targets, ordered by concept, each with the value it takes."""
    means = relationships.where(F.col("relationship_id").isin("Maps to", "Maps to value") & _is_valid())
    means = means.select(
        F.col("concept_id_1").cast("int").alias("source_concept_id"),
        F.col("concept_id_2").cast("int").alias("concept_id"),
        (F.col("relationship_id") == "Maps to value").alias("is_value"),
    )
    found = means.join(standard.drop("vocabulary_id"), on="concept_id", how="inner")
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


def _local(local_map: DataFrame, standard: DataFrame, codes: DataFrame) -> DataFrame:
    """The local map by code: its valid rows with a standard target; target 0 says that a code is known to have none."""
    rows = local_map.where(_is_valid() & (F.trim("source_code") != "")).select(
        F.col("source_vocabulary_id").alias("vocabulary_id"),
        code_key(F.col("source_vocabulary_id"), F.col("source_code")).alias("concept_code"),
        F.when(F.col("source_concept_id") != NO_MATCH, F.col("source_concept_id").cast("int")).alias("given"),
        F.col("target_concept_id").cast("int").alias("concept_id"),
    )
    found = rows.join(standard.drop("vocabulary_id"), on="concept_id", how="left").where(
        F.col("domain_id").isNotNull() | (F.col("concept_id") == NO_MATCH)
    )
    target = F.when(F.col("concept_id") != NO_MATCH, _target("concept_id", "domain_id", "concept_class_id"))
    grouped = found.groupBy("vocabulary_id", "concept_code").agg(
        F.min("given").alias("given"), F.array_sort(F.collect_set(target)).alias("targets")
    )
    own = codes.select("vocabulary_id", "concept_code", F.col("source_concept_id").alias("own"))
    named = grouped.join(own, on=["vocabulary_id", "concept_code"], how="left").withColumn(
        "source_concept_id", F.coalesce(F.col("given"), F.col("own"), F.lit(NO_MATCH))
    )
    domains = codes.select("source_concept_id", "source_domain_id")
    return named.join(domains, on="source_concept_id", how="left")


def _keyed(codes: DataFrame) -> DataFrame:
    """Each code under its own key, and under another spelling where no other code has it, as key or as spelling."""
    own = code_key(F.col("vocabulary_id"), F.col("concept_code"))
    further = F.transform(spellings(F.col("vocabulary_id"), F.col("concept_code")), lambda s: _key(s, False))
    keyed = codes.withColumn("_key", F.explode(F.concat(F.array(_key(own, True)), further)))
    keyed = keyed.withColumns({"code_key": F.col("_key.code_key"), "_is_own": F.col("_key.is_own")})
    here = Window.partitionBy("vocabulary_id", "code_key")
    owners = F.count_if(F.col("_is_own")).over(here)
    alone = (owners == 0) & (F.size(F.collect_set("concept_code").over(here)) == 1)
    # Two codes with one key of their own differ in case or blanks only; the first in order has it.
    first = F.rank().over(here.orderBy(F.col("_is_own").desc(), F.col("concept_code").asc()))
    return (
        keyed.withColumns({"_keep": F.col("_is_own") | alone, "_first": first})
        .where(F.col("_keep") & (F.col("_first") == 1))
        .select(
            "vocabulary_id", "code_key", "concept_code", "source_concept_id", "source_domain_id", "mapped_by", "targets"
        )
    )


def _key(text: Column, is_own: bool) -> Column:
    return F.struct(text.alias("code_key"), F.lit(is_own).alias("is_own"))


def _target(concept_id: str, domain_id: str, class_id: str) -> Column:
    fields = [F.col(concept_id), F.col(domain_id), F.col(class_id), F.lit(None)]
    return F.struct(*fields).cast(TARGET)


def _nothing() -> Column:
    return F.array().cast(f"array<{TARGET}>")
