"""Outbox: what is answered to those who deliver, each delivery once: HL7 acknowledgements, X12 TA1 and 999.

<home>/outbox/<feed>/<delivery_id>/ holds the answers to a delivery that is in bronze: <digest>.hl7 with the ACKs of a
file in the order of its messages, <digest>-<n>.x12 with one interchange for each that arrived; and answered.json. The
folder is made aside and renamed: either all answers are there or none, and never a second time. A sender sends again
what is held: each HL7 message of such a delivery is answered AE with what holds it, each X12 interchange is refused.
"""

from __future__ import annotations

import datetime
import os
import shutil
import zoneinfo
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import schemas
from jobs.formats import hl7v2, hl7v2_answers, ndjson, x12, x12_acknowledge
from jobs.formats.unpacking import NOT_UNPACKED
from jobs.formats.x12_acknowledge import Answer
from jobs.shell import documents, ledger, splits
from jobs.shell.arrival import STILL_IN_TRANSFER, format_of
from jobs.shell.failpoint import reach
from jobs.shell.lake import Lake
from jobs.shell.ledger import HELD, LANDED, Delivery, LandedFile
from jobs.shell.settings import Settings
from jobs.shell.splits import Split

# More than this is answered by all cores; for less, starting them takes longer.
ALONE_BYTES = 8 << 20
_DOCUMENT, _MAKING = "answered.json", ".making"

Task = Callable[[Split], Any]
Known = frozenset[tuple[str, str]]


def folder(feed: str, settings: Settings) -> str:
    """The feed's outbox."""
    return os.path.join(settings.home, "outbox", feed)


def answer(lake: Lake, feed: schemas.Feed, taken: Iterable[str]) -> int:
    """Answer the deliveries that are in bronze and not answered yet; how many there were.

    The caller holds the lock of the feed's table. A delivery that nobody is answered for gets its folder too.
    """
    write = _WRITES.get(feed.format)
    if write is None:
        return 0
    home = folder(feed.feed, lake.settings)
    shutil.rmtree(f"{home}/{_MAKING}", ignore_errors=True)
    answered = set(os.listdir(home)) if os.path.isdir(home) else set()
    known = ledger.deliveries(feed.feed, lake.settings)
    in_bronze = set(taken)
    waiting = [one for one in known if one.delivery_id not in answered]
    due = [one for one in waiting if one.delivery_id in in_bronze or one.state == HELD]
    for delivery in due:
        making = f"{home}/{_MAKING}/{delivery.delivery_id}"
        documents.make_folder(making)
        noted = write(lake, feed, delivery, known, making)
        documents.write(f"{making}/{_DOCUMENT}", {"delivery_id": delivery.delivery_id, **noted})
        reach("answers-made")
        os.rename(making, f"{home}/{delivery.delivery_id}")
        documents.sync(home)
        reach("answers-written")
    shutil.rmtree(f"{home}/{_MAKING}", ignore_errors=True)
    return len(due)


def _write_file(path: str, parts: Iterable[bytes]) -> None:
    with open(path, "xb") as out:
        for part in parts:
            out.write(part)
        out.flush()
        os.fsync(out.fileno())


def _answered_at(feed: schemas.Feed, delivery: Delivery) -> datetime.datetime:
    # When it was received, in the clock of those who sent it: the answer is the same whenever it is made again.
    return datetime.datetime.fromisoformat(delivery.received_at).astimezone(zoneinfo.ZoneInfo(feed.time_zone))


def _hl7v2(lake: Lake, feed: schemas.Feed, delivery: Delivery, known: list[Delivery], making: str) -> dict[str, Any]:
    """One ACK for each message that wants one."""
    at, limits = _answered_at(feed, delivery), hl7v2.Limits.of(feed.limits)
    held = delivery.reasons if delivery.state == HELD else ()

    def acknowledge(split: Split) -> tuple[int, bytes]:
        made = list(hl7v2_answers.of_file(split.path, split.first, split.last, limits=limits, at=at, held=held))
        return len(made), b"".join(made)

    count = 0
    for file in _readable(feed, delivery):
        parts = list(_done(lake, feed, file, acknowledge))
        count += sum(number for number, _ in parts)
        if any(number for number, _ in parts):
            _write_file(f"{making}/{file.digest}.hl7", (made for _, made in parts))
    return {"answers": count}


def _x12(lake: Lake, feed: schemas.Feed, delivery: Delivery, known: list[Delivery], making: str) -> dict[str, Any]:
    """TA1 and 999 for each interchange; our interchange control numbers go on from those used so far."""
    at, limits, first = _answered_at(feed, delivery), x12.Limits.of(feed.limits), _next_number(feed, lake.settings)
    before = _interchanges_before(delivery, known)
    held = delivery.reasons if delivery.state == HELD else ()
    number = first
    # What is still on its way has not arrived.
    files = [] if STILL_IN_TRANSFER in held else _readable(feed, delivery)
    for file in files:
        path = f"{ledger.folder(feed.feed, lake.settings)}/{file.path}"
        seen = frozenset((one["sender"], one["number"]) for one in before)

        def reply(split: Split, path: str = path, number: int = number, seen: Known = seen) -> list[Answer]:
            with ndjson.open_bytes(path) as stream:
                blocks = iter(lambda: stream.read(ndjson.BLOCK), b"")
                return x12_acknowledge.answer(blocks, at=at, number=number, limits=limits, seen=seen, held=held)

        [made] = _done(lake, feed, file, reply, whole=True)
        for place, one in enumerate(made, 1):
            _write_file(f"{making}/{file.digest}-{place}.x12", [one.payload])
        number += len(made)
        before += file.interchanges
    return {"answers": number - first, "first_number": first}


def _readable(feed: schemas.Feed, delivery: Delivery) -> list[LandedFile]:
    """The files that can be read; of what is held for what cannot be, there is nobody to answer to."""
    if not NOT_UNPACKED.isdisjoint(delivery.reasons):
        return []
    return [file for file in delivery.data if file.shape in format_of(feed).LINES]


def _done(lake: Lake, feed: schemas.Feed, file: LandedFile, task: Task, *, whole: bool = False) -> Iterator[Any]:
    """What a task gives for each split of a file, in their order; a large file's splits are done by all cores."""
    planned = splits.of_file(feed, file, ledger.folder(feed.feed, lake.settings))
    planned = planned[:1] if whole else planned
    if file.unpacked <= ALONE_BYTES:
        yield from map(task, planned)
    else:
        yield from lake.spark.sparkContext.parallelize(planned, len(planned)).map(task).toLocalIterator()


def _interchanges_before(delivery: Delivery, known: list[Delivery]) -> list[Mapping[str, str]]:
    """Interchanges that had landed when this delivery came."""
    before = known[: known.index(delivery)]
    landed = [file for one in before if one.state == LANDED for file in one.files]
    return [one for file in landed for one in file.interchanges]


def _next_number(feed: schemas.Feed, settings: Settings) -> int:
    """The first interchange control number that no answer of this feed has (ISA13: 1 to 999,999,999)."""
    home, last = folder(feed.feed, settings), 0
    for name in os.listdir(home) if os.path.isdir(home) else ():
        noted = documents.read(f"{home}/{name}/{_DOCUMENT}")
        if noted:
            last = max(last, noted["first_number"] + noted["answers"] - 1)
    return last % 999_999_999 + 1


_WRITES = {"hl7v2": _hl7v2, "x12": _x12}
