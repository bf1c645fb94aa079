#!/usr/bin/env bash
# Airflow's SQLite, pools and keys under AIRFLOW_HOME (.airflow here unless set); what is there already is kept.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
exec .venv/bin/python -m infra.airflow prepare
