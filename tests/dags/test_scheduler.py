"""A real scheduler, DAG processor and API server; only spark-submit is a stand-in without a JVM."""

import os
import pathlib
import time

import psutil
import pytest

from infra.airflow import environment, server

STAND_IN = pathlib.Path(__file__).with_name("stand_in")
PROCESSES = ("api-server", "scheduler", "dag-processor")


@pytest.fixture(scope="module")
def airflow(tmp_path_factory):
    """Airflow on an empty home and an empty lake, and nothing left of it afterwards."""
    folder = tmp_path_factory.mktemp("airflow")
    real = environment.environment

    def with_stand_ins(port=8080):
        found = real(port)
        return {**found, "PATH": os.pathsep.join([str(STAND_IN), found["PATH"]])}

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_HOME", str(folder / "airflow"))
        patch.setenv("LAKEWARD_HOME", str(folder / "lake"))
        patch.setattr(environment, "environment", with_stand_ins)
        with server.running(server.free_port(), PROCESSES) as api:
            yield api
    marked = f"AIRFLOW_HOME={folder / 'airflow'}"
    assert [one.pid for one in psutil.process_iter() if marked in _environment(one)] == []


def _environment(process):
    try:
        return [f"{name}={value}" for name, value in process.environ().items()]
    except psutil.Error:
        return []


def land(api):
    """Tell Airflow of a landing, as the demo does."""
    deadline = time.monotonic() + 60
    while not (found := api.get("/assets", name_pattern="landing.ehr_fhir")["assets"]):
        assert time.monotonic() < deadline, api.get("/importErrors")
        time.sleep(0.5)
    api.post("/assets/events", {"asset_id": found[0]["id"], "extra": {}})


def wait_for(api, dag, runs):
    """Wait until a DAG has so many runs and all runs of all DAGs are over; the states by DAG and run type."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        found = api.get("/dags/~/dagRuns", limit=100)["dag_runs"]
        over = all(run["state"] in ("success", "failed") for run in found)
        if over and sum(run["dag_id"] == dag and run["run_type"] == "asset_triggered" for run in found) == runs:
            return sorted((r["dag_id"], r["run_type"], r["state"]) for r in found if r["run_type"] == "asset_triggered")
        time.sleep(0.5)
    raise AssertionError(f"no {runs} runs of {dag}: {found}")


def test_one_landing_runs_everything_to_the_publication_by_assets_and_an_idle_one_runs_nothing(airflow):
    ops = environment.lake() / "ops"
    (ops / "waiting").touch()
    land(airflow)
    river = ["feed_ehr_fhir", "gold", "publication", "silver"]
    assert wait_for(airflow, "publication", 1) == [(dag, "asset_triggered", "success") for dag in river]
    submitted = (ops / "submitted.txt").read_text().splitlines()
    assert submitted == [
        *("ehr_fhir", "spark.openlineage.parentJobName=feed_ehr_fhir.take_in"),
        *("vocabulary silver", "spark.openlineage.parentJobName=silver.build"),
        *("gold", "spark.openlineage.parentJobName=gold.build"),
        *("publication", "spark.openlineage.parentJobName=publication.publish"),
    ]
    events = {event["name"] for event in airflow.get("/assets/events", limit=200)["asset_events"]}
    assert {"landing.ehr_fhir", "bronze.ehr_fhir", "silver", "gold", "gold.person", "publication"} <= events

    land(airflow)
    wait_for(airflow, "feed_ehr_fhir", 2)
    assert wait_for(airflow, "silver", 1).count(("feed_ehr_fhir", "asset_triggered", "success")) == 2
    assert (ops / "submitted.txt").read_text().splitlines() == submitted


def test_a_delivery_that_fails_keeps_nothing_from_silver_that_came_in_beside_it(airflow):
    ops = environment.lake() / "ops"
    (ops / "waiting").touch()
    (ops / "failing").touch()
    silver = len(_runs(airflow, "silver"))
    land(airflow)
    deadline = time.monotonic() + 120
    while not (tried := _waits_for_another_try(airflow, "feed_ehr_fhir", "take_in")):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    # Somebody who has looked at it gives it up; by itself it would be tried twice more.
    airflow.patch(tried, {"new_state": "failed"})
    found = wait_for(airflow, "silver", silver + 1)
    assert found.count(("feed_ehr_fhir", "asset_triggered", "failed")) == 1
    assert {state for dag, _, state in found if dag == "silver"} == {"success"}


def _runs(api, dag):
    return api.get(f"/dags/{dag}/dagRuns", limit=100)["dag_runs"]


def _waits_for_another_try(api, dag, task):
    for run in _runs(api, dag):
        path = f"/dags/{dag}/dagRuns/{run['dag_run_id']}/taskInstances/{task}"
        if run["state"] == "running" and api.get(path)["state"] == "up_for_retry":
            return path
    return None


def test_a_second_airflow_on_the_same_home_is_refused_and_the_first_is_found(airflow):
    found = server.found_running()
    assert found is not None
    assert found.url == airflow.url
    with pytest.raises(server.AirflowError, match="already runs"), server.running(server.free_port()):
        pass
