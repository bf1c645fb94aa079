"""Acknowledgements of a whole HL7 v2 file, message by message, as fast as the file is read.

Messages of one sender differ in time and control id alone, as far as an ACK is concerned: one is made for each header
that is met, and the others from it. What is not plain is acknowledged by itself (hl7v2_ack).
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Sequence

from jobs.formats import hl7v2, hl7v2_ack
from jobs.formats.hl7v2 import Limits
from jobs.formats.record import Record

# A control id that is the same whatever the delimiters, and the one put in its place.
_PLAIN = re.compile(rb"[A-Za-z0-9_.\-]{1,199}\Z")
_END = re.compile(rb"[\r\n]")
_PLACEHOLDER = b"0LAKEWARD0"
_SENT_AT, _TYPE, _CONTROL_ID = 6, 8, 9
_MOST_KNOWN = 1000

# What of an ACK stands before, between and after the two control ids, its own and the message's.
_Template = tuple[bytes, bytes, bytes]


def of_file(
    path: str, start: int, end: int | None, *, limits: Limits, at: datetime.datetime, held: Sequence[str] = ()
) -> Iterator[bytes]:
    """The ACKs of the messages that lie in a byte range, in their order; of those that want none, nothing.

    `at`: when it is answered, with its zone. `held`: why none of them is taken in, whatever each is like itself.
    """
    known: dict[bytes, _Template | None] = {}
    for each in hl7v2.read(path, start, end, limits=limits):
        record = each._replace(faults=(*each.faults, *held)) if held else each
        answer = _plainly(record, at, known) if not record.faults else _one(record, at)
        if answer is not None:
            yield answer


def _one(record: Record, at: datetime.datetime) -> bytes | None:
    return hl7v2_ack.acknowledge(record, at=at) if hl7v2_ack.is_wanted(record) else None


def _plainly(record: Record, at: datetime.datetime, known: dict[bytes, _Template | None]) -> bytes | None:
    payload = record.payload or b""
    header = _END.split(payload, 1)[0]
    fields = header.split(b"|", _CONTROL_ID + 1)
    # Other delimiters, an event that only EVN says, an id that needs escapes, a message that is an answer itself:
    # seldom, and not worth a second way.
    if not header.startswith(b"MSH|^~\\&|") or len(fields) <= _CONTROL_ID + 1 or hl7v2_ack.is_answer(payload):
        return _one(record, at)
    control_id, fields[_CONTROL_ID] = fields[_CONTROL_ID], _PLACEHOLDER
    if b"^" not in fields[_TYPE] or not _PLAIN.match(control_id) or not header.isascii():
        return _one(record, at)
    fields[_SENT_AT] = b""
    asked = b"|".join(fields)
    if asked not in known:
        if len(known) >= _MOST_KNOWN:
            known.clear()
        known[asked] = _template(record._replace(payload=asked), at)
    template = known[asked]
    if template is None:
        return None
    before, between, after = template
    return b"".join([before, hl7v2_ack.own_id(record).encode(), between, control_id, after])


def _template(record: Record, at: datetime.datetime) -> _Template | None:
    """The ACK of a header that stands for many; None when such messages want none."""
    made = _one(record, at)
    if made is None:
        return None
    before, between = made.split(hl7v2_ack.own_id(record).encode(), 1)
    between, after = between.split(_PLACEHOLDER, 1)
    return before, between, after
