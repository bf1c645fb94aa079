"""What is to be answered about the transactions of a file: each problem at its segment, counted from ST."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from jobs.formats import x12, x12_claim, x12_claim_levels, x12_payment, x12_place, x12_remittance
from jobs.formats.record import RecordInContext as Record
from jobs.formats.x12_interchanges import Interchange, Reckoner, Transaction
from jobs.formats.x12_pieces import Cutter, Piece
from jobs.formats.x12_segments import Problem

# So many are answered of one transaction; who has more has read the first.
MOST = 1000
_OF_PLACE = {
    x12.NO_ID: ("CLM", 1),
    x12_place.BAD_HIERARCHY: ("HL", 2),
    x12_place.NO_SUBSCRIBER: ("CLM", 0),
}


class Findings(NamedTuple):
    """The interchanges of a file, and the problems of its transactions by where these begin."""

    interchanges: list[Interchange]
    problems: dict[int, list[Problem]]


def find(blocks: Iterable[bytes], limits: x12.Limits) -> Findings:
    """Read a file, given in blocks, as far as an answer to it needs."""
    cutter, place, reckoner = Cutter(limits.record_bytes), x12_place.Place(limits.context_bytes), Reckoner()
    problems: dict[int, list[Problem]] = {}
    for block in (*blocks, None):
        for piece in cutter.close() if block is None else cutter.feed(block):
            before = reckoner.transaction
            passed = before.segments if before and piece.tag != "ST" else 0
            record = x12.record(piece, place)
            reckoner.take(piece, record.faults)
            transaction = reckoner.transaction
            if transaction is None or piece.tag == "SE" or piece.payload is None:
                continue
            told = problems.setdefault(transaction.position, [])
            if len(told) < MOST:
                found = _of(piece, record, transaction)
                told += [one._replace(segment=one.segment + passed) for one in found]
    return Findings(reckoner.interchanges, problems)


def _of(piece: Piece, record: Record, transaction: Transaction) -> list[Problem]:
    """The problems of a piece of a transaction that is read, by its own segments."""
    own = [Problem(name, 1, *_OF_PLACE[name]) for name in record.faults if name in _OF_PLACE and piece.tag != "CLP"]
    own += [Problem(x12.NO_ID, 1, "CLP", 1)] if piece.tag == "CLP" and x12.NO_ID in record.faults else []
    # A claim under a misplaced level has that level's fault; the level is answered for.
    own = [one for one in own if one.tag == piece.tag]
    assert piece.payload is not None
    if piece.delimiters is None or transaction.kind is None:
        return own
    if transaction.kind == "835":
        if piece.tag == "CLP":
            found = x12_remittance.parse(piece.payload, record.context)["problems"] if record.context else []
        elif piece.tag == "PLB":
            found = x12_payment.adjustments(piece.payload, piece.delimiters)["problems"]
        else:
            found = x12_payment.problems(piece.payload, piece.delimiters)
    elif transaction.kind in ("837P", "837I", "837D"):
        if piece.tag == "CLM":
            found = x12_claim.parse(piece.payload, record.context)["problems"] if record.context else []
        else:
            found = x12_claim_levels.problems(piece.payload, piece.delimiters)
    else:
        found = []
    known = {(one.tag, one.element) for one in own}
    return own + [one for one in found if one.segment and (one.tag, one.element) not in known]
