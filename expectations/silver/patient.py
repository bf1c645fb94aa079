"""What we know about patients: nobody dies before being born."""

from expectations.check import rows

EXPECTATIONS = [
    rows(
        "dies_after_birth",
        "deceased_date",
        "deceased_date < birth_date",
        among="deceased_date is not null and birth_date is not null",
        at_most=0.0,
        doc="not before birth",
    ),
]
