"""The steps of set-up, each done once: a stamp holds the digest of what the step was made from."""

from __future__ import annotations

import fcntl
import hashlib
import os
import pathlib
import sys
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from infra.setup import commands, jars, java, python_environment
from infra.setup.commands import CHECKOUT, TOOLS, SetupError

STAMPS = TOOLS / "stamps"
AIRFLOW = CHECKOUT / "infra" / "airflow" / "prepare.sh"


class Step(NamedTuple):
    """One part of set-up."""

    name: str
    doing: str
    inputs: list[pathlib.Path]
    whole: Callable[[], bool]
    make: Callable[[], None]


def steps() -> list[Step]:
    """All steps, in the order in which they stand on each other."""
    spark = CHECKOUT / "infra" / "spark"
    logging = CHECKOUT / "infra" / "log4j2.properties"
    spark_inputs = [jars.LOCK, spark / "render.py", spark / "spark-defaults.conf", logging]
    airflow_inputs = [python_environment.LOCK, AIRFLOW, AIRFLOW.with_name("settings.env")]
    return [
        Step("python", "Python packages into .venv (a minute or two)", python_environment.INPUTS,
             python_environment.whole, python_environment.make),
        Step("java", "Java", [], java.whole, java.make),
        Step("jars", "JARs of Delta, OpenLineage and S3A into .tools/jars", [jars.LOCK], jars.whole, jars.make),
        Step("spark", "Spark configuration", spark_inputs, (TOOLS / "spark" / "spark-defaults.conf").is_file, _spark),
        Step("airflow", "Airflow's database", airflow_inputs, _airflow_whole, _airflow),
    ]  # fmt: skip


def main() -> int:
    """Do what is not done yet; say nothing where all is done."""
    STAMPS.mkdir(parents=True, exist_ok=True)
    with (TOOLS / "setup.lock").open("w") as lock:
        # `make test` and `make check` may be started side by side.
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            return _do([step for step in steps() if not done(step)])
        except SetupError as error:
            print(f"\nset-up stopped: {error}", file=sys.stderr)
            return 1


def done(step: Step) -> bool:
    """Whether the step was made from these very inputs and its result is still there."""
    stamp = STAMPS / step.name
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == fingerprint(step.inputs) and step.whole()


def fingerprint(inputs: Iterable[pathlib.Path]) -> str:
    """Digest of the inputs and of where the checkout lies: a .venv does not survive a move."""
    found = hashlib.sha256(str(CHECKOUT).encode())
    for path in inputs:
        found.update(path.name.encode() + b"\0" + (path.read_bytes() if path.is_file() else b"") + b"\0")
    return found.hexdigest()


def _do(left: list[Step]) -> int:
    for step in left:
        print(f"set-up: {step.doing} ...", end=" ", flush=True)
        start = time.monotonic()
        (STAMPS / step.name).unlink(missing_ok=True)
        step.make()
        (STAMPS / step.name).write_text(fingerprint(step.inputs), encoding="utf-8")
        print(f"done, {time.monotonic() - start:.0f} s", flush=True)
    return 0


def _spark() -> None:
    commands.run([python_environment.PYTHON, "-m", "infra.spark.render"])


def _airflow_whole() -> bool:
    home = pathlib.Path(os.environ.get("AIRFLOW_HOME") or CHECKOUT / ".airflow")
    return not AIRFLOW.is_file() or (home / "airflow.db").is_file()


def _airflow() -> None:
    if AIRFLOW.is_file():
        path = f"{python_environment.VENV / 'bin'}:{os.environ.get('PATH', '')}"
        commands.run(["bash", AIRFLOW], {"JAVA_HOME": str(java.home()), "PATH": path})
