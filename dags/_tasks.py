"""The one way a Spark task is made: a stage of the lake as one spark-submit.

Where it runs (this machine, a standalone cluster, YARN, Kubernetes) is the connection `spark_default`'s to say.
"""

from __future__ import annotations

import datetime
import functools
import os
import pathlib
from collections.abc import Iterable, Mapping
from typing import Any

from airflow.providers.apache.spark.hooks.spark_submit import SparkSubmitHook
from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import Param, TriggerRule, get_current_context, task
from airflow.sdk.bases.hook import BaseHook
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

import schemas
from dags import _assets, _lake

APPLICATION = os.environ.get(
    "LAKEWARD_APPLICATION", str(pathlib.Path(__file__).resolve().parents[1] / "jobs" / "shell" / "submit.py")
)
CONNECTION = "spark_default"
# What a Spark process may know of the worker's environment; Airflow's own settings and secrets are not in it.
PASSED_ON = ("LAKEWARD_", "SPARK_", "PYSPARK_", "HADOOP_", "YARN_CONF_DIR", "OPENLINEAGE_", "AWS_", "AZURE_", "GOOGLE_")
PASSED_ON += ("JAVA_HOME", "PATH", "PYTHONPATH", "HOME", "USER", "LANG", "LC_", "TZ", "TMPDIR", "KUBE", "GX_ANALYTICS")
# Silver cannot do without a vocabulary: this loads the starter into a lake that has none, and nothing otherwise.
STANDS_ON = {"silver": ["vocabulary"]}

DEFAULTS: dict[str, Any] = {
    "owner": "data-platform",
    "retries": 2,
    "retry_delay": datetime.timedelta(seconds=20),
    "retry_exponential_backoff": True,
    "max_retry_delay": datetime.timedelta(minutes=10),
    "execution_timeout": datetime.timedelta(hours=12),
}


def pool(writer: str) -> str:
    """The pool of one slot that keeps one writer per table of a stage."""
    return f"lakeward_{writer}"


def as_of_param() -> dict[str, Param]:
    """The as-of date somebody may ask for."""
    text = "Empty: the date the triggering run was asked for, else the newest day the data speaks of."
    return {"as_of": Param(None, type=["null", "string"], format="date", title="As-of date", description=text)}


def params(tables: list[str]) -> dict[str, Param]:
    """What a person may ask of a run; names come from the declarations and from nowhere else."""
    return {
        "tables": Param(
            [],
            type="array",
            items={"type": "string", "enum": tables},
            examples=tables,
            title="Only these tables",
            description="None means every table of the stage.",
        ),
        "full": Param(False, type="boolean", title="Rebuild from everything", description="Not only what changed."),
        **as_of_param(),
    }


class SparkTask(SparkSubmitOperator):
    """A spark-submit with our connection, our lineage parent and no more of the environment than it needs."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(conn_id=CONNECTION, openlineage_inject_parent_job_info=True, **kwargs)

    def _get_hook(self) -> SparkSubmitHook:
        hook = super()._get_hook()
        refuse_fallback(hook)
        # The provider hands the worker's whole environment to the child; ours gets what it needs.
        hook.submit = functools.partial(hook.submit, env=environment())
        return hook


class SparkWork(SparkTask):
    """Runs one stage, or the part of it that is one feed's, by the words of `lakeward run`."""

    def __init__(self, *, stage: str, tables: list[str], feed: str | None = None, **kwargs: Any) -> None:
        self.stage, self.tables, self.feed = stage, tables, feed
        super().__init__(application=APPLICATION, name=f"lakeward-{feed or stage}", **kwargs)

    def render_template_fields(self, context: Any, jinja_env: Any = None) -> None:
        super().render_template_fields(context, jinja_env)
        self.application_args = self.arguments(context)

    def arguments(self, context: Any) -> list[str]:
        """The same words a person would give to `lakeward run`."""
        given = context["params"]
        wanted = list(given.get("tables") or [])
        unknown = sorted(set(wanted) - set(self.tables))
        if unknown:
            raise AirflowFailException(f"{self.stage} has no such table: {len(unknown)} of the names given")
        as_of = _assets.as_of(context)
        full = ["--full"] if given.get("full") else []
        names = [*STANDS_ON.get(self.stage, []), *(wanted or [self.feed or self.stage])]
        return [*names, *full, *(["--as-of", as_of] if as_of else [])]


class SparkStage(SparkWork):
    """A stage that raises asset events only for what its readers have not read."""

    def execute(self, context: Any) -> dict[str, Any]:
        before = _lake.seen(self.stage, self.tables)
        super().execute(context)
        return tell(self.stage, self.tables, before, self.outlets, context)


def tell(
    stage: str, tables: list[str], before: Mapping[str, int], outlets: Iterable[Any], context: Any
) -> dict[str, Any]:
    """Raise asset events of what became of tables since they were as `before`; skip the task when readers know all."""
    after = _lake.seen(stage, tables)
    changed = {name for name, version in after.items() if before.get(name, -1) != version}
    # Not this try's own changes alone: a try that was killed after its last write left news that nobody told.
    news = changed | _lake.unread(stage, tables)
    if not news:
        raise AirflowSkipException(f"{', '.join(tables) or stage}: nothing new, so nothing downstream has to run")
    as_of = _assets.as_of(context)
    alias = _assets.tables_of(stage)
    for outlet in outlets:
        if outlet == alias:
            for name in sorted(news & after.keys()):
                context["outlet_events"][alias].add(_assets.table(name), extra={"version": after[name]})
        elif as_of:
            context["outlet_events"][outlet].extra = {"as_of": as_of}
    return {"stage": stage, "changed": len(changed), "unread": len(news)}


def refuse_fallback(hook: SparkSubmitHook) -> None:
    """Fail when the provider could not read the connection: it would submit to YARN with one log line."""
    advice = f'give {CONNECTION} as JSON, such as {{"conn_type": "spark", "host": "local[2]"}}, not as a URI'
    try:
        connection = BaseHook.get_connection(CONNECTION)
    except Exception as fault:
        raise AirflowFailException(
            f"connection {CONNECTION} cannot be read ({type(fault).__name__}): {advice}"
        ) from None
    asked = connection.host or connection.conn_type
    if "yarn" in hook._connection["master"] and "yarn" not in asked:
        raise AirflowFailException(f"the Spark provider fell back to YARN: {advice}")


def environment() -> dict[str, str]:
    """The environment of a Spark process: what is named in PASSED_ON."""
    return {name: value for name, value in os.environ.items() if name.startswith(PASSED_ON)}


def spark_stage(stage: str, tables: list[str], *, inlets: list[Any], task_id: str) -> SparkStage:
    """One stage as one task, with its pool and its assets."""
    outlets = [_assets.stage(stage), *([_assets.tables_of(stage)] if tables else [])]
    return SparkStage(task_id=task_id, stage=stage, tables=tables, pool=pool(stage), inlets=inlets, outlets=outlets)


def take_in(feed: schemas.Feed) -> SparkWork:
    """A feed's waiting deliveries to bronze; what came of it is told by `tell_of_feed`."""
    return SparkWork(
        task_id="take_in",
        stage="bronze",
        tables=[feed.table],
        feed=feed.feed,
        pool=pool(f"bronze_{feed.feed}"),
        inlets=[_assets.landing(feed.feed)],
    )


@task(trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS)
def tell_of_feed(table: str, before: Mapping[str, int]) -> dict[str, Any]:
    """Raise the asset event of what a feed brought, also when one of its deliveries failed: the others came in."""
    return tell("bronze", [table], {table: before["version"]}, [_assets.table(table)], get_current_context())
