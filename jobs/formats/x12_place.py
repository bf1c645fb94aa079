"""Where one is in an X12 file: the interchange, group, transaction and levels in force, as the pieces go by."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from jobs.formats import x12_guides
from jobs.formats.x12_delimiters import BLANKS, BYTE_ORDER_MARK, Delimiters, text
from jobs.formats.x12_pieces import Piece

NO_GROUP = "no_group"
OUTSIDE_TRANSACTION = "outside_transaction"
BAD_HIERARCHY = "bad_hierarchy"
NO_SUBSCRIBER = "no_subscriber"
CONTEXT_TOO_LARGE = "context_too_large"

# HL03: the levels of an 837, outermost first: billing provider, subscriber, patient.
_RANK = {"20": 0, "22": 1, "23": 2}
_SUBSCRIBER = 1


class _Level(NamedTuple):
    rank: int
    name: str
    payload: bytes
    misplaced: bool


_TOP = _Level(-1, "", b"", False)


class Place:
    """What the pieces so far have said; `take` each in turn."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._delimiters: Delimiters | None = None
        self._isa = self._gs = self._header = b""
        self._levels: list[_Level] = []
        self._guide = ""  # GS08
        self._control = ("", "", "")  # ISA06, ISA13, GS06
        self._owner = ""
        self._standing: tuple[str, ...] = ()  # faults of the whole transaction
        self._wrong: tuple[str, ...] = ()  # and of the claims that stand here
        self._mentions: dict[str, int] = {}
        self._adjustments = 0
        self._needs_level = False
        self._is_open = False
        self.in_group = False
        self.kind: str | None = None
        self.ordinal = -1
        self.version: str | None = None
        self.address: str | None = None
        self.envelope = b""  # ISA and GS
        self.above = b""  # what is in force over the whole transaction, its header too
        self.context: bytes | None = None  # and over the claims that stand here

    def take(self, piece: Piece) -> tuple[str, ...]:
        """Go on by a piece; the faults that its place gives it."""
        tag = piece.tag
        if tag == "CLM" or tag == "CLP":
            self.ordinal += 1
            return self._wrong
        take = _TAKES.get(tag)
        return take(self, piece) if take is not None else ()

    def identify(self, piece: Piece) -> tuple[str | None, str | None]:
        """Identity and deed of a claim; None for what it does not say."""
        said = elements(piece, 6)
        name = said[1].strip()
        whole = f"{self._control[0]}|{self._owner}|{name}" if name else None
        if piece.tag == "CLP":
            seen = self._mentions[name] = self._mentions.get(name, 0) + 1
            return whole if whole is None or seen == 1 else f"{whole}#{seen}", said[2].strip() or None
        assert piece.delimiters is not None
        facility = said[5].split(piece.delimiters.component.decode("latin-1"))
        return whole, (facility[2].strip() or None) if len(facility) > 2 else None

    def adjustment(self) -> str:
        """Identity of a PLB, which has no name of its own."""
        self._adjustments += 1
        return f"{self._control[0]}|{self._owner}|PLB#{self._adjustments}"

    def _interchange(self, piece: Piece) -> tuple[str, ...]:
        self._isa = (piece.payload or b"").removeprefix(BYTE_ORDER_MARK).lstrip(BLANKS)
        said = elements(piece._replace(payload=self._isa), 14)
        self._control = (said[6].strip(), said[13].strip(), "")
        self._gs, self._guide, self.version, self.in_group = b"", "", None, False
        return self._leave(2)

    def _group(self, piece: Piece) -> tuple[str, ...]:
        said = elements(piece, 9)
        self._gs, self._guide, self.in_group = piece.payload or b"", said[8].strip(), True
        self.version = (said[4] + said[5].ljust(8, "0"))[:16] if said[4] else None
        self._control = (*self._control[:2], said[6].strip())
        return self._leave(3)

    def _group_end(self, piece: Piece) -> tuple[str, ...]:
        faults = self._leave(3)
        self.in_group, self._gs = False, b""
        return faults

    def _interchange_end(self, piece: Piece) -> tuple[str, ...]:
        self.version, self.in_group = None, False
        return self._leave(2)

    def _leave(self, depth: int) -> tuple[str, ...]:
        """Out of any transaction; `depth` tells how much of the address is left."""
        self._is_open, self.kind, self._header, self._levels = False, None, b"", []
        self.address, self.envelope = "|".join(self._control[:depth]), self._isa + self._gs
        return ()

    def _transaction(self, piece: Piece) -> tuple[str, ...]:
        said = elements(piece, 4)
        self.kind, self._standing = x12_guides.route(said[1].strip(), self._guide, said[3].strip())
        if not self.in_group:
            self._standing += (NO_GROUP,)
        self._is_open, self.ordinal, self._mentions, self._levels = True, -1, {}, []
        self._adjustments = 0
        self.address = f"{'|'.join(self._control)}|{said[2].strip()}"
        self._header = piece.payload or b""
        # Payments need no level (LX) to stand under; a claim without one is nobody's.
        self._needs_level = said[1] == "837"
        self.above = self.envelope + self._header
        self._owner = "" if self._needs_level else _found(piece, "TRN", "", 2)
        self._join()
        return self._standing

    def _hierarchy(self, piece: Piece) -> tuple[str, ...]:
        said = elements(piece, 4)
        rank = _RANK.get(said[3].strip(), len(_RANK))
        while self._levels and self._levels[-1].rank >= rank:
            self._levels.pop()
        parent = self._levels[-1] if self._levels else _TOP
        misplaced = parent.misplaced or said[2].strip() != parent.name
        if rank == 0:
            self._owner = _found(piece, "NM1", "85", 9)
        self._levels.append(_Level(rank, said[1].strip(), piece.payload or b"", misplaced))
        self._join()
        return (*self._standing, BAD_HIERARCHY) if misplaced else self._standing

    def _number(self, piece: Piece) -> tuple[str, ...]:
        self._levels = [_Level(0, "", piece.payload or b"", False)]
        self._join()
        return self._standing

    def _join(self) -> None:
        """Make the context of the claims that follow, and their faults."""
        wrong = self._standing
        levels = self._levels
        if self._needs_level and _SUBSCRIBER not in [level[0] for level in levels]:
            wrong += (NO_SUBSCRIBER,)
        if levels and levels[-1].misplaced:
            wrong += (BAD_HIERARCHY,)
        context = b"".join([self.above, *[level[2] for level in levels]])
        self.context = context if len(context) <= self._longest else None
        self._wrong = wrong if self.context is not None else (*wrong, CONTEXT_TOO_LARGE)

    def _summary(self, piece: Piece) -> tuple[str, ...]:
        return self._standing

    def _transaction_end(self, piece: Piece) -> tuple[str, ...]:
        if not self._is_open:
            self.kind = None
            return (OUTSIDE_TRANSACTION,)
        self._is_open = False
        return self._standing


