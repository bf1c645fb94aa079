"""silver.benefit_item: one adjudicated line of an explanation of benefit."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.claims import exploded
from jobs.columns.money import KINDS, amount


def build(benefits: DataFrame) -> DataFrame:
    lines = exploded(benefits, "benefit", "claim_ref", "coverage_ref", "payer_name", "outcome", "prescription_ref")
    ref = F.col("claim_ref")
    claim = F.when(ref.startswith("Claim/"), F.substring_index(ref, "/", -1))
    # The same line of the claim: a benefit answers it under the claim's own number (FHIR R4 Claim.item.sequence).
    claimed = key("claim_item", F.col("tenant"), F.col("feed"), F.lit("Claim"), claim, F.col("line"))
    amounts = {name: amount(F.col("adjudications"), kind) for name, kind in KINDS.items()}
    return lines.withColumns({"claim_item_id": F.when(claim.isNotNull(), claimed), **amounts})
