"""The demo's other feeds: `python -m infra.hospital.freeze` writes them anew beside ehr_fhir, always the same bytes.

With `--to DIR` it makes another hospital in the same layout, which the tests of the demo's truth take instead
(HOSPITAL_SITE): of another population, seed or share of trouble.

infra/hospital/<feed>/<day>/       what the simulated hospital sends in a year; a day's folder is a delivery
infra/hospital/ehr_fhir_changes/   what changes in ehr_fhir meanwhile
infra/hospital/truth/              what it is and what must become of it; paths there are <day>/<feed>/<file>
"""

from __future__ import annotations

import argparse
import pathlib
import shutil
import tempfile

from infra.hospital.simulation import simulate, site

HERE = pathlib.Path(__file__).parent
POPULATION = HERE / "ehr_fhir"
DAYS, SEED, TROUBLE = 365, 1, 0.02
CHANGES, TRUTH = "ehr_fhir_changes", "truth"
FROZEN = (CHANGES, *(feed for feed in site.FEEDS if feed != "ehr_fhir"), TRUTH)


def freeze(
    target: pathlib.Path, population: pathlib.Path = POPULATION, *, seed: int = SEED, trouble: float = TROUBLE
) -> None:
    """Write the frozen feeds into a folder, in place of those that are there."""
    for name in FROZEN:
        shutil.rmtree(target / name, ignore_errors=True)
    with tempfile.TemporaryDirectory() as work:
        out = pathlib.Path(work) / "out"
        simulate(population, out, days=DAYS, seed=seed, trouble=trouble, with_export=False)
        shutil.copytree(out / TRUTH, target / TRUTH)
        for day in out.iterdir():
            for feed in day.iterdir() if day.name != TRUTH else ():
                name = CHANGES if feed.name == "ehr_fhir" else feed.name
                shutil.copytree(feed, target / name / day.name)


def main() -> None:
    """The demo's own feeds, or another hospital."""
    parser = argparse.ArgumentParser(prog="python -m infra.hospital.freeze")
    parser.add_argument("--to", metavar="DIR", type=pathlib.Path, help="a folder that is not there yet")
    parser.add_argument("--population", metavar="DIR", type=pathlib.Path, default=POPULATION)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--trouble", metavar="RATE", type=float, default=TROUBLE)
    asked = parser.parse_args()
    if asked.to:
        shutil.copytree(asked.population, asked.to / POPULATION.name)
        freeze(asked.to, asked.population, seed=asked.seed, trouble=asked.trouble)
    else:
        freeze(HERE)


if __name__ == "__main__":
    main()
