"""What we know about costs: nothing is paid that was not charged, and nothing costs less than nothing."""

from expectations.check import rows

AMOUNTS = ("total_charge", "total_cost", "total_paid", "paid_by_payer", "paid_by_patient", "amount_allowed")

EXPECTATIONS = [
    *(
        rows("not_negative", name, f"{name} < 0", among=f"{name} is not null", at_most=0.01, doc="not below zero")
        for name in AMOUNTS
    ),
    rows(
        "paid_within_charge",
        "total_paid",
        "total_paid > total_charge",
        among="total_paid is not null and total_charge is not null",
        at_most=0.01,
        doc="not more paid than charged",
    ),
]
