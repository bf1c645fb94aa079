"""Airflow reads its settings when it is imported: they are set before any test here imports it."""

import os
import pathlib
import tempfile

import pytest

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="lakeward-airflow-"))

from infra.airflow import environment  # noqa: E402 - after AIRFLOW_HOME

os.environ.update({name: value for name, value in environment.settings().items() if name.startswith("AIRFLOW__")})


@pytest.fixture(scope="session")
def dag_bag():
    """Every DAG of the checkout, parsed once."""
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(str(CHECKOUT / "dags"))


@pytest.fixture
def lake(tmp_path, monkeypatch):
    """An empty lake whose operations documents a test writes by hand: `lake("state/x.json", {...})`."""
    import json

    monkeypatch.setenv("LAKEWARD_HOME", str(tmp_path))
    monkeypatch.delenv("LAKEWARD_OPS_ROOT", raising=False)

    def write(name, document):
        path = tmp_path / "ops" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document))

    return write
