"""silver.superseded: one version of a resource that is not the newest."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.fhir import losers, said


def build(resources: DataFrame, translated: DataFrame) -> DataFrame:
    """The versions that a newer one replaced, found once for all tables that read resources."""
    columns = ["said_id", "tenant", "feed", "resource_type", "resource_id", "record_id", "received_at"]
    known = said(resources.where(F.col("resource_id").isNotNull()), translated)
    return losers(known).select(*columns)
