"""Lineage events: what a hop tells, and that it is told in OpenLineage's words."""

from __future__ import annotations

import importlib.util
import pathlib
import uuid

import pytest

from jobs.shell import lineage_log
from jobs.shell.code_version import CodeVersion, _without_secret
from jobs.shell.column_lineage import ColumnLineage, declared
from jobs.shell.column_sources import FILTER, IDENTITY, MASKED, Source
from jobs.shell.lineage import Lineage, LineageError, Made, ParentRun, hop_id
from jobs.shell.lineage_datasets import CONTENT, dataset_name, of_delivery, of_file, of_table
from jobs.shell.settings import Settings

_spec = importlib.util.spec_from_file_location(
    "openlineage_client", pathlib.Path(__file__).with_name("openlineage_client.py")
)
openlineage_client = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(openlineage_client)

RUN = "5d3f2c58-4b0e-4f0e-9b62-3a7f3c1c9d10"
DAG_RUN = ParentRun("0190a8a4-0000-7000-8000-000000000001", "lakeward", "gold")
TASK = ParentRun("0190a8a4-0000-7000-8000-000000000002", "lakeward", "gold.gold", DAG_RUN)
CODE = CodeVersion("abc123", "https://example.org/lakeward.git")
ERA = ColumnLineage(
    {
        "drug_era_id": {Source("gold.drug_exposure", "person_id"): frozenset({MASKED})},
        "person_id": {Source("gold.drug_exposure", "person_id"): frozenset({IDENTITY})},
        "drug_exposure_count": {},
        "faults": {Source("gold.drug_exposure", "person_id"): frozenset({IDENTITY})},
    },
    {Source("gold.drug_exposure", "drug_concept_id"): frozenset({FILTER})},
)
VERDICTS = [
    {"check": "isRequired", "column": "person_id", "severity": "stop", "passed": True, "share": 0.0, "threshold": 0.0,
     "failed": 0, "rows": 20},
    {"check": "rowCount", "column": None, "severity": "warn", "passed": False, "share": 0.25, "threshold": 0.1,
     "failed": 5, "rows": 20},
]  # fmt: skip


@pytest.fixture
def settings(tmp_path):
    return Settings(str(tmp_path))


@pytest.fixture
def lineage(settings):
    made = Lineage(settings, RUN, TASK, as_of="2026-03-01", code=CODE, engine="4.2.0")
    yield made
    made.close()


def start(lineage, **more):
    exposures = of_table(lineage.settings, "gold.drug_exposure", 7, rows=120)
    return lineage.start("gold.drug_era", [exposures], of_table(lineage.settings, "gold.drug_era"), **more)


def told(settings, run=RUN):
    return list(lineage_log.read(lineage_log.events_path(settings, run)))


def test_a_hop_is_told_as_openlineage_has_it(settings, lineage):
    hop = start(lineage, doc="Eras of an ingredient.", tags={"scope": "person"})
    waiting = of_table(settings, "quarantine.gold_drug_era", 3, rows=2)
    hop.complete(Made(4, rows=20, written=6, columns=ERA, verdicts=VERDICTS, also=[waiting], tags={"action": "built"}))
    failing = start(lineage, part="again")
    failing.fail("GateStop", "gate")
    events = told(settings)
    assert [event["eventType"] for event in events] == ["START", "COMPLETE", "START", "FAIL"]
    assert [fault for event in events for fault in openlineage_client.faults(event)] == []


def test_a_landing_hop_is_told_as_openlineage_has_it(settings, lineage):
    file = of_file(f"{settings.root('landing')}/ehr_fhir/d1/Patient.ndjson", "ab" * 32, bytes=2048, rows=22)
    columns = declared({"resource_id": [Source(file.called, CONTENT)]})
    hop = lineage.start("bronze.concept", [file], of_table(settings, "bronze.concept"), part="d1")
    hop.complete(Made(0, rows=22, columns=columns))
    assert [fault for event in told(settings) for fault in openlineage_client.faults(event)] == []
    source = told(settings)[1]["inputs"][0]
    assert source["namespace"] == "file"
    assert source["name"].endswith("/landing/ehr_fhir/d1/Patient.ndjson")
    assert source["facets"]["version"]["datasetVersion"] == "ab" * 32
    assert source["inputFacets"]["inputStatistics"]["rowCount"] == 22


