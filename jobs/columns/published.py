"""Gold rows found again by the silver row they were told in."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def told_in(rows: DataFrame, gold_id: str, source: str, source_id: str, prefix: str = "") -> DataFrame:
    """(source_id, gold_id, person and trace) of the gold rows that one silver table told.

    `lw_source` of a gold row is `silver.table|key`; with a prefix the person and trace columns bear it.
    """
    mine = rows.where(F.col("lw_source").startswith(f"{source}|"))
    number = F.substring_index("lw_source", "|", -1).try_cast("bigint").alias(source_id)
    kept = [number, F.col(gold_id)]
    if prefix:
        return mine.select(*kept, F.col("lw_record_ids").alias(f"{prefix}_record_ids"))
    return mine.select(*kept, "person_id", "lw_record_ids", "lw_source")
