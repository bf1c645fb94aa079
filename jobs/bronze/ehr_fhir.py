"""bronze.ehr_fhir: one row per FHIR record an EHR delivered, verbatim, with where it came from."""

from __future__ import annotations

from pyspark.sql import DataFrame

from jobs.bronze import _records
from jobs.formats import fhir

SPLITS = _records.SPLITS_WITH_OPTIONS


def build(splits: DataFrame) -> DataFrame:
    """The records in some byte ranges of landed files: NDJSON lines, and the entries of Bundles."""
    return _records.of(splits, "bronze.ehr_fhir", _records.opted(fhir), without=["context"])
