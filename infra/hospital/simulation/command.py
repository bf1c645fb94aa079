"""`lakeward simulate` and `python -m infra.hospital.simulation`: arguments in, a folder of days out."""

from __future__ import annotations

import argparse
import pathlib
import time

from infra.hospital.simulation.simulate import TROUBLE, simulate

_DEMO = pathlib.Path(__file__).resolve().parents[1] / "ehr_fhir"


def main(given: list[str] | None = None) -> int:
    """Simulate as the arguments say; 0 when it is done."""
    parser = argparse.ArgumentParser(prog="lakeward simulate", description=__doc__)
    _arguments(parser)
    return run(parser.parse_args(given))


def run(asked: argparse.Namespace) -> int:
    """Simulate, and say what was written."""
    began = time.perf_counter()
    made = simulate(
        asked.population,
        asked.out,
        days=asked.days,
        seed=asked.seed,
        trouble=asked.trouble,
        patients=asked.patients,
        with_export=asked.export,
    )
    took = time.perf_counter() - began
    print(f"{made.people} people, {made.first} to {made.last}: {made.files} files, {made.bytes / 1e6:.1f} MB")
    for feed, count in sorted(made.records.items()):
        print(f"  {feed:<14}{count:>10,} records")
    print(f"  {'planted':<14}{made.faults:>10,} faults; the truth is in {asked.out}/truth")
    print(f"  {sum(made.records.values()) / took:,.0f} records a second")
    return 0


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--population", default=str(_DEMO), metavar="DIR", help="a FHIR bulk export (NDJSON) of Synthea"
    )
    parser.add_argument("--patients", type=int, metavar="N", help="how many people; all of the population by default")
    parser.add_argument(
        "--days", type=_at_least_one, default=90, metavar="D", help="the population's last so many days"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="S")
    parser.add_argument("--out", required=True, metavar="DIR", help="a folder that is not there yet")
    parser.add_argument(
        "--without-export", dest="export", action="store_false", help="of the EHR only what changes in the population"
    )
    parser.add_argument("--trouble", type=_share, default=TROUBLE, metavar="RATE", help="0 for none; a share up to 0.5")


def _at_least_one(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _share(text: str) -> float:
    if not 0 <= (number := float(text)) <= 0.5:
        raise argparse.ArgumentTypeError("from 0 to 0.5")
    return number
