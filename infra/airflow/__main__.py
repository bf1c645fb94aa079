"""`python -m infra.airflow prepare` and `ui`: what prepare.sh and ui.sh call."""

from __future__ import annotations

import os
import signal
import sys
import time

from infra.airflow import environment, server


def ui(port: int) -> int:
    """A real scheduler and the UI until Ctrl-C."""
    if server.port_taken(port):
        print(f"port {port} is taken: set AIRFLOW_PORT to another", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    print("Airflow starts, about 20 seconds ...", flush=True)
    try:
        with server.running(port) as api:
            print(f"\n  {api.url}   user admin, password {api.password()}")
            print(f"  lake {environment.lake()}, logs {environment.home() / 'logs'}\n  Ctrl-C ends it\n", flush=True)
            while True:
                time.sleep(3600)
    except KeyboardInterrupt:
        print("\nAirflow has ended")
        return 0


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def main(given: list[str]) -> int:
    try:
        if given == ["prepare"]:
            server.prepare()
            return 0
        if given == ["ui"]:
            return ui(int(os.environ.get("AIRFLOW_PORT", "8080")))
    except server.AirflowError as fault:
        print(fault, file=sys.stderr)
        return 1
    print("usage: python -m infra.airflow prepare|ui", file=sys.stderr)
    return 2


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
