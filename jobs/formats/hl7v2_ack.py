"""Acknowledgements of HL7 v2 messages: one ACK per message, in the sender's version (HL7 v2.5 section 2.9).

AA: taken in. AE: not taken in, for its content. AR: not taken in, for what it is (its header). An ACK names segment,
field and fault; it repeats no value but what the sender needs to find his message: its control id and his own name.
"""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Sequence

from jobs.formats import hl7v2_charsets, hl7v2_checks, hl7v2_escapes
from jobs.formats.hl7v2 import FAULTS, OUTSIDE_MESSAGE, TOO_LARGE, TRUNCATED_FRAME
from jobs.formats.hl7v2_message import Message, MessageError, parse
from jobs.formats.record import Record

ACCEPT, ERROR, REJECT = "AA", "AE", "AR"

_DELIMITERS = ("|", "^", "~", "\\", "&", "")
# Where each fault lies (segment, field) and its code of table 0357; what is not here lies in the message as such.
_PLACES = {
    hl7v2_checks.NO_ENCODING_CHARACTERS: ("MSH", 2, "101"),
    hl7v2_checks.SHORT_ENCODING_CHARACTERS: ("MSH", 2, "102"),
    hl7v2_checks.BAD_ENCODING_CHARACTERS: ("MSH", 2, "102"),
    hl7v2_checks.NO_MESSAGE_TYPE: ("MSH", 9, "101"),
    hl7v2_checks.BAD_MESSAGE_TYPE: ("MSH", 9, "200"),
    hl7v2_checks.NO_CONTROL_ID: ("MSH", 10, "101"),
    hl7v2_checks.NO_VERSION: ("MSH", 12, "101"),
    hl7v2_checks.UNKNOWN_VERSION: ("MSH", 12, "203"),
    hl7v2_checks.HEADER_ONLY: ("MSH", None, "100"),
    hl7v2_checks.MISSING_SET_ID: ("OBX", 1, "100"),
    hl7v2_checks.FRAGMENT: ("MSH", 14, "207"),
    hl7v2_charsets.UNKNOWN_CHARACTER_SET: ("MSH", 18, "103"),
    hl7v2_charsets.BAD_CHARACTERS: ("MSH", 18, "102"),
    hl7v2_checks.BROKEN_SEGMENT: (None, None, "100"),
    hl7v2_checks.TRUNCATED_SEGMENT: (None, None, "101"),
    TRUNCATED_FRAME: (None, None, "100"),
}
_TEXTS = {
    "100": "Segment sequence error", "101": "Required field missing", "102": "Data type error",
    "103": "Table value not found", "200": "Unsupported message type", "203": "Unsupported version id",
    "207": "Application internal error",
}  # fmt: skip
# Nothing of the message can be relied on, or no version of ours can read it.
_REJECTED = tuple(fault for fault, (segment, _, _) in _PLACES.items() if segment == "MSH")
_ALWAYS, _NEVER, _ON_ERROR, _ON_SUCCESS = "AL", "NE", "ER", "SU"
_ANSWERS = re.compile(rb"[\r\n]MSA")


def code(faults: Sequence[str]) -> str:
    """AA, AE or AR for a record with these faults."""
    if not faults:
        return ACCEPT
    return REJECT if any(fault in _REJECTED for fault in faults) else ERROR


def is_answer(payload: bytes) -> bool:
    """Whether a message answers one of ours: it has an MSA segment."""
    return b"MSA" in payload and _ANSWERS.search(payload) is not None


def is_wanted(record: Record) -> bool:
    """Whether the sender asks for an application acknowledgement (MSH-16, table 0155); by default he does.

    An answer is never answered, whatever it asks for: two systems would acknowledge each other without end.
    """
    payload = record.payload or b""
    if is_answer(payload):
        return False
    try:
        message = parse(payload)
    except MessageError:
        return True
    if (message.kind or "").partition("^")[0] == "ACK":
        return False
    asked = message.dialect.text(message.field(message.segments[0], 16)) or _ALWAYS
    return {_NEVER: False, _ON_ERROR: bool(record.faults), _ON_SUCCESS: not record.faults}.get(asked, True)


