"""A run: stages in order, their tables in dependency order, independent ones side by side."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import datetime
import os
import time
import traceback
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import schemas
from expectations.suite import looks_into
from jobs.shell import documents, intake, publication, state, vocabulary_stage
from jobs.shell.build import Outcome, Request, build_table
from jobs.shell.faults import safe_text
from jobs.shell.lake import Lake, NotBuiltError
from jobs.shell.settings import Settings
from jobs.shell.witness import GateAndLineage

STAGES = ("vocabulary", "bronze", "silver", "gold", "publication")
# Two cores: more tables at once than cores, since half of a small table's time is the driver's.
SIDE_BY_SIDE = 3


class UnknownNameError(ValueError):
    """A name given to `run` that is neither stage, feed nor table: names it and what there is."""


@dataclass
class Report:
    """What a run did; the run document."""

    run: str
    as_of: str
    wanted: list[str]
    full: bool
    started_at: str
    pid: int
    state: str = "running"
    parent: str | None = None
    seconds: float = 0.0
    stages: dict[str, float] = field(default_factory=dict)
    outcomes: list[dict[str, Any]] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)

    @property
    def failed(self) -> list[str]:
        """Tables that failed."""
        return [o["table"] for o in self.outcomes if o["action"] == "failed"]


def resolve(wanted: Iterable[str]) -> dict[str, list[str]]:
    """Stage -> names to run in it, in order of the stages; nothing asked for means everything."""
    asked = list(wanted) or list(STAGES)
    feeds = [feed.feed for feed in schemas.feeds()]
    found: dict[str, list[str]] = {stage: [] for stage in STAGES}
    for name in asked:
        if name == "bronze":
            found["bronze"] += feeds
        elif name in ("silver", "gold"):
            found[name] += schemas.names(name)
        elif name in STAGES:
            found[name].append(name)
        elif name in feeds or name.removeprefix("bronze.") in feeds:
            found["bronze"].append(name.removeprefix("bronze."))
        elif name in schemas.names("silver") or name in schemas.names("gold"):
            found[name.split(".")[0]].append(name)
        else:
            known = ", ".join([*STAGES, *feeds, "silver.<table>", "gold.<table>"])
            raise UnknownNameError(f"{name}: neither stage, feed nor table; known: {known}")
    return {stage: list(dict.fromkeys(names)) for stage, names in found.items() if names}


def run(
    lake: Lake,
    wanted: Iterable[str],
    *,
    full: bool = False,
    as_of: str | None = None,
    parent: str | None = None,
    download: str | None = None,
    say: Callable[[str], None] = print,
) -> Report:
    """Run stages or tables; the report says what became of each. Never raises for a table that fails."""
    plan = resolve(wanted)
    started = time.monotonic()
    report = Report(
        run=str(uuid.uuid4()),
        as_of=as_of or "",
        wanted=[name for names in plan.values() for name in names],
        full=full,
        started_at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        pid=os.getpid(),
        parent=parent,
    )
    _save(lake.settings, report)
    witness = GateAndLineage(lake, report.run)
    try:
        for stages, names in _steps(plan):
            began = time.monotonic()
            # The as-of date follows from the data when nobody gives one, so that a re-run gives the same result.
            report.as_of = as_of or intake.newest_day(lake.settings)
            request = Request(report.run, report.as_of, full, download)
            outcomes, ended = _step(lake, stages, names, request, witness, say)
            report.outcomes += [dataclasses.asdict(outcome) for outcome in outcomes]
            for stage in stages:
                end = max(began, ended.get(stage, began))
                report.stages[stage], began = round(end - began, 2), end
            _save(lake.settings, report)
            # A feed that fails keeps its last version, and the others go on; a table takes what stands on it with it.
            if "bronze" not in stages and any(one.action == "failed" for one in outcomes):
                break
        report.state = "failed" if report.failed else "succeeded"
    except BaseException as fault:
        report.state = "failed"
        report.messages.append(f"{type(fault).__name__}: {safe_text(fault)}")
        raise
    finally:
        report.seconds = round(time.monotonic() - started, 2)
        _save(lake.settings, report)
        if missed := witness.close():
            report.messages.append(missed)
            _save(lake.settings, report)
            say(missed)
    return report


def _steps(plan: dict[str, list[str]]) -> list[tuple[tuple[str, ...], list[str]]]:
    """What is run one after the other: stages with their names; silver and gold as one, when both are wanted.

    A table of gold need not wait for all of silver, but for what it is built from.
    """
    steps: list[tuple[tuple[str, ...], list[str]]] = []
    for stage, names in plan.items():
        if stage == "gold" and "silver" in plan:
            steps[-1] = (("silver", "gold"), [*plan["silver"], *names])
        else:
            steps.append(((stage,), names))
    return steps


def _step(
    lake: Lake,
    stages: tuple[str, ...],
    names: list[str],
    request: Request,
    witness: GateAndLineage,
    say: Callable[[str], None],
) -> tuple[list[Outcome], dict[str, float]]:
    """What became of the tables of a step, and when the last of each stage was done."""
    if stages == ("vocabulary",):
        outcomes = vocabulary_stage.ensure(lake, request, witness, say)
    elif stages == ("bronze",):
        outcomes = [outcome for feed in names for outcome in _taken_in(lake, feed, request, witness, say)]
    elif stages == ("publication",):
        outcomes = [_published(lake, request, witness, say)]
    else:
        # All of them read one state of what they stand on.
        lake.pin(set(schemas.names()) - set(names))
        try:
            return _tables(lake, names, lambda name: _built(lake, name, request, witness), say)
        finally:
            lake.pin(())
    return outcomes, dict.fromkeys(stages, time.monotonic())


def _built(lake: Lake, name: str, request: Request, witness: GateAndLineage) -> Outcome:
    # Jobs of one pool run in the order they came in: a small table would wait for all of a large one.
    lake.spark.sparkContext.setLocalProperty("spark.scheduler.pool", name)
    return build_table(lake, name, request, witness)


def _taken_in(
    lake: Lake, feed: str, request: Request, witness: GateAndLineage, say: Callable[[str], None]
) -> list[Outcome]:
    """What became of a feed's deliveries; one that fails stops its feed, and no other."""
    try:
        return intake.take_in(lake, feed, request, witness, say)
    except Exception as fault:
        failed = Outcome(f"bronze.{feed}", "failed", message=_told(fault))
        say(line(failed))
        return [failed]


