"""Feed: one source's deliveries, from landing to bronze.

`lakeward land` puts a delivery into the ledger. This DAG asks the ledger whether one waits, and only then starts
Spark: every record becomes one bronze row with its bytes, or waits in quarantine with its faults. A delivery with too
many faults fails the run, but keeps nothing from silver that came in beside it.

Runs when somebody tells Airflow of a landing (an event of the asset `landing.<feed>`), on the feed's own arrival
schedule in its own time zone, or by hand.
"""

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, AssetOrTimeSchedule, CronTriggerTimetable, TriggerRule, task

import schemas
from dags import _assets, _tasks


def _schedule(feed: schemas.Feed):
    landed = _assets.landing(feed.feed)
    if not feed.schedule:
        return [landed]
    arrivals = CronTriggerTimetable(feed.schedule, timezone=feed.time_zone)
    return AssetOrTimeSchedule(timetable=arrivals, assets=[landed])


@task.short_circuit
def waiting(feed: str, table: str) -> dict[str, int] | None:
    """How many deliveries wait, and the version of bronze before they are taken in; when none waits the run ends."""
    from dags import _lake

    count = _lake.waiting(feed)
    return {"waiting": count, "version": _lake.versions([table]).get(table, -1)} if count else None


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
        before = waiting(feed.feed, feed.table)
        taken = _tasks.take_in(feed)
        told = _tasks.tell_of_feed.override(outlets=[_assets.table(feed.table)])(feed.table, before)
        # The last task fails with the work, so that the run does.
        before >> taken >> told
        [taken, told] >> EmptyOperator(task_id="done", trigger_rule=TriggerRule.NONE_FAILED)
