"""The session: what is asked of the JVM once is what would have been asked each time."""

import decimal

import pytest
from pyspark.sql import functions as F


def test_a_column_of_a_plain_value_is_of_that_value_and_its_type(spark):
    given = [1, True, "1", 1.0, None, 0, False, "", 2**40, decimal.Decimal("1.5")]
    told = [F.lit(one) for one in given * 2]
    [row] = spark.range(1).select(*[column.alias(f"c{n}") for n, column in enumerate(told)]).collect()
    assert list(map(repr, row)) == [repr(one) for one in given * 2]


def test_a_column_of_a_name_is_made_once(spark):
    assert F.col("id")._jc is F.col("id")._jc
    assert F.col("id")._jc is not F.col("other")._jc


@pytest.mark.parametrize("count", [1, 10, 11, 40])
def test_lists_of_any_length_are_handed_over_in_order(spark, count):
    names = [f"c{number}" for number in range(count)]
    made = spark.range(1).select(*[F.lit(number).alias(name) for number, name in enumerate(names)])
    assert made.columns == names
    assert made.dropDuplicates(names).groupBy(*names).count().select(*names).collect() == [tuple(range(count))]


def test_an_empty_list_is_handed_over_too(spark):
    assert spark.range(2).groupBy().count().first()[0] == 2
