"""X12 written again: the segments of a file as they are, with the delimiters and line ends one asks for."""

from __future__ import annotations

from collections.abc import Iterable

from jobs.formats.x12_delimiters import BYTE_ORDER_MARK, Delimiters
from jobs.formats.x12_pieces import Piece

PLAIN = Delimiters(b"*", b":", b"~", b"^")


class X12WriteError(ValueError):
    """A file that cannot be written again; says where, with no value of it."""


def respell(pieces: Iterable[Piece], delimiters: Delimiters = PLAIN, *, line_end: bytes = b"") -> bytes:
    """The pieces of a file with other delimiters, without blanks between segments.

    Raises X12WriteError for a piece that is in no readable interchange or is not held, and where an element has a
    character that would become a delimiter.
    """
    made = bytearray()
    for piece in pieces:
        if piece.payload is None or piece.delimiters is None or not piece.tag:
            raise X12WriteError(f"byte {piece.position}: cannot be written again")
        payload = piece.payload.removeprefix(BYTE_ORDER_MARK)
        for segment in payload.split(piece.delimiters.terminator):
            if segment.strip():
                made += _segment(segment.strip(), piece, delimiters) + delimiters.terminator + line_end
    return bytes(made)


def _segment(segment: bytes, piece: Piece, wanted: Delimiters) -> bytes:
    had = piece.delimiters
    assert had is not None
    elements = segment.split(had.element)
    if elements[0] == b"ISA":
        # ISA11 and ISA16 say what the delimiters are.
        if had.repetition is not None:
            elements[11] = wanted.repetition or elements[11]
        elements[16:] = [wanted.component]
        return wanted.element.join(elements)
    new = {wanted.element, wanted.component, wanted.terminator}
    for place, element in enumerate(elements):
        parts = element.split(had.component)
        if any(one in part for part in parts for one in new):
            raise X12WriteError(f"byte {piece.position}: an element holds a character that is to be a delimiter")
        elements[place] = wanted.component.join(parts)
    return wanted.element.join(elements)
