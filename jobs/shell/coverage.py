"""Mapping coverage: how much of each source vocabulary reached a standard concept, and what did not."""

from __future__ import annotations

from typing import Any

from pyspark.sql import functions as F

from jobs.shell import documents
from jobs.shell.lake import Lake
from jobs.shell.settings import Settings

EVENTS = "silver.clinical_event"
RANKED = 200
NO_VOCABULARY = "(none)"


def _path(settings: Settings) -> str:
    # Codes and their counts are drawn from people's records: they stay in the zone of people.
    return f"{settings.root('silver')}/_coverage/current.json"


def measure(lake: Lake) -> dict[str, Any]:
    """Coverage of the clinical events by vocabulary, with the unmapped codes ranked; counted once a version."""
    version = lake.version(EVENTS)
    known = documents.read(_path(lake.settings))
    if known and known["version"] == version:
        return dict(known)
    counted = (
        lake.read(EVENTS)
        .where(F.col("excluded").isNull())
        .groupBy(
            F.coalesce("source_vocabulary_id", F.lit(NO_VOCABULARY)).alias("vocabulary"),
            F.coalesce("source_code", F.lit("")).alias("code"),
        )
        .agg(F.count(F.lit(1)).alias("rows"), F.count_if(F.col("concept_id") != 0).alias("mapped"))
        .persist()
    )
    try:
        by_vocabulary = (
            counted.groupBy("vocabulary")
            .agg(
                F.sum("rows").alias("rows"),
                F.sum("mapped").alias("mapped"),
                F.count(F.lit(1)).alias("codes"),
                F.count_if(F.col("mapped") > 0).alias("mapped_codes"),
            )
            .orderBy("vocabulary")
            .collect()
        )
        unmapped = (
            counted.where("mapped < rows").orderBy(F.desc(F.expr("rows - mapped")), "vocabulary", "code").limit(RANKED)
        ).collect()
    finally:
        counted.unpersist()
    found = {
        "version": version,
        "vocabularies": [row.asDict() for row in by_vocabulary],
        "unmapped": [
            {"vocabulary": r["vocabulary"], "code": r["code"], "rows": r["rows"] - r["mapped"]} for r in unmapped
        ],
    }
    documents.write(_path(lake.settings), found)
    return found


def known(settings: Settings) -> dict[str, Any] | None:
    """What the last run measured."""
    found = documents.read(_path(settings))
    return dict(found) if found else None
