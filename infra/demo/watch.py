"""Watching Airflow work: which task runs, for how long, what it last said, and how it ended."""

from __future__ import annotations

import json
import pathlib
import sys
import time
from typing import Any

from infra.airflow.api import Api

OVER = ("success", "failed", "skipped", "upstream_failed", "removed")
ACTIVE = ("queued", "running")
# An asset event starts its reader within a second; after this long without a run nothing more will come.
QUIET = 8.0
TOLD = 25


class WatchError(RuntimeError):
    """Airflow did not get to a publication: says which task and what it said last."""


class Watch:
    """Follows the DAG runs of one Airflow that were not over when it began to look."""

    def __init__(self, airflow: Api, logs: pathlib.Path) -> None:
        self.airflow, self.logs = airflow, logs
        self._old = {run["dag_run_id"] for run in self._runs() if run["state"] not in ACTIVE}
        self._said: set[tuple[Any, ...]] = set()
        self._line = Line()

    def resumed(self) -> bool:
        """Whether an earlier Airflow left runs behind that this one goes on with."""
        return bool(self._new())

    def until_published(self) -> None:
        """Return when a publication has followed, or when it is clear that none will; raises when a run failed."""
        quiet_since = time.monotonic()
        try:
            while True:
                runs = self._new()
                self._tell()
                failed = [run for run in runs if run["state"] == "failed"]
                if failed:
                    raise WatchError(self._why(failed[0]))
                if any(run["state"] in ACTIVE for run in runs):
                    quiet_since = time.monotonic()
                elif any(run["dag_id"] == "publication" for run in runs):
                    return
                elif time.monotonic() - quiet_since > QUIET:
                    self._line.end("Airflow has nothing more to do, and nothing new was published")
                    return
                time.sleep(1)
        finally:
            self._line.clear()

    def _runs(self) -> list[dict[str, Any]]:
        return list(self.airflow.get("/dags/~/dagRuns", order_by="-run_after", limit=100)["dag_runs"])

    def _new(self) -> list[dict[str, Any]]:
        return [run for run in self._runs() if run["dag_run_id"] not in self._old]

    def _tasks(self) -> list[dict[str, Any]]:
        found = self.airflow.get("/dags/~/dagRuns/~/taskInstances", order_by="-start_date", limit=100)
        # What does nothing has nothing to say.
        does = [task for task in found["task_instances"] if task["operator_name"] != "EmptyOperator"]
        mine = [task for task in does if task["dag_run_id"] not in self._old]
        return sorted(mine, key=lambda task: task["start_date"] or "9")

    def _tell(self) -> None:
        """One line for each task that ended, one changing line for the one that runs."""
        now = ""
        for task in self._tasks():
            name = f"{task['dag_id']}.{task['task_id']}"
            if task["state"] in OVER or task["state"] == "up_for_retry":
                key = (task["id"], task["try_number"], task["state"])
                if key not in self._said:
                    self._said.add(key)
                    self._line.end(f"  {name:<28}{task['state']:<10}{task['duration'] or 0:>6.0f} s")
                    if task["state"] == "up_for_retry":
                        self._line.end(f"{self._last_words(task)}\n  it will be tried again")
            elif task["state"] == "running":
                said = (self._log(task) or [""])[-1]
                now = f"  {name:<28}{'running':<10}{_age(task):>6.0f} s  {said}"
        self._line.change(now)

    def _why(self, run: dict[str, Any]) -> str:
        tasks = [t for t in self._tasks() if t["dag_run_id"] == run["dag_run_id"] and t["state"] == "failed"]
        said = "\n".join(self._last_words(task) for task in tasks)
        return f"DAG {run['dag_id']} failed; readers keep what was published before.\n{said}"

    def _last_words(self, task: dict[str, Any]) -> str:
        lines = self._log(task)[-TOLD:]
        return "\n".join([f"last lines of {task['dag_id']}.{task['task_id']}:", *(f"    {line}" for line in lines)])

    def _log(self, task: dict[str, Any]) -> list[str]:
        """What the Spark application said, from the task's log; what Airflow said, when that is nothing."""
        run = self.logs / f"dag_id={task['dag_id']}" / f"run_id={task['dag_run_id']}" / f"task_id={task['task_id']}"
        path = run / f"attempt={task['try_number']}.log"
        if not path.is_file():
            return []
        entries = [_entry(line) for line in path.read_text(encoding="utf-8", errors="replace").splitlines()]
        spark = [text for logger, text in entries if logger.endswith("SparkSubmitHook")]
        # The first is the command, and Spark's own start says little.
        spoken = [text for text in spark[1:] if text and " WARN " not in text and not text.startswith("WARNING")]
        return spoken or [text for _, text in entries if text and not text.startswith("::")]


def _entry(line: str) -> tuple[str, str]:
    try:
        found = json.loads(line)
    except ValueError:
        return "", line
    faults = [str(one.get("exc_value", "")) for one in found.get("error_detail") or []]
    return str(found.get("logger", "")), " ".join([str(found.get("event", "")), *faults]).strip()


def _age(task: dict[str, Any]) -> float:
    import datetime

    started = datetime.datetime.fromisoformat(task["start_date"].replace("Z", "+00:00"))
    return (datetime.datetime.now(datetime.UTC) - started).total_seconds()


class Line:
    """One line that changes on a terminal; elsewhere only what ended is printed."""

    WIDTH = 110

    def __init__(self) -> None:
        self._terminal = sys.stdout.isatty()

    def change(self, text: str) -> None:
        """Show this instead of what the line said."""
        if self._terminal:
            print(f"\r\033[K{text[: self.WIDTH]}", end="", flush=True)

    def end(self, text: str) -> None:
        """Print a line that stays."""
        self.clear()
        print(text, flush=True)

    def clear(self) -> None:
        """Take the changing line away."""
        self.change("")
