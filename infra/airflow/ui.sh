#!/usr/bin/env bash
# Airflow's UI on a real scheduler, on loopback, until Ctrl-C. AIRFLOW_PORT chooses another port than 8080.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
exec .venv/bin/python -m infra.airflow ui
