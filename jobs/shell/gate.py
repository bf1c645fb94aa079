"""The gate: judges a written version before anybody may read it. A failed stop keeps the previous version."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyspark.sql import DataFrame, SparkSession

import schemas
from expectations.check import STOP, WARN, Check, Coverage, Genders, Limits, Units
from expectations.suite import suite
from jobs.shell import counting, counting_sql, findings, measures, planning, slices
from jobs.shell.arrow_rows import ArrowRows
from jobs.shell.findings import Evidence, Found
from jobs.shell.lookups import Lookups

PASSED, FAILED, NOT_APPLICABLE, ERROR = "passed", "failed", "not_applicable", "error"
ACCOUNTING = Check("row_accounting", "", 0.0, STOP, "in = out + quarantined + superseded + declared fan-out")


@dataclass(frozen=True)
class Verdict:
    """What the gate says about one check of one column."""

    check: str
    column: str
    severity: str
    outcome: str
    failed: int
    rows: int
    share: float
    threshold: float
    message: str = ""

    @property
    def stops(self) -> bool:
        """Whether this verdict keeps the version from being published."""
        return self.severity == STOP and self.outcome in (FAILED, ERROR)


class GateFailed(RuntimeError):  # noqa: N818 - it is what happened
    """A check that stops has failed: names table, check, column, share and threshold; never a value."""


@dataclass(frozen=True)
class GateContext:
    """What the gate may look at besides the version it judges.

    `rows`: rows of the candidate, when known. `accounting`: the account of the hop (`missing` must be 0).
    `previous`: measures of the last publication. `at_hand`: the candidate's rows, where this machine has them.
    `part`: those of them that this build may have changed, when it was not everybody. `accepted`: names of checks
    (`table:check` or `check`) that may fail without stopping. `changes`: rows that this build inserted, updated and
    deleted.
    """

    lookups: Lookups
    as_of: str = ""
    rows: int | None = None
    accounting: Mapping[str, Any] = field(default_factory=dict)
    previous: Mapping[str, Any] = field(default_factory=dict)
    at_hand: ArrowRows | None = None
    part: ArrowRows | None = None
    accepted: frozenset[str] = frozenset()
    changes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Judgement:
    """Verdicts, the measures to compare the next version with, and Great Expectations' own result."""

    table: str
    verdicts: list[Verdict]
    measures: dict[str, Any]
    result: Any = None

    @property
    def stopped(self) -> list[Verdict]:
        """Verdicts that keep the version from being published."""
        return [verdict for verdict in self.verdicts if verdict.stops]

    def enforce(self) -> None:
        """Raise when the version must not be published."""
        if self.stopped:
            told = "; ".join(verdict.message for verdict in self.stopped[:5])
            more = f"; and {len(self.stopped) - 5} more" if len(self.stopped) > 5 else ""
            raise GateFailed(f"{self.table}: gate stopped: {told}{more}")


def check(spark: SparkSession, table: schemas.Table, frame: DataFrame, context: GateContext) -> list[Verdict]:
    """Judge a candidate version; the verdicts of every check."""
    return judge(table, frame, context).verdicts


def judge(table: schemas.Table, candidate: DataFrame, context: GateContext) -> Judgement:
    """Judge a candidate version of a table by its whole suite, in one to three passes over it."""
    from jobs.shell import judge as expectations_on_spark

    asked = _asked(table)
    kept: dict[str, Any] = {}
    verdicts: list[Verdict] = []

    faults: list[Exception] = []

    def find(frame: DataFrame) -> dict[str, list[dict[str, Any]]]:
        try:
            found, measured = _count(table, frame, context, asked)
        except Exception as fault:
            # Great Expectations would keep it as a result among results; a gate that cannot count has failed.
            faults.append(fault)
            raise
        kept.update(measured)
        verdicts.extend(_verdicts(table, found, context.accepted))
        parts: dict[str, list[dict[str, Any]]] = {}
        for verdict in verdicts:
            parts.setdefault(verdict.check, []).append(dataclasses.asdict(verdict))
        return parts

    rules = list({check.name: (check.name, check.doc) for check in (*asked, ACCOUNTING)}.values())
    result = expectations_on_spark.judge(table.table, candidate, rules, find)
    if faults:
        raise faults[0]
    return Judgement(table.table, verdicts, kept, result)


def accounted(table: schemas.Table, account: Mapping[str, Any], allowed: frozenset[str]) -> list[Verdict]:
    """The verdict on the account of a build that changed no row; raises GateFailed when a row is missing."""
    verdicts = _verdicts(table, _accounting(account), allowed)
    Judgement(table.table, verdicts, {}).enforce()
    return verdicts


