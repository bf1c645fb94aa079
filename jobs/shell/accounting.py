"""Row accounting: on every hop, in = out + quarantined + superseded + excluded by a named rule.

The right side is never derived from the left: both are counted, and the difference is a gate. DuckDB counts the rows of
versions; Spark counts only what a rule that a job names, a Column, says of them.
"""

from __future__ import annotations

import importlib
import inspect
import re
import threading
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import pyarrow.dataset as ds
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

import schemas
from jobs.columns import fhir
from jobs.columns.told import BY_ANOTHER_FEED
from jobs.shell import arrow_rows, delta_log, quarantine, tables, tallies
from jobs.shell.inputs import handed
from jobs.shell.lake import Lake
from jobs.silver.clinical_event import OTHER_DOMAINS, STATED, TABLE_OF_DOMAIN

EVENTS = "silver.clinical_event"
# Keys of the source rows that a row stands on, where several may tell of one thing.
TOLD_BY = "lw_told_by"
# Source rows that are parts of what a row is about, and rows of another table.
PARTS, IN_ANOTHER = "lw_parts", "part_of_another_visit"
EVENT_TABLES = {*TABLE_OF_DOMAIN.values(), OTHER_DOMAINS}
# Under which parameters a job is handed what was said of resources.
RESOURCES = ("resources", "translated", "superseded")

# A table at the version that was read: the published one may move on while a table is being built.
Pinned = tuple[str, int]
# What stands under one parameter of a job: the feeds of a format are several tables.
Together = tuple[Pinned, ...]


def _together(table: schemas.Table, inputs: Mapping[str, int]) -> tuple[Together, ...]:
    found: dict[str, list[Pinned]] = {}
    for name, source in table.built_from.items():
        if (parameter := name.partition(".")[0]) in RESOURCES:
            found.setdefault(parameter, []).append((source, inputs[source]))
    return tuple(map(tuple, found.values()))


