"""Intake: a feed's landed deliveries become bronze, each exactly once, in order of arrival."""

from __future__ import annotations

import dataclasses
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any

import schemas
from jobs.shell import (
    arrow_rows,
    deliveries,
    delta_log,
    outbox,
    quarantine,
    records,
    splits,
    state,
    tables,
    whom,
)
from jobs.shell.build import Outcome, Request
from jobs.shell.column_lineage import ColumnLineage, declared
from jobs.shell.column_sources import Source
from jobs.shell.deliveries import Delivery
from jobs.shell.failpoint import reach
from jobs.shell.lake import Lake
from jobs.shell.ledger import STAMPED
from jobs.shell.lineage_datasets import CONTENT, Dataset, of_delivery, of_file
from jobs.shell.settings import Settings
from jobs.shell.witness import GateAndLineage

# So many deliveries share a commit at most.
MOST_TOGETHER = 50
# More files than this are told to lineage as one folder.
MOST_FILES_TOLD = 100


def newest_day(settings: Settings) -> str:
    """The day the newest landed delivery speaks of: its export, else its arrival. The as-of date by default."""
    days = [
        (one.exported_at or one.received_at)[:10]
        for feed in schemas.feeds()
        for one in deliveries.deliveries(feed.feed, settings)
        if one.state == deliveries.LANDED
    ]
    return max(days, default="1970-01-01")


def take_in(
    lake: Lake, feed: str, request: Request, witness: GateAndLineage, say: Callable[[str], None]
) -> list[Outcome]:
    """Take in every delivery of a feed that waits; the table is there even when none does.

    One of which too much is faulty has failed and waits on: it keeps none of those from coming in that came after it.
    Before that, what was set aside of earlier ones is read again where code or declaration are others by now.
    """
    declared_feed = schemas.feed(feed)
    table = schemas.table(declared_feed.table)
    outcomes = []
    with tables.lock(lake.settings, table.table):
        known = _settle(lake, table)
        # What a run before this one took in and could not answer any more, and what was held since.
        outbox.answer(lake, declared_feed, known.deliveries)
        code = state.code_of(table.table)
        aside = _set_aside(lake.settings, feed, known) if known.code != code else ()
        batches = [(one, True) for one in aside]
        batches += [(one, False) for one in _together(deliveries.waiting(feed, lake.settings, known.deliveries))]
        for together, is_again in batches:
            if is_again:
                outcome, known = _take(lake, declared_feed, table, together, known, request, witness, is_again=True)
                made = [outcome]
            else:
                made, known = _take_all(lake, declared_feed, table, together, known, request, witness)
            outcomes += made
            outbox.answer(lake, declared_feed, known.deliveries)
            count, seconds = sum(one.inserted for one in made), sum(one.seconds for one in made)
            which = f"delivery {together[0].delivery_id[:12]}" if len(together) == 1 else f"{len(together)} deliveries"
            say(f"{table.table:<32} {which} {count:>10,} records {seconds:6.1f} s")
            for one in made:
                if one.message:
                    say(f"{table.table:<32} {one.action}: {one.message}")
        if known.code != code:
            known = dataclasses.replace(known, code=code)
            state.write(lake.settings, known)
    return outcomes or [Outcome(table.table, "unchanged", known.version, known.rows)]


def _set_aside(settings: Settings, feed: str, known: state.State) -> Iterator[list[Delivery]]:
    """Deliveries that were taken in and of which records wait."""
    aside = {name for name, noted in known.deliveries.items() if noted["quarantined"]}
    return _together(one for one in deliveries.deliveries(feed, settings) if one.delivery_id in aside)


def _together(waiting: Iterable[Delivery]) -> Iterator[list[Delivery]]:
    """Deliveries in order of arrival, small ones together: a commit and its gate cost the same for one as for many."""
    found: list[Delivery] = []
    size = 0
    for one in waiting:
        weight = sum(file.unpacked for file in one.data)
        if found and (size + weight > splits.SPLIT_BYTES or len(found) == MOST_TOGETHER):
            yield found
            found, size = [], 0
        found.append(one)
        size += weight
    if found:
        yield found


def _take_all(
    lake: Lake,
    feed: schemas.Feed,
    table: schemas.Table,
    together: list[Delivery],
    known: state.State,
    request: Request,
    witness: GateAndLineage,
) -> tuple[list[Outcome], state.State]:
    """Take in deliveries at once; or one by one when one of them is too bad, all but that."""
    try:
        outcome, known = _take(lake, feed, table, together, known, request, witness)
    except records.BadShareError as fault:
        known = _settle(lake, table)
        if len(together) == 1:
            return [Outcome(table.table, "failed", known.version, known.rows, message=str(fault))], known
    else:
        return [outcome], known
    outcomes = []
    for one in together:
        made, known = _take_all(lake, feed, table, [one], known, request, witness)
        outcomes += made
    return outcomes, known


def _settle(lake: Lake, table: schemas.Table) -> state.State:
    """Bring the head back to what is published, and count a generation up so that nothing is taken for a repeat."""
    path = lake.path(table.table)
    known = state.read(lake.settings, table.table)
    tables.create(path, table)
    head = delta_log.head(path)
    published = max(known.version, 0)
    if head > published:
        # Delta skips a transaction it has seen, even when a restore took its rows away: first a new generation.
        known = dataclasses.replace(known, generation=known.generation + 1)
        state.write(lake.settings, known)
        restored = tables.restore(path, published)
        state.write_changes(lake.settings, table.table, restored, known.version, {"resource": [], "delivery": []}, [])
        published = restored
    if known.version != published:
        if known.version < 0:
            state.write_changes(lake.settings, table.table, published, -1, {"resource": [], "delivery": []}, [])
        known = dataclasses.replace(known, version=published)
        state.write(lake.settings, known)
    return known


