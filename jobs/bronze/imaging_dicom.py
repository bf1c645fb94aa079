"""bronze.imaging_dicom: one row per DICOM instance that was delivered: its header, with where it came from."""

from __future__ import annotations

from pyspark.sql import DataFrame

from jobs.bronze import _records
from jobs.formats import dicom

SPLITS = _records.SPLITS
NOT_USED = (
    "version_id",
    "last_updated",
    "full_url",
    "method",
    "context",
)


def build(splits: DataFrame) -> DataFrame:
    """The instances in some files, or byte ranges of a zip; of pixel data nothing is read."""
    return _records.of(splits, "bronze.imaging_dicom", _records.ranges(dicom), without=NOT_USED)
