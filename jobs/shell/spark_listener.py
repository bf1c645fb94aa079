"""OpenLineage's Spark listener, when somebody wants it: the Spark application joins the graph, its writes do not.

The shell tells each hop itself. The listener would tell the same writes again, once or twice each, under job names
of its own and, for a MERGE, with the target as its only input (docs/decisions/lineage.md). So it is off, and when it is
on it tells only that a Spark application ran, under the Airflow task that submitted it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from jobs.shell.lineage_datasets import NAMESPACE
from jobs.shell.lineage_log import folder
from jobs.shell.settings import Settings

SWITCH = "LAKEWARD_SPARK_LISTENER"
LISTENER = "io.openlineage.spark.agent.OpenLineageSparkListener"
_SQL = "org.apache.spark.sql"
# The roots of the plans that write or read in our applications: what the hops tell better.
WRITES = (
    f"{_SQL}.execution.datasources.SaveIntoDataSourceCommand",
    f"{_SQL}.delta.commands.WriteIntoDelta",
    f"{_SQL}.delta.commands.MergeIntoCommand",
    f"{_SQL}.delta.commands.DeleteCommand",
    f"{_SQL}.delta.commands.UpdateCommand",
    f"{_SQL}.delta.commands.OptimizeTableCommand",
    f"{_SQL}.delta.commands.VacuumTableCommand",
    f"{_SQL}.delta.commands.RestoreTableCommand",
    f"{_SQL}.catalyst.plans.logical.Project",
    f"{_SQL}.catalyst.plans.logical.Aggregate",
    f"{_SQL}.catalyst.plans.logical.LocalRelation",
    f"{_SQL}.execution.datasources.LogicalRelation",
)
# These facets can hold literals of queries, or settings.
_NO_FACETS = ("spark.logicalPlan", "spark_unknown", "debug", "spark_properties", "environment-properties")


def listener_conf(settings: Settings, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Spark settings of the listener; none unless LAKEWARD_SPARK_LISTENER is on.

    The parent run needs no word here: Airflow's provider writes it into the same configuration.
    """
    given = os.environ if environment is None else environment
    if given.get(SWITCH, "").strip().lower() not in ("1", "true", "yes", "on"):
        return {}
    return {
        "spark.extraListeners": LISTENER,
        "spark.openlineage.namespace": NAMESPACE,
        "spark.openlineage.filter.deniedSparkNodes": f"[{';'.join(WRITES)}]",
        "spark.openlineage.filter.rddEventsDisabled": "true",
        "spark.openlineage.columnLineage.datasetLineageEnabled": "true",
        **{f"spark.openlineage.facets.{name}.disabled": "true" for name in _NO_FACETS},
        # The listener must not slow or stop a run (OpenLineage#3567): short of memory it stands aside.
        "spark.openlineage.circuitBreaker.type": "simpleMemory",
        "spark.openlineage.circuitBreaker.memoryThreshold": "10",
        # Without it the breaker of release 1.53 throws for each event.
        "spark.openlineage.circuitBreaker.timeoutInSeconds": "5",
        **_transport(settings, given),
    }


def _transport(settings: Settings, given: Mapping[str, str]) -> dict[str, str]:
    """Where the listener's events go: where ours go."""
    if url := given.get("OPENLINEAGE_URL"):
        # A key stays in the environment (OPENLINEAGE__TRANSPORT__AUTH...): Spark settings are shown and logged.
        return {
            "spark.openlineage.transport.type": "http",
            "spark.openlineage.transport.url": url,
            "spark.openlineage.transport.timeoutInMillis": "3000",
        }
    if given.get("OPENLINEAGE_CONFIG") or any(name.startswith("OPENLINEAGE__TRANSPORT") for name in given):
        return {}
    return {
        "spark.openlineage.transport.type": "file",
        "spark.openlineage.transport.location": f"{folder(settings)}/spark.ndjson",
    }