class Ledger:
    """Counts that the tables of a stage share, made once per version of the table they are of."""

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self._guard = threading.Lock()
        self._counted: dict[tuple[Together, ...], dict[str, Any]] = {}

    def account(self, table: schemas.Table, version: int, inputs: Mapping[str, int]) -> dict[str, Any]:
        """The account of a built version; `missing` is 0 when nothing was lost and nothing invented."""
        built = (table.table, version)
        if table.resource_types:
            return self._beside(self._from_said(table, inputs, built), table, built, inputs)
        if table.scope == "delivery":
            return self._from_records(table, inputs, built)
        if table.table == EVENTS:
            return self._from_statements(table, inputs, built)
        if table.layer == "gold" and table.name in EVENT_TABLES:
            return self._from_events(table, (EVENTS, inputs[EVENTS]), built)
        job = importlib.import_module(f"jobs.{table.table}")
        if hasattr(job, "RECEIVED"):
            return self._from_question(table, job, built, inputs)
        if table.accounts_for:
            source = table.built_from[table.accounts_for]
            return self._from_frame(table, (source, inputs[source]), built, inputs)
        return {"out": self._rows(*built)}

    def _from_frame(
        self, table: schemas.Table, source: Pinned, built: Pinned, inputs: Mapping[str, int]
    ) -> dict[str, Any]:
        """Each row of one input gives one row, waits, or is excluded by a rule that the job names."""
        counted = self._excluded(table, source, inputs).groupBy("reason").count().collect()
        by_rule = {row["reason"]: row["count"] for row in counted if row["reason"]}
        received, rows = sum(row["count"] for row in counted), self._rows(*built)
        if again := self._told(table, built) - rows:
            by_rule[BY_ANOTHER_FEED] = again
        if PARTS in table.columns and (parts := self._listed(PARTS, built)):
            by_rule[IN_ANOTHER] = parts
        held = quarantine.waiting(self.lake, table.table)
        if held:
            held = self._told(table, (quarantine.name_of(table.table), quarantine.version(self.lake, table.table)))
        return {
            "in": received,
            "out": rows,
            "excluded": by_rule,
            "quarantined": quarantine.reasons(self.lake, table.table) if held else {},
            "held": held,
            "missing": received - sum(by_rule.values()) - rows - held,
        }

    def _from_question(
        self, table: schemas.Table, job: ModuleType, built: Pinned, inputs: Mapping[str, int]
    ) -> dict[str, Any]:
        """What the job's SQL counts of its inputs: `RECEIVED`, a row with `excluded` for each that must be found again.

        `FOUND_AGAIN` counts in the rows `made` how many of these they stand on; without it each row stands on one.
        """
        asked = {name: one for name, one in table.built_from.items() if re.search(rf"\b{name}\b", job.RECEIVED)}
        frames = {name: self.lake.rows(one, inputs[one]) for name, one in asked.items()}
        by_rule = f"SELECT excluded, count(*) FROM ({job.RECEIVED}) GROUP BY excluded"
        counted = dict(arrow_rows.ask(by_rule, **frames))
        excluded = {reason: count for reason, count in sorted(counted.items(), key=str) if reason}
        found_again = getattr(job, "FOUND_AGAIN", "SELECT count(*) FROM made")

        def told(name: str, version: int) -> int:
            [(count,)] = arrow_rows.ask(found_again, made=self.lake.rows(name, version))
            return count or 0

        rows, out, held = self._rows(*built), told(*built), 0
        if quarantine.waiting(self.lake, table.table):
            held = told(quarantine.name_of(table.table), quarantine.version(self.lake, table.table))
        return {
            "in": sum(counted.values()),
            "out": out,
            "excluded": excluded,
            "quarantined": quarantine.reasons(self.lake, table.table) if held else {},
            "held": held,
            "fanned_out": max(0, rows - out),
            "joined": max(0, out - rows),
            "missing": counted.get(None, 0) - out - held,
        }

    def _beside(self, account: dict[str, Any], table: schemas.Table, built: Pinned, inputs: Mapping[str, int]) -> Any:
        """The account of a table of resources with the rows of other tables beside them, if its job tells of such."""
        job = importlib.import_module(f"jobs.{table.table}")
        if not hasattr(job, "RECEIVED"):
            return account
        more = self._from_question(table, job, built, inputs)
        both = {name: account[name] + more[name] for name in ("in", "out")}
        both["excluded"] = account["excluded"] | more["excluded"]
        # All that waits was counted with the resources.
        both["missing"] = abs(account["missing"] + more["held"]) + abs(more["missing"])
        return account | both

    def _excluded(self, table: schemas.Table, source: Pinned, inputs: Mapping[str, int]) -> DataFrame:
        """The rows of the source with `reason`, why each is excluded; a job that needs more than the row is asked."""
        job = importlib.import_module(f"jobs.{table.table}")
        if not hasattr(job, "judged"):
            return self.lake.read(*source).select(job.excluded().alias("reason"))
        names = {name: table.built_from[name] for name in inspect.signature(job.judged).parameters}
        frames = {name: self.lake.read(one, inputs[one]) for name, one in names.items()}
        return job.judged(**frames).select(F.col("excluded").alias("reason"))

    def _told(self, table: schemas.Table, one: Pinned) -> int:
        """How many rows of its source the rows of a table stand on: one each, unless the rows say which."""
        if TOLD_BY not in table.columns:
            return self._rows(*one)
        return self._listed(TOLD_BY, one)

    def _listed(self, column: str, one: Pinned) -> int:
        """How many entries the lists in a column have."""
        [(entries,)] = arrow_rows.ask(f"SELECT sum(len({column})) FROM made", made=self.lake.rows(*one))
        return entries or 0

    def _from_records(self, table: schemas.Table, inputs: Mapping[str, int], built: Pinned) -> dict[str, Any]:
        """Each record of the feeds that do not speak FHIR says some resources, or nothing that is mapped."""
        received = sum(self._rows(name, inputs[name]) for name in table.built_from.values())
        each = (
            "SELECT record_type, resource_type IS NULL AS nothing, record_id, count(*) AS times FROM made GROUP BY ALL"
        )
        of_type = f"SELECT record_type, nothing, sum(times), count(*) FROM ({each}) GROUP BY ALL"
        counted = arrow_rows.ask(of_type, made=self.lake.rows(*built))
        out = sum(records for *_, records in counted)
        held = quarantine.waiting(self.lake, table.table)
        return {
            "in": received,
            "out": out,
            "quarantined": quarantine.reasons(self.lake, table.table) if held else {},
            "held": held,
            "fanned_out": sum(rows for _, _, rows, _ in counted) - out,
            "not_mapped": {kind: records for kind, nothing, _, records in counted if nothing},
            "missing": received - out - held,
        }

    def _from_statements(self, table: schemas.Table, inputs: Mapping[str, int], built: Pinned) -> dict[str, Any]:
        """Each row that states something is in an event, or in one that waits; one for each concept it maps to.

        Of claims and charges, which state several things or none, it is told how many events they gave.
        """
        sources = [table.built_from[name] for name in STATED]
        received = {source: self._rows(source, inputs[source]) for source in sources}
        of_source = "SELECT source_table, count(DISTINCT source_row_id), count(*) FROM made GROUP BY source_table"
        counted = {source: (n, rows) for source, n, rows in arrow_rows.ask(of_source, made=self.lake.rows(*built))}
        name, waiting = quarantine.name_of(table.table), {}
        if (head := delta_log.head(self.lake.path(name))) >= 0:
            alone = "SELECT source_table, source_row_id FROM waits ANTI JOIN made USING (source_table, source_row_id)"
            each = f"SELECT source_table, count(DISTINCT source_row_id) FROM ({alone}) GROUP BY source_table"
            waiting = dict(arrow_rows.ask(each, waits=self.lake.rows(name, head), made=self.lake.rows(*built)))
        stated = {source: counted.get(source, (0, 0)) for source in sources}
        out, held = sum(n for n, _ in stated.values()), sum(waiting.get(source, 0) for source in sources)
        lost = {source: received[source] - stated[source][0] - waiting.get(source, 0) for source in sources}
        return {
            "in": sum(received.values()),
            "out": out,
            "held": held,
            "quarantined": quarantine.reasons(self.lake, table.table) if waiting else {},
            "fanned_out": sum(rows for _, rows in stated.values()) - out,
            "of_others": {source: rows for source, (_, rows) in sorted(counted.items()) if source not in stated},
            # Of one source too many and of another too few are two faults, and not none.
            "missing": sum(map(abs, lost.values())),
        }

    def _rows(self, name: str, version: int) -> int:
        return delta_log.version(self.lake.path(name), version).rows if version >= 0 else 0

    def _from_said(self, table: schemas.Table, inputs: Mapping[str, int], built: Pinned) -> dict[str, Any]:
        types = self._once(_together(table, inputs), tallies.of_types)
        own = [kind for kind in table.resource_types if kind not in table.joined_types]
        received, current = (
            sum(types.get(kind, {}).get(count, 0) for kind in own) for count in ("received", "current")
        )
        each = f"SELECT resource_type, count(*) AS times FROM made GROUP BY {', '.join(quarantine.RESOURCE)}"
        of_type = f"SELECT resource_type, sum(times), count(*) FROM ({each}) GROUP BY resource_type"
        counted = [one for one in arrow_rows.ask(of_type, made=self.lake.rows(*built)) if one[0] in own]
        rows, records = sum(one[1] for one in counted), sum(one[2] for one in counted)
        waiting = quarantine.reasons(self.lake, table.table)
        held = quarantine.records(self.lake, table.table)
        left = current - records - held
        excluded = self._without_row(table, own, inputs, built) if left else {}
        return {
            "in": received,
            "out": records,
            "superseded": received - current,
            "excluded": excluded,
            "quarantined": waiting,
            "held": held,
            "fanned_out": rows - records,
            "joined_in": {kind: types.get(kind, {}).get("received", 0) for kind in table.joined_types},
            "missing": left - sum(excluded.values()),
        }

    def _without_row(
        self, table: schemas.Table, own: list[str], inputs: Mapping[str, int], built: Pinned
    ) -> dict[str, int]:
        """How many newest resources give no row, by the rule that the job names; what it does not name is missing."""
        rule = getattr(importlib.import_module(f"jobs.{table.table}"), "without_row", None)
        if rule is None:
            return {}
        frames = handed({name: self.lake.read(one, inputs[one]) for name, one in table.built_from.items()})
        newest = fhir.current(frames.pop("resources"), *own, **frames)
        known = self.lake.read(*built).where(F.col("resource_type").isin(*own)).select(*quarantine.RESOURCE)
        path = self.lake.path(quarantine.name_of(table.table))
        if (head := delta_log.head(path)) >= 0:
            known = known.union(tables.read(self.lake.spark, path, head).select(*quarantine.RESOURCE))
        left = newest.join(known.distinct(), on=list(quarantine.RESOURCE), how="left_anti")
        counted = left.groupBy(rule().alias("reason")).count().collect()
        return {row["reason"]: row["count"] for row in counted if row["reason"]}

    def _from_events(self, table: schemas.Table, source: Pinned, built: Pinned) -> dict[str, Any]:
        expected = self._once(((source,),), tallies.of_targets).get(table.name, {"all": 0, "excluded": {}})
        rows = self._rows(*built)
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

    def _once(self, sources: tuple[Together, ...], count: Any) -> dict[str, Any]:
        with self._guard:
            if sources not in self._counted:
                rows = [ds.dataset([self.lake.rows(*one) for one in together]) for together in sources]
                self._counted[sources] = count(*rows)
            return self._counted[sources]
