"""What we know about clinical events: most codes of a vocabulary are mapped, and stay mapped."""

from expectations.check import STOP, WARN, Coverage, rows

BY, MAPPED, AMONG = "source_vocabulary_id", "concept_id <> 0", "excluded is null"

EXPECTATIONS = [
    Coverage("coverage", BY, 0.1, WARN, "share of rows whose code found no concept", BY, MAPPED, AMONG),
    # Codes that lose their dots, or a vocabulary release that lost a table, leave every row valid and useless.
    Coverage("coverage_fall", BY, 0.1, STOP, "mapped share lost since the last publication", BY, MAPPED, AMONG),
    rows(
        "ends_after_start",
        "end_date",
        "end_date < start_date",
        among="end_date is not null and start_date is not null",
        at_most=0.01,
        doc="not before it starts",
    ),
    rows("has_a_day", "start_date", "start_date is null", among=AMONG, at_most=0.05, doc="it is known when"),
    rows("has_a_code", "source_code", "source_code is null", among=AMONG, at_most=0.2, doc="it is coded"),
]
