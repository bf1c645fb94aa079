"""silver.benefit_item: one adjudicated line of an ExplanationOfBenefit, newest version."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.claim_lines import ITEM, LINES, exploded, line, line_faults, without_row
from jobs.columns.faults import faults
from jobs.columns.fhir import CODEABLE, REFERENCE, all_codings, codings, current, extended, parsed
from jobs.columns.keys import key
from jobs.columns.lists import distinct
from jobs.columns.money import ADJUDICATION, KINDS, adjudicated, amount
from jobs.columns.reference_texts import reference
from jobs.formats.x12_fhir_payment import BILLED_AS, REMARK

BENEFIT = f"""{LINES}, claim {REFERENCE}, outcome string,
    item array<struct<{ITEM}, itemSequence: array<int>,
    extension: array<struct<url: string, valueCodeableConcept: {CODEABLE}>>, adjudication: array<{ADJUDICATION}>>>
"""

__all__ = ["build", "without_row"]


def build(resources: DataFrame, translated: DataFrame | None = None, superseded: DataFrame | None = None) -> DataFrame:
    """One row for each line of an explanation of benefit that is not deleted."""
    i, ref, said = F.col("i"), F.col("claim_ref"), F.col("adjudications")
    also = {"claim_ref": reference(F.col("r.claim"), "Claim"), "outcome": F.col("r.outcome")}
    answers = current(resources, "ExplanationOfBenefit", translated=translated, superseded=superseded)
    lines = exploded(parsed(answers, BENEFIT, contained=False), **also)
    claim = F.when(ref.startswith("Claim/"), F.substring_index(ref, "/", -1))
    # The same line of the claim: the one it says it answers (FHIR R4 ExplanationOfBenefit.item.itemSequence), as a
    # line that a payer splits is answered by several; else the one with its own number.
    number = F.coalesce(F.get(i["itemSequence"], F.lit(0)), i["sequence"])
    claimed = key("claim_item", F.col("tenant"), F.col("feed"), F.lit("Claim"), claim, number)
    own = F.array(i["net"]["currency"], i["unitPrice"]["currency"])
    remarks = F.filter(i["extension"], lambda one: one["url"] == REMARK)
    named = distinct(F.concat(own, said["currency"]))
    return lines.withColumn("adjudications", adjudicated(i["adjudication"])).select(
        *line("benefit"),
        "claim_ref",
        F.when(claim.isNotNull(), claimed).alias("claim_item_id"),
        "outcome",
        F.get(named, F.lit(0)).alias("currency"),
        "adjudications",
        all_codings(remarks["valueCodeableConcept"]).alias("remark_codes"),
        codings(extended(i["extension"], BILLED_AS)["valueCodeableConcept"]).alias("billed_codes"),
        *[amount(said, kind).alias(name) for name, kind in KINDS.items()],
        faults(**line_faults(named)).alias("faults"),
    )
