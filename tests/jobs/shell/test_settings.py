"""Settings: where the zones are."""

import os

import pytest

from jobs.shell.settings import Settings, ZoneError


def test_the_lake_lies_beside_the_caller_unless_told_otherwise(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert Settings.from_environment({}).root("silver") == os.path.join(os.path.realpath(tmp_path), "lake", "silver")


def test_a_zone_can_have_a_root_of_its_own():
    found = Settings.from_environment(
        {"LAKEWARD_HOME": "/l", "LAKEWARD_GOLD_ROOT": "/g/", "LAKEWARD_SILVER_ROOT": "s3a://b/silver/"}
    )
    assert (found.root("gold"), found.root("silver"), found.root("bronze")) == ("/g", "s3://b/silver", "/l/bronze")
    assert found.table_path("gold.person") == "/g/person"


def test_another_process_gets_the_same_settings():
    found = Settings.from_environment({"LAKEWARD_HOME": "lake", "LAKEWARD_GOLD_ROOT": "g"})
    assert Settings.from_environment(found.environment()) == found


def test_a_zone_that_does_not_exist_is_refused_by_name():
    with pytest.raises(ZoneError, match="platinum"):
        Settings("/l").root("platinum")


@pytest.mark.parametrize(
    ("root", "refused"),
    [
        ({"LAKEWARD_OPS_ROOT": "s3://b/ops"}, "LAKEWARD_OPS_ROOT: ops lies in a folder, not at s3://b/ops"),
        ({"LAKEWARD_GOLD_ROOT": "gs://b/gold"}, "LAKEWARD_GOLD_ROOT: gold lies in a folder or s3://bucket/prefix"),
    ],
)
def test_a_root_that_a_zone_cannot_lie_at_is_refused(root, refused):
    with pytest.raises(ZoneError, match=refused):
        Settings.from_environment(root)
