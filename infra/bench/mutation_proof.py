"""Mutation proof: spoil good tables one fault at a time, gate them, and count the faults that are told.

A fault is caught when a check fails that does not fail on the good tables. `by_dqd` counts those that the
checks of the OHDSI DataQualityDashboard alone would tell.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pyspark.sql import DataFrame, SparkSession

import schemas
from infra.bench.faults import FAULTS, Fault, Tables
from jobs.shell import gate
from jobs.shell.lookups import Lookups

DQD = frozenset(
    {
        "cdmTable", "cdmField", "cdmDatatype", "isRequired", "isPrimaryKey", "isForeignKey", "fkDomain", "fkClass",
        "isStandardValidConcept", "measureValueCompleteness", "standardConceptRecordCompleteness",
        "sourceConceptRecordCompleteness", "sourceValueCompleteness", "plausibleValueLow", "plausibleValueHigh",
        "plausibleTemporalAfter", "plausibleDuringLife", "withinVisitDates", "plausibleAfterBirth",
        "plausibleBeforeDeath", "plausibleStartBeforeEnd", "plausibleGender", "plausibleGenderUseDescendants",
        "plausibleUnitConceptIds", "measurePersonCompleteness", "measureConditionEraCompleteness",
        "measureObservationPeriodOverlap",
    }
)  # fmt: skip

Label = tuple[str, str, str, float]


@dataclass(frozen=True)
class Trial:
    """What became of one fault: the checks that told it."""

    fault: Fault
    told: tuple[Label, ...] = ()
    stopped: bool = False
    skipped: str = ""

    @property
    def caught(self) -> bool:
        """Whether any check told it."""
        return bool(self.told)

    @property
    def by_dqd(self) -> bool:
        """Whether a check of DQD told it."""
        return any(check in DQD for _, check, _, _ in self.told)


@dataclass
class Proof:
    """Good tables, what the gates say of them, and the trials of all faults."""

    spark: SparkSession
    tables: Tables
    as_of: str
    judged: dict[str, gate.Judgement] = field(default_factory=dict)

    def run(self, faults: Iterable[Fault] = FAULTS) -> list[Trial]:
        """Try every fault; one whose tables are empty or absent is skipped, and said so."""
        return [self._try(one) for one in faults]

    def _try(self, one: Fault) -> Trial:
        try:
            spoilt = one.spoil(self.tables)
        except KeyError as absent:
            return Trial(one, skipped=f"there is no {absent.args[0]}")
        names = [*spoilt, *(name for name in one.also if name in self.tables)]
        told: list[Label] = []
        stopped = False
        for name in names:
            before = self._good(name)
            after = self._judge(name, {**self.tables, **spoilt}, before.measures)
            fresh = _failing(after) - _failing(before)
            told += sorted(fresh)
            stopped = stopped or any(_label(after.table, v) in fresh for v in after.stopped)
        return Trial(one, tuple(told), stopped)

    def _good(self, name: str) -> gate.Judgement:
        """The judgement of the good table against itself: what fails there is no sign of a fault."""
        if name not in self.judged:
            first = self._judge(name, self.tables, {})
            self.judged[name] = self._judge(name, self.tables, first.measures)
        return self.judged[name]

    def _judge(self, name: str, tables: Tables, previous: dict[str, Any]) -> gate.Judgement:
        lookups = Lookups(self.spark, tables.get)
        try:
            at_hand = tables[name].toArrow()
            context = gate.GateContext(lookups, as_of=self.as_of, previous=previous, at_hand=at_hand)
            return gate.judge(schemas.table(name), tables[name], context)
        finally:
            lookups.close()


def _label(table: str, verdict: gate.Verdict) -> Label:
    return table, verdict.check, verdict.column, verdict.threshold


def _failing(judged: gate.Judgement) -> set[Label]:
    return {_label(judged.table, v) for v in judged.verdicts if v.outcome in (gate.FAILED, gate.ERROR)}


def told(trials: Iterable[Trial]) -> str:
    """The result as text: a line for each fault, and the shares."""
    tried = [trial for trial in trials if not trial.skipped]
    skipped = [trial for trial in trials if trial.skipped]
    lines = []
    for trial in tried:
        first = ", ".join(dict.fromkeys(check for _, check, _, _ in trial.told)) or "nobody"
        word = "stopped" if trial.stopped else "warned" if trial.caught else "MISSED"
        lines.append(f"{trial.fault.name:<28} {word:<8} {first[:90]}")
    lines += [f"{trial.fault.name:<28} skipped  {trial.skipped}" for trial in skipped]
    caught, alone = sum(t.caught for t in tried), sum(t.by_dqd for t in tried)
    stops = sum(t.stopped for t in tried)
    lines.append(f"faults told: {caught} of {len(tried)} ({stops} stop); by the checks of DQD alone: {alone}")
    return "\n".join(lines)


def of_gold(spark: SparkSession, read: Any, as_of: str) -> Proof:
    """The proof over published gold tables; `read` gives a table by name or None."""
    found: dict[str, DataFrame] = {}
    for table in schemas.tables("gold"):
        frame = read(table.table)
        if frame is not None:
            found[table.table] = frame
    return Proof(spark, found, as_of)