def _published(lake: Lake, request: Request, witness: GateAndLineage, say: Callable[[str], None]) -> Outcome:
    """The publication; where gold is not whole, what it waits for: readers keep the last one."""
    try:
        return publication.publish(lake, request, witness, say)
    except (NotBuiltError, publication.MixedError) as waits:
        say(str(waits))
        return Outcome(publication.TABLE, "failed", message=str(waits))


def _tables(
    lake: Lake, names: list[str], build: Callable[[str], Outcome], say: Callable[[str], None]
) -> tuple[list[Outcome], dict[str, float]]:
    """Build tables as soon as what they are built from is there; what stands on a failed one is not built.

    Gives their outcomes, and when the last of each layer was done. Of those that could begin, the one goes first that
    most is waiting for.
    """
    left = _needs(names)
    ranks = _ranks(left, {name: max(state.read(lake.settings, name).seconds, 1.0) for name in names})
    done: dict[str, Outcome] = {}
    ended: dict[str, float] = {}
    running: dict[concurrent.futures.Future[Outcome], str] = {}
    with concurrent.futures.ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        while left or running:
            ready = sorted((n for n, needs in left.items() if needs <= done.keys()), key=lambda n: -ranks[n])
            for name in ready:
                broken = [n for n in left[name] if done[n].action in ("failed", "blocked")]
                if broken:
                    done[name] = Outcome(name, "blocked", message=f"stands on {', '.join(broken)}")
                elif len(running) < SIDE_BY_SIDE:
                    running[pool.submit(build, name)] = name
                else:
                    continue
                del left[name]
            if not running:
                continue
            finished, _ = concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED)
            for future in finished:
                name = running.pop(future)
                done[name] = _outcome(name, future)
                ended[name.split(".")[0]] = time.monotonic()
                say(line(done[name]))
    return [done[name] for name in names], ended


def _ranks(needs: Mapping[str, set[str]], seconds: Mapping[str, float]) -> dict[str, float]:
    """How long the longest chain is that begins with each table, by the seconds that each last took.

    >>> _ranks({"a": set(), "b": {"a"}, "c": set()}, {"a": 1, "b": 5, "c": 2})
    {'a': 6, 'b': 5, 'c': 2}
    """
    found: dict[str, float] = {}

    def rank(name: str) -> float:
        if name not in found:
            after = [rank(other) for other, its in needs.items() if name in its]
            found[name] = seconds[name] + max(after, default=0)
        return found[name]

    return {name: rank(name) for name in needs}


def _needs(names: list[str]) -> dict[str, set[str]]:
    """What each table waits for: what it is built from, and, so that its gate can look, what that looks into."""
    needs = {name: set(schemas.table(name).built_from.values()) & set(names) - {name} for name in names}

    def reaches(start: str, goal: str) -> bool:
        return start == goal or any(reaches(one, goal) for one in needs[start])

    for name in names:
        for target in sorted(looks_into(schemas.table(name)) & needs.keys()):
            # A vocabulary refers to itself all over: where waiting would go round, the gate sees the last version.
            if not reaches(target, name):
                needs[name].add(target)
    return needs


def _outcome(name: str, future: concurrent.futures.Future[Outcome]) -> Outcome:
    try:
        return future.result()
    except Exception as fault:
        return Outcome(name, "failed", message=_told(fault))


def _told(fault: Exception) -> str:
    where = traceback.extract_tb(fault.__traceback__)[-1]
    return f"{type(fault).__name__}: {safe_text(fault)} ({os.path.basename(where.filename)}:{where.lineno})"


def line(outcome: Outcome) -> str:
    """One line about one table, for the console."""
    changed = f" (+{outcome.inserted} ~{outcome.updated} -{outcome.deleted})" if outcome.action == "built" else ""
    text = f"{outcome.table:<32} {outcome.action:<10} {outcome.rows:>10,} rows{changed} {outcome.seconds:6.1f} s"
    return f"{text}  {outcome.message}" if outcome.message else text


def _save(settings: Settings, report: Report) -> None:
    documents.write(f"{settings.root('ops')}/runs/{report.run}.json", dataclasses.asdict(report))
