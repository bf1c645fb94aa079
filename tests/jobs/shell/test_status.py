"""Status: what a lake holds, and what the last run could not do."""

from jobs.shell import documents, state, status, waiting
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


def test_what_no_run_has_brought_to_its_end_since_waits_whatever_else_has_run(tmp_path):
    settings = Settings(str(tmp_path))
    assert waiting.listing(settings) == "Nothing waits."
    documents.write(f"{settings.root('ops')}/runs/1.json", RUN)
    built = [{"table": name, "action": "built", "message": ""} for name in ("bronze.ehr_fhir", "gold.cost")]
    later = RUN | {"started_at": "2026-03-03T05:00:00+00:00", "state": "succeeded", "outcomes": built}
    documents.write(f"{settings.root('ops')}/runs/2.json", later)
    assert status.unfinished(settings) == [
        {"table": "gold.measurement", "action": "failed", "message": "plausibleUnit: 12 % of 5 %"}
    ]
    told = "gold.measurement failed: plausibleUnit: 12 % of 5 %"
    assert told in status.as_text(status.collect(settings))
    assert waiting.listing(settings).splitlines()[-1] == told


def test_of_several_deliveries_of_a_feed_one_that_failed_waits(tmp_path):
    settings = Settings(str(tmp_path))
    each = [("failed", "too many faults"), ("built", "")]
    outcomes = [{"table": "bronze.ehr_fhir", "action": action, "message": message} for action, message in each]
    documents.write(f"{settings.root('ops')}/runs/1.json", RUN | {"outcomes": outcomes})
    assert [one["message"] for one in status.unfinished(settings)] == ["too many faults"]


def test_a_lake_that_no_run_has_seen_is_told_without_one(tmp_path):
    assert "Last run" not in status.as_text(status.collect(Settings(str(tmp_path))))


def test_kinds_of_records_that_nothing_reads_are_told_with_their_number(tmp_path):
    settings = Settings(str(tmp_path))
    account = {"in": 9, "out": 9, "held": 0, "quarantined": {}, "not_mapped": {"Basic": 7}, "missing": 0}
    state.write(settings, state.State("bronze.ehr_fhir", version=1, rows=9, accounting=account))
    assert "not mapped: Basic 7" in status.as_text(status.collect(settings))
