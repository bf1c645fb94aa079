"""Publication: the gates across tables, then all of gold at once for readers.

A manifest names the version of every gold table. Readers see either the whole new publication or the whole last one.

Runs when gold has something unpublished.
"""

from airflow.sdk import DAG

import schemas
from dags import _assets, _tasks

with DAG(
    "publication",
    description="The gates across tables, then all of gold at once for readers",
    doc_md=__doc__,
    schedule=[_assets.stage("gold")],
    max_active_runs=1,
    default_args=_tasks.DEFAULTS,
    params=_tasks.as_of_param(),
    tags=["gold", "publication"],
):
    gold = [_assets.table(name) for name in schemas.names("gold")]
    _tasks.spark_stage("publication", [], task_id="publish", inlets=gold)
