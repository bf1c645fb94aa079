"""What we know about observation periods: they end, and nobody is observed for longer than people live."""

from expectations.check import rows

EXPECTATIONS = [
    rows(
        "longest",
        "observation_period_end_date",
        "datediff(observation_period_end_date, observation_period_start_date) > 44000",
        at_most=0.0,
        doc="at most 120 years",
    ),
]
