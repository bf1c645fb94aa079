"""The interchanges of a file as their envelopes tell of them, held against what is in them.

SE01, GE01 and IEA01 are counted after, control numbers compared (X12.5, X12.6), and the payment of an 835 added up.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from decimal import Decimal

from jobs.formats import x12_balance, x12_guides, x12_payment, x12_segments
from jobs.formats.x12_balance import Imbalance
from jobs.formats.x12_delimiters import BLANKS, BYTE_ORDER_MARK, Delimiters
from jobs.formats.x12_pieces import Piece
from jobs.formats.x12_place import NO_GROUP, elements

WRONG_SEGMENT_COUNT = "segment_count_mismatch"
WRONG_TRANSACTION_NUMBER = "transaction_control_mismatch"
WRONG_TRANSACTION_COUNT = "transaction_count_mismatch"
WRONG_GROUP_NUMBER = "group_control_mismatch"
WRONG_GROUP_COUNT = "group_count_mismatch"
WRONG_INTERCHANGE_NUMBER = "interchange_control_mismatch"
REPEATED_INTERCHANGE = "interchange_repeated"
TEST_INTERCHANGE = "test_interchange"
FAULTS = {
    WRONG_SEGMENT_COUNT: "SE01 is not the number of segments from ST to SE",
    WRONG_TRANSACTION_NUMBER: "SE02 is not ST02",
    WRONG_TRANSACTION_COUNT: "GE01 is not the number of transactions",
    WRONG_GROUP_NUMBER: "GE02 is not GS06",
    WRONG_GROUP_COUNT: "IEA01 is not the number of groups",
    WRONG_INTERCHANGE_NUMBER: "IEA02 is not ISA13",
    REPEATED_INTERCHANGE: "two interchanges of a file have the same sender and control number",
    TEST_INTERCHANGE: "ISA15 = T: what is in it is a test of the sender's, and no care",
    x12_balance.REMITTANCE_UNBALANCED: x12_balance.FAULTS[x12_balance.REMITTANCE_UNBALANCED],
}
# Data element I14.
_TEST = "T"


@dataclass
class Transaction:
    """One ST to SE. `segments` counts both; `claims` are CLM or CLP; `imbalance` is of an 835 that does not add up."""

    position: int
    set_id: str
    control_number: str
    kind: str | None
    convention: str  # ST03
    segments: int = 0
    claims: int = 0
    imbalance: Imbalance | None = None
    faults: tuple[str, ...] = ()


@dataclass
class Group:
    """One GS to GE."""

    function: str
    sender: str
    receiver: str
    control_number: str
    guide: str
    transactions: list[Transaction] = field(default_factory=list)
    faults: tuple[str, ...] = ()


@dataclass
class Interchange:
    """One ISA to IEA.

    `digest` is SHA-256 of all its bytes, `content` that of its transactions alone: the same content sent again under
    new control numbers has the same. Both are None when a piece was too large to be looked at.
    """

    position: int
    sender_qualifier: str
    sender: str
    receiver_qualifier: str
    receiver: str
    date: str
    time: str
    version: str
    control_number: str
    asks_acknowledgement: bool
    usage: str
    delimiters: Delimiters | None
    digest: str | None = None
    content: str | None = None
    groups: list[Group] = field(default_factory=list)
    acknowledgements: int = 0  # TA1
    faults: tuple[str, ...] = ()

    @property
    def all_faults(self) -> tuple[str, ...]:
        """Its own faults and those of what is in it, each once."""
        within = [fault for group in self.groups for fault in group.faults]
        within += [fault for group in self.groups for one in group.transactions for fault in one.faults]
        return tuple(dict.fromkeys((*self.faults, *within)))


class Reckoner:
    """Adds up the pieces of a file; `interchanges` is what it came to."""

    def __init__(self) -> None:
        self.interchanges: list[Interchange] = []
        self._group: Group | None = None
        self._transaction: Transaction | None = None
        self._whole = self._within = hashlib.sha256()
        self._is_hashed = True
        self._is_counted = True
        self._empty: re.Pattern[bytes] | None = None
        self._paid: Decimal | None = None
        self._claims = self._taken = Decimal(0)
        self._seen: set[tuple[str, str]] = set()

    def take(self, piece: Piece, faults: tuple[str, ...]) -> None:
        """Go on by a piece, with the faults that its record has."""
        tag, payload = piece.tag, piece.payload
        if tag == "" or piece.delimiters is None:
            return
        if tag == "ISA":
            self._begin(piece)
        interchange = self.interchanges[-1]
        self._hash(payload, tag)
        if tag == "GS":
            said = elements(piece, 9)
            self._group = Group(said[1], said[2].strip(), said[3].strip(), said[6].strip(), said[8].strip())
            interchange.groups.append(self._group)
        elif tag == "TA1":
            interchange.acknowledgements += 1
        elif tag == "GE":
            self._end_group(piece)
        elif tag == "IEA":
            self._end_interchange(piece)
        else:
            self._within_transaction(piece)
        self._note(tag, faults)

    @property
    def transaction(self) -> Transaction | None:
        """The transaction in hand; None between transactions."""
        return self._transaction

    def _note(self, tag: str, faults: tuple[str, ...]) -> None:
        place: Transaction | Group | Interchange = self.interchanges[-1]
        if tag in ("GS", "GE") and self._group is not None:
            place = self._group
        elif tag not in ("ISA", "IEA", "TA1") and self._transaction is not None:
            place = self._transaction
        if faults:
            place.faults = tuple(dict.fromkeys(place.faults + faults))
        if tag == "SE":
            self._transaction = None
        elif tag == "GE":
            self._group = None

    def _begin(self, piece: Piece) -> None:
        self._group = self._transaction = None
        self._whole, self._within, self._is_hashed = hashlib.sha256(), hashlib.sha256(), True
        assert piece.delimiters is not None
        end = re.escape(piece.delimiters.terminator)
        self._empty = re.compile(end + rb"[\r\n\t ]*+(?=" + end + rb")")
        payload = (piece.payload or b"").removeprefix(BYTE_ORDER_MARK).lstrip(BLANKS)
        said = [one.strip() for one in elements(piece._replace(payload=payload), 17)]
        found = Interchange(
            piece.position, said[5], said[6], said[7], said[8], said[9], said[10], said[12], said[13],
            said[14] == "1", said[15], piece.delimiters,
        )  # fmt: skip
        if (key := (found.sender, found.control_number)) in self._seen:
            found.faults = (REPEATED_INTERCHANGE,)
        if found.usage == _TEST:
            found.faults += (TEST_INTERCHANGE,)
        self._seen.add(key)
        self.interchanges.append(found)

    def _hash(self, payload: bytes | None, tag: str) -> None:
        if payload is None:
            self._is_hashed = False
        elif self._is_hashed:
            self._whole.update(payload)
            if tag not in ("ISA", "GS", "GE", "IEA", "TA1"):
                self._within.update(payload)

    def _within_transaction(self, piece: Piece) -> None:
        tag = piece.tag
        if tag == "ST":
            self._open(piece)
        transaction = self._transaction
        if transaction is None:
            return
        if tag == "SE":
            self._end_transaction(piece, transaction)
            return
        self._count(piece, transaction)
        if tag == "CLM" or tag == "CLP":
            transaction.claims += 1
        if self._paid is not None and tag in ("CLP", "PLB"):
            self._add(piece)

    def _open(self, piece: Piece) -> None:
        said = [one.strip() for one in elements(piece, 4)]
        kind = x12_guides.route(said[1], self._group.guide if self._group else "", said[3])[0]
        self._transaction = Transaction(piece.position, said[1], said[2], kind, said[3])
        if self._group is not None:
            self._group.transactions.append(self._transaction)
        elif (around := self.interchanges[-1]) and NO_GROUP not in around.faults:
            around.faults += (NO_GROUP,)
        self._is_counted, self._claims, self._taken, self._paid = True, Decimal(0), Decimal(0), None
        if said[1] == "835" and piece.payload is not None and piece.delimiters is not None:
            order = x12_payment.order(piece.payload, piece.delimiters)
            self._paid = order["amount"]

    def _count(self, piece: Piece, transaction: Transaction) -> None:
        if piece.payload is None or piece.delimiters is None or self._empty is None:
            self._is_counted = False
            return
        transaction.segments += piece.payload.count(piece.delimiters.terminator)
        transaction.segments -= len(self._empty.findall(piece.payload))

    def _add(self, piece: Piece) -> None:
        """The part of a claim or of a provider adjustment in the payment."""
        if piece.payload is None or piece.delimiters is None:
            self._paid = None
        elif piece.tag == "CLP":
            self._claims += x12_segments.decimal(elements(piece, 5)[4].strip()) or Decimal(0)
        else:
            found = x12_payment.adjustments(piece.payload, piece.delimiters)
            self._taken += x12_payment.taken_away(found)

    def _end_transaction(self, piece: Piece, transaction: Transaction) -> None:
        said = [one.strip() for one in elements(piece, 3)]
        transaction.segments += 1
        faults = transaction.faults
        if self._is_counted and _whole(said[1]) != transaction.segments:
            faults += (WRONG_SEGMENT_COUNT,)
        if said[2] != transaction.control_number:
            faults += (WRONG_TRANSACTION_NUMBER,)
        if self._paid is not None:
            for wrong in x12_balance.of_remittance(self._paid, self._claims, self._taken):
                transaction.imbalance = wrong
                faults += (wrong.fault,)
        transaction.faults = faults

    def _end_group(self, piece: Piece) -> None:
        said = [one.strip() for one in elements(piece, 3)]
        if self._group is None:
            return
        if _whole(said[1]) != len(self._group.transactions):
            self._group.faults += (WRONG_TRANSACTION_COUNT,)
        if said[2] != self._group.control_number:
            self._group.faults += (WRONG_GROUP_NUMBER,)

    def _end_interchange(self, piece: Piece) -> None:
        said, found = [one.strip() for one in elements(piece, 3)], self.interchanges[-1]
        if _whole(said[1]) != len(found.groups):
            found.faults += (WRONG_GROUP_COUNT,)
        if said[2] != found.control_number:
            found.faults += (WRONG_INTERCHANGE_NUMBER,)
        if self._is_hashed:
            found.digest, found.content = self._whole.hexdigest(), self._within.hexdigest()


def _whole(value: str) -> int | None:
    """A count; None when it is none."""
    return int(value) if value.isascii() and value.isdigit() and len(value) < 12 else None
