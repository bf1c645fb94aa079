"""Lineage events to a consumer over a wire (Marquez, or whatever openlineage.yml names), beside the log.

The log is the record; the wire is a copy. So a consumer that is down, slow or refuses costs a run nothing but a
line in its report: one thread sends, with a time limit, and stops trying after a few failures for a while.
"""

from __future__ import annotations

import os
import pathlib
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jobs.shell.lineage_log import Event

# Events that may wait; a run of 70 tables makes some 150.
MOST_WAITING = 2_000
FAILURES_TO_OPEN = 3
SECONDS_OPEN = 30.0
SECONDS_AT_END = 5.0

Send = Callable[[Event], Any]


@dataclass
class Delivery:
    """What became of the events on the wire."""

    sent: int = 0
    undelivered: int = 0
    reason: str = ""


def configured() -> bool:
    """Whether a consumer is configured, in the ways of openlineage-python."""
    if os.environ.get("OPENLINEAGE_DISABLED", "").strip().lower() == "true":
        return False
    if os.environ.get("OPENLINEAGE_URL") or any(name.startswith("OPENLINEAGE__TRANSPORT") for name in os.environ):
        return True
    config = os.environ.get("OPENLINEAGE_CONFIG")
    places = [config, "openlineage.yml", pathlib.Path.home() / ".openlineage" / "openlineage.yml"]
    return any(place and os.path.isfile(place) for place in places)


def sender() -> Send:
    """A function that sends one event as configured; raises what the transport raises."""
    from openlineage.client import OpenLineageClient
    from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
    from openlineage.client.facet_v2 import tags_run

    url = os.environ.get("OPENLINEAGE_URL")
    # The client's own defaults would try six times, with five seconds for each.
    quick: dict[str, Any] = {"type": "http", "url": url, "timeout": 3.0, "retry": {"total": 1, "connect": 1, "read": 1}}
    if endpoint := os.environ.get("OPENLINEAGE_ENDPOINT"):
        quick["endpoint"] = endpoint
    if api_key := os.environ.get("OPENLINEAGE_API_KEY"):
        quick["auth"] = {"type": "api_key", "apiKey": api_key}
    client = OpenLineageClient(config={"transport": quick}) if url else OpenLineageClient()

    def send(event: Event) -> None:
        run = event["run"]
        # The client adds tags of its own, and wants to find ours as its class.
        tags = [tags_run.TagsRunFacetFields(**tag) for tag in run["facets"]["tags"]["tags"]]
        facets = {**run["facets"], "tags": tags_run.TagsRunFacet(tags=tags, producer=event["producer"])}
        client.emit(
            RunEvent(
                eventTime=event["eventTime"],
                eventType=RunState(event["eventType"]),
                producer=event["producer"],
                run=Run(runId=run["runId"], facets=facets),
                job=Job(**{**event["job"], "facets": dict(event["job"]["facets"])}),
                inputs=[InputDataset(**one) for one in event["inputs"]],
                outputs=[OutputDataset(**one) for one in event["outputs"]],
            )
        )

    return send


class Wire:
    """Sends events from a thread of its own, in order."""

    def __init__(self, make: Callable[[], Send] = sender) -> None:
        self.delivery = Delivery()
        self._make = make
        self._waiting: queue.Queue[Event | None] = queue.Queue(MOST_WAITING)
        self._thread = threading.Thread(target=self._work, name="lineage-wire", daemon=True)
        self._thread.start()

    def put(self, event: Event) -> None:
        """Hand over an event; never waits."""
        try:
            self._waiting.put_nowait(event)
        except queue.Full:
            self.delivery.undelivered += 1
            self.delivery.reason = self.delivery.reason or "Full"

    def close(self, patience: float = SECONDS_AT_END) -> Delivery:
        """Wait a little for what is under way; the rest counts as undelivered."""
        deadline = time.monotonic() + patience
        while self._thread.is_alive() and time.monotonic() < deadline:
            try:
                self._waiting.put(None, timeout=0.1)
                break
            except queue.Full:
                continue
        self._thread.join(max(0.0, deadline - time.monotonic()))
        waiting = sum(1 for one in list(self._waiting.queue) if one is not None)
        busy = 1 if self._thread.is_alive() else 0
        return Delivery(self.delivery.sent, self.delivery.undelivered + waiting + busy, self.delivery.reason)

    def _work(self) -> None:
        send: Send | None = None
        failures, closed_again = 0, 0.0
        while (event := self._waiting.get()) is not None:
            if failures >= FAILURES_TO_OPEN and time.monotonic() < closed_again:
                self.delivery.undelivered += 1
                continue
            try:
                send = send or self._make()
                send(event)
                self.delivery.sent += 1
                failures = 0
            except Exception as fault:
                # The class alone: a message may hold an address with a key in it.
                self.delivery.undelivered += 1
                self.delivery.reason = type(fault).__name__
                failures += 1
                closed_again = time.monotonic() + SECONDS_OPEN
