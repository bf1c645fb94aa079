"""Following Airflow: what is said of each task, when it is over, and what is said when a task fails."""

import json

import pytest

from infra.demo.watch import Watch, WatchError


class Airflow:
    """Answers like the REST API: one list of runs and one of tasks after the other, the last one again and again."""

    def __init__(self, runs, tasks):
        self.answers = {"/dags/~/dagRuns": [[], *runs], "/dags/~/dagRuns/~/taskInstances": tasks}

    def get(self, path, **query):
        left = self.answers[path]
        found = left.pop(0) if len(left) > 1 else left[0]
        return {"dag_runs": found} if path.endswith("dagRuns") else {"task_instances": found}


def run(dag, state):
    return {"dag_id": dag, "dag_run_id": f"run of {dag}", "state": state}


def task(dag, name, state, seconds=3.0, try_number=1, operator="SparkStage"):
    return {
        "id": f"{dag}.{name}",
        "dag_id": dag,
        "task_id": name,
        "operator_name": operator,
        "dag_run_id": f"run of {dag}",
        "state": state,
        "duration": seconds,
        "try_number": try_number,
        "start_date": "2026-05-01T06:00:00Z",
    }


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr("infra.demo.watch.time.sleep", lambda seconds: None)


def test_it_ends_when_a_publication_has_followed_and_says_each_task_once(tmp_path, capsys):
    runs = [[run("gold", "running")], [run("gold", "success"), run("publication", "success")]]
    tasks = [
        [
            task("feed_ehr_fhir", "done", "success", operator="EmptyOperator"),
            task("gold", "build", "success", 12.4),
            task("publication", "publish", "success", 2.0),
        ]
    ]
    Watch(Airflow(runs, tasks), tmp_path).until_published()
    said = capsys.readouterr().out.splitlines()
    assert said == [
        "  gold.build                  success       12 s",
        "  publication.publish         success        2 s",
    ]


def test_it_goes_on_while_another_run_is_active(tmp_path):
    runs = [[run("publication", "success"), run("silver", "queued")], [run("publication", "success")]]
    airflow = Airflow(runs, [[]])
    Watch(airflow, tmp_path).until_published()
    assert len(airflow.answers["/dags/~/dagRuns"]) == 1


def test_runs_that_were_over_before_are_not_its_own(tmp_path, monkeypatch):
    airflow = Airflow([], [[]])
    airflow.answers["/dags/~/dagRuns"] = [[run("publication", "success")]]
    ticks = iter(range(100))
    monkeypatch.setattr("infra.demo.watch.time.monotonic", lambda: next(ticks))
    watch = Watch(airflow, tmp_path)
    assert not watch.resumed()
    watch.until_published()
    assert next(ticks) > 8


def test_a_failure_says_which_task_and_what_the_application_said_last(tmp_path):
    spark = "airflow.task.hooks.airflow.providers.apache.spark.hooks.spark_submit.SparkSubmitHook"
    folder = tmp_path / "dag_id=gold" / "run_id=run of gold" / "task_id=build"
    folder.mkdir(parents=True)
    lines = [
        {"logger": "task", "event": "::group::Pre Execute"},
        {"logger": spark, "event": "Spark-Submit cmd: spark-submit --conf a=b"},
        {"logger": spark, "event": "gold.person failed: gender_concept_id 12% null above 0%"},
        {"logger": spark, "event": "run 1 FAILED: gold.person (gold 9 s)"},
        {"logger": "task", "event": "Task failed with exception"},
    ]
    (folder / "attempt=3.log").write_text("".join(json.dumps(line) + "\n" for line in lines))
    airflow = Airflow([[run("gold", "failed")]], [[task("gold", "build", "failed", try_number=3)]])
    with pytest.raises(WatchError) as caught:
        Watch(airflow, tmp_path).until_published()
    assert str(caught.value).splitlines() == [
        "DAG gold failed; readers keep what was published before.",
        "last lines of gold.build:",
        "    gold.person failed: gender_concept_id 12% null above 0%",
        "    run 1 FAILED: gold.person (gold 9 s)",
    ]


def test_a_try_that_will_be_repeated_is_said_with_its_reason(tmp_path, capsys):
    runs = [[run("gold", "running")], [run("gold", "success"), run("publication", "success")]]
    tasks = [[task("gold", "build", "up_for_retry")], [task("gold", "build", "success", try_number=2)]]
    Watch(Airflow(runs, tasks), tmp_path).until_published()
    said = capsys.readouterr().out
    assert "gold.build                  up_for_retry" in said
    assert "it will be tried again" in said
    assert "gold.build                  success" in said
