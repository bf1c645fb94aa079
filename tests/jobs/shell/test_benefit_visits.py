"""Visits that only benefits tell of follow these in silver and in gold, from delivery to delivery."""

import datetime
import json

import pytest

from jobs.shell import deliveries, run
from jobs.shell.lake import Lake
from jobs.shell.settings import Settings

PATIENT = {"resourceType": "Patient", "id": "p", "birthDate": "1970-01-02", "gender": "female"}


def eob(name, day, status="active", **given):
    return {
        "resourceType": "ExplanationOfBenefit", "id": name, "status": status, "use": "claim",
        "type": {"coding": [{"code": "professional"}]}, "patient": {"reference": "Patient/p"},
        "billablePeriod": {"start": day, "end": day}, **given,
    }  # fmt: skip


DAYS = (
    [PATIENT, eob("1", "2026-02-01"), eob("2", "2026-02-02"), eob("3", "2026-02-03")],
    [
        eob("1", "2026-02-01", "cancelled"),
        eob("2", "2026-02-05"),
        eob("3", "2026-02-03", claim={"reference": "Claim/1"}),
    ],
)


@pytest.fixture
def lake(spark, tmp_path):
    return Lake(spark, Settings(str(tmp_path / "lake")))


def build(lake, full=False):
    report = run.run(
        lake,
        ["ehr_fhir", "silver.translated", "silver.superseded", "silver.benefit", "silver.encounter"],
        full=full,
        say=lambda text: None,
    )
    assert "failed" not in {one["action"] for one in report.outcomes}, report.outcomes
    rows = lake.read("silver.encounter").select("resource_id", "status", "start_date").collect()
    return sorted((row.resource_id, row.status, row.start_date.day) for row in rows)


def test_a_visit_follows_its_benefit_in_a_small_delivery_as_when_built_anew(lake, tmp_path):
    for place, said in enumerate(DAYS):
        file = tmp_path / f"{place}.ndjson"
        file.write_text("\n".join(json.dumps(one) for one in said) + "\n")
        at = datetime.datetime(2026, 3, 1 + place, 18, tzinfo=datetime.UTC)
        deliveries.land("ehr_fhir", [file], lake.settings, received_at=at)
        told = build(lake)
    assert told == [("1", "cancelled", 1), ("2", "finished", 5)]
    assert build(lake, full=True) == told
