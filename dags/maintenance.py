"""Maintenance: once a week small files become large ones and files that no reader can reach go.

Compacts each published table and removes files that left it more than `keep_days` ago (not below seven: Delta's floor),
then publishes the new versions, whose rows are the same. A table whose newest version is not the published one is left
for the next time. Erasure is not done here: it has its own job and its own proof.
"""

import pathlib

from airflow.sdk import DAG, CronTriggerTimetable, Param

from dags import _tasks

with DAG(
    "maintenance",
    description="Compacts tables and removes files that no reader can reach",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("0 3 * * 0", timezone="UTC"),
    catchup=False,
    max_active_runs=1,
    default_args=_tasks.DEFAULTS,
    params={"keep_days": Param(30, type="integer", minimum=7, title="Keep files for days")},
    tags=["maintenance"],
):
    _tasks.SparkTask(
        task_id="tend",
        application=str(pathlib.Path(_tasks.APPLICATION).with_name("maintenance.py")),
        name="lakeward-maintenance",
        application_args=["--keep-days", "{{ params.keep_days }}"],
        pool=_tasks.pool("maintenance"),
    )
