"""Feed: one source's deliveries, from landing to bronze.

`lakeward land` puts a delivery into the ledger. This DAG asks the ledger whether one waits, and only then starts
Spark: every record becomes one bronze row with its bytes, or waits in quarantine with its faults.

Runs when somebody tells Airflow of a landing (an event of the asset `landing.<feed>`), on the feed's own arrival
schedule in its own time zone, or by hand.
"""

from airflow.sdk import DAG, AssetOrTimeSchedule, CronTriggerTimetable, task

import schemas
from dags import _assets, _tasks


def _schedule(feed: schemas.Feed):
    landed = _assets.landing(feed.feed)
    if not feed.schedule:
        return [landed]
    arrivals = CronTriggerTimetable(feed.schedule, timezone=feed.time_zone)
    return AssetOrTimeSchedule(timetable=arrivals, assets=[landed])


@task.short_circuit
def waiting(feed: str) -> int:
    """How many deliveries the ledger holds that bronze has not taken; none ends the run here."""
    from dags import _lake

    return _lake.waiting(feed)


for feed in schemas.feeds():
    with DAG(
        f"feed_{feed.feed}",
        description=f"Deliveries of {feed.feed}, from landing to bronze",
        doc_md=f"{__doc__}\n**{feed.feed}**: {feed.doc}",
        schedule=_schedule(feed),
        catchup=False,
        max_active_runs=1,
        default_args={**_tasks.DEFAULTS, "owner": feed.owner},
        params=_tasks.params([feed.table]),
        tags=["bronze", feed.format],
    ):
        landed = _assets.landing(feed.feed)
        taken = _tasks.spark_stage("bronze", [feed.table], task_id="take_in", feed=feed.feed, inlets=[landed])
        waiting(feed.feed) >> taken
