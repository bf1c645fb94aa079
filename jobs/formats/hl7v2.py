"""HL7 v2 deliveries (versions 2.1 to 2.8): bytes in, records out, one record per message, verbatim.

A file holds one message or many, with or without headers of batches (FHS, BHS, BTS, FTS) and MLLP framing, its
segments ended by CR, LF or both. Version and message type do not matter here: any message is a record. What is
wrong with it has a name; bytes that belong to no message and no envelope are a record with a fault too.

Record fields: `resource_type` is MSH-9 as `ORU^R01`, without the structure; `resource_id` is MSH-10, unique only
for its sender, which stands in `full_url` as `MSH-3|MSH-4`; `last_updated` is MSH-7 when it says its zone, else
null: the zone of the feed is applied by those who know it, from the payload. `entry`, `version_id` and `method`
are not used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jobs.formats import hl7v2_charsets, hl7v2_checks, hl7v2_values, ndjson
from jobs.formats.declaration import whole_numbers
from jobs.formats.hl7v2_split import FRAMING, FS, Chunk, Region, Splitter, take_apart
from jobs.formats.record import Record

TOO_LARGE = "too_large"
OUTSIDE_MESSAGE = "outside_message"
TRUNCATED_FRAME = "truncated_frame"
# Every fault a record can have, with what it means to the sender.
FAULTS = {
    **hl7v2_checks.FAULTS,
    hl7v2_charsets.BAD_CHARACTERS: "bytes that are not of the character set that MSH-18 declares",
    hl7v2_charsets.UNKNOWN_CHARACTER_SET: "MSH-18 declares a character set that is not in HL7 table 0211",
    TRUNCATED_FRAME: "an MLLP frame is opened before the message and not closed after it",
    OUTSIDE_MESSAGE: "content before the first message header or after a batch trailer",
    TOO_LARGE: "larger than the feed's limit; its bytes are kept in landing only",
}

_BLANK_LINE = re.compile(rb"(?<=[\r\n\x0b\x1c])[ \t]++\Z")


@dataclass(frozen=True)
class Limits:
    """Limits of a feed; each has a name in the feed's declaration."""

    record_bytes: int = 64 << 20
    unpacked_bytes: int = 2 << 30
    unpacked_ratio: int = 100

    @classmethod
    def of(cls, declared: Mapping[str, Any]) -> Limits:
        """The limits a feed declares; what it does not name keeps its default."""
        return whole_numbers(cls, declared, "limits")


def read(
    path: str, start: int = 0, end: int | None = None, *, document: bool = False, limits: Limits
) -> Iterator[Record]:
    """The records of a file, or those whose message header lies in the byte range [start, end).

    What follows a message up to the next header is read with it. `document` is not used: no HL7 v2 file is one.
    """
    with ndjson.open_bytes(path) as stream:
        for region in _regions(stream, start, end, limits.record_bytes):
            yield from records_of(region)


def _regions(stream: Any, start: int, end: int | None, longest: int) -> Iterator[Region]:
    # A little earlier, so that what precedes the first header of the range is seen.
    begin = max(0, start - 64)
    stream.seek(begin)
    splitter = Splitter(longest, begin)
    for region in _cut(stream, splitter):
        # What precedes the first header belongs to whoever reads from the begin of the file.
        if region.headed and end is not None and region.position >= end:
            return
        if region.position >= start if region.headed else not start:
            yield region


def _cut(stream: Any, splitter: Splitter) -> Iterator[Region]:
    while block := stream.read(ndjson.BLOCK):
        yield from splitter.feed(block)
    yield from splitter.close()


def records_of(region: Region) -> Iterator[Record]:
    """The records a region gives: its message, and what stands in it outside of any."""
    if region.data is None:
        yield _faulty(region.position, region.length, None, TOO_LARGE)
        return
    body = region.data.rstrip(FRAMING)
    while body[-1:] in (b" ", b"\t") and (blank := _BLANK_LINE.search(body)):
        body = body[: blank.start()].rstrip(FRAMING)
    if region.headed and (lines := hl7v2_checks.plain_lines(body)) is not None:
        closed = not region.framed or FS in region.data[len(body) :]
        yield _record(region.position, body, lines, closed)
        return
    pieces = take_apart(region)
    if pieces.message:
        yield _apart(region, pieces.message)
    for stray in pieces.strays:
        yield _faulty(stray.position, len(stray.data), stray.data, OUTSIDE_MESSAGE)


def _apart(region: Region, message: Chunk) -> Record:
    assert region.data is not None
    rest = region.data[message.position - region.position + len(message.data) :]
    lines = hl7v2_checks.lines(message.data)
    return _record(message.position, message.data, lines, not region.framed or FS in rest)


def _record(position: int, body: bytes, lines: hl7v2_checks.Lines, closed: bool) -> Record:
    header, faults = hl7v2_checks.examine(lines)
    if not closed:
        faults += (TRUNCATED_FRAME,)
    if not body.isascii() and (wrong := hl7v2_charsets.decode(body, _text(header.charset))[2]):
        faults += (wrong,)
    sender = _text(header.application + b"|" + header.facility)
    return tuple.__new__(
        Record,
        (
            position,
            len(body),
            None,
            header.kind,
            _text(header.control_id) or None,
            None,
            hl7v2_values.instant(_text(header.sent_at)),
            sender if sender != "|" else None,
            None,
            body,
            faults,
        ),
    )


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode(hl7v2_charsets.FALLBACK)


def _faulty(position: int, length: int, payload: bytes | None, fault: str) -> Record:
    return Record(position, length, None, None, None, None, None, None, None, payload, (fault,))
