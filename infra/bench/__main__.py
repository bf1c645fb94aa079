"""`make bench`: how fast landing to published gold is, what gates and lineage cost, what faults the gates tell.

`python -m infra.bench FOLDER` measures a FHIR bulk export of yours (NDJSON); without one the demo hospital, which is
too small to say more than what a start costs. The machine's parse limit (DuckDB) is measured in the same run.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import resource
import shutil
import sys
import tempfile
import time

import duckdb

from jobs.shell import deliveries, documents
from jobs.shell.session import CHECKOUT
from jobs.shell.settings import Settings

DEMO = CHECKOUT / "infra" / "hospital" / "ehr_fhir"


def main() -> int:
    """Measure and print; 1 when the run failed."""
    parser = argparse.ArgumentParser(prog="python -m infra.bench", description=__doc__)
    parser.add_argument("export", nargs="?", default=str(DEMO), help="folder of a FHIR bulk export")
    parser.add_argument("--keep", action="store_true", help="keep the lake that was made")
    parser.add_argument("--no-mutations", action="store_true", help="leave out the proof of the gates")
    asked = parser.parse_args()
    home = pathlib.Path(tempfile.mkdtemp(prefix="bench-", dir=os.environ.get("LAKEWARD_BENCH", CHECKOUT)))
    try:
        return _measure(pathlib.Path(asked.export), Settings(str(home / "lake")), mutations=not asked.no_mutations)
    finally:
        if not asked.keep:
            shutil.rmtree(home, ignore_errors=True)


def _measure(export: pathlib.Path, settings: Settings, *, mutations: bool) -> int:
    limit = parse_limit(export, pathlib.Path(settings.home) / "duckdb")
    began = time.monotonic()
    delivery = deliveries.land("ehr_fhir", [export], settings)
    landed = time.monotonic() - began
    status = _run(settings)
    total = time.monotonic() - began
    runs = [documents.read(path) for path in documents.entries(f"{settings.root('ops')}/runs")]
    report = max((run for run in runs if run), key=lambda run: str(run["started_at"]))
    print(told(report, delivery, landed, total, limit))
    if status == 0 and mutations:
        print(_mutations(settings, report["as_of"]))
    return status


def parse_limit(export: pathlib.Path, out: pathlib.Path) -> float:
    """Seconds in which DuckDB reads the same files as JSON and writes them as Parquet, on two threads."""
    out.mkdir(parents=True)
    began = time.monotonic()
    with duckdb.connect(config={"threads": 2}) as connection:
        for path in sorted(export.glob("*.ndjson*")):
            source = f"read_ndjson('{path}', maximum_object_size = 67108864)"
            connection.execute(f"COPY (SELECT * FROM {source}) TO '{out}/{path.name}.parquet' (FORMAT parquet)")
    return time.monotonic() - began


def _run(settings: Settings) -> int:
    from jobs.shell import cli

    os.environ.update(settings.environment())
    return cli.main(["run"])


def told(report: dict, delivery: deliveries.Delivery, landed: float, total: float, limit: float) -> str:  # type: ignore[type-arg]
    """The figures as text."""
    size = sum(file.unpacked for file in delivery.files) / 1e6
    made = report["outcomes"]
    gates = sum(one["gate_seconds"] for one in made)
    lineage = sum(one["lineage_seconds"] for one in made)
    work = sum(one["seconds"] for one in made) or 1.0
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024**2
    lines = [
        f"{size:,.0f} MB, {delivery.records:,} records; run {report['state']}",
        f"{'stage':<16}{'seconds':>10}{'MB/s':>10}{'records/s':>12}",
        f"{'landing':<16}{landed:>10.1f}{size / landed:>10.0f}{delivery.records / landed:>12,.0f}",
    ]
    for stage, seconds in report["stages"].items():
        lines.append(f"{stage:<16}{seconds:>10.1f}{size / max(seconds, 0.01):>10.0f}"
                     f"{delivery.records / max(seconds, 0.01):>12,.0f}")  # fmt: skip
    lines += [
        f"{'all':<16}{total:>10.1f}{size / total:>10.0f}{delivery.records / total:>12,.0f}",
        f"DuckDB's JSON to Parquet of the same files: {limit:.1f} s; ours takes {total / limit:.1f} times that",
        f"share of the tables' own seconds: gates {gates / work:.1%}, lineage {lineage / work:.1%}",
        f"peak memory of the largest process: {peak:.1f} GiB",
    ]
    return "\n".join(lines)


def _mutations(settings: Settings, as_of: str) -> str:
    from infra.bench import mutation_proof
    from jobs.shell.lake import Lake
    from jobs.shell.session import session

    spark = session("lakeward bench")
    spark.sparkContext.setLogLevel("ERROR")
    try:
        lake = Lake(spark, settings)
        return mutation_proof.told(mutation_proof.of_gold(spark, lake.read, as_of).run())
    finally:
        spark.stop()


if __name__ == "__main__":
    sys.exit(main())
