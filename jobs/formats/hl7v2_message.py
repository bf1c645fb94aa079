"""One HL7 v2 message as segments of fields: split once, everything else read when it is asked for.

`message.segments[i][n]` is field n of segment i as it was sent, for MSH too, whose first field is the delimiter
itself. What a field means is read by the message's dialect; what it lacks is ''.
"""

from __future__ import annotations

import functools
from collections.abc import Container

from jobs.formats import hl7v2_charsets, hl7v2_dialect, hl7v2_values
from jobs.formats.hl7v2_dialect import NULL, Dialect
from jobs.formats.hl7v2_split import BOM, FRAMING

Segment = list[str]


class MessageError(ValueError):
    """Bytes that are no message: says why, never what they are."""


class Message:
    """A message that was split. `zone` is that of MSH-7, '' when it has none; `charset_fault` names bad characters.

    `has_nulls`: whether any field may be `""`.
    """

    __slots__ = ("segments", "dialect", "zone", "charset_fault", "has_nulls")

    def __init__(
        self, segments: list[Segment], dialect: Dialect, zone: str, charset_fault: str | None, has_nulls: bool
    ) -> None:
        self.segments = segments
        self.dialect = dialect
        self.zone = zone
        self.charset_fault = charset_fault
        self.has_nulls = has_nulls

    @property
    def kind(self) -> str | None:
        """MSH-9 without the structure, as `ORU^R01`; an event that only EVN-1 says is taken from there."""
        parts = _kind(self.field(self.segments[0], 9), self.dialect.delimiters.component)
        if parts == ("ADT",):
            parts += tuple([self.field(one, 1).upper() for one in self.segments if one[0] == "EVN"][:1])
        return "^".join([part for part in parts if part]) or None

    @property
    def event(self) -> str | None:
        """The trigger event, as R01: the second part of the type."""
        return (self.kind or "").partition("^")[2] or None

    @property
    def control_id(self) -> str | None:
        """MSH-10."""
        return self.dialect.text(self.field(self.segments[0], 10))

    @property
    def version(self) -> str | None:
        """MSH-12, its first component."""
        found = self.dialect.parts(self.field(self.segments[0], 12))
        return found[0] if found else None

    @staticmethod
    def field(segment: Segment, number: int) -> str:
        """A field as it was sent; '' when the segment is shorter."""
        return segment[number] if len(segment) > number else ""

    def value(
        self, segment: Segment, number: int, component: int = 1, subcomponent: int = 1, repetition: int = 1
    ) -> str | None:
        """One value of a field, numbered from 1 as the standard does; None when it is empty, null or absent."""
        marks = self.dialect.delimiters
        raw = self.field(segment, number)
        for mark, place in ((marks.repetition, repetition), (marks.component, component),
                            (marks.subcomponent, subcomponent)):  # fmt: skip
            parts = raw.split(mark) if mark else [raw]
            raw = parts[place - 1] if len(parts) >= place else ""
        return self.dialect.text(raw)

    def is_null(self, segment: Segment, number: int) -> bool:
        """Whether a field says that there is no value, which an empty one does not say (section 2.5.3)."""
        return self.field(segment, number) == NULL

    def time(self, raw: str) -> str | None:
        """A time as FHIR writes it, with the message's zone when it has none itself; None when it is no time."""
        return hl7v2_values.iso(raw, self.zone) if raw else None

    def encode(self) -> bytes:
        """The message as bytes, segments ended by CR: what `parse` reads as the same message."""
        head, *rest = self.segments
        mark = self.dialect.delimiters.field
        lines = [head[0] + mark + mark.join(head[2:]), *(mark.join(segment) for segment in rest)]
        text = "".join(line + "\r" for line in lines)
        return text.encode(self.dialect.codec)


@functools.lru_cache(1 << 10)
def _kind(raw: str, component: str) -> tuple[str, ...]:
    """Type and event of MSH-9."""
    split = raw.replace("_", "^").upper().split(component or "^")
    return tuple([part for one in split for part in one.strip().split("^")][:2])


def below(segments: list[Segment], index: int, ends: Container[str]) -> list[Segment]:
    """The segments after one, up to the first whose name is among `ends`."""
    found = []
    for at in range(index + 1, len(segments)):
        if segments[at][0] in ends:
            break
        found.append(segments[at])
    return found


def parse(payload: bytes) -> Message:
    """Split a message; raises MessageError when it does not begin as one does.

    Line ends, MLLP framing and a byte order mark around it do not matter, nor do small letters in segment names.
    """
    body = payload.strip(FRAMING).removeprefix(BOM)
    if body[:3].upper() != b"MSH" or not (separator := body[3:4]) or separator.isalnum() or separator <= b" ":
        raise MessageError("no message header at the begin")
    text, codec, fault = _decoded(body, separator)
    if "\n" in text:
        text = text.replace("\r\n", "\r").replace("\n", "\r")
    mark = text[3:4]
    segments = [line.split(mark) for line in text.split("\r") if line]
    odd = [segment for segment in segments if not segment[0].isupper()]
    if odd:
        _normalise(odd, segments)
    head = segments[0]
    head.insert(1, mark)
    if not codec:
        codec = hl7v2_charsets.codec(head[18] if len(head) > 18 else "") or "utf-8"
    dialect = hl7v2_dialect.of(mark, head[2] if len(head) > 2 else "", codec)
    zone = hl7v2_values.zone_of(head[7]) if len(head) > 7 else ""
    return Message(segments, dialect, zone, fault, NULL in text)


def _decoded(body: bytes, separator: bytes) -> tuple[str, str, str | None]:
    """Text, codec ('' when it does not matter for the text) and fault of a message."""
    if body.isascii() and hl7v2_charsets.ESC not in body:
        return body.decode("ascii"), "", None
    end = min((at for at in (body.find(b"\r"), body.find(b"\n")) if at >= 0), default=len(body))
    header = body[:end].split(separator, 18)
    return hl7v2_charsets.decode(body, header[17].decode("iso8859_1") if len(header) > 17 else "")


def _normalise(odd: list[Segment], segments: list[Segment]) -> None:
    """Small letters in segment names mean the same; lines of blanks mean nothing."""
    for segment in odd:
        # Not beyond ASCII: there, other characters may be made that the message's character set has not.
        if segment[0].isascii():
            segment[0] = segment[0].upper()
    segments[:] = [segment for segment in segments if len(segment) > 1 or segment[0].strip()]
