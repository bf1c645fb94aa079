"""What we know about encounters: they end after they start."""

from expectations.check import rows

EXPECTATIONS = [
    rows(
        "ends_after_start",
        "end_at",
        "end_at < start_at",
        among="end_at is not null and start_at is not null",
        at_most=0.01,
        doc="not before it starts",
    ),
]
