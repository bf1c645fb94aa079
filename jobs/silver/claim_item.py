"""silver.claim_item: one line of a claim."""

from __future__ import annotations

from pyspark.sql import DataFrame

from jobs.columns.claims import exploded


def build(claims: DataFrame) -> DataFrame:
    return exploded(claims, "claim", "prescription_ref")