def _take(
    lake: Lake,
    feed: schemas.Feed,
    table: schemas.Table,
    together: list[Delivery],
    known: state.State,
    request: Request,
    witness: GateAndLineage,
    *,
    is_again: bool = False,
) -> tuple[Outcome, state.State]:
    started = time.monotonic()
    outcome = Outcome(table.table, "built")
    inputs = _inputs(lake.settings, feed, together)
    witness.begin(table.table, inputs, part=records.name(together), request=request)
    try:
        reach("before-bronze")
        witness.declare(table.table, _columns(table, inputs))
        take = records.take_up if is_again else records.take_in
        seen = take(lake, feed, table, together, known, request)
        outcome.version = delta_log.head(lake.path(table.table))
        outcome.inserted = sum(seen.kept.values())
        outcome.rows = known.rows + outcome.inserted
        taken = {**known.deliveries, **{one.delivery_id: _noted(one, seen, known) for one in together}}
        outcome.accounting = _account(lake, feed, table, taken, outcome.version)
        if outcome.version != known.version:
            touched, types = _touched(lake, table, together, outcome.version, known, seen.types)
            state.write_changes(lake.settings, table.table, outcome.version, known.version, touched, types)
            candidate = tables.read(lake.spark, lake.path(table.table), outcome.version)
            part = lake.rows(table.table, outcome.version, since=known.version) if known.rows else None
            measures = witness.judge(table, candidate, outcome, request, part=part)
        else:
            outcome.action, outcome.verdicts, measures = "confirmed", known.verdicts, known.measures
        witness.prepare(outcome)
        outcome.seconds = round(time.monotonic() - started, 2)
        published = dataclasses.replace(
            known,
            version=outcome.version,
            run=request.run,
            rows=outcome.rows,
            accounting=outcome.accounting,
            verdicts=outcome.verdicts,
            measures=measures,
            deliveries=taken,
            at=request.as_of,
            seconds=outcome.seconds,
        )
        reach("before-bronze-publish")
        state.write(lake.settings, published)
        witness.finish(outcome)
    except BaseException as fault:
        witness.fail(table.table, fault)
        raise
    return outcome, published


def _touched(
    lake: Lake, table: schemas.Table, together: list[Delivery], version: int, known: state.State, types: list[str]
) -> tuple[dict[str, list[int] | None], list[str]]:
    """The deliveries, the resources that they speak of, and their types."""
    own = [int(one.delivery_id[: whom.DELIVERY_DIGITS], 16) for one in together]
    # Into an empty table everything is new: whoever reads it builds everything.
    if not known.rows or sum(one.records for one in together) > state.MOST_TOUCHED:
        return {"resource": None, "delivery": own}, types
    path = lake.path(table.table)
    fresh = arrow_rows.dataset(path, delta_log.version(path, version), delta_log.fresh(path, version, known.version))
    ids = whom.resource_keys(fresh.to_table(columns=list(whom.RESOURCE)))
    return {"resource": sorted(set(ids.tolist())), "delivery": own}, types


def _noted(delivery: Delivery, seen: records.Seen, known: state.State) -> dict[str, Any]:
    before = known.deliveries.get(delivery.delivery_id, {"records": 0, "quarantined": 0})
    kept, faulty = seen.kept[delivery.delivery_id], seen.faulty[delivery.delivery_id]
    return {
        "received_at": delivery.received_at,
        "exported_at": delivery.exported_at,
        "records": before["records"] - before["quarantined"] + kept + faulty,
        "quarantined": faulty,
    }


def _account(
    lake: Lake, feed: schemas.Feed, table: schemas.Table, taken: Collection[str], version: int
) -> dict[str, Any]:
    """Records the ledger counted on arrival against those that are in bronze and in quarantine."""
    known = deliveries.deliveries(feed.feed, lake.settings)
    announced = sum(one.records for one in known if one.delivery_id in taken)
    written = delta_log.version(lake.path(table.table), version)
    # Counted when they were written, type by type where the table is partitioned so.
    by_type = Counter[str]()
    for file in written.files:
        by_type[dict(file.partition).get("resource_type") or ""] += file.rows
    read = {kind for name in schemas.names("silver") for kind in schemas.table(name).resource_types}
    # What a message of another format says is known once it is translated.
    told = by_type if feed.format == "fhir" else {}
    held = quarantine.waiting(lake, table.table)
    out = written.rows
    return {
        "in": announced,
        "out": out,
        "held": held,
        "quarantined": quarantine.reasons(lake, table.table),
        "not_mapped": {kind: count for kind, count in sorted(told.items()) if kind not in read},
        "missing": announced - out - held,
    }


def _inputs(settings: Settings, feed: schemas.Feed, together: list[Delivery]) -> list[Dataset]:
    folder = deliveries.folder(feed.feed, settings)
    if sum(len(one.data) for one in together) > MOST_FILES_TOLD:
        return [
            of_delivery(f"{folder}/{one.delivery_id}", one.delivery_id, files=len(one.data),
                        bytes=sum(file.size for file in one.data))
            for one in together
        ]  # fmt: skip
    files = [file for one in together for file in one.data]
    return [of_file(f"{folder}/{f.path}", f.digest, bytes=f.size, rows=f.records) for f in files]


def _columns(table: schemas.Table, inputs: Sequence[Dataset]) -> ColumnLineage:
    """What the parser takes from the bytes of a file; the rest, of no file, the shell stamps on every record."""
    sources = [Source(one.called, CONTENT) for one in inputs]
    return declared({c: [] if c in STAMPED else sources for c in table.columns}, identical=("payload",))
