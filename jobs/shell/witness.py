"""Who sees every hop: row accounting, the gate and the lineage, one for each run."""

from __future__ import annotations

import dataclasses
import importlib
import os
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

from pyspark.sql import DataFrame

import schemas
from jobs.shell import data_docs, gate, lineage_sweep, state
from jobs.shell.accounting import Ledger
from jobs.shell.arrow_rows import ArrowRows
from jobs.shell.build import Outcome, Request
from jobs.shell.column_lineage import ColumnLineage, derive
from jobs.shell.lake import Lake
from jobs.shell.lineage import Hop, Lineage, Made, ParentRun
from jobs.shell.lineage_datasets import Dataset, of_table
from jobs.shell.lookups import Lookups


@dataclasses.dataclass
class _Seen:
    """What is known of one hop until it ends."""

    hop: Hop
    columns: ColumnLineage | None = None
    seconds: float = 0.0


class GateAndLineage:
    """Accounts, gates and tells the hops of one run; tables side by side each have their own hop."""

    def __init__(self, lake: Lake, run: str) -> None:
        lineage_sweep.sweep(lake.settings)
        conf = dict(lake.spark.sparkContext.getConf().getAll())
        self.lake = lake
        self.run = run
        self.ledger = Ledger(lake)
        self.lookups = Lookups(lake.spark, self._published, self._rows, lake.version)
        self.judgements: list[gate.Judgement] = []
        self.parent = ParentRun.of_spark(conf)
        self.lineage = Lineage(lake.settings, run, self.parent, engine=lake.spark.version)
        self._hops: dict[str, _Seen] = {}
        self._guard = threading.Lock()

    def begin(self, name: str, inputs: Sequence[Dataset], *, part: str = "", request: Request | None = None) -> None:
        """A hop begins."""
        began = time.monotonic()
        table = schemas.table(name)
        output = of_table(self.lake.settings, name)
        tags = {"as_of": request.as_of} if request and request.as_of else {}
        hop = self.lineage.start(name, inputs, output, part=part, doc=table.doc, tags=tags)
        with self._guard:
            self._hops[name] = _Seen(hop, seconds=time.monotonic() - began)

    def sources(self, inputs: Mapping[str, int]) -> list[Dataset]:
        """Tables at versions, as lineage names them."""
        return [of_table(self.lake.settings, name, version) for name, version in inputs.items()]

    def look(self, table: schemas.Table, frames: Mapping[str, DataFrame], built: DataFrame) -> None:
        """Read the column lineage off the plan of what was built; of what Python makes, its job says it."""
        began = time.monotonic()
        seen = self._hops[table.table]
        opaque = getattr(importlib.import_module(f"jobs.{table.table}"), "STANDS_ON", None)
        seen.columns = derive(frames, built, dict(table.built_from), opaque).without(table.table)
        seen.seconds += time.monotonic() - began

    def declare(self, name: str, columns: ColumnLineage) -> None:
        """The column lineage of what a parser makes, which no plan shows."""
        self._hops[name].columns = columns

    def judge(
        self,
        table: schemas.Table,
        candidate: DataFrame,
        outcome: Outcome,
        request: Request,
        inputs: Mapping[str, int] | None = None,
        part: ArrowRows | None = None,
    ) -> dict[str, Any]:
        """Account for every row and gate the candidate version; gives its measures, raises when a stop fails.

        `part`: the rows of the candidate that this build may have changed, when it was not everybody.
        """
        began = time.monotonic()
        if not outcome.accounting:
            outcome.accounting = self.ledger.account(table, outcome.version, inputs or {})
        context = gate.GateContext(
            self.lookups,
            as_of=request.as_of,
            rows=outcome.rows,
            accounting=outcome.accounting,
            previous=state.read(self.lake.settings, table.table).measures,
            at_hand=self.lake.rows(table.table, outcome.version),
            part=part,
            accepted=gate.accepted(),
            changes={"inserted": outcome.inserted, "updated": outcome.updated, "deleted": outcome.deleted},
        )
        judged = gate.judge(table, candidate, context)
        outcome.verdicts = _told(judged.verdicts)
        outcome.gate_seconds = round(time.monotonic() - began, 3)
        with self._guard:
            self.judgements.append(judged)
        judged.enforce()
        return judged.measures

    def confirm(self, table: schemas.Table, outcome: Outcome, inputs: Mapping[str, int]) -> None:
        """Nothing changed, so the verdicts stand; but of what came in each row is accounted for."""
        began = time.monotonic()
        outcome.accounting = self.ledger.account(table, outcome.version, inputs)
        others = [one for one in outcome.verdicts if one["check"] != gate.ACCOUNTING.name]
        outcome.verdicts = [*others, *_told(gate.accounted(table, outcome.accounting, gate.accepted()))]
        outcome.gate_seconds = round(time.monotonic() - began, 3)

    def _published(self, name: str) -> DataFrame | None:
        return self.lake.read(name) if self.lake.version(name) >= 0 else None

    def _rows(self, name: str) -> ArrowRows | None:
        version = self.lake.version(name)
        return self.lake.rows(name, version) if version >= 0 else None

    def prepare(self, outcome: Outcome, also: Sequence[Dataset] = ()) -> None:
        """Before publishing: note what will be said once it is published."""
        began = time.monotonic()
        seen = self._hops[outcome.table]
        made = Made(
            version=outcome.version,
            rows=outcome.rows,
            written=outcome.inserted + outcome.updated,
            columns=seen.columns,
            verdicts=outcome.verdicts,
            also=also,
        )
        seen.hop.prepare(made)
        seen.seconds += time.monotonic() - began

    def finish(self, outcome: Outcome) -> None:
        """The hop is published."""
        began = time.monotonic()
        seen = self._hops.pop(outcome.table)
        seen.hop.complete()
        outcome.lineage_seconds = round(seen.seconds + time.monotonic() - began, 3)

    def fail(self, name: str, fault: BaseException) -> None:
        """The hop failed."""
        seen = self._hops.pop(name, None)
        if seen is None:
            return
        last = traceback.extract_tb(fault.__traceback__)[-1:]
        where = f"{os.path.basename(last[0].filename)}:{last[0].lineno}" if last else ""
        seen.hop.fail(type(fault).__name__, where)

    def close(self) -> str | None:
        """The run is over; a line for its report when a lineage consumer missed events."""
        self.lookups.close()
        if self.judgements:
            data_docs.build(f"{self.lake.settings.root('ops')}/gates/data_docs", self.judgements, self.run)
        delivery = self.lineage.close()
        if not delivery or not delivery.undelivered:
            return None
        why = delivery.reason or "late"
        return f"lineage: {delivery.undelivered} events not delivered ({why}); they are in the log"


def _told(verdicts: Sequence[gate.Verdict]) -> list[dict[str, Any]]:
    return [
        {**dataclasses.asdict(one), "passed": one.outcome in (gate.PASSED, gate.NOT_APPLICABLE)} for one in verdicts
    ]
