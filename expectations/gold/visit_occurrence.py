"""What we know about visits: most end within weeks, and a stay of years is an end that was never entered."""

from expectations.check import rows

EXPECTATIONS = [
    rows(
        "longest",
        "visit_end_date",
        "datediff(visit_end_date, visit_start_date) > 366",
        at_most=0.02,
        doc="at most a year",
    ),
]
