"""The one way a Spark task is made: its command, its environment, its connection, what it tells Airflow."""

import datetime
import types

import pytest

import schemas


@pytest.fixture
def tasks(dag_bag):
    """`dags._tasks`, imported after Airflow's settings are in place."""
    from dags import _tasks

    return _tasks


def _stage(tasks, stage, tables):
    return tasks.spark_stage(stage, tables, task_id=f"t_{stage}", inlets=[])


def _context(events=None, **params):
    run = types.SimpleNamespace(run_after=datetime.datetime(2026, 5, 1, tzinfo=datetime.UTC))
    given = {"tables": [], "full": False, "as_of": None, **params}
    return {"params": given, "triggering_asset_events": events or {}, "dag_run": run, "outlet_events": Told()}


class Told(dict):
    """Airflow's outlet events, as far as a stage uses them."""

    def __missing__(self, asset):
        event = types.SimpleNamespace(extra={}, added=[])
        event.add = lambda one, extra: event.added.append((one.name, extra))
        self[asset] = event
        return event


def _event(**extra):
    return types.SimpleNamespace(extra=extra)


def test_a_stage_is_submitted_with_the_words_of_lakeward_run(tasks):
    assert _stage(tasks, "gold", ["gold.person"]).arguments(_context()) == ["gold"]
    assert tasks.take_in(schemas.feed("ehr_fhir")).arguments(_context()) == ["ehr_fhir"]
    assert _stage(tasks, "publication", []).arguments({"params": {"as_of": None}}) == ["publication"]


def test_silver_brings_the_starter_vocabulary_into_a_lake_that_has_none(tasks):
    assert _stage(tasks, "silver", ["silver.patient"]).arguments(_context()) == ["vocabulary", "silver"]


def test_a_subset_a_full_rebuild_and_a_date_are_passed_on(tasks):
    context = _context(tables=["gold.death", "gold.person"], full=True, as_of="2026-02-03")
    found = _stage(tasks, "gold", ["gold.death", "gold.person"]).arguments(context)
    assert found == ["gold.death", "gold.person", "--full", "--as-of", "2026-02-03"]


def test_a_name_that_is_no_table_of_the_stage_is_refused_and_not_repeated(tasks):
    from airflow.sdk.exceptions import AirflowFailException

    with pytest.raises(AirflowFailException) as caught:
        _stage(tasks, "gold", ["gold.person"]).arguments(_context(tables=["--conf spark.x=y"]))
    assert "spark.x" not in str(caught.value)


def test_no_clock_and_no_interval_makes_an_as_of_date(tasks):
    from dags._assets import as_of

    assert as_of(_context()) is None
    with_interval = {**_context(), "data_interval_end": datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)}
    assert as_of(with_interval) is None


def test_an_as_of_date_travels_with_the_events_and_the_latest_counts(tasks):
    from dags._assets import as_of

    events = {"silver": [_event(as_of="2026-01-09"), _event(), _event(as_of="2026-01-10")]}
    assert as_of(_context(events)) == "2026-01-10"
    assert as_of(_context(events, as_of="2025-12-31")) == "2025-12-31"


def test_a_spark_process_sees_none_of_airflows_settings_and_secrets(tasks, monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "k")
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "postgresql://u:p@h/d")
    monkeypatch.setenv("AIRFLOW_CONN_SOMETHING", "{}")
    monkeypatch.setenv("A_PERSONS_TOKEN", "t")
    monkeypatch.setenv("LAKEWARD_HOME", "/lake")
    found = tasks.environment()
    assert found["LAKEWARD_HOME"] == "/lake"
    assert [name for name in found if name.startswith("AIRFLOW") or name == "A_PERSONS_TOKEN"] == []


def _hook(monkeypatch, connection):
    from airflow.providers.apache.spark.hooks.spark_submit import SparkSubmitHook

    monkeypatch.setenv("AIRFLOW_CONN_SPARK_DEFAULT", connection)
    return SparkSubmitHook(conn_id="spark_default")


@pytest.mark.parametrize(
    ("connection", "master"),
    [
        ('{"conn_type": "spark", "host": "local[2]"}', "local[2]"),
        ('{"conn_type": "spark", "host": "spark://head", "port": 7077}', "spark://head:7077"),
        ('{"conn_type": "spark", "host": "yarn", "extra": {"deploy-mode": "client"}}', "yarn"),
    ],
)
def test_the_connection_decides_where_a_stage_runs(tasks, monkeypatch, connection, master):
    hook = _hook(monkeypatch, connection)
    tasks.refuse_fallback(hook)
    assert hook._build_spark_submit_command("app.py")[:3] == ["spark-submit", "--master", master]


