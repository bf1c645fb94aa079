"""Lines of a file with their byte offsets, whole or a byte range at a time, plain or gzip."""

from __future__ import annotations

import contextlib
import gzip
import mmap
from collections.abc import Iterator
from typing import IO

from jobs.formats import stored

BLOCK = 4 << 20
GZIP = b"\x1f\x8b"


# Position, length, text: one line without its end; no text when it is longer than asked for. A plain tuple:
# there are millions of them.
Line = tuple[int, int, bytes | None]


def plan(size: int, target: int) -> list[tuple[int, int]]:
    """Byte ranges of about equal length that cover a file, each at most `target` long.

    >>> plan(100, 40), plan(0, 40)
    ([(0, 33), (33, 66), (66, 100)], [(0, 0)])
    """
    count = max(1, -(-size // target))
    return [(size * i // count, size * (i + 1) // count) for i in range(count)]


def is_gzip(path: str) -> bool:
    """Whether a file begins as gzip does (RFC 1952 section 2.3.1), whatever its name."""
    with open(path, "rb") as stream:
        return stream.read(2) == GZIP


def open_bytes(path: str) -> IO[bytes]:
    """The bytes of a file or an object, unpacked when it is gzip."""
    stream = stored.open_file(path)
    is_packed = stream.read(len(GZIP)) == GZIP
    stream.seek(0)
    if not is_packed:
        return stream
    packed = gzip.GzipFile(fileobj=stream, mode="rb")
    # What it unpacks is closed with it.
    packed.myfileobj = stream  # type: ignore[assignment]
    return packed  # type: ignore[return-value]


@contextlib.contextmanager
def whole_bytes(path: str) -> Iterator[bytes | mmap.mmap]:
    """All bytes of a file at once, unpacked when it is gzip; of a plain one nothing is read before it is looked at."""
    if is_gzip(path):
        with gzip.open(path, "rb") as packed:
            yield packed.read()
    else:
        with open(path, "rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            yield mapped


def lines(stream: IO[bytes], start: int = 0, end: int | None = None, *, longest: int) -> Iterator[Line]:
    """The lines that start in [start, end), as Hadoop splits text: a line is read by whom its first byte belongs to.

    A line end is LF or CRLF and no part of the line. A last line without an end is a line.
    """
    position = _next_start(stream, start)
    pending, dropped = b"", 0
    while end is None or position < end:
        block = stream.read(BLOCK)
        if not block:
            break
        pieces = block.split(b"\n")
        pieces[0] = pending + pieces[0]
        pending = pieces.pop()
        for piece in pieces:
            if end is not None and position >= end:
                return
            yield _line(position, piece, dropped, longest)
            position += dropped + len(piece) + 1
            dropped = 0
        if len(pending) > longest:
            dropped, pending = dropped + len(pending), b""
    else:
        return
    if pending or dropped:
        yield _line(position, pending, dropped, longest)


def _line(position: int, piece: bytes, dropped: int, longest: int) -> Line:
    if piece[-1:] == b"\r":
        piece = piece[:-1]
    length = dropped + len(piece)
    return position, length, piece if length <= longest else None


def _next_start(stream: IO[bytes], start: int) -> int:
    """Move to the first line that starts at or after `start`; the line before belongs to the range before."""
    if not start:
        return 0
    # One byte back: when that is a line end, the line begins exactly at `start`.
    position = start - 1
    stream.seek(position)
    while block := stream.read(BLOCK):
        found = block.find(b"\n")
        if found >= 0:
            position += found + 1
            stream.seek(position)
            return position
        position += len(block)
    return position
