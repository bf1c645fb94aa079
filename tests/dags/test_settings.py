"""Airflow's hardening (threat S12), held to settings.env and to the environment that processes really get."""

import json
import stat

import pytest

from infra.airflow import environment, xcom

SETTINGS = environment.settings()


@pytest.fixture
def found(tmp_path, monkeypatch):
    """The environment of Airflow's processes on a fresh machine."""
    for name in ("AIRFLOW_CONN_SPARK_DEFAULT", "LAKEWARD_OPS_ROOT", "OPENLINEAGE_URL", "LAKEWARD_SPARK_MASTER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "airflow"))
    monkeypatch.setenv("LAKEWARD_HOME", str(tmp_path / "lake"))
    return environment.environment(8085)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AIRFLOW__CORE__LOAD_EXAMPLES", "False"),
        ("AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION", "False"),
        ("AIRFLOW__CORE__PARALLELISM", "2"),
        ("AIRFLOW__API__WORKERS", "1"),
        ("AIRFLOW__API__HOST", "127.0.0.1"),
        ("AIRFLOW__API__EXPOSE_CONFIG", "False"),
        ("AIRFLOW__API__EXPOSE_STACKTRACE", "False"),
        ("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS", "False"),
        ("AIRFLOW__CORE__TEST_CONNECTION", "Disabled"),
        ("AIRFLOW__CORE__XCOM_BACKEND", "infra.airflow.xcom.IdsAndCounts"),
        ("GX_ANALYTICS_ENABLED", "false"),
    ],
)
def test_a_hardening_setting_is_what_it_must_be(name, value):
    assert SETTINGS[name] == value


def test_every_setting_is_one_that_this_airflow_knows():
    from airflow.configuration import conf
    from airflow.providers.openlineage.get_provider_info import get_provider_info

    lineage = get_provider_info()["config"]["openlineage"]["options"]
    for name in SETTINGS:
        if name.startswith("AIRFLOW__"):
            section, option = name.removeprefix("AIRFLOW__").lower().split("__", 1)
            known = lineage if section == "openlineage" else conf.configuration_description[section]["options"]
            assert option in known, name


def test_keys_are_generated_once_and_only_their_owner_reads_them(found):
    from cryptography.fernet import Fernet

    Fernet(found["AIRFLOW__CORE__FERNET_KEY"].encode())
    again = environment.environment(8085)
    for name in ("AIRFLOW__CORE__FERNET_KEY", "AIRFLOW__API__SECRET_KEY", "AIRFLOW__API_AUTH__JWT_SECRET"):
        assert len(found[name]) >= 32
        assert again[name] == found[name]
    mode = stat.S_IMODE((environment.home() / "secrets.json").stat().st_mode)
    assert oct(mode) == "0o600"


def test_no_process_is_given_the_database_address(found):
    assert "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN" not in found


def test_the_spark_connection_is_json_for_this_machine(found):
    connection = json.loads(found["AIRFLOW_CONN_SPARK_DEFAULT"])
    assert connection["conn_type"] == "spark"
    assert connection["host"].startswith("local[")


def test_lineage_goes_to_the_lake_in_one_namespace_by_appending(found, tmp_path):
    transport = json.loads(found["AIRFLOW__OPENLINEAGE__TRANSPORT"])
    place = str(tmp_path / "lake" / "ops" / "lineage" / "airflow.ndjson")
    assert transport == {"type": "file", "log_file_path": place, "append": True}
    assert found["AIRFLOW__OPENLINEAGE__NAMESPACE"] == "lakeward"
    everywhere = json.loads(found["AIRFLOW__OPENLINEAGE__EMISSION_POLICY"])[0]
    assert everywhere == {"scope": {}, "controls": {"include_source_code": False, "hook_lineage": False}}


def test_lineage_by_http_is_left_alone(found, monkeypatch):
    monkeypatch.setenv("OPENLINEAGE_URL", "http://127.0.0.1:5000")
    assert "AIRFLOW__OPENLINEAGE__TRANSPORT" not in environment.environment(8085)


def test_password_file_users_are_refused_on_other_addresses_than_loopback(found, monkeypatch):
    monkeypatch.setenv("AIRFLOW__API__HOST", "0.0.0.0")
    with pytest.raises(SystemExit, match="FAB or SSO"):
        environment.environment(8085)
    monkeypatch.setenv(
        "AIRFLOW__CORE__AUTH_MANAGER", "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"
    )
    environment.environment(8085)


@pytest.mark.parametrize(
    "value", [None, 3, True, "silver.patient", {"stage": "gold", "changed": 2, "unread": 3}, {"skipped": ["take_in"]}]
)
def test_xcom_takes_ids_and_counts(value):
    assert xcom.IdsAndCounts.serialize_value(value, key="return_value", task_id="build") is not None or value is None


@pytest.mark.parametrize(
    "value", ["Doe^Jane", 3.7, {"name": 1}, {"stage": "1975-03-02"}, ["x" * 65], b"x", {"stage": {"stage": "A B"}}]
)
def test_xcom_refuses_anything_else_and_does_not_repeat_it(value):
    with pytest.raises(xcom.NotIdsAndCountsError) as caught:
        xcom.IdsAndCounts.serialize_value(value, key="return_value", task_id="build")
    assert str(caught.value).startswith("build.return_value")
    assert not any(word in str(caught.value) for word in ("Doe", "1975", "xxx", "A B", "3.7"))