def acknowledge(record: Record, *, at: datetime.datetime, faults: Sequence[str] = ()) -> bytes | None:
    """The ACK of a record as bytes, segments ended by CR; None of a record that is no message.

    `at`: when it is answered, with its zone. `faults`: what was found beyond the record's own, by name. The ACK's
    control id is derived from the message and the answer: the same question gets the same answer.
    """
    if OUTSIDE_MESSAGE in record.faults or (record.payload is None and TOO_LARGE not in record.faults):
        return None
    named = tuple(dict.fromkeys((*record.faults, *faults)))
    try:
        lines = _lines(parse(record.payload or b""), record, named, at)
    except MessageError:
        # Too large, or a header that cannot be split: the sender is told that something of his was refused.
        header = ["MSH", "^~\\&", "", "", "", "", _time(at), "", "ACK", own_id(record, named), "P", "2.5"]
        lines = [header, ["MSA", REJECT, _escaped(record.resource_id or "")], *_errors(named, "2.5")]
    return "".join("|".join(line).rstrip("|") + "\r" for line in lines).encode("utf-8")


def _lines(message: Message, record: Record, faults: tuple[str, ...], at: datetime.datetime) -> list[list[str]]:
    head = message.segments[0]
    version = message.version if message.version in _KNOWN_VERSIONS else "2.5"
    # The names change places: who received answers to who sent.
    application, facility, our_application, our_facility = (_repeated(message, number) for number in (3, 4, 5, 6))
    processing = (message.dialect.parts(message.field(head, 11)) or (None,))[0]
    header = [
        "MSH", "^~\\&", our_application, our_facility, application, facility, _time(at), "",
        _type(message, version), own_id(record, faults), _escaped(processing or "P"), version,
    ]  # fmt: skip
    control = _escaped(message.control_id or "")
    answer = ["MSA", code(faults), control]
    if faults and version < "2.4":
        # MSA-3 is the place for it before ERR could hold more than codes.
        answer.append(faults[0])
    if not "".join(header + answer).isascii():
        header += ["", "", "", "", "", "UNICODE UTF-8"]
    return [header, answer, *_errors(faults, version)]


_KNOWN_VERSIONS = ("2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.7.1", "2.8", "2.8.1", "2.8.2")


def _type(message: Message, version: str) -> str:
    event = message.event
    if not event or not event.isalnum() or version < "2.2":
        return "ACK"
    return f"ACK^{event}" if version < "2.3.1" else f"ACK^{event}^ACK"


def _errors(faults: tuple[str, ...], version: str) -> list[list[str]]:
    errors = []
    for fault in faults:
        segment, field, number = _PLACES.get(fault, (None, None, "207"))
        text = _escaped(FAULTS.get(fault, fault))
        if version < "2.5":
            place = f"{segment or ''}^{1 if segment else ''}^{field or ''}"
            errors.append(["ERR", f"{place}^{number}&{_TEXTS[number]}&HL70357"])
        else:
            place = f"{segment}^1^{field or ''}".rstrip("^") if segment else ""
            errors.append(["ERR", "", place, f"{number}^{_TEXTS[number]}^HL70357", "E", fault, "", "", text])
    return errors


def _repeated(message: Message, number: int) -> str:
    """An HD of the header in our delimiters."""
    found = message.dialect.parts(message.field(message.segments[0], number))
    return "^".join(_escaped(part or "") for part in found).rstrip("^")


def _escaped(text: str) -> str:
    return hl7v2_escapes.escape_text(text, _DELIMITERS)


def own_id(record: Record, faults: tuple[str, ...] = ()) -> str:
    """The ACK's own control id (MSH-10): of what was asked and what is answered."""
    seed = b"\0".join([record.payload or b"", str(record.position).encode(), *(fault.encode() for fault in faults)])
    # MSH-10 holds 20 characters in every version.
    return hashlib.sha256(seed).hexdigest()[:20].upper()


def _time(at: datetime.datetime) -> str:
    return at.strftime("%Y%m%d%H%M%S%z")
