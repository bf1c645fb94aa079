"""Code systems: the examples of the module hold, and its tables are sound."""

from __future__ import annotations

import pytest

from jobs.columns import codes


@pytest.mark.parametrize("names", [codes.SYSTEMS, codes.OIDS, codes.HL7V2, codes.X12])
def test_a_vocabulary_id_fits_its_column(names):
    assert max(map(len, names.values())) <= 20


def test_systems_are_written_as_they_are_looked_up():
    assert not [s for s in codes.SYSTEMS if s != s.lower().rstrip("/") or s.startswith("https:")]


def test_the_zero_of_a_code_is_data_where_the_vocabulary_is_not_numbered(spark):
    from pyspark.sql import functions as F

    given = [("LOINC", "0001-1"), ("NDC", "00002821501"), ("SNOMED", "022298006")]
    frame = spark.createDataFrame(given, "v string, c string")
    keys = frame.select(codes.code_key(F.col("v"), F.col("c")), F.size(codes.spellings(F.col("v"), F.col("c"))))
    assert [tuple(row) for row in keys.collect()] == [("0001-1", 0), ("00002821501", 0), ("022298006", 0)]
