"""What a table was made by: another rule, another declaration of its feed, and it is made anew."""

import dataclasses

import pytest

import schemas
from jobs.shell import state
from jobs.shell.settings import Settings


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout of our own with one file of each kind that rules stand in."""
    for name in ("columns/people.py", "formats/x12.py", "identity/model.json", "silver/person_link.py"):
        path = tmp_path / "jobs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("before")
    monkeypatch.setattr(state, "CHECKOUT", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "name", ["columns/people.py", "formats/x12.py", "identity/model.json", "silver/person_link.py"]
)
def test_another_rule_makes_a_table_anew(checkout, name):
    before = state.code_of("silver.person_link")
    (checkout / "jobs" / name).write_text("after")
    assert state.code_of("silver.person_link") != before


def test_the_job_of_another_table_does_not(checkout):
    before = state.code_of("silver.person_link")
    (checkout / "jobs" / "silver" / "patient.py").write_text("after")
    assert state.code_of("silver.person_link") == before


@pytest.mark.parametrize(
    ("told", "anew"), [({"time_zone": "UTC"}, True), ({"options": {"payers": {}}}, True), ({"bad_share": 0.5}, False)]
)
def test_what_a_feed_declares_of_its_records_counts_and_no_more(monkeypatch, told, anew):
    before = state.code_of("silver.translated")
    feeds = [dataclasses.replace(one, **told) if one.feed == "claims_x12" else one for one in schemas.feeds()]
    monkeypatch.setattr(schemas, "feeds", lambda: feeds)
    assert (state.code_of("silver.translated") != before) == anew


def test_a_lake_is_built_from_all_there_is_until_each_table_is_there_and_by_todays_code(tmp_path):
    settings = Settings(str(tmp_path))
    assert state.rebuilds(settings)
    for name in (*schemas.names("silver"), *schemas.names("gold")):
        state.write(settings, state.State(name, version=1, code=state.code_of(name)))
    assert not state.rebuilds(settings)
    state.write(settings, state.State("gold.person", version=1, code="of another day"))
    assert state.rebuilds(settings)


def test_the_time_zone_of_a_feed_counts_for_every_table_that_reads_what_it_says(monkeypatch):
    before = {name: state.code_of(name) for name in ("silver.observation", "gold.measurement")}
    feeds = [dataclasses.replace(one, time_zone="UTC") if one.feed == "lab_csv" else one for one in schemas.feeds()]
    monkeypatch.setattr(schemas, "feeds", lambda: feeds)
    assert {name: state.code_of(name) != code for name, code in before.items()} == {
        "silver.observation": True,
        "gold.measurement": False,
    }