def test_a_connection_given_as_a_uri_that_falls_back_to_yarn_is_refused(tasks, monkeypatch):
    from airflow.sdk.exceptions import AirflowFailException

    hook = _hook(monkeypatch, "spark://local[2]")
    assert hook._connection["master"] == "yarn"
    with pytest.raises(AirflowFailException, match="as JSON"):
        tasks.refuse_fallback(hook)


def _run(stage, monkeypatch, lake, written, context=None):
    """Execute a stage whose Spark application does nothing but write the given documents."""
    from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator

    def submit(self, context):
        for name, document in written.items():
            lake(name, document)

    monkeypatch.setattr(SparkSubmitOperator, "execute", submit)
    context = context or _context()
    return stage.execute(context), context["outlet_events"]


PUBLISHED = {
    "publications/current.json": {"publication": "00000001"},
    "publications/00000001.json": {"number": 1, "tables": {"gold.person": 4, "gold.death": 2}},
    "state/gold.person.json": {"version": 4, "inputs": {}},
    "state/gold.death.json": {"version": 2, "inputs": {}},
}


def test_a_stage_tells_of_the_tables_that_changed_and_of_no_others(tasks, lake, monkeypatch):
    from dags import _assets

    for name, document in PUBLISHED.items():
        lake(name, document)
    stage = _stage(tasks, "gold", ["gold.death", "gold.person"])
    told, events = _run(stage, monkeypatch, lake, {"state/gold.person.json": {"version": 5, "inputs": {}}})
    assert told == {"stage": "gold", "changed": 1, "unread": 1}
    assert events[_assets.tables_of("gold")].added == [("gold.person", {"version": 5})]


def test_a_run_that_changed_nothing_is_skipped_so_that_nothing_downstream_starts(tasks, lake, monkeypatch):
    from airflow.sdk.exceptions import AirflowSkipException

    for name, document in PUBLISHED.items():
        lake(name, document)
    with pytest.raises(AirflowSkipException):
        _run(_stage(tasks, "gold", ["gold.death", "gold.person"]), monkeypatch, lake, {})


def test_news_of_a_try_that_was_killed_before_it_could_tell_is_told_by_the_next(tasks, lake, monkeypatch):
    for name, document in PUBLISHED.items():
        lake(name, document)
    lake("state/gold.person.json", {"version": 5, "inputs": {}})
    told, _ = _run(_stage(tasks, "gold", ["gold.death", "gold.person"]), monkeypatch, lake, {})
    assert told == {"stage": "gold", "changed": 0, "unread": 1}


def test_of_a_feed_is_told_what_is_new_since_before_though_nobody_reads_it(tasks, lake):
    from airflow.sdk.exceptions import AirflowSkipException

    from dags import _assets

    table = "bronze.nobody_reads_it"
    lake(f"state/{table}.json", {"version": 3, "inputs": {}})
    context = _context(as_of="2026-02-03")
    told = tasks.tell("bronze", [table], {table: 2}, [_assets.table(table)], context)
    assert told == {"stage": "bronze", "changed": 1, "unread": 1}
    assert context["outlet_events"][_assets.table(table)].extra == {"as_of": "2026-02-03"}
    with pytest.raises(AirflowSkipException, match=f"{table}: nothing new"):
        tasks.tell("bronze", [table], {table: 3}, [_assets.table(table)], _context())


def test_silver_is_behind_bronze_until_every_reader_stands_on_its_version(tasks, lake):
    from dags import _lake

    readers = [t.table for t in schemas.tables("silver") if "bronze.ehr_fhir" in t.built_from.values()]
    lake("state/bronze.ehr_fhir.json", {"version": 7, "inputs": {}})
    for reader in readers:
        lake(f"state/{reader}.json", {"version": 1, "inputs": {"bronze.ehr_fhir": 7}})
    assert _lake.unread("bronze", ["bronze.ehr_fhir"]) == set()
    lake(f"state/{readers[0]}.json", {"version": 1, "inputs": {"bronze.ehr_fhir": 6}})
    assert _lake.unread("bronze", ["bronze.ehr_fhir"]) == {"bronze.ehr_fhir"}


def test_an_as_of_date_that_was_asked_for_is_handed_to_the_next_stage(tasks, lake, monkeypatch):
    from dags import _assets

    stage = _stage(tasks, "silver", ["silver.clinical_event"])
    written = {"state/silver.clinical_event.json": {"version": 1, "inputs": {}}}
    _, events = _run(stage, monkeypatch, lake, written, _context(as_of="2026-02-03"))
    assert events[_assets.stage("silver")].extra == {"as_of": "2026-02-03"}
