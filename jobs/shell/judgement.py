"""Judgement of a delivery: what its files are, whether they fit together and fit what the sender announced."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import schemas
from jobs.formats.announcement import Announcement, Arrived, Reason, Reconciliation, merge, plain_name, reconcile
from jobs.formats.ndjson import open_bytes
from jobs.formats.unpacking import EMPTY_FILE
from jobs.shell.arrival import IN_TRANSFER, STILL_IN_TRANSFER, Copied, format_of


@dataclass(frozen=True)
class Judgement:
    """The files that belong to the feed, the reasons to hold them, and what was left out."""

    files: tuple[Copied, ...]
    reasons: tuple[Reason, ...]
    left_out: tuple[dict[str, Any], ...] = ()
    announcements: tuple[dict[str, Any], ...] = ()
    exported_at: str | None = None


def role(feed: schemas.Feed, one: Copied) -> str:
    """What a file is for: data, or the shape of an announcement."""
    return one.inspection.shape if one.inspection.shape in format_of(feed).ANNOUNCEMENTS else "data"


def extension(feed: schemas.Feed, one: Copied) -> str:
    """The extension a landed file gets, by what it is and not by what it was called."""
    found = str(format_of(feed).EXTENSION_OF.get(one.inspection.shape, ""))
    return found + (".gz" if one.inspection.compressed else "")


def judge(feed: schemas.Feed, copied: Sequence[Copied]) -> Judgement:
    """Which files are delivered, and why they must wait if they must."""
    kept = [one for one in copied if not _is_foreign(feed, one)]
    left_out = [
        {"position": one.file.position, "name": one.file.name, "reason": list(one.inspection.faults)}
        for one in copied
        if one not in kept
    ]
    said = _announcements(feed, kept)
    announced_empty = {plain_name(file.name) for one in said.values() for file in one.files if file.count == 0}
    reasons: list[Reason] = []
    for one in kept:
        faults = list(one.inspection.faults)
        if EMPTY_FILE in faults and plain_name(one.file.name) in announced_empty:
            faults.remove(EMPTY_FILE)
        if one.file.name.lower().endswith(IN_TRANSFER):
            faults.append(STILL_IN_TRANSFER)
        reasons += [Reason(fault, one.file.position, one.digest) for fault in faults]
    data = [
        Arrived(one.file.position, one.file.name, one.digest, one.inspection.resource_type, one.inspection.texts)
        for one in kept
        if role(feed, one) == "data"
    ]
    compared = {shape: reconcile(announcement, data) for shape, announcement in said.items()}
    for found in compared.values():
        reasons += found.reasons
    exported = [announcement.exported_at for announcement in said.values() if announcement.exported_at]
    return Judgement(
        files=tuple(kept),
        reasons=tuple(reasons),
        left_out=tuple(left_out),
        announcements=tuple(_summary(shape, found) for shape, found in compared.items()),
        exported_at=max(exported, default=None),
    )


def _is_foreign(feed: schemas.Feed, one: Copied) -> bool:
    """Whether a file met in a folder is none of the feed's and does not claim to be: a README, a checksum list."""
    form = format_of(feed)
    name = one.file.name.lower()
    if one.file.named or one.inspection.shape != form.UNKNOWN or name.endswith(IN_TRANSFER):
        return False
    return (
        form.NOT_FHIR in one.inspection.faults or pathlib.Path(name.removesuffix(".gz")).suffix not in form.EXTENSIONS
    )


def _announcements(feed: schemas.Feed, files: Sequence[Copied]) -> dict[str, Announcement]:
    """What manifests and logs say, those of one kind together: a large export has a manifest in several pages."""
    found: dict[str, Announcement] = {}
    for one in files:
        read = format_of(feed).ANNOUNCEMENTS.get(one.inspection.shape)
        if read is None:
            continue
        with open_bytes(one.path) as stream:
            said = read(stream.read())
        shape = one.inspection.shape
        found[shape] = merge(found[shape], said) if shape in found else said
    return found


def _summary(shape: str, found: Reconciliation) -> dict[str, Any]:
    return {
        "shape": shape,
        "compared_by": found.by,
        "announced": found.announced,
        "arrived": found.arrived,
        "counts_compared": found.counts_compared,
        "agrees": not found.reasons,
    }
