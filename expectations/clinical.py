"""Rules that every clinical table of gold obeys, read off its columns: days and instants, events and their visits."""

from __future__ import annotations

from collections.abc import Iterator

import schemas
from expectations.check import STOP, WARN, Check, Rows

VISIT = "visit_occurrence_id"
# Never a failure of its own: kept, so that a jump against the last publication is seen.
ONLY_COMPARED = 0.999


def checks(table: schemas.Table) -> Iterator[Check]:
    """Rules of one table; none for tables that are not about a person."""
    if table.layer != "gold" or table.scope != "person":
        return
    days = [c.name for c in table.columns.values() if c.type == "date" and c.required]
    for name in days:
        instant = f"{name}time"
        if instant in table.columns:
            both = f"`{instant}` is not null"
            apart = f"datediff(cast(`{instant}` as date), `{name}`)"
            # A local day and an instant in UTC differ by one day at most, anywhere on earth.
            doc = "the instant is of that day or the next to it"
            yield Rows("day_of_instant", instant, 0.0, WARN, doc, f"abs({apart}) > 1", both)
            doc = "share of instants whose UTC day is another than the local day"
            yield Rows("day_apart", instant, ONLY_COMPARED, WARN, doc, f"{apart} <> 0", both)
    if VISIT in table.columns and table.name != "visit_occurrence" and table.scoped_by:
        other = f"`{table.scoped_by}` <> _visit_person"
        doc = "an event and its visit are of one person"
        yield Rows("visit_of_person", VISIT, 0.0, STOP, doc, other, "_visit_person is not null")
    if VISIT in table.columns and days and table.name not in ("visit_occurrence", "visit_detail"):
        outside = f"`{days[0]}` < _visit_start or `{days[0]}` > _visit_end"
        doc = "share of events on a day outside of their visit"
        yield Rows("outside_visit", days[0], 0.5, WARN, doc, outside, "_visit_start is not null")
