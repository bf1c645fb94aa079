"""`python -m infra.bench.formats`: HL7 v2, X12 and DICOM a second and core, alone and in Spark to silver.

Every rate is records by seconds of processor time, so that it holds for one core on a machine that others use too;
in Spark that is the time of driver, JVM and Python workers together, from bronze to the last table of silver that the
records reach. A small delivery before it starts the workers and lets the JVM compile. `ratio`: silver in Spark against
the fastest public library, which only parses the same files.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import shutil
import sys
import tempfile

from pyspark.sql import SparkSession

from infra.bench import format_rates, in_spark
from infra.bench.format_rates import FORMATS, Format
from infra.bench.in_spark import Spent
from infra.bench.rate import rate
from jobs.shell.session import CHECKOUT, SMALL, environment, session

WARM = 1_000
# Of the files, as much as one core reads in a few seconds.
SAMPLE = 5_000
HEAD = (
    f"{'a core and second':<18}{'bytes':>8}{'parsed':>9}{'to FHIR':>9}{'to silver':>10}{'goal':>8}"
    f"  {'library':<9}{'parses':>9}{'ratio':>7}   in Spark"
)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m infra.bench.formats", description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="of the records of each format")
    parser.add_argument("--only", nargs="*", metavar="NAME", help="formats whose name begins so")
    parser.add_argument("--tables", action="store_true", help="wall seconds of each table too")
    asked = parser.parse_args()
    wanted = [one for one in FORMATS if not asked.only or one.name.startswith(tuple(asked.only))]
    place = pathlib.Path(os.environ.get("LAKEWARD_BENCH") or CHECKOUT / ".bench")
    place.mkdir(exist_ok=True)
    os.environ.update(environment(SMALL))
    home = pathlib.Path(tempfile.mkdtemp(prefix="formats-", dir=place))
    spark = session("lakeward bench of formats")
    spark.sparkContext.setLogLevel("ERROR")
    cores = spark.sparkContext.defaultParallelism
    try:
        print(HEAD, flush=True)
        for form in wanted:
            spent, line = _measured(spark, form, int(form.count * asked.share), home / form.name.split()[0], cores)
            print(line, flush=True)
            if asked.tables:
                print("".join(f"  {name:<28}{seconds:>8.1f} s\n" for name, seconds in spent.tables.items()), end="")
    finally:
        spark.stop()
        shutil.rmtree(home, ignore_errors=True)
    return 0


def _measured(spark: SparkSession, form: Format, count: int, home: pathlib.Path, cores: int) -> tuple[Spent, str]:
    files = {name: home / name for name in ("few", "many")}
    for folder in files.values():
        folder.mkdir(parents=True)
    few, many = form.make(files["few"], min(WARM, count)), form.make(files["many"], count)
    size = sum(path.stat().st_size for path in many) / count
    sample = many[: max(1, SAMPLE * len(many) // count)]
    held = format_rates.read(form, sample)
    parsed = rate(held, lambda: format_rates.read(form, sample))
    to_fhir = rate(held, lambda: format_rates.translated(form, sample))
    library, its = format_rates.fastest(form, sample, held)
    tables = in_spark.reached(format_rates.resource_types(form, few))
    in_spark.to_silver(spark, form.feed, few, tables, home / "warm")
    spent = in_spark.to_silver(spark, form.feed, many, tables, home / "lake")
    took = sum(spent.processor)
    to_silver = count / took
    shares = ", ".join(f"{name} {seconds:.0f}" for name, seconds in spent.processor._asdict().items())
    clock = f"{count:,} in {spent.wall:.0f} s, {count / spent.wall / cores:,.0f} a core by the clock"
    told = f"{clock}; processor seconds: {shares}"
    return spent, (
        f"{form.name:<18}{size:>8,.0f}{parsed:>9,.0f}{to_fhir:>9,.0f}{to_silver:>10,.0f}{form.goal:>8,}"
        f"  {library:<9}{its:>9,.0f}{to_silver / its:>7.3f}   {told}"
    )


if __name__ == "__main__":
    sys.exit(main())
