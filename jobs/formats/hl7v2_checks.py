"""What can be wrong with an HL7 v2 message as such, found on its bytes while nothing of it is decoded."""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

from jobs.formats.hl7v2_split import BOM, FS, VT, is_envelope

NO_ENCODING_CHARACTERS = "no_encoding_characters"
SHORT_ENCODING_CHARACTERS = "short_encoding_characters"
BAD_ENCODING_CHARACTERS = "bad_encoding_characters"
NO_MESSAGE_TYPE = "no_message_type"
BAD_MESSAGE_TYPE = "bad_message_type"
NO_CONTROL_ID = "no_control_id"
NO_VERSION = "no_version"
UNKNOWN_VERSION = "unknown_version"
HEADER_ONLY = "header_only"
BROKEN_SEGMENT = "broken_segment"
TRUNCATED_SEGMENT = "truncated_segment"
MISSING_SET_ID = "missing_set_id"
FRAGMENT = "fragment"
NUL_BYTES = "nul_bytes"
FAULTS = {
    NO_ENCODING_CHARACTERS: "MSH-2 is empty",
    SHORT_ENCODING_CHARACTERS: "MSH-2 has fewer than four characters",
    BAD_ENCODING_CHARACTERS: "MSH-2 repeats a character, has more than five, or has letters or digits",
    NO_MESSAGE_TYPE: "no message type (MSH-9)",
    BAD_MESSAGE_TYPE: "the message type (MSH-9) is not shaped as one",
    NO_CONTROL_ID: "no message control id (MSH-10)",
    NO_VERSION: "no version (MSH-12)",
    UNKNOWN_VERSION: "a version (MSH-12) that is none of 2.1 to 2.9",
    HEADER_ONLY: "no segment after the message header",
    BROKEN_SEGMENT: "a line that does not begin as a segment does: a line end inside a field, or bytes lost",
    TRUNCATED_SEGMENT: "the last segment ends before a field that it must have",
    MISSING_SET_ID: "the set ids of the observations (OBX-1) leave a number out",
    FRAGMENT: "one part of a message that is continued in another (MSH-14, DSC)",
    NUL_BYTES: "zero bytes inside the message",
}
# Faults that a message has when it was cut off: a file that ends so is not whole.
CUT_OFF = (SHORT_ENCODING_CHARACTERS, NO_MESSAGE_TYPE, HEADER_ONLY, BROKEN_SEGMENT, TRUNCATED_SEGMENT)

_VERSION = re.compile(rb"\s*2\.[1-9](?:\.[0-9]{1,2})?\s*\Z")
_TYPE = re.compile(rb"([A-Z][A-Z0-9]{2})(?:[\^_]([A-Z][A-Z0-9]{2}))?\Z")
_ID = re.compile(rb"[A-Za-z][A-Za-z0-9]{2}\Z")
# The last field that a segment must have in every version: what ends before it was cut off.
_LAST_REQUIRED = {
    b"OBX": 11, b"OBR": 4, b"SPM": 4, b"PID": 5, b"PV1": 2, b"ORC": 1, b"TXA": 17, b"RXA": 6, b"FT1": 7,
    b"DG1": 3, b"AL1": 3, b"IN1": 3, b"MRG": 1,
}  # fmt: skip
_RESULTS = (b"ORU", b"OUL")
_PAD = [b""] * 18
_NUMBERS = [b"%d" % n for n in range(1000)]
# Beginnings of lines that were found to be those of segments, by separator; looking them up beats matching them.
_KNOWN: dict[bytes, set[bytes]] = {}


class Header(NamedTuple):
    """What MSH says, raw; fields that it has not are empty."""

    kind: str | None
    application: bytes
    facility: bytes
    sent_at: bytes
    control_id: bytes
    charset: bytes


class Lines(NamedTuple):
    """A message as lines; `joined` is the same with CR only; `odd`: how lines begin that begin as no segment does."""

    joined: bytes
    each: list[bytes]
    odd: set[bytes]


def lines(body: bytes) -> Lines:
    """The lines of a message; CR, LF and CRLF end one."""
    if b"\n" in body:
        body = body.replace(b"\r\n", b"\r").replace(b"\n", b"\r")
    each = body.split(b"\r")
    known = _KNOWN.get(body[3:4])
    if known is None:
        known = _KNOWN[body[3:4]] = {b""}
    odd = {line[:4] for line in each} - known
    if odd:
        ends = (b"", body[3:4])
        known.update(one for one in odd if _ID.match(one[:3]) and one[3:] in ends and not is_envelope(one))
        odd -= known
    return Lines(body, each, odd)


def plain_lines(body: bytes) -> Lines | None:
    """The lines of a message that is nothing else; None when other things may be among them."""
    found = lines(body)
    odd = found.odd
    if odd and (VT in body or FS in body or any(is_envelope(start) or start[:3] == BOM for start in odd)):
        return None
    return found


