"""`make demo`: deliver what the demo hospital sends, let Airflow run everything by assets, show what happened."""

from __future__ import annotations

import os
import signal
import sys
import time

from infra.airflow import api, environment, server
from infra.demo import lakeward, summary
from infra.demo.watch import Watch, WatchError

HOSPITAL = environment.CHECKOUT / "infra" / "hospital"
EXPORT = "ehr_fhir"
# A folder for each day, and each of them a delivery, as a real site would send it.
DAILY = ("ehr_fhir_changes", "adt_hl7v2", "lab_hl7v2", "lab_csv", "claims_x12", "claims_csv", "imaging_dicom")
# `lakeward land` says so when a delivery is held: the hospital sends truncated and unbalanced files on purpose.
HELD = 1
# Nothing here is deferred to a triggerer.
PROCESSES = ("api-server", "scheduler", "dag-processor")


def main() -> int:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    # The demo's few megabytes: compiling for speed would take longer than the work.
    os.environ.setdefault("SPARK_CONF_DIR", str(environment.CHECKOUT / ".tools" / "spark-small"))
    started = time.monotonic()
    try:
        print(f"Lake: {environment.lake()}\n\nLanding what the demo hospital sends", flush=True)
        _land()
        before = lakeward.status()
        if lakeward.behind(before):
            _run([one["feed"] for one in before["feeds"] if lakeward.waiting(before, one["feed"])])
        else:
            print("  nothing new: all that was delivered is in the published tables; Airflow has nothing to do")
        print(summary.render(lakeward.status(), time.monotonic() - started))
    except KeyboardInterrupt:
        print("\ninterrupted; nothing is left running, and `make demo` goes on from what is done", file=sys.stderr)
        return 130
    except (lakeward.LakewardError, server.AirflowError, api.ApiError, WatchError) as fault:
        print(f"\n{fault}", file=sys.stderr)
        return 1
    return 0


def _land() -> None:
    """Its export first, then day by day what its systems sent; some of that was spoilt on purpose and is held."""
    lakeward.show("land", EXPORT, str(HOSPITAL / EXPORT))
    for folder in DAILY:
        days = sorted(str(day) for day in (HOSPITAL / folder).iterdir() if day.is_dir())
        lakeward.show("land", folder.removesuffix("_changes"), *days, "--each", fine=(0, HELD))


def _run(feeds: list[str]) -> None:
    """Tell Airflow of the landings and wait until a publication follows. An Airflow that we start also ends."""
    if open_already := server.found_running():
        print(f"\nAirflow runs already, at {open_already.url}", flush=True)
        return _follow(open_already, feeds)
    print("\nStarting Airflow (scheduler, DAG processor, API), about 15 seconds", flush=True)
    with server.running(server.free_port(), PROCESSES) as airflow:
        _follow(airflow, feeds)
        print("Stopping Airflow", flush=True)


def _follow(airflow: api.Api, feeds: list[str]) -> None:
    watch = Watch(airflow, environment.home() / "logs")
    if feeds or not watch.resumed():
        # An earlier demo was ended after bronze: nothing waits in landing, but silver has not read bronze yet.
        for asset in [f"landing.{feed}" for feed in feeds] or [f"bronze.{EXPORT}"]:
            _tell(airflow, asset)
        print(flush=True)
    watch.until_published()


def _tell(airflow: api.Api, asset: str) -> None:
    """What the demo triggers; all else follows from asset events."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        listed = airflow.get("/assets", name_pattern=asset)["assets"]
        found = [one["id"] for one in listed if one["name"] == asset]
        if found:
            airflow.post("/assets/events", {"asset_id": found[0], "extra": {}})
            print(f"Told Airflow: {asset} has something new", flush=True)
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
