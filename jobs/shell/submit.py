"""The Spark application: `spark-submit jobs/shell/submit.py STAGE_OR_TABLE... [--full] [--as-of DATE]`.

What the Airflow tasks submit and `lakeward run` calls: one session for all that it is asked for.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pathlib
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from jobs.shell import run as runs  # noqa: E402 - spark-submit starts this file outside the package
from jobs.shell.lake import Lake  # noqa: E402
from jobs.shell.session import session  # noqa: E402
from jobs.shell.settings import Settings  # noqa: E402
from jobs.shell.spark_listener import listener_conf  # noqa: E402


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    """The arguments that `lakeward run` and this file share."""
    parser = argparse.ArgumentParser(prog="lakeward run", description="Run stages or tables; all when none is named.")
    parser.add_argument(
        "names",
        nargs="*",
        metavar="STAGE_OR_TABLE",
        help="vocabulary, bronze, silver, gold, publication, a feed, or a table such as gold.person",
    )
    parser.add_argument("--full", action="store_true", help="rebuild everybody; the result is the same, only slower")
    parser.add_argument(
        "--as-of", metavar="DATE", help="the day the run speaks of (YYYY-MM-DD); by default that of the newest delivery"
    )
    parser.add_argument("--vocabulary-from", metavar="DIR_OR_ZIP", help="vocabulary: load this Athena download")
    parser.add_argument("--parent", help=argparse.SUPPRESS)
    return parser.parse_args(given)


def main(given: list[str] | None = None) -> int:
    """Run, say what happened in one last line, exit 0 when all of it did."""
    asked = arguments(given)
    settings = Settings.from_environment()
    try:
        plan = runs.resolve(asked.names)
    except runs.UnknownNameError as fault:
        print(f"lakeward run: {fault}", file=sys.stderr)
        return 2
    if set(plan) - {"publication"}:
        # Great Expectations takes seconds to import; Python has nothing else to do while the JVM starts.
        threading.Thread(target=importlib.import_module, args=("jobs.shell.judge",), daemon=True).start()
    spark = session(f"lakeward {' '.join(plan)}", **listener_conf(settings))
    spark.sparkContext.setLogLevel(os.environ.get("LAKEWARD_LOG_LEVEL", "ERROR"))
    lake = Lake(spark, settings)
    options = {"full": asked.full, "as_of": asked.as_of, "parent": asked.parent, "download": asked.vocabulary_from}
    report = runs.run(lake, asked.names, say=_say, **options)
    spark.stop()
    built = sum(o["action"] == "built" for o in report.outcomes)
    stages = ", ".join(f"{stage} {seconds:.0f} s" for stage, seconds in report.stages.items())
    if report.state != "succeeded":
        print(f"run {report.run} FAILED: {', '.join(report.failed) or '; '.join(report.messages)} ({stages})")
        return 1
    print(f"run {report.run} succeeded: {built} of {len(report.outcomes)} tables changed ({stages})")
    return 0


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
