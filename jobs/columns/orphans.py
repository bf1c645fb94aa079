"""Rows of the vocabulary that point to concepts which are not there: real downloads hold them."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def without_orphans(rows: DataFrame, concepts: DataFrame, *pointers: str) -> DataFrame:
    """The rows whose pointers all lead to a concept; the others stay in bronze, where the load counted them.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> rows = spark.createDataFrame([(1, 2), (1, 9)], "concept_id_1 bigint, concept_id_2 bigint")
    >>> concepts = spark.createDataFrame([(1,), (2,)], "concept_id bigint")
    >>> [tuple(row) for row in without_orphans(rows, concepts, "concept_id_1", "concept_id_2").collect()]
    [(1, 2)]
    """
    for pointer in pointers:
        held = concepts.select(F.col("concept_id").alias(pointer))
        rows = rows.join(held, on=pointer, how="left_semi").select(*rows.columns)
    return rows


def received(rows: str, *pointers: str) -> str:
    """The question of row accounting: which of these rows point where no concept is.

    >>> received("synonyms", "concept_id").split(" THEN ")[0]
    'SELECT CASE WHEN concept_id NOT IN (SELECT concept_id FROM concepts)'
    """
    astray = " OR ".join(f"{pointer} NOT IN (SELECT concept_id FROM concepts)" for pointer in pointers)
    return f"SELECT CASE WHEN {astray} THEN 'orphan' END AS excluded FROM {rows}"
