"""What stands at the door: the files of a delivery, found, copied, digested and looked at, nothing decided yet."""

from __future__ import annotations

import hashlib
import importlib
import os
import pathlib
import stat
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, BinaryIO

import schemas
from jobs.formats.unpacking import Inspection

BLOCK = 4 << 20
# Two: while one file's digest is made, the other's bytes are read or written.
SIDE_BY_SIDE = 2
# Names under which file transfers write what is not complete yet.
IN_TRANSFER = (".part", ".partial", ".tmp", ".crdownload", ".filepart")
STILL_IN_TRANSFER = "still_in_transfer"


class DeliveryError(ValueError):
    """A delivery that is refused as a whole: says which file by its number, never by its name."""


@dataclass(frozen=True)
class Found:
    """A file to deliver: its number in the delivery, its name there, where it lies."""

    position: int
    name: str
    path: str
    named: bool  # given by the caller itself, not met in a folder


@dataclass(frozen=True)
class Copied:
    """A file copied aside, with its digest and what one look found."""

    file: Found
    path: str
    digest: str
    inspection: Inspection


def find(paths: Sequence[str | os.PathLike[str]]) -> list[Found]:
    """The files under some paths, folders in sorted order; links out of a folder and devices are refused."""
    found: list[Found] = []
    for number, given in enumerate(paths, 1):
        # What the caller names he may reach by any way; what lies in a delivered folder must stay in it.
        root = pathlib.Path(os.path.realpath(given))
        if not root.exists():
            raise DeliveryError(f"path {number} of {len(paths)}: there is no such file or folder")
        if root.is_dir():
            met = [(str(path.relative_to(root)), path, False) for path in _walk(root, root)]
        else:
            met = [(root.name, root, True)]
        for name, path, named in met:
            place = f"path {number} of {len(paths)}, file {len(found) + 1}"
            if not stat.S_ISREG(os.lstat(path).st_mode):
                raise DeliveryError(f"{place}: neither a file nor a folder (a device, pipe or socket)")
            found.append(Found(len(found) + 1, name, str(path), named))
    return found


def _walk(folder: pathlib.Path, root: pathlib.Path) -> Iterator[pathlib.Path]:
    for path in sorted(folder.iterdir()):
        if path.is_symlink():
            if not path.resolve().is_relative_to(root):
                raise DeliveryError("a folder holds a symbolic link that leads out of it")
            # What it leads to lies in the same folder and is met there.
            continue
        if path.name.startswith(".") or path.name == "_SUCCESS":
            continue
        if path.is_dir():
            yield from _walk(path, root)
        else:
            yield path


def format_of(feed: schemas.Feed) -> Any:
    """The module that knows how files of the feed's format look: jobs/formats/<format>_inspection.py."""
    return importlib.import_module(f"jobs.formats.{feed.format}_inspection")


def copy_all(files: Sequence[Found], folder: str, feed: schemas.Feed) -> list[Copied]:
    """Copy files into a folder under their numbers; each is read once, for copy, digest and look together."""
    # Large files first, so that the two threads end together.
    order = sorted(files, key=lambda file: -os.path.getsize(file.path))
    with ThreadPoolExecutor(SIDE_BY_SIDE) as threads:
        copied = list(threads.map(lambda file: _copy(file, f"{folder}/{file.position}", _inspector(feed, file)), order))
    return sorted(copied, key=lambda one: one.file.position)


def _inspector(feed: schemas.Feed, file: Found) -> Any:
    form = format_of(feed)
    if hasattr(form, "inspector"):
        # A format that feeds lay out as they like; a file's name may say what kind of file it is.
        return form.inspector(feed.limits, feed.options, file.name)
    return form.Inspector(form.Limits.of(feed.limits))


def _copy(file: Found, target: str, inspector: Any) -> Copied:
    digest = hashlib.sha256()
    with open(_open_regular(file), "rb") as source, open(target, "xb") as copy:
        before = os.fstat(source.fileno())
        size = _pump(source, copy, digest, inspector)
        copy.flush()
        os.fsync(copy.fileno())
        after = os.fstat(source.fileno())
    if size != after.st_size or (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise DeliveryError(f"file {file.position}: changed while it was copied; deliver it when it is complete")
    return Copied(file, target, digest.hexdigest(), inspector.finish(target))


def _open_regular(file: Found) -> int:
    # Not through a link, and not a pipe: what was found may have been exchanged since.
    held = os.open(file.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(held).st_mode):
        os.close(held)
        raise DeliveryError(f"file {file.position}: is no longer a file")
    return held


def _pump(source: BinaryIO, copy: BinaryIO, digest: Any, inspector: Any) -> int:
    size = 0
    while block := source.read(BLOCK):
        digest.update(block)
        copy.write(block)
        inspector.update(block)
        size += len(block)
    return size
