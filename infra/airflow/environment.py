"""The environment Airflow's processes run in: settings.env, plus what differs by machine."""

from __future__ import annotations

import base64
import json
import os
import pathlib
import secrets
import sys

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
SETTINGS = pathlib.Path(__file__).with_name("settings.env")
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def home() -> pathlib.Path:
    """Airflow's own folder: AIRFLOW_HOME, or .airflow in the checkout."""
    return pathlib.Path(os.environ.get("AIRFLOW_HOME") or CHECKOUT / ".airflow").resolve()


def lake() -> pathlib.Path:
    """LAKEWARD_HOME, or ./lake, whole: the DAGs run in another working directory."""
    return pathlib.Path(os.environ.get("LAKEWARD_HOME") or "lake").resolve()


def settings() -> dict[str, str]:
    """settings.env as a mapping."""
    lines = (line.strip() for line in SETTINGS.read_text(encoding="utf-8").splitlines())
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def environment(port: int = 8080) -> dict[str, str]:
    """Everything Airflow's processes need; what the caller's environment already says wins over settings.env."""
    found = {**settings(), **os.environ}
    found |= {
        "AIRFLOW_HOME": str(home()),
        "AIRFLOW__CORE__DAGS_FOLDER": str(CHECKOUT / "dags"),
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home() / "logs"),
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://{_host(found)}:{port}",
        "LAKEWARD_HOME": str(lake()),
        "SPARK_CONF_DIR": os.environ.get("SPARK_CONF_DIR") or str(CHECKOUT / ".tools" / "spark"),
        "PYTHONPATH": os.pathsep.join([str(CHECKOUT), *filter(None, [os.environ.get("PYTHONPATH")])]),
        "PATH": os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
    }
    found |= {"PYSPARK_PYTHON": sys.executable, "PYSPARK_DRIVER_PYTHON": sys.executable}
    # JSON, because the URI form cannot say local[2] and the Spark provider would then submit to YARN.
    found.setdefault("AIRFLOW_CONN_SPARK_DEFAULT", json.dumps({"conn_type": "spark", "host": _master()}))
    found.setdefault("JAVA_HOME", _java())
    found |= _secrets() | _lineage(found)
    refuse_open_door(found)
    return found


def refuse_open_door(found: dict[str, str]) -> None:
    """The password-file users of SimpleAuthManager are for one's own machine (S12): elsewhere FAB or SSO."""
    if "SimpleAuthManager" in found["AIRFLOW__CORE__AUTH_MANAGER"] and _host(found) not in LOOPBACK:
        raise SystemExit(
            "Airflow: SimpleAuthManager serves loopback only; set AIRFLOW__CORE__AUTH_MANAGER to FAB or SSO"
        )


def _host(found: dict[str, str]) -> str:
    return found["AIRFLOW__API__HOST"]


def _master() -> str:
    return os.environ.get("LAKEWARD_SPARK_MASTER") or f"local[{os.cpu_count() or 2}]"


def _java() -> str:
    noted = CHECKOUT / ".tools" / "java_home"
    return noted.read_text(encoding="utf-8").strip() if noted.is_file() else ""


def _lineage(found: dict[str, str]) -> dict[str, str]:
    """File transport beside the jobs' own events, unless OpenLineage is configured otherwise (HTTP, say)."""
    if found.get("OPENLINEAGE_URL") or found.get("OPENLINEAGE_CONFIG") or found.get("AIRFLOW__OPENLINEAGE__TRANSPORT"):
        return {}
    transport = {"type": "file", "log_file_path": str(lineage_folder() / "airflow.ndjson"), "append": True}
    return {"AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(transport)}


def lineage_folder() -> pathlib.Path:
    """Where lineage events lie as files."""
    return pathlib.Path(os.environ.get("LAKEWARD_OPS_ROOT") or lake() / "ops") / "lineage"


def _secrets() -> dict[str, str]:
    """Keys made once for this AIRFLOW_HOME, readable by its owner alone."""
    path = home() / "secrets.json"
    if not path.is_file():
        home().mkdir(parents=True, exist_ok=True)
        made = {
            "AIRFLOW__CORE__FERNET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "AIRFLOW__API__SECRET_KEY": secrets.token_urlsafe(32),
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_urlsafe(48),
        }
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(made, file)
    return {name: os.environ.get(name, key) for name, key in json.loads(path.read_text(encoding="utf-8")).items()}
