"""`make demo`: deliver the demo hospital's export, let Airflow run everything by assets, show what happened."""

from __future__ import annotations

import os
import signal
import sys
import time

from infra.airflow import api, environment, server
from infra.demo import lakeward, summary
from infra.demo.watch import Watch, WatchError

FEED = "ehr_fhir"
EXPORT = environment.CHECKOUT / "infra" / "hospital" / FEED
# Nothing here is deferred to a triggerer.
PROCESSES = ("api-server", "scheduler", "dag-processor")


def main() -> int:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    # The demo's few megabytes: compiling for speed would take longer than the work.
    os.environ.setdefault("SPARK_CONF_DIR", str(environment.CHECKOUT / ".tools" / "spark-small"))
    started = time.monotonic()
    try:
        print(f"Lake: {environment.lake()}\n\nLanding the demo hospital's FHIR export", flush=True)
        lakeward.show("land", FEED, str(EXPORT))
        before = lakeward.status()
        if lakeward.behind(before):
            _run(lakeward.waiting(before, FEED))
        else:
            print("  nothing new: everything in this delivery is in the published tables; Airflow has nothing to do")
        print(summary.render(lakeward.status(), time.monotonic() - started))
    except KeyboardInterrupt:
        print("\ninterrupted; nothing is left running, and `make demo` goes on from what is done", file=sys.stderr)
        return 130
    except (lakeward.LakewardError, server.AirflowError, api.ApiError, WatchError) as fault:
        print(f"\n{fault}", file=sys.stderr)
        return 1
    return 0


def _run(deliveries: int) -> None:
    """Tell Airflow of the landing and wait until a publication follows. An Airflow that we start also ends."""
    if open_already := server.found_running():
        print(f"\nAirflow runs already, at {open_already.url}", flush=True)
        return _follow(open_already, deliveries)
    print("\nStarting Airflow (scheduler, DAG processor, API), about 15 seconds", flush=True)
    with server.running(server.free_port(), PROCESSES) as airflow:
        _follow(airflow, deliveries)
        print("Stopping Airflow", flush=True)


def _follow(airflow: api.Api, deliveries: int) -> None:
    watch = Watch(airflow, environment.home() / "logs")
    if deliveries or not watch.resumed():
        _tell(airflow, deliveries)
    watch.until_published()


def _tell(airflow: api.Api, deliveries: int) -> None:
    """The one thing the demo triggers; all else follows from asset events."""
    # An earlier demo was ended after bronze: nothing waits in landing, but silver has not read bronze yet.
    asset = f"landing.{FEED}" if deliveries else f"bronze.{FEED}"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        listed = airflow.get("/assets", name_pattern=asset)["assets"]
        found = [one["id"] for one in listed if one["name"] == asset]
        if found:
            airflow.post("/assets/events", {"asset_id": found[0], "extra": {}})
            print(f"Told Airflow: {asset} has something new\n", flush=True)
            return
        time.sleep(0.5)
    raise server.AirflowError(f"Airflow does not know the asset {asset}: {_import_errors(airflow)}")


def _import_errors(airflow: api.Api) -> str:
    found = airflow.get("/importErrors")["import_errors"]
    return "; ".join(one["stack_trace"].strip().splitlines()[-1] for one in found) or "no DAG uses it"


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    raise SystemExit(main())
