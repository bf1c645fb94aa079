"""bronze.lab_csv: one row per row of a laboratory system extract, verbatim, with where it came from."""

from __future__ import annotations

from pyspark.sql import DataFrame

from jobs.bronze import _records
from jobs.formats import csv_rows

SPLITS = _records.SPLITS_WITH_LAYOUT
NOT_USED = ("entry", "version_id", "last_updated", "full_url", "method")


def build(splits: DataFrame) -> DataFrame:
    """The rows that start in some byte ranges of landed files; preamble, header and trailer are no rows."""
    return _records.of(splits, "bronze.lab_csv", _records.laid_out(csv_rows), without=NOT_USED)
