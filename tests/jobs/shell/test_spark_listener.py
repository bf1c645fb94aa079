"""The Spark listener: off unless asked for, and then without our own writes."""

from __future__ import annotations

import pytest

from jobs.shell.settings import Settings
from jobs.shell.spark_listener import listener_conf

LAKE = Settings("/lake")
ON = {"LAKEWARD_SPARK_LISTENER": "on"}


@pytest.mark.parametrize("said", [None, "", "0", "off", "false"])
def test_the_listener_is_off_unless_it_is_asked_for(said):
    assert listener_conf(LAKE, {"LAKEWARD_SPARK_LISTENER": said} if said is not None else {}) == {}


def test_the_listener_joins_the_namespace_of_our_jobs_and_leaves_the_writes_to_them():
    conf = listener_conf(LAKE, ON)
    assert conf["spark.extraListeners"] == "io.openlineage.spark.agent.OpenLineageSparkListener"
    assert conf["spark.openlineage.namespace"] == "lakeward"
    denied = conf["spark.openlineage.filter.deniedSparkNodes"].strip("[]").split(";")
    assert "org.apache.spark.sql.delta.commands.MergeIntoCommand" in denied
    assert conf["spark.openlineage.facets.spark.logicalPlan.disabled"] == "true"


def test_its_events_go_where_ours_go():
    conf = listener_conf(LAKE, ON)
    assert conf["spark.openlineage.transport.location"] == "/lake/ops/lineage/spark.ndjson"
    sent = listener_conf(LAKE, {**ON, "OPENLINEAGE_URL": "https://marquez.example.org"})
    assert sent["spark.openlineage.transport.url"] == "https://marquez.example.org"
    assert "spark.openlineage.transport.location" not in sent
    configured = listener_conf(LAKE, {**ON, "OPENLINEAGE_CONFIG": "/etc/openlineage.yml"})
    assert not any("transport" in name for name in configured)


def test_a_key_never_becomes_a_spark_setting():
    conf = listener_conf(LAKE, {**ON, "OPENLINEAGE_URL": "https://x.example.org", "OPENLINEAGE_API_KEY": "k3y"})
    assert "k3y" not in str(conf)
