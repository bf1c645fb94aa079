"""The DAG files: a table of contents that parses fast, says who owns it, and runs on assets."""

import ast
import json
import pathlib
import subprocess
import sys

import pytest

import schemas

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
DAGS = CHECKOUT / "dags"

PARSE = """
import json, sys
import airflow.sdk
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG
before = set(sys.modules)
bag = DagBag({folder!r})
print(json.dumps({{"errors": bag.import_errors, "dags": len(bag.dags), "modules": sorted(set(sys.modules))}}))
"""


@pytest.fixture(scope="module")
def fresh_process():
    """What a process that does nothing but parse the DAGs has loaded."""
    done = subprocess.run(
        [sys.executable, "-c", PARSE.format(folder=str(DAGS))], capture_output=True, text=True, check=True, cwd=CHECKOUT
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_every_dag_parses(fresh_process):
    assert fresh_process["errors"] == {}
    assert fresh_process["dags"] == len(schemas.feeds()) + 4


def test_parsing_imports_neither_spark_nor_jobs_nor_the_gates(fresh_process):
    heavy = {"pyspark", "delta", "jobs", "expectations", "great_expectations", "pandas", "pyarrow", "duckdb"}
    assert sorted(heavy & {name.partition(".")[0] for name in fresh_process["modules"]}) == []


def test_dag_files_import_only_airflow_schemas_and_each_other():
    allowed = {"airflow", "schemas", "dags", "__future__"} | set(sys.stdlib_module_names)
    for path in sorted(DAGS.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            strangers = {name.partition(".")[0] for name in names} - allowed
            assert not strangers, f"{path.name} imports {', '.join(sorted(strangers))}"


def test_every_dag_says_what_it_is_and_whose(dag_bag):
    for dag in dag_bag.dags.values():
        assert dag.description, dag.dag_id
        assert len(dag.doc_md) > 100, dag.dag_id
        assert dag.tags, dag.dag_id
        assert dag.max_active_runs == 1, dag.dag_id
        assert {task.owner for task in dag.tasks} & {"airflow", ""} == set(), dag.dag_id


def test_a_failed_task_is_tried_twice_more_with_growing_pauses(dag_bag):
    for dag in dag_bag.dags.values():
        for task in dag.tasks:
            assert task.retries == 2, task.task_id
            assert task.retry_exponential_backoff, task.task_id
            assert task.retry_delay.total_seconds() == 20, task.task_id
            assert task.max_retry_delay.total_seconds() == 600, task.task_id


def _schedule(dag):
    return sorted(asset.name for asset in dag.timetable.asset_condition.objects)


def test_the_river_is_scheduled_on_assets(dag_bag):
    bronze = [feed.table for feed in schemas.feeds()]
    assert _schedule(dag_bag.dags["silver"]) == sorted([*bronze, "vocabulary"])
    assert _schedule(dag_bag.dags["gold"]) == ["silver"]
    assert _schedule(dag_bag.dags["publication"]) == ["gold"]


def test_any_one_feed_starts_silver(dag_bag):
    from airflow.sdk import AssetAny

    assert type(dag_bag.dags["silver"].timetable.asset_condition) is AssetAny


@pytest.mark.parametrize("feed", schemas.feeds(), ids=lambda feed: feed.feed)
def test_a_feed_starts_by_a_landing_or_on_its_own_schedule_in_its_own_time_zone(dag_bag, feed):
    dag = dag_bag.dags[f"feed_{feed.feed}"]
    assert _schedule(dag) == [f"landing.{feed.feed}"]
    assert not dag.catchup
    if feed.schedule:
        assert str(dag.timetable.timetable.timezone) == feed.time_zone
        assert dag.timetable.timetable.expression == feed.schedule
    assert [task.task_id for task in dag.tasks if not task.upstream_task_ids] == ["waiting"]


@pytest.mark.parametrize("feed", schemas.feeds(), ids=lambda feed: feed.feed)
def test_what_a_feed_brought_is_told_also_when_a_delivery_of_it_failed(dag_bag, feed):
    dag = dag_bag.dags[f"feed_{feed.feed}"]
    told, done = dag.get_task("tell_of_feed"), dag.get_task("done")
    assert told.upstream_task_ids == {"waiting", "take_in"}
    assert told.trigger_rule == "all_done_min_one_success"
    # The run is what its last task is.
    assert [task.task_id for task in dag.tasks if not task.downstream_task_ids] == ["done"]
    assert done.upstream_task_ids == {"take_in", "tell_of_feed"}


def test_each_stage_is_one_spark_task_and_what_is_told_of_it_is_what_starts_the_next(dag_bag):
    from dags._tasks import SparkWork

    expected = {"silver": ["silver"], "gold": ["gold"], "publication": ["publication"]}
    expected |= {f"feed_{feed.feed}": [feed.table] for feed in schemas.feeds()}
    for name, outlets in expected.items():
        tasks = dag_bag.dags[name].tasks
        assert sum(isinstance(task, SparkWork) for task in tasks) == 1
        assert [asset.name for task in tasks for asset in task.outlets if hasattr(asset, "uri")] == outlets


def test_every_table_is_an_asset_that_its_stage_names(dag_bag):
    from dags._tasks import SparkStage

    stages = {t.stage: t for dag in dag_bag.dags.values() for t in dag.tasks if isinstance(t, SparkStage)}
    assert stages["silver"].tables == schemas.names("silver")
    assert stages["gold"].tables == schemas.names("gold")
    assert [asset.name for asset in stages["gold"].inlets] == schemas.names("silver")
    assert [asset.name for asset in stages["publication"].inlets] == schemas.names("gold")


def test_one_writer_per_table_each_stage_has_a_pool_that_set_up_makes(dag_bag):
    from dags._tasks import SparkWork
    from infra.airflow import server

    pools = [t.pool for dag in dag_bag.dags.values() for t in dag.tasks if isinstance(t, SparkWork)]
    made = server.pools()
    assert set(pools) <= made.keys()
    assert {pool["slots"] for pool in made.values()} == {1}
    writers = [p for p in pools if p != "lakeward_maintenance"]
    assert len(set(writers)) == len(writers)


def test_a_person_may_name_only_declared_tables(dag_bag):
    from airflow.sdk.exceptions import AirflowException

    given = dag_bag.dags["gold"].params
    given["tables"] = ["gold.person"]
    given.validate()
    with pytest.raises((AirflowException, ValueError)):
        given["tables"] = ["gold.person; DROP TABLE x"]
        given.validate()
    dag_bag.dags["gold"].params["tables"] = []
