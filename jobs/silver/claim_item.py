"""silver.claim_item: one line of a Claim, newest version."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns.claim_lines import ITEM, LINES, exploded, line, line_faults, without_row
from jobs.columns.faults import faults
from jobs.columns.fhir import CODEABLE, current, parsed
from jobs.columns.lists import distinct
from jobs.columns.quantities import QUANTITY, measured
from jobs.formats.x12_fhir_codes import NDC

DETAIL = f"struct<productOrService: {CODEABLE}, quantity: {QUANTITY}>"
CLAIM = f"{LINES}, item array<struct<{ITEM}, detail: array<{DETAIL}>>>"

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
        *measured("drug_quantity", _only_drug(i["detail"])["quantity"]),
        F.get(named, F.lit(0)).alias("currency"),
        faults(**line_faults(named)).alias("faults"),
    )


def _only_drug(details: Column) -> Column:
    """The drug of a line that has one (837 loop 2410): its amount is not that of the service it is given by."""
    one = F.get(details, F.lit(0))
    is_drug = F.exists(one["productOrService"]["coding"], lambda coding: coding["system"] == NDC)
    return F.when((F.size(details) == 1) & is_drug, one)