def elements(piece: Piece, count: int) -> list[str]:
    """The elements of the first segment of a piece, at least as many as asked for: empty where there are none."""
    if piece.delimiters is None or piece.payload is None:
        return [""] * count
    end = piece.payload.find(piece.delimiters.terminator)
    first = piece.payload if end < 0 else piece.payload[:end]
    said = text(first).split(piece.delimiters.element.decode("latin-1"))
    return said + [""] * (count - len(said)) if len(said) < count else said


def _found(piece: Piece, tag: str, first: str, element: int) -> str:
    """An element of the first segment of a piece that has the tag and, when asked for, the first element."""
    if piece.delimiters is None or piece.payload is None:
        return ""
    between = piece.delimiters.element.decode("latin-1")
    for segment in text(piece.payload).split(piece.delimiters.terminator.decode("latin-1")):
        said = segment.lstrip().split(between)
        if said[0] == tag and len(said) > element and (not first or said[1] == first):
            return said[element].strip()
    return ""


_TAKES: dict[str, Callable[[Place, Piece], tuple[str, ...]]] = {
    "ISA": Place._interchange,
    "GS": Place._group,
    "ST": Place._transaction,
    "HL": Place._hierarchy,
    "LX": Place._number,
    "PLB": Place._summary,
    "SE": Place._transaction_end,
    "GE": Place._group_end,
    "IEA": Place._interchange_end,
}
