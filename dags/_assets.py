"""The assets of the lake: one per table, one per stage, one per feed's landing folder; and a run's as-of date.

Naming an asset costs nothing at parse time: table names come from file names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.sdk import Asset, AssetAlias


def _asset(name: str, group: str) -> Asset:
    return Asset(name=name, uri=f"lakeward://{name.replace('.', '/')}", group=group)


def landing(feed: str) -> Asset:
    """A delivery lies in the feed's landing folder. The event comes from whoever landed it, by the API."""
    return _asset(f"landing.{feed}", "landing")


def table(name: str) -> Asset:
    """A new version of one table is what readers see."""
    return _asset(name, name.partition(".")[0])


def stage(name: str) -> Asset:
    """A stage has something its readers have not read."""
    return _asset(name, name)


def tables_of(stage_name: str) -> AssetAlias:
    """Through this alias a stage tells of those of its tables that changed, and of no others."""
    return AssetAlias(name=f"changed in {stage_name}", group=stage_name)


def as_of(context: Mapping[str, Any]) -> str | None:
    """The as-of date somebody asked for, of this run or of the run whose asset event started it; else None.

    With None the jobs take the newest day their data speaks of. No clock and no schedule decides it, so that a run
    without a data interval needs no rule of its own (docs/decisions/as-of-date.md).
    """
    asked = context["params"].get("as_of")
    if asked:
        return str(asked)
    inherited = [
        event.extra["as_of"]
        for events in (context.get("triggering_asset_events") or {}).values()
        for event in events
        if (event.extra or {}).get("as_of")
    ]
    return max(inherited, default=None)
