"""HL7 v2 files cut at message headers, as bytes stream by: what belongs to which message, and what to none.

A message begins with MSH at the begin of a line, whatever ended the line before: CR, LF, the framing bytes of
MLLP, a byte order mark. Files glued together without a line end between them have `MSH|^~\\&` inside a line: in
a message with that delimiter the text cannot occur there, so it begins a message too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

BOM = b"\xef\xbb\xbf"
VT, FS = b"\x0b", b"\x1c"
# What may stand between messages and means nothing: line ends, MLLP framing, zeros that fill a tape's block.
FRAMING = b"\r\n\x0b\x1c\0"
ENVELOPE = (b"FHS", b"BHS", b"BTS", b"FTS")
SEGMENT_ID = re.compile(rb"[A-Za-z][A-Za-z0-9]{2}\Z")

# Before a header may stand so many blanks; so many bytes are kept to see them when a long message is dropped.
_CONTEXT = 32
_BLANKS = 16
_GLUED = b"MSH|^~\\&"
# What can delimit fields: no letter, digit or blank. Or the end of a header that is nothing else.
_AFTER_NAME = frozenset(b"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~\r\n")
_LINE = re.compile(rb"[^\r\n\x0b\x1c]+")


class Region(NamedTuple):
    """The bytes from one message header to the next; no bytes when they are more than the limit.

    The first region of a file is what stands before its first header, often nothing: it has no header (`headed`).
    `framed`: the header stands after MLLP's VT.
    """

    position: int
    length: int
    data: bytes | None
    framed: bool
    headed: bool


class Chunk(NamedTuple):
    """Neighbouring lines of a region that are of one sort, without the line ends around them."""

    position: int
    data: bytes


class Pieces(NamedTuple):
    """What a region is made of: the message it begins with, lines of no message, lines of the envelope."""

    message: Chunk | None
    strays: list[Chunk]
    envelope: list[Chunk]


class Splitter:
    """Cuts blocks of a file into regions. `position`: where in the file the first block begins."""

    def __init__(self, longest: int, position: int = 0) -> None:
        self._longest = longest
        self._position = position
        self._at_begin = position == 0
        self._framed = False
        self._headed = False
        self._dropped = 0
        self._pending = b""
        self._searched = 0

    def feed(self, block: bytes) -> Iterator[Region]:
        """The regions that the next bytes complete."""
        self._pending += block
        # A header cut by the block's end is looked at again when the rest of it has come.
        yield from self._cut(len(self._pending) - len(_GLUED))
        if len(self._pending) > self._longest + _CONTEXT:
            kept = len(self._pending) - _CONTEXT
            self._dropped += kept
            self._pending = self._pending[kept:]
            self._searched = max(0, self._searched - kept)
            self._at_begin = False

    def close(self) -> Iterator[Region]:
        """The last region."""
        yield from self._cut(len(self._pending))
        yield self._region(self._pending)

    def _cut(self, until: int) -> Iterator[Region]:
        data, last = self._pending, 0
        # Looking for small letters costs a copy, so it is asked first whether there are any.
        sought = data.upper() if b"msh" in data or b"Msh" in data else data
        start = sought.find(b"MSH", self._searched)
        while 0 <= start <= until:
            if _begins(data, start, start == 0 and self._at_begin):
                yield self._region(data[last:start])
                self._position += self._dropped + start - last
                self._dropped, last = 0, start
                self._framed, self._headed = data[start - 1 : start] == VT, True
            start = sought.find(b"MSH", start + 3)
        # A little of what is before stays visible, for the look at what precedes a header.
        self._searched = max(0, until + 1 - last)
        if last:
            self._pending, self._at_begin = data[last:], False

    def _region(self, data: bytes) -> Region:
        length = self._dropped + len(data)
        whole = None if self._dropped or length > self._longest else data
        return Region(self._position, length, whole, self._framed, self._headed)


def _begins(data: bytes, start: int, at_begin: bool) -> bool:
    if data[start + 3 : start + 4] and data[start + 3] not in _AFTER_NAME:
        return False
    if start == 0:
        return at_begin
    if data[start - 1] in FRAMING or data.startswith(_GLUED, start):
        return True
    before = data[max(0, start - _BLANKS) : start].rstrip(b" \t")
    return not before or before[-1] in FRAMING or before.endswith(BOM)


def take_apart(region: Region) -> Pieces:
    """What a region is made of. Every byte is in one of the pieces, or is a line end, framing, blank line or BOM."""
    assert region.data is not None
    message: Chunk | None = None
    strays: list[Chunk] = []
    envelope: list[Chunk] = []
    first = last = -1
    inside = region.headed

    def close() -> None:
        nonlocal message, first, inside
        if first >= 0:
            chunk = Chunk(region.position + first, region.data[first:last])  # type: ignore[index]
            if inside:
                message = chunk
            else:
                strays.append(chunk)
        first, inside = -1, False

    for line in _LINE.finditer(region.data):
        start, end = line.span()
        start += 3 if line.group().startswith(BOM) else 0
        text = region.data[start:end]
        if not text.strip(b" \t\0"):
            continue
        if is_envelope(text):
            close()
            envelope.append(Chunk(region.position + start, text))
            continue
        first, last = (start if first < 0 else first), end
    close()
    return Pieces(message, strays, envelope)


def is_envelope(line: bytes) -> bool:
    """Whether a line is a header or trailer of a batch or file (HL7 v2 section 2.10.3)."""
    return line[:3].upper() in ENVELOPE and not line[3:4].isalnum()
