"""A second electronic health record: declared by `lakeward new feed`, and silver reads it beside the first."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from jobs.shell.session import CHECKOUT

pytestmark = pytest.mark.timeout(1800)

NEEDED = ("silver.translated", "silver.superseded", "silver.patient", "silver.observation")
COUNTS = (
    "import json; from jobs.shell import arrow_rows, state; from jobs.shell.lake import Lake;"
    " from jobs.shell.settings import Settings; lake = Lake(None, Settings.from_environment());"
    " known = {name: state.read(lake.settings, name) for name in %r};"
    " rows = {name: arrow_rows.ask('SELECT feed, resource_id, count(*) FROM made GROUP BY ALL ORDER BY ALL',"
    " made=lake.rows(name, one.version)) for name, one in known.items()};"
    " print(json.dumps({name: [rows[name], one.accounting['missing']] for name, one in known.items()}))"
)


def _patient(born):
    return {"resourceType": "Patient", "id": "p1", "birthDate": born}


def _potassium(number, patient="p1"):
    code = {"coding": [{"system": "http://loinc.org", "code": "2823-3"}]}
    said = {"resourceType": "Observation", "id": f"o{number}", "status": "final", "code": code}
    return {**said, "subject": {"reference": f"Patient/{patient}"}, "effectiveDateTime": "2025-06-01"}


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """What the lake tells after a delivery to each feed, and after another one to the second."""
    checkout = tmp_path_factory.mktemp("checkout")
    for folder in ("schemas", "jobs", "expectations", "infra/vocabulary"):
        shutil.copytree(CHECKOUT / folder, checkout / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (checkout / ".tools").symlink_to(CHECKOUT / ".tools")
    given = {**os.environ, "PYTHONPATH": str(checkout), "LAKEWARD_HOME": str(checkout / "lake")}

    def run(code, *arguments):
        command = [sys.executable, "-c", code, *arguments]
        done = subprocess.run(command, cwd=checkout, env=given, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr[-3000:]
        return done.stdout

    def lakeward(*arguments):
        return run("import sys; from jobs.shell.cli import main; sys.exit(main(sys.argv[1:]))", *arguments)

    def land(feed, *resources):
        file = checkout / f"{feed}.ndjson"
        file.write_text("".join(f"{json.dumps(one)}\n" for one in resources), encoding="utf-8")
        lakeward("land", feed, str(file))

    def told():
        lakeward("run", "bronze", *NEEDED)
        return json.loads(run(COUNTS % (NEEDED[2:],)))

    lakeward("new", "feed", "clinic_fhir")
    land("ehr_fhir", _patient("1980-01-01"), _potassium(1))
    land("clinic_fhir", _patient("1990-01-01"), _potassium(1), _potassium(2))
    both = told()
    land("clinic_fhir", _patient("1990-02-02"), _potassium(3))
    return both, told()


def test_records_of_both_are_in_silver_under_the_feed_that_sent_them(lake):
    both, _ = lake
    assert both["silver.patient"] == [[["clinic_fhir", "p1", 1], ["ehr_fhir", "p1", 1]], 0]
    assert both["silver.observation"] == [
        [["clinic_fhir", "o1", 1], ["clinic_fhir", "o2", 1], ["ehr_fhir", "o1", 1]],
        0,
    ]


def test_a_delivery_to_the_second_is_taken_in_and_nothing_of_the_first_is_lost(lake):
    _, again = lake
    assert again["silver.patient"] == [[["clinic_fhir", "p1", 1], ["ehr_fhir", "p1", 1]], 0]
    feeds = [feed for feed, _, _ in again["silver.observation"][0]]
    assert (feeds.count("clinic_fhir"), feeds.count("ehr_fhir"), again["silver.observation"][1]) == (3, 1, 0)
