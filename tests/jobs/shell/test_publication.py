"""Publication: all of gold, from one build of it, or none."""

import pytest

import schemas
from jobs.shell import coverage, publication, state
from jobs.shell.build import Request
from jobs.shell.lake import Lake
from jobs.shell.settings import Settings

REQUEST = Request("run", "2026-03-01")


@pytest.fixture
def lake(tmp_path, monkeypatch):
    """A lake in which every table is at version 1 and was built from version 1 of what it stands on."""
    monkeypatch.setattr(coverage, "measure", lambda lake: None)
    found = Lake(None, Settings(str(tmp_path)))
    for name in schemas.names():
        build(found, name, 1, dict.fromkeys(schemas.table(name).built_from.values(), 1))
    return found


def build(lake, name, version, inputs, touched=(1,)):
    """Publish a version of a table that touched these people."""
    before = state.version(lake.settings, name)
    state.write(lake.settings, state.State(name, version=version, inputs=inputs))
    ids = {"person": touched}
    state.write_changes(lake.settings, name, version, before, ids, () if not touched else None)


def publish(lake):
    return publication.publish(lake, REQUEST, None, lambda line: None)


def test_tables_of_one_build_are_published(lake):
    assert publish(lake).action == "built"
    assert publication.current(lake.settings)["tables"]["gold.person"] == 1


def test_gold_that_is_half_as_before_is_not(lake):
    publish(lake)
    # Measurements were refused, or nobody asked for them: they still speak of the persons of before.
    build(lake, "gold.person", 2, state.read(lake.settings, "gold.person").inputs)
    with pytest.raises(publication.MixedError, match="it was built from version 1 of gold.person, others from 2"):
        publish(lake)
    assert publication.current(lake.settings)["tables"]["gold.person"] == 1


def test_nor_is_gold_that_was_built_from_two_versions_of_silver(lake):
    build(lake, "silver.patient", 2, {})
    build(lake, "gold.person", 1, {"silver.patient": 2})
    others = [n for n in schemas.names("gold") if "silver.patient" in schemas.table(n).built_from.values()]
    assert len(others) > 1
    with pytest.raises(publication.MixedError, match=r"version 1 of silver.patient, others from 2"):
        publish(lake)


def test_silver_that_nobody_has_read_yet_waits_for_the_next_build(lake):
    build(lake, "silver.patient", 2, {})
    assert publish(lake).action == "built"


def test_files_that_were_only_written_anew_are_the_same_to_whoever_read_them(lake):
    build(lake, "gold.person", 2, state.read(lake.settings, "gold.person").inputs, touched=())
    publish(lake)
    assert publication.current(lake.settings)["tables"]["gold.person"] == 2
