"""Small JSON documents, written whole or not at all: state, runs, publications, delivery ledger.

They are files, or objects of a store, which is whole by itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import uuid
from collections.abc import Iterator
from typing import Any

from jobs.formats import stored
from jobs.shell import objects


class DocumentError(ValueError):
    """A document that is not JSON: names its path."""


def write(path: str | os.PathLike[str], document: Any) -> None:
    """Write a document so that a reader, or the next start after a crash, sees the old one or the new one.

    Temporary name in the same folder, fsync, rename, fsync of the folder: a rename alone may be on the
    disk before the bytes it names.
    """
    where = os.fspath(path)
    text = json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
    if stored.is_object(where):
        objects.write(where, text.encode())
        return
    with _beside(where, text) as part:
        os.replace(part, where)


def create(path: str, text: str) -> None:
    """Make a text that is written once, where none is; FileExistsError where there is one: of two writers one loses."""
    if stored.is_object(path):
        objects.create(path, text.encode())
        return
    with _beside(path, text) as part:
        # A link fails where its name is taken; a rename would put ours in place of the other's.
        os.link(part, path)


@contextlib.contextmanager
def _beside(path: str, text: str) -> Iterator[str]:
    """The text on the disk under a name of its own in the same folder, to be given its place; that is durable then."""
    folder = os.path.dirname(path) or "."
    make_folder(folder)
    part = os.path.join(folder, f".{uuid.uuid4().hex}.part")
    try:
        with open(part, "x", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        yield part
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part)
    sync(folder)


def read(path: str | os.PathLike[str]) -> Any | None:
    """The document, or None when there is none."""
    where = os.fspath(path)
    try:
        if stored.is_object(where):
            content = objects.read(where)
            return None if content is None else json.loads(content)
        with open(where, encoding="utf-8") as found:
            return json.load(found)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError:
        raise DocumentError(f"{where}: not a JSON document") from None


def entries(folder: str | os.PathLike[str]) -> list[str]:
    """Paths of the documents in a folder, sorted by name; none when there is no folder."""
    where = os.fspath(folder)
    try:
        names = objects.names(where) if stored.is_object(where) else os.listdir(where)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [os.path.join(where, name) for name in sorted(names) if name.endswith(".json")]


def make_folder(folder: str) -> None:
    """Make a folder with its parents, each entered durably in its own parent; a store has none."""
    if stored.is_object(folder) or os.path.isdir(folder):
        return
    parent = os.path.dirname(os.path.abspath(folder))
    make_folder(parent)
    with contextlib.suppress(FileExistsError):
        os.mkdir(folder)
    sync(parent)


def sync(path: str) -> None:
    """Make what was written to a file, or renamed into or created in a folder, survive a power cut; an object does."""
    if stored.is_object(path):
        return
    held = os.open(path, os.O_RDONLY)
    try:
        os.fsync(held)
    finally:
        os.close(held)
