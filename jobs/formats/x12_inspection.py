"""One look at an arriving X12 file while it is copied: its interchanges, whether they are whole, how much is in them.

Everything is looked at: what an envelope counts can only be checked by counting.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from jobs.formats import x12, x12_guides, x12_interchanges, x12_place
from jobs.formats.unpacking import EMPTY_FILE, Inspection, Unpacker, inspected
from jobs.formats.x12 import Limits
from jobs.formats.x12_interchanges import Interchange, Reckoner
from jobs.formats.x12_pieces import Cutter, Piece

# What the shell asks of the inspection module of any format.
__all__ = [
    "ANNOUNCEMENTS", "DOCUMENTS", "EXTENSIONS", "EXTENSION_OF", "HOLDING", "Inspector", "LINES", "Limits", "NOT_FHIR",
    "NOT_X12", "UNKNOWN", "X12Inspection", "inspect", "inspector",
]  # fmt: skip

X12, UNKNOWN = "x12", "unknown"
NOT_X12 = "not_x12"
# By this name the shell asks any format for "this is none of mine".
NOT_FHIR = NOT_X12
# Files that can be read a byte range at a time; X12 has none that must be read as a whole, and none about others.
LINES = (X12,)
DOCUMENTS: tuple[str, ...] = ()
ANNOUNCEMENTS: dict[str, Callable[[bytes], Any]] = {}
EXTENSION_OF = {X12: ".x12"}
# A file of such a name claims to be for us, even when nothing in it can be recognised.
EXTENSIONS = (
    ".x12", ".edi", ".837", ".837p", ".837i", ".837d", ".835", ".999", ".997", ".277", ".277ca", ".ta1", ".dat", ".txt",
    "",
)  # fmt: skip
# Faults of records that say that the file is not what its sender meant it to be: the delivery waits.
HOLDING = frozenset({
    x12.BAD_ISA, x12.UNREADABLE_ISA, x12.OUTSIDE_INTERCHANGE, x12.NO_TRANSACTION_END, x12.NO_GROUP_END,
    x12.NO_INTERCHANGE_END, x12.STRAY_SEGMENTS, x12_place.NO_GROUP, x12_place.OUTSIDE_TRANSACTION,
    x12_guides.VERSION_4010, x12_guides.UNKNOWN_GUIDE, x12_guides.BAD_TRANSACTION_TYPE,
    *x12_interchanges.FAULTS,
})  # fmt: skip


@dataclass(frozen=True)
class X12Inspection(Inspection):
    """What one look found; `interchanges` with their control numbers, digests, groups, transactions and faults."""

    interchanges: tuple[Interchange, ...] = ()


def inspector(limits: Mapping[str, Any], options: Mapping[str, Any], _: str | None = None) -> Inspector:
    """The inspector of a file, from what its feed declares: option `test_interchanges` (true: they are taken in)."""
    return Inspector(Limits.of(limits), takes_tests=options.get("test_interchanges") is True)


def inspect(path: str, limits: Limits | None = None) -> X12Inspection:
    """Look at a file that lies still."""
    return inspected(path, Inspector(limits or Limits()))


class Inspector:
    """Looks at a file block by block; `finish` says what it was.

    Of the result, `records` is what x12.read gives, `texts` the claims, and of a file without claims its transactions
    and acknowledgements; `types` counts records by resource type.
    """

    def __init__(self, limits: Limits, *, takes_tests: bool = False) -> None:
        self._holding = HOLDING - {x12_interchanges.TEST_INTERCHANGE} if takes_tests else HOLDING
        self._unpacker = Unpacker(limits.unpacked_bytes, limits.unpacked_ratio)
        self._cutter = Cutter(limits.record_bytes)
        self._place = x12_place.Place(limits.context_bytes)
        self._reckoner = Reckoner()
        self._types: Counter[str] = Counter()
        self._faults: dict[str, None] = {}
        self._records = 0

    def update(self, block: bytes) -> None:
        """Take the next bytes of the file as it is stored."""
        for plain in self._unpacker.feed(block):
            self._take(self._cutter.feed(plain))

    def finish(self, path: str) -> X12Inspection:
        """What the file is."""
        for plain in self._unpacker.close():
            self._take(self._cutter.feed(plain))
        self._take(self._cutter.close())
        if self._unpacker.fault:
            return self._found(UNKNOWN, (self._unpacker.fault,))
        if not self._unpacker.unpacked:
            return self._found(UNKNOWN, (EMPTY_FILE,))
        if not self._reckoner.interchanges and x12.UNREADABLE_ISA not in self._faults:
            return self._found(UNKNOWN, (NOT_X12,))
        within = [fault for one in self._reckoner.interchanges for fault in one.all_faults]
        return self._found(
            X12, tuple(name for name in dict.fromkeys((*self._faults, *within)) if name in self._holding)
        )

    def _take(self, pieces: list[Piece]) -> None:
        for piece in pieces:
            found = x12.record(piece, self._place)
            self._records += 1
            self._types[found.resource_type or ""] += 1
            for fault in found.faults:
                self._faults[fault] = None
            self._reckoner.take(piece, found.faults)

    def _found(self, shape: str, faults: tuple[str, ...]) -> X12Inspection:
        seen, types = self._unpacker, dict(sorted(self._types.items()))
        if shape == UNKNOWN:
            return X12Inspection(shape, seen.compressed, seen.size, seen.unpacked, faults=faults)
        claims = sum(one.claims for i in self._reckoner.interchanges for g in i.groups for one in g.transactions)
        sets = {kind: n for kind, n in types.items() if "." not in kind and kind not in ("", x12.INTERCHANGE)}
        return X12Inspection(
            shape, seen.compressed, seen.size, seen.unpacked, claims or sum(sets.values()), self._records,
            next(iter(sets)) if len(sets) == 1 else None, types, faults, tuple(self._reckoner.interchanges),
        )  # fmt: skip
