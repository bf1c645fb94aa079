"""An X12 file cut into pieces, block by block: every byte is in exactly one piece, nothing is interpreted yet.

A piece begins with its tag and ends where the next begins, line ends and blanks between segments included:
ISA, TA1, GS, GE and IEA alone; ST with the header of the transaction (of a transaction that holds no claims:
with all of it but SE); in an 837 each HL without its claims, each CLM with all that belongs to it; in an 835
each LX, each CLP with all that belongs to it, and PLB. What is in no interchange is a piece without tag.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from jobs.formats import x12_delimiters
from jobs.formats.x12_delimiters import BLANKS, BYTE_ORDER_MARK, LONGEST, SIGNATURE, Delimiters, Modes

OUTSIDE = ""
END = ""

_BLANK = re.compile(rb"[\r\n\t ]*+")
_CLAIMS, _PAYMENTS = b"837", b"835"


class Piece(NamedTuple):
    """Consecutive bytes; `then` is the tag of what follows, `END` at the end of the file.

    `payload` is None when it is longer than asked for, `delimiters` outside of any readable interchange.
    """

    tag: str
    position: int
    length: int
    payload: bytes | None
    delimiters: Delimiters | None
    then: str
    proper: bool


class Cutter:
    """Takes the blocks of a file and gives its pieces.

    Of transactions that begin before `start` only the place is told: they are one piece each, without payload.
    """

    def __init__(self, longest: int, start: int = 0) -> None:
        self._longest = longest
        self._start = start
        self._text = b""
        self._offset = 0  # of the text in the file
        self._index = 0  # up to where it is searched
        self._delimiters: Delimiters | None = None
        self._modes: Modes | None = None
        self._pattern: re.Pattern[bytes] | None = None  # None: outside
        self._is_junk = False
        self._proper = True
        # The open piece: its tag (None until the first byte that says something), what of it is in no text any more.
        self._tag: str | None = None
        self._begin = 0
        self._at = 0
        self._chunks: list[bytes] = []
        self._kept = 0
        self._most = longest
        self._found: list[Piece] = []

    def feed(self, block: bytes) -> list[Piece]:
        """The pieces that the next block completes."""
        self._text = self._text + block if self._text else block
        limit = len(self._text) - LONGEST
        if limit > self._index:
            self._scan(limit)
            self._put_by(max(limit, self._index))
        return self._taken()

    def close(self) -> list[Piece]:
        """The pieces that the end of the file completes."""
        self._scan(len(self._text))
        if self._offset + len(self._text) > self._begin:
            self._end(len(self._text), END)
        self._text = b""
        return self._taken()

    def _taken(self) -> list[Piece]:
        found, self._found = self._found, []
        return found

    def _scan(self, limit: int) -> None:
        """Find every boundary that lies before `limit`."""
        text = self._text
        glued = SIGNATURE.search(text, self._index)
        while self._index < limit:
            if self._pattern is None:
                if not self._enter(limit):
                    return
                continue
            match = self._pattern.search(text, self._index)
            if glued is not None and glued.start() < self._index:
                glued = SIGNATURE.search(text, self._index)
            if glued is not None and (match is None or glued.start() < match.start(1)):
                if glued.start() >= limit:
                    return
                self._begin_interchange(glued.start())
                continue
            if match is None or (place := match.start(1)) >= limit:
                return
            tag = match[1]
            if tag == b"ISA":
                self._begin_interchange(place)
                continue
            self._end(place, name := tag.decode())
            self._open(name, place)
            self._index = place + 1
            if name in _TURNS:
                self._turn(name, place)

    def _turn(self, tag: str, place: int) -> None:
        """Choose what to look for after a segment of the envelope."""
        assert self._modes is not None and self._delimiters is not None
        self._pattern = self._modes.between
        if tag == "ST":
            said = self._text[place + 3 : place + 6]
            if self._offset + place < self._start:
                self._pattern, self._most = self._modes.other, 0
            elif said == _CLAIMS:
                self._pattern = self._modes.claims
            else:
                self._pattern = self._modes.payments if said == _PAYMENTS else self._modes.other
        elif tag == "IEA":
            end = self._text.find(self._delimiters.terminator, place, place + LONGEST)
            glued = SIGNATURE.search(self._text, place, place + LONGEST)
            if end >= 0 and (glued is None or end < glued.start()):
                self._leave(end + 1)

    def _leave(self, place: int) -> None:
        self._pattern, self._is_junk, self._index = None, False, place

    def _enter(self, limit: int) -> bool:
        """Outside: go to where the next interchange begins; False when that is not in sight."""
        text, place = self._text, self._index
        if not self._is_junk:
            if self._tag is None and self._offset + place == 0 and text.startswith(BYTE_ORDER_MARK):
                place = len(BYTE_ORDER_MARK)
            blank = _BLANK.match(text, place)
            assert blank is not None
            place = blank.end()
            if place >= limit:
                self._index = limit
                return False
            if text[place : place + 3] == b"ISA" and not text[place + 3 : place + 4].isalnum():
                self._begin_interchange(place)
                return True
            if self._tag is not None:
                self._end(place, OUTSIDE)
                self._open(OUTSIDE, place)
            self._tag, self._is_junk = OUTSIDE, True
            self._delimiters = None
        found = SIGNATURE.search(text, place)
        if found is None or found.start() >= limit:
            self._index = limit
            return False
        self._begin_interchange(found.start())
        return True

    def _begin_interchange(self, place: int) -> None:
        if self._tag is not None:
            self._end(place, "ISA")
            self._open("ISA", place)
        # Else the mark and the blanks that a file begins with are its first piece's own.
        self._tag, self._index = "ISA", place + 1
        self._delimiters, self._proper = x12_delimiters.read(self._text[place : place + LONGEST])
        if self._delimiters is None:
            # Unreadable: all up to the next good ISA goes with it.
            self._pattern, self._is_junk = None, True
            return
        self._modes = x12_delimiters.modes(self._delimiters)
        self._pattern = self._modes.between

    def _open(self, tag: str, place: int) -> None:
        self._tag, self._at, self._begin = tag, place, self._offset + place
        self._most = self._longest

    def _end(self, place: int, then: str) -> None:
        """Complete the open piece, which ends before `place`."""
        length = self._offset + place - self._begin
        payload: bytes | None = None
        if length <= self._most:
            payload = self._text[self._at : place]
            if self._chunks:
                payload = b"".join((*self._chunks, payload))
        if self._chunks:
            self._chunks, self._kept = [], 0
        # Past the named constructor: there are millions.
        self._found.append(
            tuple.__new__(
                Piece,
                (self._tag or OUTSIDE, self._begin, length, payload, self._delimiters, then, self._proper),
            )
        )

    def _put_by(self, place: int) -> None:
        """Let go of the text before `place`; of the open piece it is kept as long as it may become a payload."""
        text = self._text
        if self._kept + place - self._at <= self._most:
            self._chunks.append(text[self._at : place])
            self._kept += place - self._at
        elif self._chunks:
            self._chunks = []
        # A boundary is told by the terminator before it: when only blanks stand between, the terminator stays.
        lead = b""
        if self._pattern is not None and self._delimiters is not None:
            last = text.rfind(self._delimiters.terminator, 0, place)
            if last >= 0 and not text[last + 1 : place].strip(BLANKS):
                lead = self._delimiters.terminator
        self._text = lead + text[place:]
        self._offset += place - len(lead)
        self._at, self._index = len(lead), 0


_TURNS = frozenset({"ST", "SE", "GS", "GE", "IEA"})
