"""What arrives, unpacked as it streams by: gzip or plain, sizes, and the limits that stop a bomb."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from jobs.formats.ndjson import GZIP

TRUNCATED_GZIP = "truncated_gzip"
BAD_GZIP = "bad_gzip"
ZIP_BOMB = "zip_bomb"
UNPACKED_TOO_LARGE = "unpacked_too_large"
EMPTY_FILE = "empty_file"
# Nobody knows what is in such a file.
NOT_UNPACKED = frozenset({TRUNCATED_GZIP, BAD_GZIP, ZIP_BOMB, UNPACKED_TOO_LARGE})

# How much is unpacked at a time; a bomb is found after one step at the latest.
STEP = 4 << 20
# So little unpacked is no bomb, whatever the ratio: a page of blanks packs a thousandfold.
HARMLESS = 1 << 20


@dataclass(frozen=True)
class Inspection:
    """What one look at an arriving file found. `faults` hold the whole delivery.

    `records` is what the parser will make of it, faulty ones too; `texts` is how many things the sender would
    count: lines that are not blank. `types` counts them by the type they were seen or presumed to be of.
    """

    shape: str
    compressed: bool
    size: int
    unpacked: int
    texts: int = 0
    records: int = 0
    resource_type: str | None = None
    types: dict[str, int] = field(default_factory=dict)
    faults: tuple[str, ...] = ()


Found_co = TypeVar("Found_co", bound=Inspection, covariant=True)


class Inspector(Protocol[Found_co]):
    """Looks at a file block by block; `finish` says what it was."""

    def update(self, block: bytes) -> None:
        """Take the next bytes of the file as it is stored."""

    def finish(self, path: str) -> Found_co:
        """What the file is."""


def inspected(path: str, inspector: Inspector[Found_co]) -> Found_co:
    """What an inspector finds in a file that lies still."""
    with open(path, "rb") as stream:
        while block := stream.read(STEP):
            inspector.update(block)
    return inspector.finish(path)


class Unpacker:
    """Gives the unpacked bytes of blocks; at the first fault it names it and gives nothing more."""

    def __init__(self, most: int, ratio: int) -> None:
        self.most = most
        self.ratio = ratio
        self.compressed = False
        self.size = 0
        self.unpacked = 0
        self.fault: str | None = None
        self._start: bytes | None = b""
        self._member: zlib._Decompress | None = None

    def feed(self, block: bytes) -> Iterator[bytes]:
        """The unpacked bytes of the next block."""
        self.size += len(block)
        if self._start is not None:
            block = self._start + block
            if len(block) < len(GZIP):
                self._start = block
                return
            self._start = None
            self.compressed = block.startswith(GZIP)
        yield from self._give(block) if not self.compressed else self._unpack(block)

    def close(self) -> Iterator[bytes]:
        """The rest, and the fault of an end that comes too early."""
        if self._start:
            yield from self._give(self._start)
        if self.compressed and self._member is not None and not self.fault:
            self.fault = TRUNCATED_GZIP

    def _give(self, block: bytes) -> Iterator[bytes]:
        self.unpacked += len(block)
        yield block

    def _unpack(self, block: bytes) -> Iterator[bytes]:
        while block and not self.fault:
            if self._member is None:
                # Members may follow one another (RFC 1952 section 2.2); zeros may fill the last block of a tape.
                block = block.lstrip(b"\0") if self.unpacked else block
                if not block:
                    return
                self._member = zlib.decompressobj(wbits=31)
            try:
                given = self._member.decompress(block, STEP)
            except zlib.error:
                self.fault = BAD_GZIP
                return
            yield from self._give(given)
            if self.unpacked > self.most:
                self.fault = UNPACKED_TOO_LARGE
            elif self.unpacked > max(HARMLESS, self.ratio * self.size):
                self.fault = ZIP_BOMB
            block = self._member.unconsumed_tail
            if self._member.eof:
                block = self._member.unused_data
                self._member = None
