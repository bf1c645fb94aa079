"""Amounts of a row of a flat claim extract as FHIR adjudications and totals.

charge submitted, allowed eligible, paid benefit, deductible, copay, coinsurance, non_covered noncovered,
prior_paid priorpayerpaid, patient_responsibility memberliability, ingredient_cost drugcost, dispensing_fee
"""

from __future__ import annotations

from jobs.formats import x12_fhir_codes as codes
from jobs.formats.csv_said import Values, amount, text
from jobs.formats.translation import Source
from jobs.formats.x12_fhir_json import Text, concept, listed, money

_CARIN = f"{codes.CARIN}C4BBAdjudication"
CATEGORIES = {
    "charge": codes.category("submitted"),
    "allowed": codes.category("eligible"),
    "paid": codes.category("benefit"),
    "deductible": codes.category("deductible"),
    "copay": codes.category("copay"),
    "coinsurance": concept(_CARIN, "coinsurance"),
    "non_covered": concept(_CARIN, "noncovered"),
    "prior_paid": concept(_CARIN, "priorpayerpaid"),
    "patient_responsibility": concept(_CARIN, "memberliability"),
    "ingredient_cost": concept(_CARIN, "drugcost"),
    "dispensing_fee": concept(f"{codes.OURS}adjudication", "dispensing-fee"),
}


def currency_of(row: Values, feed: Source) -> str:
    """The currency of a row, else the feed's (`columns: currency`), else US dollars."""
    return text(row, "currency") or str(feed.columns.get("currency") or "USD")


def adjudicated(row: Values, currency: str) -> Text:
    """Each amount that the row tells, once."""
    return listed(
        [
            f'{{"category":{category},"amount":{money(told, currency)}}}'
            for name, category in CATEGORIES.items()
            if (told := amount(row, name)) is not None
        ]
    )
