"""The delivery ledger: what has been delivered to a feed, one document for each delivery, beside the files themselves.

landing/<feed>/ledger/<delivery_id>.json is written last: a delivery without an entry does not exist. The names
files came under, which may be names of patients, stand here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import schemas
from jobs.shell import documents
from jobs.shell.arrival import DeliveryError
from jobs.shell.settings import Settings

LANDED, HELD = "landed", "held"
# What of a record the delivery says, and not its bytes.
STAMPED = frozenset({"tenant", "feed", "delivery_id", "received_at", "exported_at"})


@dataclass(frozen=True)
class LandedFile:
    """One file of a delivery, as the ledger has it. `path` is relative to the feed's landing folder."""

    position: int
    name: str
    digest: str
    size: int
    path: str
    role: str
    shape: str
    compressed: bool
    unpacked: int
    records: int
    resource_type: str | None = None
    types: dict[str, int] = field(default_factory=dict)
    # Of X12: sender, control number and digest of the content, by which an interchange that is sent again is known.
    interchanges: Sequence[Mapping[str, str]] = ()


@dataclass(frozen=True)
class Delivery:
    """One delivery, as the ledger has it; `repeat`: it had been landed before this call."""

    delivery_id: str
    feed: str
    tenant: str
    contract_version: str
    received_at: str
    exported_at: str | None
    state: str
    files: tuple[LandedFile, ...]
    details: tuple[dict[str, Any], ...] = ()
    duplicates: tuple[dict[str, Any], ...] = ()
    left_out: tuple[dict[str, Any], ...] = ()
    announcements: tuple[dict[str, Any], ...] = ()
    repeat: bool = False

    @property
    def reasons(self) -> tuple[str, ...]:
        """The names of the faults that hold it."""
        return tuple(dict.fromkeys(str(one["fault"]) for one in self.details))

    @property
    def data(self) -> tuple[LandedFile, ...]:
        """The files that hold records."""
        return tuple(file for file in self.files if file.role == "data")

    @property
    def records(self) -> int:
        """How many records its files should give."""
        return sum(file.records for file in self.data)


def folder(feed: str, settings: Settings) -> str:
    """The feed's landing folder."""
    return f"{settings.root('landing')}/{schemas.feed(feed).feed}"


def deliveries(feed: str, settings: Settings) -> list[Delivery]:
    """All deliveries of a feed, in order of arrival, held ones too."""
    read = (documents.read(path) for path in documents.entries(f"{folder(feed, settings)}/ledger"))
    found = [_from_document(document) for document in read if document is not None]
    return sorted(found, key=lambda one: (one.received_at, one.delivery_id))


def waiting(feed: str, settings: Settings, taken: Collection[str] = ()) -> list[Delivery]:
    """Landed deliveries that are not among those already taken in, in order of arrival."""
    return [one for one in deliveries(feed, settings) if one.state == LANDED and one.delivery_id not in taken]


def size(settings: Settings, taken: Collection[str] = ()) -> int:
    """Bytes of all that was delivered to any feed and is not among what was taken in already, unpacked."""
    found = (one for feed in schemas.feeds() for one in deliveries(feed.feed, settings))
    return sum(file.unpacked for one in found if one.delivery_id not in taken for file in one.data)


def _from_document(found: dict[str, Any]) -> Delivery:
    values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in found.items()}
    values["files"] = tuple(LandedFile(**file) for file in found["files"])
    return Delivery(**values)


def path_of(feed: str, digest: str, settings: Settings) -> str:
    """Where the file with this digest lies."""
    for delivery in deliveries(feed, settings):
        for file in delivery.files:
            if file.digest == digest:
                return f"{folder(feed, settings)}/{file.path}"
    raise DeliveryError(f"{feed}: no delivery holds a file with digest {digest}")
