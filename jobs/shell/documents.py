"""Small JSON documents, written whole or not at all: state, runs, publications, delivery ledger."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import threading
from typing import Any

PART = ".part"
_counter = itertools.count()


class DocumentError(ValueError):
    """A document that is not JSON: names its path."""


def write(path: str | os.PathLike[str], document: Any) -> None:
    """Write a document so that a reader, or the next start after a crash, sees the old one or the new one.

    Temporary name in the same folder, fsync, rename, fsync of the folder: a rename alone may be on the
    disk before the bytes it names.
    """
    where = os.fspath(path)
    folder = os.path.dirname(where) or "."
    make_folder(folder)
    part = f"{where}.{os.getpid()}.{threading.get_ident()}.{next(_counter)}{PART}"
    try:
        with open(part, "x", encoding="utf-8") as out:
            json.dump(document, out, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
            out.write("\n")
            out.flush()
            os.fsync(out.fileno())
        os.replace(part, where)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part)
        raise
    sync(folder)


def read(path: str | os.PathLike[str]) -> Any | None:
    """The document, or None when there is none."""
    try:
        with open(path, encoding="utf-8") as found:
            return json.load(found)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError:
        raise DocumentError(f"{os.fspath(path)}: not a JSON document") from None


def entries(folder: str | os.PathLike[str]) -> list[str]:
    """Paths of the documents in a folder, sorted by name; none when there is no folder."""
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [os.path.join(folder, name) for name in sorted(names) if name.endswith(".json")]


def make_folder(folder: str) -> None:
    """Make a folder with its parents, each entered durably in its own parent."""
    if os.path.isdir(folder):
        return
    parent = os.path.dirname(os.path.abspath(folder))
    make_folder(parent)
    with contextlib.suppress(FileExistsError):
        os.mkdir(folder)
    sync(parent)


def sync(path: str) -> None:
    """Make what was written to a file, or renamed into or created in a folder, survive a power cut."""
    held = os.open(path, os.O_RDONLY)
    try:
        os.fsync(held)
    finally:
        os.close(held)
