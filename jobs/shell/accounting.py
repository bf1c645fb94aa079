"""Row accounting: on every hop, in = out + quarantined + superseded + excluded by a named rule.

The right side is never derived from the left: both are counted, and the difference is a gate.
"""

from __future__ import annotations

import importlib
import inspect
import threading
from collections.abc import Mapping
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

import schemas
from jobs.columns import fhir
from jobs.columns.told import BY_ANOTHER_FEED
from jobs.shell import delta_log, quarantine, tables
from jobs.shell.lake import Lake
from jobs.silver.clinical_event import OTHER_DOMAINS, TABLE_OF_DOMAIN

EVENTS = "silver.clinical_event"
# Keys of the source rows that a row stands on, where several may tell of one thing.
TOLD_BY = "lw_told_by"
EVENT_TABLES = {*TABLE_OF_DOMAIN.values(), OTHER_DOMAINS}


# A table at the version that was read: the published one may move on while a table is being built.
Pinned = tuple[str, int]


class Ledger:
    """Counts that the tables of a stage share, made once per version of the table they are of."""

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self._guard = threading.Lock()
        self._counted: dict[tuple[Pinned, ...], dict[str, Any]] = {}

    def account(self, table: schemas.Table, candidate: DataFrame, inputs: Mapping[str, int]) -> dict[str, Any]:
        """The account of one built table; `missing` is 0 when nothing was lost and nothing invented."""
        if table.resource_types:
            return self._from_said(table, tuple((s, inputs[s]) for s in table.built_from.values()), candidate)
        if table.scope == "delivery":
            return self._from_records(table, inputs, candidate)
        if table.layer == "gold" and table.name in EVENT_TABLES:
            return self._from_events(table, (EVENTS, inputs[EVENTS]), candidate)
        if table.accounts_for:
            source = table.built_from[table.accounts_for]
            return self._from_frame(table, (source, inputs[source]), candidate, inputs)
        return {"out": candidate.count()}

    def _from_frame(
        self, table: schemas.Table, source: Pinned, candidate: DataFrame, inputs: Mapping[str, int]
    ) -> dict[str, Any]:
        """Each row of one input gives one row, waits, or is excluded by a rule that the job names."""
        counted = self._excluded(table, source, inputs).groupBy("reason").count().collect()
        by_rule = {row["reason"]: row["count"] for row in counted if row["reason"]}
        received, rows = sum(row["count"] for row in counted), candidate.count()
        if again := self._told(table, candidate, rows) - rows:
            by_rule[BY_ANOTHER_FEED] = again
        held = quarantine.waiting(self.lake, table.table)
        if held and TOLD_BY in table.columns:
            path = self.lake.path(quarantine.name_of(table.table))
            held = self._told(table, tables.read(self.lake.spark, path, delta_log.head(path)), held)
        return {
            "in": received,
            "out": rows,
            "excluded": by_rule,
            "quarantined": quarantine.reasons(self.lake, table.table) if held else {},
            "held": held,
            "missing": received - sum(by_rule.values()) - rows - held,
        }

    def _excluded(self, table: schemas.Table, source: Pinned, inputs: Mapping[str, int]) -> DataFrame:
        """The rows of the source with `reason`, why each is excluded; a job that needs more than the row is asked."""
        job = importlib.import_module(f"jobs.{table.table}")
        if not hasattr(job, "judged"):
            return self.lake.read(*source).select(job.excluded().alias("reason"))
        names = {name: table.built_from[name] for name in inspect.signature(job.judged).parameters}
        frames = {name: self.lake.read(one, inputs[one]) for name, one in names.items()}
        return job.judged(**frames).select(F.col("excluded").alias("reason"))

    def _told(self, table: schemas.Table, candidate: DataFrame, rows: int) -> int:
        """How many rows of its source the rows of a table stand on: one each, unless the rows say which."""
        if TOLD_BY not in table.columns:
            return rows
        counted = candidate.agg(F.sum(F.size(TOLD_BY))).first()
        return int(counted[0] or 0) if counted else 0

    def _from_records(self, table: schemas.Table, inputs: Mapping[str, int], candidate: DataFrame) -> dict[str, Any]:
        """Each record of the feeds that do not speak FHIR says some resources, or nothing that is mapped."""
        received = sum(self._rows(name, inputs[name]) for name in table.built_from.values())
        of_type = candidate.groupBy("record_type", F.col("resource_type").isNull().alias("nothing"))
        counted = of_type.agg(F.count(F.lit(1)).alias("rows"), F.count_distinct("record_id").alias("records")).collect()
        out = sum(row["records"] for row in counted)
        held = quarantine.waiting(self.lake, table.table)
        return {
            "in": received,
            "out": out,
            "quarantined": quarantine.reasons(self.lake, table.table) if held else {},
            "held": held,
            "fanned_out": sum(row["rows"] for row in counted) - out,
            "not_mapped": {row["record_type"]: row["records"] for row in counted if row["nothing"]},
            "missing": received - out - held,
        }

    def _rows(self, name: str, version: int) -> int:
        return delta_log.version(self.lake.path(name), version).rows if version >= 0 else 0

    def _from_said(self, table: schemas.Table, sources: tuple[Pinned, ...], candidate: DataFrame) -> dict[str, Any]:
        types = self._once(sources, self._count_types)
        own = [kind for kind in table.resource_types if kind not in table.joined_types]
        received, current = (
            sum(types.get(kind, {}).get(count, 0) for kind in own) for count in ("received", "current")
        )
        resources = F.count_distinct(*quarantine.RESOURCE)
        mine = candidate.where(F.col("resource_type").isin(*own))
        counted = mine.agg(F.count(F.lit(1)).alias("rows"), resources.alias("records")).first()
        assert counted is not None
        waiting = quarantine.reasons(self.lake, table.table)
        held = quarantine.records(self.lake, table.table)
        left = current - counted["records"] - held
        excluded = self._without_row(table, own, sources, mine) if left else {}
        return {
            "in": received,
            "out": counted["records"],
            "superseded": received - current,
            "excluded": excluded,
            "quarantined": waiting,
            "held": held,
            "fanned_out": counted["rows"] - counted["records"],
            "joined_in": {kind: types.get(kind, {}).get("received", 0) for kind in table.joined_types},
            "missing": left - sum(excluded.values()),
        }

    def _without_row(
        self, table: schemas.Table, own: list[str], sources: tuple[Pinned, ...], rows: DataFrame
    ) -> dict[str, int]:
        """How many newest resources give no row, by the rule that the job names; what it does not name is missing."""
        rule = getattr(importlib.import_module(f"jobs.{table.table}"), "without_row", None)
        if rule is None:
            return {}
        resources, translated, superseded = [self.lake.read(*one) for one in sources]
        newest = fhir.current(resources, *own, translated=translated, superseded=superseded)
        known = rows.select(*quarantine.RESOURCE)
        path = self.lake.path(quarantine.name_of(table.table))
        if (head := delta_log.head(path)) >= 0:
            known = known.union(tables.read(self.lake.spark, path, head).select(*quarantine.RESOURCE))
        left = newest.join(known.distinct(), on=list(quarantine.RESOURCE), how="left_anti")
        counted = left.groupBy(rule().alias("reason")).count().collect()
        return {row["reason"]: row["count"] for row in counted if row["reason"]}

    def _from_events(self, table: schemas.Table, source: Pinned, candidate: DataFrame) -> dict[str, Any]:
        expected = self._once((source,), self._count_events).get(table.name, {"all": 0, "excluded": {}})
        rows = candidate.count()
        excluded = expected["excluded"]
        held = quarantine.waiting(self.lake, table.table)
        return {
            "in": expected["all"],
            "out": rows,
            "excluded": excluded,
            "quarantined": quarantine.reasons(self.lake, table.table) if held else {},
            "held": held,
            "missing": expected["all"] - sum(excluded.values()) - rows - held,
        }

    def _once(self, sources: tuple[Pinned, ...], count: Any) -> dict[str, Any]:
        with self._guard:
            if sources not in self._counted:
                self._counted[sources] = count(*[self.lake.read(*one) for one in sources])
            return self._counted[sources]

    def _count_types(self, resources: DataFrame, translated: DataFrame, superseded: DataFrame) -> dict[str, Any]:
        """By type what was said, and how many resources it is about that are not taken back."""
        said = fhir.said(resources, translated)
        old = F.broadcast(superseded.select("said_id"))
        newest = said.join(old, on="said_id", how="left_anti")
        gone = newest.where(F.col("method") == fhir.TOMBSTONE).groupBy("resource_type").count()
        deleted = {row["resource_type"]: row["count"] for row in gone.collect()}
        # Not counted as what is left when the superseded are taken away: each resource, once.
        each = said.groupBy("resource_type", "tenant", tables.resource_key().alias("_resource")).count()
        counted = each.groupBy("resource_type").agg(F.sum("count").alias("received"), F.count(F.lit(1)).alias("about"))
        return {
            row["resource_type"]: {
                "received": row["received"],
                "current": row["about"] - deleted.get(row["resource_type"], 0),
            }
            for row in counted.collect()
        }

    def _count_events(self, events: DataFrame) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for row in events.groupBy("target", "excluded").count().collect():
            one = found.setdefault(row["target"], {"all": 0, "excluded": {}})
            one["all"] += row["count"]
            if row["excluded"]:
                one["excluded"][row["excluded"]] = row["count"]
        return found