def test_the_check_finds_what_is_not_openlineage(settings, lineage):
    start(lineage)
    [event] = told(settings)
    event["run"]["runId"] = "run-1"
    event["job"]["facets"]["jobType"].pop("integration")
    event["outputs"][0]["facets"]["schema"]["fields"][0]["typo"] = 1
    event["inputs"][0]["facets"]["version"]["datasetVersion"] = 7
    assert len(openlineage_client.faults(event)) == 4


def test_complete_repeats_what_start_said_of_the_inputs(settings, lineage):
    hop = start(lineage)
    hop.complete(Made(4, rows=20))
    first, last = told(settings)
    assert first["inputs"] == last["inputs"]
    assert first["run"]["runId"] == last["run"]["runId"] == hop_id(RUN, "gold.drug_era")
    assert first["inputs"][0]["facets"]["version"]["datasetVersion"] == "7"
    assert "version" not in first["outputs"][0]["facets"]
    assert last["outputs"][0]["facets"]["version"]["datasetVersion"] == "4"


def test_a_dataset_goes_by_its_place_and_its_logical_name_is_a_symlink(settings, lineage):
    start(lineage)
    [event] = told(settings)
    output = event["outputs"][0]
    assert (output["namespace"], output["name"]) == ("file", settings.table_path("gold.drug_era"))
    [link] = output["facets"]["symlinks"]["identifiers"]
    assert link == {"namespace": "lakeward", "name": "gold.drug_era", "type": "TABLE"}


def test_places_in_stores_are_named_as_openlineage_names_them():
    assert dataset_name("/lake/gold/person") == ("file", "/lake/gold/person")
    assert dataset_name("file:///lake/gold/person") == ("file", "/lake/gold/person")
    assert dataset_name("s3a://bucket/gold/person") == ("s3://bucket", "gold/person")
    assert dataset_name("gs://bucket/gold/person") == ("gs://bucket", "gold/person")
    assert dataset_name("hdfs://name:8020/gold/person") == ("hdfs://name:8020", "/gold/person")
    assert dataset_name("abfss://box@account.dfs.core.windows.net/gold") == (
        "abfss://box@account.dfs.core.windows.net",
        "gold",
    )


def test_column_lineage_is_told_in_both_facets_and_only_for_declared_columns(settings, lineage):
    start(lineage).complete(Made(4, rows=20, columns=ERA))
    event = told(settings)[1]
    where = {"namespace": "file", "name": settings.table_path("gold.drug_exposure")}
    masked = [{"type": "DIRECT", "subtype": "TRANSFORMATION", "masking": True}]
    facet = event["outputs"][0]["facets"]["columnLineage"]
    assert set(facet["fields"]) == {"drug_era_id", "person_id", "drug_exposure_count"}
    assert facet["fields"]["drug_era_id"]["inputFields"] == [{**where, "field": "person_id", "transformations": masked}]
    assert facet["fields"]["drug_exposure_count"]["inputFields"] == []
    rows = [{"type": "INDIRECT", "subtype": "FILTER"}]
    assert facet["dataset"] == [{**where, "field": "drug_concept_id", "transformations": rows}]
    [entry] = event["job"]["facets"]["lineage"]["entries"]
    assert entry["inputs"][0] == {**where, "type": "DATASET"}
    assert entry["fields"]["drug_era_id"]["inputs"][0]["field"] == "person_id"


def test_verdicts_are_told_with_shares_and_counts(settings, lineage):
    start(lineage).complete(Made(4, rows=20, verdicts=VERDICTS))
    required, count = told(settings)[1]["outputs"][0]["facets"]["dataQualityAssertions"]["assertions"]
    assert required == {
        "assertion": "isRequired", "name": "isRequired(person_id)", "success": True, "severity": "error",
        "column": "person_id", "expected": "0", "actual": "0", "params": {"failed": 0, "rows": 20},
    }  # fmt: skip
    assert (count["severity"], count["expected"], count["actual"], "column" in count) == ("warn", "0.1", "0.25", False)


def test_a_verdict_that_carries_a_value_does_not_pass_it_on(settings, lineage):
    leak = {**VERDICTS[0], "threshold": "Smith", "share": "Smith", "failed": "Smith", "observed": "Smith"}
    start(lineage).complete(Made(4, rows=20, verdicts=[leak]))
    assert "Smith" not in pathlib.Path(lineage_log.events_path(settings, RUN)).read_text()


