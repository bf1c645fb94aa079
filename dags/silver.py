"""Silver: what the feeds said, typed and newest only.

Reads bronze, writes one table per clinical thing, in dependency order inside one Spark application. Rows with
faults wait in quarantine; a table whose gate stops keeps the version its readers already have.

Runs when a feed's bronze has something new, or when somebody tells of a new vocabulary (an event of the asset
`vocabulary`). By hand: choose tables, a full rebuild, an as-of date.
"""

from airflow.sdk import DAG, AssetAny

import schemas
from dags import _assets, _tasks

TABLES = schemas.names("silver")
SOURCES = [*(_assets.table(feed.table) for feed in schemas.feeds()), _assets.stage("vocabulary")]

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
    _tasks.spark_stage("silver", TABLES, task_id="build", inlets=SOURCES)
