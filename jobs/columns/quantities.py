"""Quantities: exact numbers with their unit, and spans of time in days (FHIR R4 Quantity, Duration, Ratio)."""

from __future__ import annotations

from typing import Final

from pyspark.sql import Column
from pyspark.sql import functions as F

from jobs.columns.fhir import DECIMAL

# The number is declared as decimal, not as text: read as text, Spark's JSON reader passes a number through a
# double and keeps 17 digits of it; read as decimal, it takes the digits as they stand.
QUANTITY: Final = f"struct<value: {DECIMAL}, unit: string, system: string, code: string>"
RATIO: Final = f"struct<numerator: {QUANTITY}, denominator: {QUANTITY}>"
DAYS: Final = "decimal(18,6)"
# Days in one UCUM unit of time (case-sensitive; UCUM: a mean month is a/12, a mean year 365.25 d).
_DAYS_PER: Final = {"d": 1, "wk": 7, "mo": 30.4375, "a": 365.25}
_UNITS_PER_DAY: Final = {"h": 24, "min": 1440, "s": 86400}
_DAY_WORDS: Final = ("d", "day", "days")


def unit(quantity: Column) -> Column:
    """The unit of a Quantity in one word: its code, which UCUM makes exact, else as displayed."""
    return F.coalesce(quantity["code"], quantity["unit"])


def measured(what: str, quantity: Column) -> list[Column]:
    """<what>, <what>_unit as displayed, <what>_unit_code and <what>_unit_system of a Quantity.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> said = F.from_json(F.lit('{"value": 0.1234567890123456789, "unit": "mg", "code": "mg"}'), QUANTITY)
    >>> row = spark.range(1).select(*measured("dose", said)).first()
    >>> str(row.dose), row.dose_unit_code
    ('0.123456789012345679', 'mg')
    """
    return [
        quantity["value"].alias(what),
        quantity["unit"].alias(f"{what}_unit"),
        quantity["code"].alias(f"{what}_unit_code"),
        quantity["system"].alias(f"{what}_unit_system"),
    ]


def days(duration: Column, *, unless_said: str | None = None) -> Column:
    """A Duration in days; null when its unit is no unit of time. `unless_said` is the unit when it has none.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> texts = ['{"value": 30, "code": "d"}', '{"value": 2, "unit": "weeks", "code": "wk"}',
    ...     '{"value": 36, "code": "h"}', '{"value": 10, "unit": "Days"}', '{"value": 10, "unit": "tablets"}',
    ...     '{"value": 10}']
    >>> rows = spark.createDataFrame([(t,) for t in texts], "t string").select(F.from_json("t", QUANTITY).alias("q"))
    >>> [row.d and float(row.d) for row in rows.select(days(F.col("q")).alias("d")).collect()]
    [30.0, 14.0, 1.5, 10.0, None, None]
    """
    said = unit(duration) if unless_said is None else F.coalesce(unit(duration), F.lit(unless_said))
    # Narrowed first: the product of two narrow decimals cannot overflow under ANSI rules.
    value = duration["value"].try_cast(DAYS)
    found = F.when(F.lower(said).isin(*_DAY_WORDS), value)
    for code, factor in _DAYS_PER.items():
        found = found.when(said == code, value * F.lit(str(factor)).cast("decimal(9,4)"))
    for code, parts in _UNITS_PER_DAY.items():
        found = found.when(said == code, value / F.lit(parts).cast("decimal(5,0)"))
    return found.try_cast(DAYS)
