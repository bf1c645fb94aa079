"""bronze.lab_hl7v2: one row per HL7 v2 message that a laboratory delivered, verbatim, with where it came from."""

from __future__ import annotations

from pyspark.sql import DataFrame

from jobs.bronze import _records
from jobs.formats import hl7v2

SPLITS = _records.SPLITS
NOT_USED = ("entry", "version_id", "method", "context")


def build(splits: DataFrame) -> DataFrame:
    """The messages whose header lies in some byte ranges of landed files; any type and version is one."""
    return _records.of(splits, "bronze.lab_hl7v2", _records.ranges(hl7v2), without=NOT_USED)
