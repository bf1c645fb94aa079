"""silver.claim_item: one line of a Claim, newest version."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.claim_lines import ITEM, LINES, exploded, line, line_faults, without_row
from jobs.columns.faults import faults
from jobs.columns.fhir import current, parsed
from jobs.columns.lists import distinct

CLAIM = f"{LINES}, item array<struct<{ITEM}>>"

__all__ = ["build", "without_row"]


def build(resources: DataFrame, translated: DataFrame | None = None, superseded: DataFrame | None = None) -> DataFrame:
    """One row for each line of a claim that is not deleted."""
    i = F.col("i")
    named = distinct(F.array(i["net"]["currency"], i["unitPrice"]["currency"]))
    return exploded(
        parsed(current(resources, "Claim", translated=translated, superseded=superseded), CLAIM, contained=False)
    ).select(
        *line("claim"),
        i["careTeamSequence"].alias("team_sequences"),
        i["informationSequence"].alias("information_sequences"),
        F.get(named, F.lit(0)).alias("currency"),
        faults(**line_faults(named)).alias("faults"),
    )
