"""Delimiters of an X12 interchange: they stand in its ISA segment (X12.5, Interchange Control Header) and nowhere else.

An ISA has a fixed length of 106 bytes. Real ones are sometimes padded wrongly; then its sixteen element
separators are counted, and the fault is named.
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

# What may stand between two segments: line ends and the indentation of files that people have edited.
BLANKS = b"\r\n\t "
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# The longest ISA that is believed, with what must follow it; a well-formed one has 106 bytes.
LONGEST = 512

# An ISA as it is meant to be, recognised wherever it stands: also glued to a file that was cut.
SIGNATURE = re.compile(
    rb"ISA([^A-Za-z0-9\r\n ])[0-9]{2}\1.{10}\1[0-9]{2}\1.{10}\1[0-9A-Z]{2}\1.{15}\1[0-9A-Z]{2}\1.{15}\1", re.DOTALL
)
_ELEMENTS = 16
_HEAD = 112
_PROPER = 103  # where the last separator of a well-formed ISA stands
_FOLLOWS = re.compile(rb"[\r\n\t ]*+(?:GS|TA1|IEA|ST|\Z)")


class Delimiters(NamedTuple):
    """One byte each; `repetition` is None before version 00402, whose ISA11 is a standards identifier."""

    element: bytes
    component: bytes
    terminator: bytes
    repetition: bytes | None


class Modes(NamedTuple):
    """What ends a piece, by where one is in an interchange: patterns whose group 1 is the tag that begins the next."""

    between: re.Pattern[bytes]
    other: re.Pattern[bytes]
    claims: re.Pattern[bytes]
    payments: re.Pattern[bytes]


def read(text: bytes) -> tuple[Delimiters | None, bool]:
    """The delimiters of the ISA that a text begins with, and whether that ISA has its proper length.

    None when they cannot be made out. `text` should hold `LONGEST` bytes, if there are so many.

    >>> isa = b"ISA*00*          *00*          *ZZ*A              *ZZ*B              *"
    >>> isa += b"260301*0800*^*00501*000000001*0*P*:~GS*"
    >>> read(isa)
    (Delimiters(element=b'*', component=b':', terminator=b'~', repetition=b'^'), True)
    >>> read(isa.replace(b"A              ", b"A"))[1], read(b"ISA*00*oops"), read(isa.replace(b"A ", b"A~"))
    (False, (None, False), (None, False))
    """
    element = text[3:4]
    if not element or element.isalnum() or element in (b" ", b"\r", b"\n"):
        return None, False
    parts = text[:LONGEST].split(element, _ELEMENTS)
    if len(parts) <= _ELEMENTS:
        return None, False
    last = parts[_ELEMENTS]
    place = len(text[:LONGEST]) - len(last) - 1
    component, terminator = last[:1], last[1:2]
    if not _can_be(component, element) or not _can_be(terminator, element, component):
        return None, False
    if terminator in text[:place]:
        # It would have ended there, and who reads the segment alone would find none of its delimiters.
        return None, False
    # After a wrong length only what follows can confirm where the segment ends.
    if place != _PROPER and not (_FOLLOWS.match(last, 2) and _is_one_segment(parts)):
        return None, False
    repetition = parts[11] if len(parts[11]) == 1 and _can_be(parts[11], element, component, terminator) else None
    return Delimiters(element, component, terminator, repetition), place == _PROPER


def _is_one_segment(parts: list[bytes]) -> bool:
    # An ISA that lacks an element would be counted on into the GS, whose terminator would pass for a component's.
    return len(parts[15]) == 1 and not any(b"\n" in part or b"\r" in part for part in parts[:_ELEMENTS])


@functools.lru_cache(maxsize=256)
def _known(head: bytes) -> Delimiters | None:
    return read(head)[0]


def of_context(context: bytes | None) -> Delimiters | None:
    """The delimiters of the ISA that a record's context begins with; None when there is none."""
    if not context:
        return None
    # Of a well-formed ISA the first bytes are enough, and they are the same for all claims of a file.
    return _known(context[:_HEAD]) or read(context)[0]


def _can_be(delimiter: bytes, *others: bytes) -> bool:
    return bool(delimiter) and not delimiter.isalnum() and delimiter != b" " and delimiter not in others


@functools.lru_cache(maxsize=64)
def modes(delimiters: Delimiters) -> Modes:
    """The patterns for an interchange."""
    end, after = re.escape(delimiters.terminator), re.escape(delimiters.element + delimiters.terminator)

    def pattern(*tags: bytes) -> re.Pattern[bytes]:
        named = b"|".join(tags)
        return re.compile(
            end + rb"[\r\n\t ]*+(ISA(?=[^A-Za-z0-9\r\n ])|(?:" + named + rb")(?=[" + after + rb"]))", re.DOTALL
        )

    envelope = (b"ST", b"SE", b"GS", b"GE", b"IEA")
    return Modes(
        between=pattern(b"TA1", *envelope),
        other=pattern(*envelope),
        claims=pattern(b"HL", b"CLM", *envelope),
        payments=pattern(b"CLP", b"LX", b"PLB", *envelope),
    )


def text(data: bytes) -> str:
    """The characters of some bytes. X12 declares no encoding: UTF-8, or else Latin-1, which fits any byte.

    >>> text("Muñoz".encode()) == text("Muñoz".encode("latin-1"))
    True
    """
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")
