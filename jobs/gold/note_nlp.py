"""gold.note_nlp: one finding in a note by a language tool."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def build(people: DataFrame) -> DataFrame:
    """OMOP CDM 5.4 NOTE_NLP. Present and empty: no feed brings findings of a language tool yet."""
    return people.where(F.lit(False)).select(
        F.lit(None).cast("bigint").alias("note_nlp_id"),
        F.lit(None).cast("bigint").alias("note_id"),
        F.lit(None).cast("int").alias("section_concept_id"),
        F.lit(None).cast("string").alias("snippet"),
        F.lit(None).cast("string").alias("offset"),
        F.lit(None).cast("string").alias("lexical_variant"),
        F.lit(None).cast("int").alias("note_nlp_concept_id"),
        F.lit(None).cast("int").alias("note_nlp_source_concept_id"),
        F.lit(None).cast("string").alias("nlp_system"),
        F.lit(None).cast("date").alias("nlp_date"),
        F.lit(None).cast("timestamp").alias("nlp_datetime"),
        F.lit(None).cast("string").alias("term_exists"),
        F.lit(None).cast("string").alias("term_temporal"),
        F.lit(None).cast("string").alias("term_modifiers"),
        F.lit(None).cast("bigint").alias("lw_person_id"),
    )
