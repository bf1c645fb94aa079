"""Deliveries: the ledger of what partners brought, and the one way in.

landing/<feed>/<delivery_id>/<sha256><extension> are the files, byte for byte. They never carry the names they
came under, which may be names of patients; those stand in the ledger only, landing/<feed>/ledger/<delivery_id>.json,
which is written last: a delivery without a ledger entry does not exist. They are copied aside first: into the landing
folder itself or, where that is in an object store, into `incoming` of the lake's home.
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import hashlib
import os
import pathlib
import shutil
import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

import schemas
from jobs.formats import dicom_deflate, ndjson, stored
from jobs.formats.dicom_limits import Limits as DicomLimits
from jobs.shell import arrival, documents, judgement, objects
from jobs.shell.arrival import Copied, DeliveryError
from jobs.shell.failpoint import reach
from jobs.shell.ledger import HELD, LANDED, Delivery, LandedFile, deliveries, folder, path_of, waiting
from jobs.shell.settings import Settings

__all__ = ["HELD", "LANDED", "Delivery", "DeliveryError", "deliveries", "folder", "land", "trace_bytes", "waiting"]

_DICOM = DicomLimits()


def land(
    feed: str,
    paths: Sequence[str | os.PathLike[str]],
    settings: Settings,
    *,
    received_at: datetime.datetime | None = None,
) -> Delivery:
    """Deliver files or folders to a feed: landed, held with reasons, or recognised as landed before."""
    declared = schemas.feed(feed)
    files = arrival.find(paths)
    if not files:
        raise DeliveryError("nothing to deliver: no file under the given paths")
    at = received_at or datetime.datetime.now(datetime.UTC)
    with _door(feed, settings) as staging:
        copied = arrival.copy_all(files, staging, declared)
        reach("land-copied")
        return _enter(declared, copied, staging, settings, at.astimezone(datetime.UTC).isoformat())


def _enter(declared: schemas.Feed, copied: list[Copied], staging: str, settings: Settings, at: str) -> Delivery:
    """Decide about what was copied, and write it into the ledger if it is new."""
    known = deliveries(declared.feed, settings)
    judged = judgement.judge(declared, copied, known)
    if not judged.files:
        raise DeliveryError(f"nothing to deliver: none of {len(copied)} files is of format {declared.format}")
    delivery_id = _delivery_id(declared.feed, [one.digest for one in judged.files])
    landed = {file.digest: one for one in known if one.state == LANDED for file in one.files}
    new, again = _without_repeats(judged.files, landed)
    for one in known:
        if one.state == LANDED and one.delivery_id == delivery_id:
            return replace(one, repeat=True)
    data = [one for one in judged.files if judgement.role(declared, one) == "data"]
    if data and not judged.reasons and not any(one in new for one in data):
        return replace(landed[data[0].digest], repeat=True)
    # What is held is kept whole, as evidence; what it shares with landed deliveries does not count as landed twice.
    kept = {one.digest: one for one in reversed(judged.files)}.values() if judged.reasons else new
    placed = [_place(declared, one, delivery_id, staging) for one in kept]
    delivery = Delivery(
        delivery_id=delivery_id,
        feed=declared.feed,
        tenant=declared.tenant,
        contract_version=declared.contract_version,
        received_at=at,
        exported_at=judged.exported_at,
        state=HELD if judged.reasons else LANDED,
        files=tuple(sorted(placed, key=lambda one: one.position)),
        details=tuple(reason.document() for reason in judged.reasons),
        duplicates=tuple(again),
        left_out=judged.left_out,
        announcements=judged.announcements,
    )
    _commit(delivery, staging, settings)
    return delivery


def _without_repeats(files: Sequence[Copied], landed: dict[str, Delivery]) -> tuple[list[Copied], list[dict[str, Any]]]:
    """Files whose bytes are new to the feed, and what is known of the others."""
    new: list[Copied] = []
    again: list[dict[str, Any]] = []
    seen: set[str] = set()
    for one in files:
        if one.digest in landed or one.digest in seen:
            where = landed[one.digest].delivery_id if one.digest in landed else None
            entry = {"position": one.file.position, "name": one.file.name, "digest": one.digest, "delivery_id": where}
            again.append(entry)
        else:
            new.append(one)
        seen.add(one.digest)
    return new, again


def _place(declared: schemas.Feed, one: Copied, delivery_id: str, staging: str) -> LandedFile:
    """Give a copy its final name inside the staging folder."""
    seen = one.inspection
    name = one.digest + judgement.extension(declared, one)
    os.makedirs(f"{staging}/{delivery_id}", exist_ok=True)
    os.replace(one.path, f"{staging}/{delivery_id}/{name}")
    return LandedFile(
        position=one.file.position,
        name=one.file.name,
        digest=one.digest,
        size=seen.size,
        path=f"{delivery_id}/{name}",
        role=judgement.role(declared, one),
        shape=seen.shape,
        compressed=seen.compressed,
        unpacked=seen.unpacked,
        records=seen.records,
        resource_type=seen.resource_type,
        types=seen.types,
        interchanges=judgement.interchanges(one),
    )


def _commit(delivery: Delivery, staging: str, settings: Settings) -> None:
    """Move the files to their place, then enter the delivery: from there on it exists."""
    home = folder(delivery.feed, settings)
    final = f"{home}/{delivery.delivery_id}"
    intent = f"{os.path.dirname(staging)}/{delivery.delivery_id}.intent"
    pathlib.Path(intent).touch()
    documents.sync(os.path.dirname(intent))
    if delivery.files:
        documents.sync(f"{staging}/{delivery.delivery_id}")
        _remove(final)
        _move(f"{staging}/{delivery.delivery_id}", final)
    documents.sync(home)
    reach("land-moved")
    document = asdict(delivery)
    del document["repeat"]
    documents.write(f"{home}/ledger/{delivery.delivery_id}.json", document)
    reach("land-entered")
    os.unlink(intent)


def _move(ready: str, final: str) -> None:
    """A folder to its place: at once where that is a folder, file by file where it is in a store."""
    if not stored.is_object(final):
        os.replace(ready, final)
        return
    for name in sorted(os.listdir(ready)):
        objects.upload(f"{ready}/{name}", f"{final}/{name}")


def _remove(folder: str) -> None:
    if stored.is_object(folder):
        objects.delete(f"{folder}/{name}" for name, _ in objects.under(folder))
    else:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _door(feed: str, settings: Settings) -> Iterator[str]:
    """One lander at a time for each feed, with a clean folder to copy to; sweeps up after one that was killed."""
    home = folder(feed, settings)
    door = f"{settings.home}/incoming/{feed}" if stored.is_object(home) else home
    incoming = f"{door}/.incoming"
    documents.make_folder(incoming)
    with open(f"{door}/.lock", "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        for left in pathlib.Path(incoming).iterdir():
            if left.suffix == ".intent":
                if documents.read(f"{home}/ledger/{left.stem}.json") is None:
                    _remove(f"{home}/{left.stem}")
                left.unlink()
            else:
                shutil.rmtree(left)
        staging = f"{incoming}/{uuid.uuid4().hex}"
        os.mkdir(staging)
        try:
            yield staging
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def _delivery_id(feed: str, digests: Collection[str]) -> str:
    text = "\n".join([feed, *sorted(set(digests))])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def trace_bytes(settings: Settings, feed: str, digest: str, position: int, length: int) -> bytes:
    """The bytes of one record, from the landed file; of a packed member of a zip what is in it."""
    path = path_of(feed, digest, settings)
    with ndjson.open_bytes(path) as stream:
        stream.seek(position)
        found = stream.read(length)
    return dicom_deflate.of_member(found, _DICOM) if path.endswith(".zip") else found
