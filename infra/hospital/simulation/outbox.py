"""The files of a simulation as they are written: each day's, by feed; file by file what is in it and where."""

from __future__ import annotations

import hashlib
import pathlib
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
    """A file to send. `spoilt` makes of its whole content what a planted fault of the file leaves, with its reasons."""

    feed: str
    name: str
    parts: Sequence[Part]
    kind: str

    @property
    def data(self) -> bytes:
        """Its content."""
        return b"".join(part.data for part in self.parts)


class Outbox:
    """Where files go. Nothing is sent after the last day: what would come later comes on it."""

    def __init__(self, out: pathlib.Path, last: date, planter: Planter, truth: Truth) -> None:
        self.out = out
        self.last = last
        self.planter = planter
        self.truth = truth
        self.bytes = 0
        self._folders: set[pathlib.Path] = set()

    def send(self, day: date, file: File) -> None:
        """Send a file on a day; sometimes it comes late, or twice."""
        came, planted = day, self.planter
        if day < self.last and planted.due("late_file", file.feed):
            came = min(self.last, day + timedelta(2))
        path = self._write(came, file.feed, file.name, file.data)
        self._note(path, file, came)
        if came != day:
            self.fault(path, "late_file", KEPT, due=str(day))
        if planted.due("same_file_again", file.feed):
            again = self._write(min(self.last, came + timedelta(1)), file.feed, f"again_{file.name}", file.data)
            self._note(again, file, came, accepted=False)
            self.fault(again, "same_file_again", KNOWN, by=path)

    def send_spoilt(self, day: date, file: File, data: bytes, kind: str, reasons: Sequence[str]) -> None:
        """Send what is left of a file; the good one comes the day after."""
        name = f"first_{file.name}"
        path = self._write(day, file.feed, name, data)
        told = {"feed": file.feed, "file": path, "what": file.kind, "bytes": len(data), "records": None}
        self.truth.files.append({**told, "sha256": hashlib.sha256(data).hexdigest(), "accepted": False})
        came = min(self.last, day + timedelta(1))
        good = self._write(came, file.feed, file.name, file.data)
        self._note(good, file, came)
        self.fault(path, kind, HELD, reasons=list(reasons), by=good)

    def whole(self, path: pathlib.Path, feed: str, what: str, records: int) -> None:
        """Note a file that was written already."""
        digest, size = hashlib.sha256(), path.stat().st_size
        with path.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
        self.bytes += size
        told = {"feed": feed, "file": str(path.relative_to(self.out)), "what": what, "bytes": size, "records": records}
        self.truth.files.append({**told, "sha256": digest.hexdigest(), "accepted": True})

    def fault(self, path: str, kind: str, fate: str, **more: Any) -> None:
        """A fault of a whole file."""
        self.truth.faults.append({"feed": path.split("/")[1], "file": path, "kind": kind, "fate": fate, **more})

    def _note(self, path: str, file: File, came: date, *, accepted: bool = True) -> None:
        digest, size, records = hashlib.sha256(), 0, 0
        for part in file.parts:
            if part.faults and accepted:
                for fault in part.faults:
                    place = {"feed": file.feed, "file": path, "position": size, "length": len(part.data.strip())}
                    self.truth.faults.append({**place, "id": part.id, **fault})
            digest.update(part.data)
            size += len(part.data)
            records += part.id is not None
        told = {"feed": file.feed, "file": path, "what": file.kind, "bytes": size, "records": records}
        self.truth.files.append({**told, "sha256": digest.hexdigest(), "accepted": accepted})

    def _write(self, day: date, feed: str, name: str, data: bytes) -> str:
        path = self.out / str(day) / feed / name
        if path.parent not in self._folders:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._folders.add(path.parent)
        with path.open("xb") as out:
            out.write(data)
        self.bytes += len(data)
        return f"{day}/{feed}/{name}"
