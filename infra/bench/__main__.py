"""`make bench`: landing to published gold, gates, lineage, faults told; every format to silver; people found.

Synthea makes the populations, 100 and 1,000 living patients unless `--patients` says otherwise; or give the folder of
a FHIR bulk export of your own (NDJSON). For each: the parse limit of the machine (DuckDB) in the same run, every stage,
and a delivery that sends every record of 1 % of the patients again as a newer version. Then how fast HL7 v2, X12 and
DICOM come to silver (infra.bench.formats), and how well the records of one human are found (infra.bench.identity).
"""

from __future__ import annotations

import argparse
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from typing import Any

import duckdb

from infra.bench import synthea
from jobs.shell import deliveries, documents
from jobs.shell.run import STAGES
from jobs.shell.session import CHECKOUT
from jobs.shell.settings import Settings

COMMAND = str(pathlib.Path(sys.executable).with_name("lakeward"))
PATIENTS = (100, 1000)
SENT_AGAIN = 0.01


def main() -> int:
    """Measure and print; 1 when a run failed."""
    parser = argparse.ArgumentParser(prog="python -m infra.bench", description=__doc__)
    parser.add_argument("export", nargs="?", help="folder of a FHIR bulk export")
    parser.add_argument("--patients", type=int, nargs="*", default=PATIENTS, help="living patients of each population")
    parser.add_argument("--keep", action="store_true", help="keep the lakes that were made")
    parser.add_argument("--no-mutations", action="store_true", help="leave out the proof of the gates")
    parser.add_argument("--no-formats", action="store_true", help="leave out HL7 v2, X12 and DICOM in Spark to silver")
    parser.add_argument("--no-identity", action="store_true", help="leave out the figures of matching people")
    asked = parser.parse_args()
    exports = [pathlib.Path(asked.export)] if asked.export else [synthea.export(count) for count in asked.patients]
    failed = 0
    place = pathlib.Path(os.environ.get("LAKEWARD_BENCH") or CHECKOUT / ".bench")
    place.mkdir(exist_ok=True)
    for export in exports:
        last = export == exports[-1]
        home = pathlib.Path(tempfile.mkdtemp(prefix="bench-", dir=place))
        try:
            failed |= _measure(export, home, mutations=last and not asked.no_mutations)
        finally:
            if not asked.keep:
                shutil.rmtree(home, ignore_errors=True)
    for name, is_left_out in (("formats", asked.no_formats), ("identity", asked.no_identity)):
        if not is_left_out:
            print(f"\n{name}", flush=True)
            # A Spark of its own, and none of the memory of what went before.
            failed |= subprocess.run(
                [sys.executable, "-m", f"infra.bench.{name}"], cwd=CHECKOUT, check=False
            ).returncode
    return failed


def _measure(export: pathlib.Path, home: pathlib.Path, *, mutations: bool) -> int:
    settings = Settings(str(home / "lake"))
    limit = parse_limit(export, home / "duckdb")
    status, total = _delivered(export, settings, limit, "everything")
    if status == 0 and (export / "Patient.ndjson").is_file():
        patients = synthea.sent_again(export, home / "again", SENT_AGAIN)
        status, again = _delivered(home / "again", settings, None, f"{patients} patients sent again")
        print(f"a delivery of {SENT_AGAIN:.0%} of the patients takes {again / total:.1%} of the time for all")
    if status == 0 and mutations:
        print(_mutations(settings, str(_report(settings)["as_of"])))
    return status


def _delivered(export: pathlib.Path, settings: Settings, limit: float | None, what: str) -> tuple[int, float]:
    """Land and run; prints the figures, returns exit status and seconds from landing to publication."""
    began = time.monotonic()
    delivery = deliveries.land("ehr_fhir", [export], settings)
    landed = time.monotonic() - began
    status, peak = _run(settings)
    total = time.monotonic() - began
    print(f"\n{export.name}: {what}\n{told(_report(settings), delivery, landed, total, limit, peak)}", flush=True)
    return status, total


def _report(settings: Settings) -> dict[str, Any]:
    runs = [documents.read(path) for path in documents.entries(f"{settings.root('ops')}/runs")]
    return max((run for run in runs if run), key=lambda run: str(run["started_at"]))


def parse_limit(export: pathlib.Path, out: pathlib.Path) -> float:
    """Seconds in which DuckDB reads the same files as JSON and writes them as Parquet, on two threads."""
    out.mkdir(parents=True)
    began = time.monotonic()
    with duckdb.connect(config={"threads": 2}) as connection:
        for path in sorted(export.glob("*.ndjson*")):
            source = f"read_ndjson('{path}', maximum_object_size = 67108864)"
            connection.execute(f"COPY (SELECT * FROM {source}) TO '{out}/{path.name}.parquet' (FORMAT parquet)")
    return time.monotonic() - began


def _run(settings: Settings) -> tuple[int, float]:
    """Run everything as a person would; exit status and peak memory in GiB of the largest process of all."""
    done = subprocess.run([COMMAND, "run"], env={**os.environ, **settings.environment()}, check=False)
    return done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024**2


def told(
    report: dict[str, Any],
    delivery: deliveries.Delivery,
    landed: float,
    total: float,
    limit: float | None,
    peak: float,
) -> str:
    """The figures as text."""
    size = sum(file.unpacked for file in delivery.files) / 1e6
    made = report["outcomes"]
    gates = sum(one["gate_seconds"] for one in made)
    lineage = sum(one["lineage_seconds"] for one in made)
    work = sum(one["seconds"] for one in made) or 1.0
    lines = [
        f"{size:,.0f} MB, {delivery.records:,} records; run {report['state']}",
        f"{'stage':<16}{'seconds':>10}{'MB/s':>10}{'records/s':>12}",
        f"{'landing':<16}{landed:>10.1f}{size / landed:>10.0f}{delivery.records / landed:>12,.0f}",
    ]
    for stage in (one for one in STAGES if one in report["stages"]):
        seconds = report["stages"][stage]
        lines.append(f"{stage:<16}{seconds:>10.1f}{size / max(seconds, 0.01):>10.0f}"
                     f"{delivery.records / max(seconds, 0.01):>12,.0f}")  # fmt: skip
    lines += [
        f"{'all':<16}{total:>10.1f}{size / total:>10.0f}{delivery.records / total:>12,.0f}",
        f"share of the tables' own seconds: gates {gates / work:.1%}, lineage {lineage / work:.1%}",
        f"peak memory of the largest process: {peak:.1f} GiB",
    ]
    if limit:
        lines.append(
            f"DuckDB's JSON to Parquet of the same files: {limit:.1f} s; ours takes {total / limit:.1f} times that"
        )
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
