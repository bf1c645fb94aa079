"""Gold: the OMOP CDM v5.4 tables, built and gated but not yet published.

Reads silver, maps to standard concepts, derives eras and periods, all 39 tables and the two of images inside one Spark
application. What comes out is a candidate: readers see it when the publication DAG has passed the gates across tables.

Runs when silver has something new. By hand: choose tables, a full rebuild, an as-of date.
"""

from airflow.sdk import DAG

import schemas
from dags import _assets, _tasks

TABLES = schemas.names("gold")

with DAG(
    "gold",
    description="The OMOP CDM v5.4 tables, built and gated",
    doc_md=__doc__,
    schedule=[_assets.stage("silver")],
    max_active_runs=1,
    default_args=_tasks.DEFAULTS,
    params=_tasks.params(TABLES),
    tags=["gold", "omop"],
):
    _tasks.spark_stage(
        "gold", TABLES, task_id="build", inlets=[_assets.table(name) for name in schemas.names("silver")]
    )
