"""Row faults: named reasons why a row cannot be used. A row with one waits in quarantine."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F


def faults(**conditions: Column) -> Column:
    """The names of the conditions that hold, in the order given; an unknown condition does not hold.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> row = spark.range(1).select(
    ...     faults(no_code=F.lit(True), bad_period=F.lit(None).cast("boolean"), no_subject=F.lit(True)).alias("faults")
    ... ).first()
    >>> row.faults
    ['no_code', 'no_subject']
    """
    named = [F.when(holds, F.lit(name)) for name, holds in conditions.items()]
    any_holds = F.lit(False)
    for holds in conditions.values():
        any_holds = any_holds | F.coalesce(holds, F.lit(False))
    # Nearly every row is clean: decide that first, and build the array for the few.
    return F.when(any_holds, F.array_compact(F.array(*named))).otherwise(F.array().cast("array<string>"))
