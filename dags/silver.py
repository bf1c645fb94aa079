"""Silver: what the feeds said, typed and newest only.

Reads bronze, writes one table per clinical thing, in dependency order inside one Spark application. Rows with
faults wait in quarantine; a table whose gate stops keeps the version its readers already have.

Runs when a feed's bronze has something new, or when somebody tells of a new vocabulary (an event of the asset
`vocabulary`). By hand: choose tables, a full rebuild, an as-of date.
"""

import datetime

from airflow.sdk import DAG, AssetAny, task

import schemas
from dags import _assets, _tasks

TABLES = schemas.names("silver")
SOURCES = [*(_assets.table(feed.table) for feed in schemas.feeds()), _assets.stage("vocabulary")]


# Each look is a process of its own, and one that comes while the last is being put to sleep is killed: not too often.
@task.sensor(poke_interval=15, timeout=datetime.timedelta(hours=6).total_seconds(), mode="reschedule")
def feeds_are_in(*, ti=None) -> bool:
    """No feed is being taken in: what many feeds deliver at once is read once, not once for each."""
    active = ["queued", "running"]
    return not sum(ti.get_dr_count(dag_id=f"feed_{feed.feed}", states=active) for feed in schemas.feeds())


@task.short_circuit
def has_news(*, dag_run=None) -> bool:
    """Whether silver has not read something yet; a run that somebody started by hand always goes on."""
    from dags import _lake

    return dag_run.run_type == "manual" or bool(_lake.unread("bronze", schemas.names("bronze")))


with DAG(
    "silver",
    description="What the feeds said, typed and newest only",
    doc_md=__doc__,
    schedule=AssetAny(*SOURCES),
    max_active_runs=1,
    default_args=_tasks.DEFAULTS,
    params=_tasks.params(TABLES),
    tags=["silver"],
):
    build = _tasks.spark_stage("silver", TABLES, task_id="build", inlets=SOURCES)
    feeds_are_in() >> has_news() >> build
