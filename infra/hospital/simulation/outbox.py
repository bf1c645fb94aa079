"""The files of a simulation as they are written: each day's, by feed; file by file what is in it and where."""

from __future__ import annotations

import hashlib
import pathlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from infra.hospital.simulation.trouble import Planter
from infra.hospital.simulation.truth import HELD, KEPT, KNOWN, Truth


@dataclass
class Part:
    """One piece of a file: a message, a claim, a row. `faults` are the truth about what was planted in it."""

    data: bytes
    id: str | None = None
    faults: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class File:
    """A file to send, as the sender means it; `kind` is what its parts with an id are."""

    feed: str
    name: str
    parts: Sequence[Part]
    kind: str

    @property
    def data(self) -> bytes:
        """Its content."""
        return b"".join(part.data for part in self.parts)


@dataclass
class _Item:
    """A file that waits for its day. `again_of`: where the same bytes were sent before."""

    file: File
    name: str
    data: bytes
    fault: dict[str, Any] | None = None
    is_spoilt: bool = False
    again_of: str | None = None


class Outbox:
    """Where files go. What comes late, or once more, may come after the last day.

    A folder of a day and feed is a delivery. One spoilt file holds all of it, so the sender sends the others again
    with the good one on the next day; who takes in file by file has them already.
    """

    def __init__(self, out: pathlib.Path, last: date, planter: Planter, truth: Truth) -> None:
        self.out = out
        self.last = last
        self.planter = planter
        self.truth = truth
        self.bytes = 0
        self._waiting: dict[date, dict[str, list[_Item]]] = defaultdict(lambda: defaultdict(list))

    def send(self, day: date, file: File) -> None:
        """Send a file on a day; sometimes it comes late, or twice."""
        due, feed, data = self.planter.due, file.feed, file.data
        item, came = _Item(file, file.name, data), day
        if due("late_file", feed):
            came = day + timedelta(2)
            item.fault = {"kind": "late_file", "fate": KEPT, "due": str(day)}
        self._waiting[came][feed].append(item)
        if due("same_file_again", feed):
            first = _path(came, feed, file.name)
            told = {"kind": "same_file_again", "fate": KNOWN, "by": first}
            again = _Item(file, f"again_{file.name}", data, told, again_of=first)
            self._waiting[came + timedelta(1)][feed].append(again)

    def send_again(self, day: date, file: File, data: bytes, kind: str, reasons: Sequence[str], first: date) -> None:
        """Send what a file of an earlier day said in other bytes, which are to be refused."""
        told = {"kind": kind, "fate": HELD, "reasons": list(reasons), "layer": "ledger"}
        told["by"] = _path(first, file.feed, file.name)
        self._waiting[day][file.feed].append(_Item(file, f"renumbered_{file.name}", data, told, is_spoilt=True))

    def send_spoilt(self, day: date, file: File, data: bytes, kind: str, reasons: Sequence[str], **more: str) -> None:
        """Send what is left of a file; the good one comes the day after."""
        tomorrow = day + timedelta(1)
        told = {"kind": kind, "fate": HELD, "reasons": list(reasons), "by": _path(tomorrow, file.feed, file.name)}
        told |= more
        self._waiting[day][file.feed].append(_Item(file, f"first_{file.name}", data, told, is_spoilt=True))
        self._waiting[tomorrow][file.feed].append(_Item(file, file.name, file.data))

    def close(self, day: date) -> None:
        """Write what a day's feeds have; what stands beside a spoilt file is sent again tomorrow."""
        for feed, items in self._waiting.pop(day, {}).items():
            folder = self.out / str(day) / feed
            folder.mkdir(parents=True, exist_ok=True)
            spoilt = next((_path(day, feed, one.name) for one in items if one.is_spoilt), None)
            for item in items:
                path = _path(day, feed, item.name)
                with (self.out / path).open("xb") as out:
                    out.write(item.data)
                self._note(path, item, None if item.is_spoilt else spoilt)
                if spoilt and not item.is_spoilt:
                    again = _Item(item.file, item.name, item.data, again_of=item.again_of or path)
                    self._waiting[day + timedelta(1)][feed].append(again)

    @property
    def days_left(self) -> list[date]:
        """The days for which something waits."""
        return sorted(self._waiting)

    def whole(self, path: pathlib.Path, feed: str, what: str, records: int) -> None:
        """Note a file that was written already."""
        digest = hashlib.sha256()
        with path.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
        told = {"feed": feed, "file": str(path.relative_to(self.out)), "what": what, "bytes": path.stat().st_size}
        self._tell({**told, "records": records, "sha256": digest.hexdigest(), "accepted": True})

    def _note(self, path: str, item: _Item, held_with: str | None) -> None:
        file, is_new = item.file, not item.is_spoilt and item.again_of is None
        place = 0
        for part in file.parts if is_new else ():
            where = {"feed": file.feed, "file": path, "position": place, "length": len(part.data.strip())}
            self.truth.faults += [{**where, "id": part.id, **fault} for fault in part.faults]
            place += len(part.data)
        if item.fault:
            self.truth.faults.append({"feed": file.feed, "file": path, **item.fault})
        told = {"feed": file.feed, "file": path, "what": file.kind, "bytes": len(item.data)}
        told["records"] = None if item.is_spoilt else sum(part.id is not None for part in file.parts)
        told |= {"sha256": hashlib.sha256(item.data).hexdigest(), "accepted": is_new}
        told |= {"held_with": held_with} if held_with else {}
        self._tell(told | ({"again_of": item.again_of} if item.again_of else {}))

    def _tell(self, told: dict[str, Any]) -> None:
        self.bytes += told["bytes"]
        self.truth.files.append(told)


def _path(day: date, feed: str, name: str) -> str:
    return f"{day}/{feed}/{name}"
