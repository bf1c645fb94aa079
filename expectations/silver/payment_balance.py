"""What we know about payments: their parts come to what was paid (005010X221A1, 1.10.2.1)."""

from expectations.check import rows

EXPECTATIONS = [
    rows(
        "parts_sum_to_payment",
        "difference",
        "difference <> 0",
        among="difference is not null and status = 'active'",
        doc="claims and provider adjustments come to the payment, to the cent",
    ),
]