def accepted(environment: Mapping[str, str] = os.environ) -> frozenset[str]:
    """Checks whose failure somebody has accepted for this run: LAKEWARD_GATE_ACCEPT, separated by commas."""
    return frozenset(one.strip() for one in environment.get("LAKEWARD_GATE_ACCEPT", "").split(",") if one.strip())


def _asked(table: schemas.Table) -> list[Check]:
    """The suite with this installation's thresholds of coverage."""
    least = float(os.environ.get("LAKEWARD_COVERAGE_WARN", "0.9"))
    fall = float(os.environ.get("LAKEWARD_COVERAGE_FALL", "0.1"))
    limits = {"coverage": 1 - least, "coverage_fall": fall}
    return [
        dataclasses.replace(one, threshold=limits[one.name]) if isinstance(one, Coverage) else one
        for one in suite(table)
    ]


def _count(
    table: schemas.Table, candidate: DataFrame, context: GateContext, asked: Sequence[Check]
) -> tuple[list[Found], dict[str, Any]]:
    account, types = _accounting(context.accounting), dict(candidate.dtypes)
    missing = [one for one in findings.of_columns(asked, table, types) if one.failed]
    if missing:
        # Without its columns nothing else of the table can be counted.
        return [*missing, *account], {}
    plan, lookups, before = planning.plan(table, asked), context.lookups, dict(context.previous)
    rows = candidate.count() if context.rows is None else context.rows
    whole = context.at_hand if rows <= counting_sql.MOST_ROWS else None
    if whole is not None and context.part is not None and slices.worth_it(context.part, rows, before):
        counted = counting_sql.count(context.part, plan, lookups, context.as_of, whole)
        evidence = Evidence(counted, types, lambda: whole, lookups, before)
        partly = slices.judge_part(asked, evidence, context.part, whole, rows)
        if partly:
            return [*partly[0], *account], partly[1]
    if whole is None:
        counted = counting.count(candidate, plan, lookups, context.as_of, context.at_hand)
    else:
        counted = counting_sql.count(whole, plan, lookups, context.as_of, whole)
    evidence = Evidence(counted, types, lambda: _people(candidate) if whole is None else whole, lookups, before)
    found = [*findings.findings(asked, evidence), *findings.vanished(asked, evidence)]
    measured = measures.measures_of(evidence.counted, found) | dict(context.changes)
    found += findings.shape_findings(asked, measured, before)
    return [*found, *account], measured


def _people(candidate: DataFrame) -> ArrowRows:
    return candidate.select("person_id").distinct().toArrow()


def _accounting(account: Mapping[str, Any]) -> list[Found]:
    if "missing" not in account:
        return []
    came = int(account.get("in", 0))
    return [Found(ACCOUNTING, "", abs(int(account["missing"])), max(came, 1))]


def _verdicts(table: schemas.Table, found: Sequence[Found], accepted: frozenset[str]) -> list[Verdict]:
    """A verdict for each finding; concepts that do not occur are told in one."""
    absent: dict[str, list[Found]] = {}
    told: list[Verdict] = []
    for one in found:
        if isinstance(one.check, Genders | Units | Limits) and not one.rows and not one.fault:
            absent.setdefault(one.check.name, []).append(one)
        else:
            told.append(_verdict(table, one, accepted))
    for alike in absent.values():
        verdict = _verdict(table, dataclasses.replace(alike[0], column=""), accepted)
        told.append(dataclasses.replace(verdict, message=f"{len(alike)} concepts do not occur"))
    return told


def _verdict(table: schemas.Table, found: Found, accepted: frozenset[str]) -> Verdict:
    check = found.check
    share = found.share if found.share is not None else found.failed / found.rows if found.rows else 0.0
    if found.fault:
        outcome = ERROR
    elif not found.rows:
        outcome = NOT_APPLICABLE
    else:
        outcome = FAILED if share > check.threshold else PASSED
    waived = {check.name, f"{table.table}:{check.name}", f"{table.name}:{check.name}"} & accepted
    severity = WARN if waived else check.severity
    message = ""
    if outcome == FAILED:
        where = f"{table.table}.{found.column}" if found.column else table.table
        # Six digits: one orphan in a million rows must not read as 0 %.
        message = (
            f"{check.name} of {where}: {found.failed} of {found.rows} rows, "
            f"{share:.6g} of them, at most {check.threshold:g} may ({check.doc})"
        )
    elif outcome == ERROR:
        message = f"{check.name} of {table.table}.{found.column}: could not be checked ({found.fault})"
    numbers = (found.failed, found.rows, round(share, 6), check.threshold)
    return Verdict(check.name, found.column, severity, outcome, *numbers, message)