def test_a_failure_is_told_by_class_and_place(settings, lineage):
    start(lineage).fail("SparkException", "gold.drug_era, write")
    facet = told(settings)[1]["run"]["facets"]["errorMessage"]
    assert (facet["message"], facet["programmingLanguage"]) == ("SparkException at gold.drug_era, write", "PYTHON")


def test_rows_and_bytes_written_come_from_the_commit(settings, lineage):
    log = pathlib.Path(settings.table_path("gold.drug_era"), "_delta_log")
    log.mkdir(parents=True)
    adds = ['{"commitInfo":{}}', '{"add":{"path":"a","size":300}}', '{"add":{"path":"b","size":40}}', '{"remove":{}}']
    (log / f"{4:020d}.json").write_text("\n".join(adds))
    start(lineage).complete(Made(4, rows=20, written=6))
    output = told(settings)[1]["outputs"][0]
    statistics = output["outputFacets"]["outputStatistics"]
    assert (statistics["rowCount"], statistics["size"], statistics["fileCount"]) == (6, 340, 2)
    assert output["facets"]["dataQualityMetrics"]["rowCount"] == 20


def test_the_airflow_task_is_the_parent_and_its_dag_run_the_root(settings, lineage):
    conf = {
        "spark.openlineage.parentRunId": TASK.run_id,
        "spark.openlineage.parentJobName": "gold.gold",
        "spark.openlineage.parentJobNamespace": "lakeward",
        "spark.openlineage.rootParentRunId": DAG_RUN.run_id,
        "spark.openlineage.rootParentJobName": "gold",
        "spark.openlineage.rootParentJobNamespace": "lakeward",
    }
    assert ParentRun.of_spark(conf) == TASK
    assert ParentRun.of_spark({}) is None
    start(lineage)
    parent = told(settings)[0]["run"]["facets"]["parent"]
    assert parent["run"] == {"runId": TASK.run_id}
    assert parent["job"] == {"namespace": "lakeward", "name": "gold.gold"}
    assert parent["root"] == {"run": {"runId": DAG_RUN.run_id}, "job": {"namespace": "lakeward", "name": "gold"}}


def test_a_run_without_airflow_has_no_parent_and_without_a_date_no_nominal_time(settings):
    alone = Lineage(settings, RUN, code=CODE)
    start(alone)
    alone.close()
    assert set(told(settings)[0]["run"]["facets"]) == {"tags"}


def test_the_code_that_ran_is_told(settings, lineage):
    start(lineage)
    facet = told(settings)[0]["job"]["facets"]["sourceCodeLocation"]
    assert facet["version"] == "abc123"
    assert facet["url"] == "https://example.org/lakeward/blob/abc123/jobs/gold/drug_era.py"
    assert CodeVersion("1.0").of("gold.person")["url"] == "urn:lakeward:source:1.0:jobs/gold/person.py"


def test_a_token_in_the_address_of_the_repository_is_not_told():
    assert _without_secret("https://user:token@example.org/lakeward.git") == "https://example.org/lakeward.git"
    assert _without_secret("git@example.org:lakeward.git") is None


def test_the_same_hop_of_a_run_has_the_same_id_and_another_another():
    assert hop_id(RUN, "gold.person") == hop_id(RUN, "gold.person")
    ids = {hop_id(RUN, "gold.person"), hop_id(RUN, "gold.death"), hop_id(RUN, "gold.person", "d1"), hop_id("r", "x")}
    assert len(ids) == 4
    assert {uuid.UUID(one).version for one in ids} == {5}


def test_a_delivery_of_many_files_is_one_input(settings):
    delivery = of_delivery(f"{settings.root('landing')}/ehr_fhir/d1", "cd" * 32, files=5000, bytes=10)
    assert (delivery.files, delivery.version) == (5000, "cd" * 32)


def test_completing_needs_something_to_say(lineage):
    with pytest.raises(LineageError, match=r"gold\.drug_era"):
        start(lineage).complete()


def test_privacy_classes_are_tags_on_the_columns(settings, lineage):
    start(lineage)
    tags = told(settings)[0]["outputs"][0]["facets"]["tags"]["tags"]
    assert {"key": "privacy", "value": "operational", "source": "LAKEWARD", "field": "person_id"} in tags
