"""What a sender says he sent, held against what arrived: files, types and counts."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

MISMATCH = "manifest_mismatch"
MISSING = "manifest_file_missing"
UNANNOUNCED = "not_in_manifest"
INCOMPLETE = "export_incomplete"
BAD_ANNOUNCEMENT = "manifest_unreadable"


@dataclass(frozen=True)
class Announced:
    """One file the sender speaks of; `count` is None when he does not say how many records it has."""

    name: str
    type: str | None
    count: int | None
    role: str = "output"


@dataclass(frozen=True)
class Announcement:
    """A manifest or an export's log."""

    exported_at: str | None
    files: tuple[Announced, ...]
    total: int | None = None
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class Arrived:
    """One file that arrived, as far as it matters here."""

    position: int
    name: str
    digest: str
    type: str | None
    records: int


@dataclass(frozen=True)
class Reason:
    """Why a delivery is held: the fault, and where; counts, but never a value or a name the sender gave."""

    fault: str
    file: int | None = None
    digest: str | None = None
    type: str | None = None
    expected: int | None = None
    found: int | None = None

    def document(self) -> dict[str, Any]:
        """As a mapping, without what is not said."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class Reconciliation:
    """How it was compared, and what did not fit."""

    by: str
    announced: int
    arrived: int
    counts_compared: int
    reasons: tuple[Reason, ...] = field(default=())


def merge(one: Announcement, other: Announcement) -> Announcement:
    """Two announcements of one export as one."""
    exported = [at for at in (one.exported_at, other.exported_at) if at]
    total = None if one.total is None or other.total is None else one.total + other.total
    faults = tuple(dict.fromkeys(one.faults + other.faults))
    return Announcement(max(exported, default=None), one.files + other.files, total, faults)


def plain_name(name: str) -> str:
    """The name by which a file is known on both sides: no folder, no query, no .gz.

    >>> plain_name("https://x.example/out/1.Patient.ndjson?sig=abc"), plain_name("a/1.Patient.ndjson.gz")
    ('1.Patient.ndjson', '1.Patient.ndjson')
    """
    path = urlsplit(name).path if "://" in name else name
    return posixpath.basename(unquote(path)).removesuffix(".gz")


def reconcile(said: Announcement, arrived: Sequence[Arrived]) -> Reconciliation:
    """Compare by file name where the names are the sender's, else by type: clients rename what they download."""
    faults = [Reason(fault) for fault in said.faults]
    names = Counter(plain_name(file.name) for file in said.files)
    known = {plain_name(file.name) for file in arrived}
    by_name = bool(names) and max(names.values()) == 1 and "" not in names and bool(names.keys() & known)
    reasons, compared = _by_name(said.files, arrived) if by_name else _by_type(said.files, arrived)
    if said.total is not None and not compared:
        found = sum(file.records for file in arrived)
        reasons += [Reason(MISMATCH, expected=said.total, found=found)] if found != said.total else []
        compared = len(arrived)
    by = "name" if by_name else "type"
    return Reconciliation(by, len(said.files), len(arrived), compared, tuple(faults + reasons))


def _by_name(files: Iterable[Announced], arrived: Sequence[Arrived]) -> tuple[list[Reason], int]:
    waiting: dict[str, list[Arrived]] = {}
    for one in arrived:
        waiting.setdefault(plain_name(one.name), []).append(one)
    reasons, compared = [], 0
    for file in files:
        here = waiting.pop(plain_name(file.name), [])
        if not here and file.count != 0:
            reasons.append(Reason(MISSING, type=file.type, expected=file.count))
        for one in here:
            compared += file.count is not None
            if file.count is not None and one.records != file.count:
                reasons.append(Reason(MISMATCH, one.position, one.digest, file.type, file.count, one.records))
    extra = [one for several in waiting.values() for one in several]
    reasons += [Reason(UNANNOUNCED, one.position, one.digest, one.type) for one in extra]
    return reasons, compared


def _by_type(files: Iterable[Announced], arrived: Sequence[Arrived]) -> tuple[list[Reason], int]:
    # Reports about the export are not always downloaded with it.
    said = [file for file in files if file.role != "error"]
    here = [one for one in arrived if one.type != "OperationOutcome" and (one.type or one.records)]
    reasons, compared = [], 0
    for kind in sorted({file.type or "" for file in said} | {one.type or "" for one in here}):
        counts = [file.count for file in said if (file.type or "") == kind]
        found = [one.records for one in here if (one.type or "") == kind]
        expected = sum(count or 0 for count in counts)
        if not counts:
            reasons.append(Reason(UNANNOUNCED, type=kind or None, found=sum(found)))
        elif not found and any(count != 0 for count in counts):
            reasons.append(Reason(MISSING, type=kind or None, expected=expected or None))
        elif None not in counts:
            compared += len(counts)
            reasons += [Reason(MISMATCH, None, None, kind or None, expected, sum(found))] * (expected != sum(found))
        elif len(counts) != len(found):
            reasons.append(Reason(MISMATCH, type=kind or None, expected=len(counts), found=len(found)))
    return reasons, compared
