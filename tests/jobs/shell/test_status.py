"""Status: what a lake holds, and what the last run could not do."""

from jobs.shell import documents, state, status
from jobs.shell.settings import Settings

RUN = {
    "run": "0b5d8f7a-1111", "started_at": "2026-03-02T05:00:00+00:00", "state": "failed", "wanted": [], "stages": {},
    "seconds": 12.3, "parent": None, "messages": [],
    "outcomes": [
        {"table": "silver.patient", "action": "built", "message": ""},
        {"table": "gold.measurement", "action": "failed", "message": "plausibleUnit: 12 % of 5 %"},
        {"table": "gold.cost", "action": "blocked", "message": "stands on gold.measurement"},
    ],
}  # fmt: skip


def test_what_the_last_run_could_not_do_is_told_first(tmp_path):
    settings = Settings(str(tmp_path))
    documents.write(f"{settings.root('ops')}/runs/1.json", RUN | {"started_at": "2026-03-01T05:00:00+00:00"})
    documents.write(f"{settings.root('ops')}/runs/2.json", RUN)
    found = status.collect(settings)
    assert [one["table"] for one in found["runs"][-1]["failed"]] == ["gold.measurement", "gold.cost"]
    text = status.as_text(found)
    assert "Last run 0b5d8f7a of 2026-03-02T05:00:00+00:00: failed, 12 s" in text
    assert "gold.measurement failed: plausibleUnit: 12 % of 5 %" in text
    assert "gold.cost blocked: stands on gold.measurement" in text
    assert text.index("gold.measurement failed") < text.index("Deliveries")


def test_a_lake_that_no_run_has_seen_is_told_without_one(tmp_path):
    assert "Last run" not in status.as_text(status.collect(Settings(str(tmp_path))))


def test_kinds_of_records_that_nothing_reads_are_told_with_their_number(tmp_path):
    settings = Settings(str(tmp_path))
    account = {"in": 9, "out": 9, "held": 0, "quarantined": {}, "not_mapped": {"Basic": 7}, "missing": 0}
    state.write(settings, state.State("bronze.ehr_fhir", version=1, rows=9, accounting=account))
    assert "not mapped: Basic 7" in status.as_text(status.collect(settings))
