"""Counts that several tables of a stage share: of what was said of resources, and of events; DuckDB counts them."""

from __future__ import annotations

from typing import Any

import pyarrow.dataset as ds

from jobs.columns import fhir
from jobs.shell import arrow_rows

# What `fhir.said` is to Spark, as far as it is counted.
SAID = """
    SELECT record_id AS said_id, tenant, feed, resource_type, resource_id, method FROM resources
    UNION ALL
    SELECT translated_id, tenant, feed, resource_type, resource_id, method FROM translated
    WHERE resource_type IS NOT NULL
"""


def of_types(resources: ds.Dataset, translated: ds.Dataset, superseded: ds.Dataset) -> dict[str, Any]:
    """By type what was said, and how many resources it is about that are not taken back."""
    said = {"resources": resources, "translated": translated}
    newest = f"SELECT resource_type, method FROM ({SAID}) ANTI JOIN superseded USING (said_id)"
    gone = f"SELECT resource_type, count(*) FROM ({newest}) WHERE method = '{fhir.TOMBSTONE}' GROUP BY resource_type"
    deleted = dict(arrow_rows.ask(gone, **said, superseded=superseded))
    # Not counted as what is left when the superseded are taken away: each resource, once.
    each = f"SELECT resource_type, count(*) AS times FROM ({SAID}) GROUP BY tenant, feed, resource_type, resource_id"
    about = f"SELECT resource_type, sum(times), count(*) FROM ({each}) GROUP BY resource_type"
    return {
        kind: {"received": received, "current": known - deleted.get(kind, 0)}
        for kind, received, known in arrow_rows.ask(about, **said)
    }


def of_targets(events: ds.Dataset) -> dict[str, Any]:
    """By table of OMOP how many events are for it, and how many of them by which rule give no row."""
    found: dict[str, Any] = {}
    by_rule = "SELECT target, excluded, count(*) FROM events GROUP BY target, excluded"
    for target, excluded, count in arrow_rows.ask(by_rule, events=events):
        one = found.setdefault(target, {"all": 0, "excluded": {}})
        one["all"] += count
        if excluded:
            one["excluded"][excluded] = count
    return found
