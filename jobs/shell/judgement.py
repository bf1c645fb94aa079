"""Judgement of a delivery: what its files are, whether they fit together and fit what the sender announced."""

from __future__ import annotations

import pathlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import schemas
from jobs.formats.announcement import Announcement, Arrived, Reason, Reconciliation, merge, plain_name, reconcile
from jobs.formats.ndjson import open_bytes
from jobs.formats.unpacking import EMPTY_FILE, NOT_UNPACKED
from jobs.shell.arrival import IN_TRANSFER, STILL_IN_TRANSFER, Copied, format_of
from jobs.shell.ledger import LANDED, Delivery

# Of interchanges that deliveries before this one, or files before this one in it, have brought.
LANDED_BEFORE = "interchange_landed_before"
NUMBER_REUSED = "interchange_number_reused"
CONTENT_LANDED_BEFORE = "interchange_content_landed_before"


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


def judge(feed: schemas.Feed, copied: Sequence[Copied], known: Sequence[Delivery] = ()) -> Judgement:
    """Which files are delivered, and why they must wait if they must; `known`: the deliveries to the feed so far."""
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
        reasons += [_reason(fault, one) for fault in faults]
    reasons += _sent_again(kept, known)
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


def _reason(fault: str, one: Copied) -> Reason:
    """A fault of a file; with what was told and what was found where both are counts."""
    for finding in getattr(one.inspection, "findings", ()):
        if finding.fault == fault and str(finding.expected).isdigit() and str(finding.found).isdigit():
            columns = ",".join(finding.columns) or None
            # Sums are of what people have; counts of rows are not.
            expected, found = (None, None) if columns else (int(finding.expected), int(finding.found))
            return Reason(fault, one.file.position, one.digest, columns or finding.kind, expected, found)
    return Reason(fault, one.file.position, one.digest)


def interchanges(one: Copied) -> list[dict[str, str]]:
    """What the ledger keeps of a file's interchanges, to know them again; of other formats nothing.

    `content` is the digest of what an interchange carries, without its envelope; none when it carries nothing.
    """
    return [
        {"sender": found.sender, "number": found.control_number, "content": _content(found)}
        for found in getattr(one.inspection, "interchanges", ())
    ]


def _content(found: Any) -> str:
    has_content = any(group.transactions for group in found.groups)
    return str(found.content) if has_content and found.content else ""


def _sent_again(files: Iterable[Copied], known: Iterable[Delivery]) -> Iterator[Reason]:
    """Interchanges that came before: by sender and control number, or by content (X12.5; TA1 note code 025)."""
    numbers: dict[tuple[str, str], str] = {}
    contents: set[tuple[str, str]] = set()
    landed: set[str] = set()

    def learn(each: Iterable[Mapping[str, str]]) -> None:
        for one in each:
            numbers.setdefault((one["sender"], one["number"]), one["content"])
            contents.add((one["sender"], one["content"]))

    for file in (file for delivery in known if delivery.state == LANDED for file in delivery.files):
        landed.add(file.digest)
        learn(file.interchanges)
    for one in files:
        if one.digest in landed:
            continue
        landed.add(one.digest)
        here = interchanges(one)
        for found in here:
            before = numbers.get((found["sender"], found["number"]))
            if before is not None:
                yield _reason(LANDED_BEFORE if before == found["content"] else NUMBER_REUSED, one)
            elif found["content"] and (found["sender"], found["content"]) in contents:
                yield _reason(CONTENT_LANDED_BEFORE, one)
        learn(here)


def _is_foreign(feed: schemas.Feed, one: Copied) -> bool:
    """Whether a file met in a folder is none of the feed's and does not claim to be: a README, a checksum list."""
    form = format_of(feed)
    name = one.file.name.lower()
    if one.file.named or one.inspection.shape != form.UNKNOWN or name.endswith(IN_TRANSFER):
        return False
    if not NOT_UNPACKED.isdisjoint(one.inspection.faults):
        # What could not be opened may be half of a delivery, whatever it is called.
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