def examine(found: Lines) -> tuple[Header, tuple[str, ...]]:
    """What a message says of itself, and its faults."""
    first = found.each[0]
    separator = first[3:4]
    fields = first.split(separator) if separator else [first]
    if len(fields) < 18:
        fields += _PAD[len(fields) :]
    encoding = fields[1]
    component = encoding[:1]
    faults = _encoding_faults(separator, encoding)
    kind, wrong = _message_type(fields[8], component)
    if kind == "ADT":
        kind = _event(found.each, separator) or kind
    control_id = fields[9]
    header = Header(kind, fields[2], fields[3], fields[6], control_id, fields[17])
    if wrong:
        faults += (wrong,)
    if not control_id or control_id.isspace():
        faults += (NO_CONTROL_ID,)
    if wrong := _version_fault(fields[11], component):
        faults += (wrong,)
    if fields[13] or found.each[-1].startswith(b"DSC"):
        faults += (FRAGMENT,)
    return header, faults + _content_faults(found, separator, fields[8][:3] in _RESULTS)


def _content_faults(found: Lines, separator: bytes, is_result: bool) -> tuple[str, ...]:
    if len(found.each) == 1:
        return (HEADER_ONLY,)
    faults: tuple[str, ...] = ()
    if found.odd and any(start.strip() for start in found.odd):
        faults += (BROKEN_SEGMENT,)
    if is_cut(found.each[-1], separator):
        faults += (TRUNCATED_SEGMENT,)
    # The usual case at the cost of one look: all set ids of the message are 1, 2, 3 and so on.
    pieces = found.joined.split(b"\rOBX" + separator)
    numbers = [piece[: piece.find(separator)] for piece in pieces[1:]]
    if numbers != _NUMBERS[1 : len(pieces)] and _leaves_out(found.each, separator, is_result):
        faults += (MISSING_SET_ID,)
    if b"\0" in found.joined:
        faults += (NUL_BYTES,)
    return faults


@functools.lru_cache(256)
def _version_fault(raw: bytes, component: bytes) -> str | None:
    if _VERSION.match(raw.split(component)[0] if component else raw):
        return None
    return UNKNOWN_VERSION if raw.strip() else NO_VERSION


def is_cut(line: bytes, separator: bytes) -> bool:
    """Whether a segment ends before a field that the standard requires of it."""
    return line.count(separator) < _LAST_REQUIRED.get(line[:3].upper(), 0)


def _leaves_out(found: list[bytes], separator: bytes, is_result: bool) -> bool:
    """Whether OBX-1 skips a number. Each group counts from 1 or goes on; in results its first must not be lost."""
    last = 0
    begins = True
    for line in found:
        if line.startswith(b"OBX"):
            raw = line[4 : line.find(separator, 4)]
            number = int(raw) if raw.isdigit() and len(raw) < 7 else last
            if _skips(number, last, begins, is_result):
                return True
            last, begins = number, False
        elif not line.startswith(b"NTE"):
            begins = True
    return False


def _skips(number: int, last: int, begins: bool, is_result: bool) -> bool:
    if begins:
        return is_result and number > 1 and number != last + 1
    return number > last + 1


@functools.lru_cache(256)
def _encoding_faults(separator: bytes, encoding: bytes) -> tuple[str, ...]:
    if not encoding:
        return (NO_ENCODING_CHARACTERS,)
    faults: tuple[str, ...] = ()
    if len(encoding) < 4:
        faults = (SHORT_ENCODING_CHARACTERS,)
    every = separator + encoding
    odd = not every.isascii() or any(chr(one).isalnum() or one <= 32 for one in every)
    if odd or len(set(every)) < len(every) or len(encoding) > 5:
        faults += (BAD_ENCODING_CHARACTERS,)
    return faults


@functools.lru_cache(1024)
def _message_type(raw: bytes, component: bytes) -> tuple[str | None, str | None]:
    """MSH-9 as `ORU^R01`, and what is wrong with it."""
    parts = [part.strip() for part in raw.split(component or b"^")]
    named = b"^".join(part for part in parts[:2] if part).upper()
    if not named or not parts[0]:
        return None, NO_MESSAGE_TYPE
    match = _TYPE.match(named)
    if not match:
        # It becomes the name of a folder; any type is kept, but not any text.
        return None, BAD_MESSAGE_TYPE
    return "^".join(part.decode("ascii") for part in match.groups() if part), None


def _event(found: list[bytes], separator: bytes) -> str | None:
    """The type of an ADT message of versions before 2.3, whose event stands in EVN-1 only."""
    for line in found:
        if line[:3] == b"EVN":
            return _message_type(b"ADT^" + (line.split(separator) + [b""])[1], b"^")[0]
    return None
