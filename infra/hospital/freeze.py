"""The demo's other feeds: `python -m infra.hospital.freeze` writes them anew beside ehr_fhir, always the same bytes.

infra/hospital/<feed>/<day>/       what the simulated hospital sends in a year; a day's folder is a delivery
infra/hospital/ehr_fhir_changes/   what changes in ehr_fhir meanwhile
infra/hospital/truth/              what it is and what must become of it; paths there are <day>/<feed>/<file>
"""

from __future__ import annotations

import pathlib
import shutil
import tempfile

from infra.hospital.simulation import simulate, site

HERE = pathlib.Path(__file__).parent
POPULATION = HERE / "ehr_fhir"
DAYS, SEED, TROUBLE = 365, 1, 0.02
CHANGES, TRUTH = "ehr_fhir_changes", "truth"
FROZEN = (CHANGES, *(feed for feed in site.FEEDS if feed != "ehr_fhir"), TRUTH)


def freeze(target: pathlib.Path) -> None:
    """Write the frozen feeds into a folder, in place of those that are there."""
    for name in FROZEN:
        shutil.rmtree(target / name, ignore_errors=True)
    with tempfile.TemporaryDirectory() as work:
        out = pathlib.Path(work) / "out"
        simulate(POPULATION, out, days=DAYS, seed=SEED, trouble=TROUBLE, with_export=False)
        shutil.copytree(out / TRUTH, target / TRUTH)
        for day in out.iterdir():
            for feed in day.iterdir() if day.name != TRUTH else ():
                name = CHANGES if feed.name == "ehr_fhir" else feed.name
                shutil.copytree(feed, target / name / day.name)


if __name__ == "__main__":
    freeze(HERE)
