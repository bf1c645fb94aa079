"""bronze.claims_x12: one row per claim, claim payment or other piece of an X12 interchange, verbatim, and its place."""

from __future__ import annotations

from pyspark.sql import DataFrame

from jobs.bronze import _records
from jobs.formats import x12

SPLITS = _records.SPLITS
NOT_USED = ("last_updated",)


def build(splits: DataFrame) -> DataFrame:
    """The claims and other pieces of transactions that begin in some byte ranges of landed files."""
    return _records.of(splits, "bronze.claims_x12", _records.ranges(x12), without=NOT_USED)
