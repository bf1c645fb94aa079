"""Sex as OMOP knows it: two standard concepts, anything else is 0 with its source value."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from jobs.columns.concepts import GENDER_FEMALE, GENDER_MALE, NO_MATCH


def gender_concept(said: Column) -> Column:
    """Concept of FHIR administrative-gender or US Core birthsex (M, F).

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> rows = spark.createDataFrame([("female",), ("M",), ("other",), (None,)], "s string")
    >>> [row.c for row in rows.select(gender_concept(F.col("s")).alias("c")).collect()]
    [8532, 8507, 0, 0]
    """
    lower = F.lower(said)
    return (
        F.when(lower.isin("male", "m"), GENDER_MALE)
        .when(lower.isin("female", "f"), GENDER_FEMALE)
        .otherwise(F.lit(NO_MATCH))
    )
