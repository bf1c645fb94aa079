"""What we know about drug eras: gaps are days of the era (guide of the table, CDM 5.4)."""

from expectations.check import STOP, rows

EXPECTATIONS = [
    rows(
        "gap_within_era",
        "gap_days",
        "gap_days > datediff(drug_era_end_date, drug_era_start_date) + 1",
        severity=STOP,
        doc="fewer days of gap than days",
    ),
]
