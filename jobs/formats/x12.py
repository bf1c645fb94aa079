"""X12 deliveries: bytes in, records out. One record per claim (837: CLM, 835: CLP), one per other piece of a file.

The payloads of a file's records, one after the other, are the file: no byte is in none or in two of them. A claim
stands under much that is said once for many: its record carries that as `context`, verbatim, so that it can be
parsed alone (x12_claim, x12_remittance).

    resource_type       one record for each
    837P, 837I, 837D    claim: CLM up to the next CLM, HL or SE
    835                 claim payment: CLP up to the next CLP, LX, PLB or SE
    <type>.header       ST up to the first level: BHT, 1000A/B; BPR, TRN, payer, payee
    <type>.level        837: an HL with its loop but no claim; 835: an LX with TS3 and TS2
    <type>.summary      PLB (835) and SE
    999, 277CA, 834...  a transaction set that holds no claims, ST up to SE
    TA1                 one interchange acknowledgement
    interchange         ISA, GS, GE and IEA, each
    837, 835            what would be one of the above, in a guide or version that is not read

`entry` is the number of the claim in its transaction, from 0. `resource_id` is, of a claim, sender (ISA06) |
billing provider (NM109) | CLM01; of a claim payment, sender | TRN02 | CLP01, with #2 and so on when one
transaction speaks of a claim again, as a reversal and its correction do; of a PLB, sender | TRN02 | PLB#1 and so
on. `full_url` is the transaction: sender | ISA13 | GS06 | ST02. `version_id` is GS04 and GS05, the sender's
clock. `method` is what is done: CLM05-3 (7 replaces, 8 voids) or CLP02 (22 reverses). `context` is what is in
force above, ISA and GS first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jobs.formats import ndjson, x12_guides
from jobs.formats.declaration import whole_numbers
from jobs.formats.record import RecordInContext as Record
from jobs.formats.x12_delimiters import BLANKS, BYTE_ORDER_MARK
from jobs.formats.x12_pieces import Cutter, Piece
from jobs.formats.x12_place import (
    BAD_HIERARCHY,
    CONTEXT_TOO_LARGE,
    NO_GROUP,
    NO_SUBSCRIBER,
    OUTSIDE_TRANSACTION,
    Place,
)

TOO_LARGE = "too_large"
BAD_ISA = "bad_isa"
UNREADABLE_ISA = "unreadable_isa"
OUTSIDE_INTERCHANGE = "outside_interchange"
NO_TRANSACTION_END = "no_transaction_end"
NO_GROUP_END = "no_group_end"
NO_INTERCHANGE_END = "no_interchange_end"
STRAY_SEGMENTS = "stray_segments"
NO_ID = "no_id"
# Every fault a record can have, with what it means to the sender.
FAULTS = {
    TOO_LARGE: "larger than the feed's limit; its bytes are kept in landing only",
    BAD_ISA: "the ISA has not its 106 bytes; read by counting its elements",
    UNREADABLE_ISA: "an ISA whose delimiters cannot be made out, and all up to the next good one",
    OUTSIDE_INTERCHANGE: "bytes that belong to no interchange",
    NO_TRANSACTION_END: "the transaction stops here without SE",
    NO_GROUP_END: "the functional group stops here without GE",
    NO_INTERCHANGE_END: "the interchange stops here without IEA",
    NO_GROUP: "a transaction outside of any functional group",
    OUTSIDE_TRANSACTION: "SE outside of any transaction",
    x12_guides.VERSION_4010: "version 4010, which is not read",
    x12_guides.UNKNOWN_GUIDE: "an implementation guide that is not read",
    x12_guides.BAD_TRANSACTION_TYPE: "ST01 is not three digits",
    STRAY_SEGMENTS: "segments where none may stand: between transactions, groups or interchanges",
    NO_ID: "no CLM01 or CLP01, or one longer than a key may be",
    BAD_HIERARCHY: "an HL whose parent (HL02) is not the level it stands under: whose claim it is cannot be known",
    NO_SUBSCRIBER: "a claim under no subscriber level (HL03 = 22)",
    CONTEXT_TOO_LARGE: "what stands above the claim is longer than the feed's limit",
}
INTERCHANGE = "interchange"
_CLAIM_TAGS = ("CLM", "CLP")
_PARTS = {"ST": "header", "HL": "level", "LX": "level", "PLB": "summary", "SE": "summary"}
# What ends a transaction other than SE.
_OUTER = frozenset({"ISA", "GS", "ST", "GE", "IEA", ""})
_ENVELOPE = frozenset({"ISA", "GS", "GE", "IEA", "TA1", ""})
_LONGEST_ID = 160


@dataclass(frozen=True)
class Limits:
    """Limits of a feed; each has a name in the feed's declaration. Bytes, but for the ratio."""

    record_bytes: int = 16 << 20
    context_bytes: int = 64 << 10
    unpacked_bytes: int = 8 << 30
    unpacked_ratio: int = 100

    @classmethod
    def of(cls, declared: Mapping[str, Any]) -> Limits:
        """The limits a feed declares; what it does not name keeps its default."""
        return whole_numbers(cls, declared, "limits")


def read(
    path: str, start: int = 0, end: int | None = None, *, document: bool = False, limits: Limits
) -> Iterator[Record]:
    """The records of a file, gzip or not, or those of a byte range of it.

    A range has the transactions whose ST is in it, whole, and of the envelope the segments that begin in it. What
    lies before is searched for ISA and GS only, ten times as fast as it is read.
    """
    with ndjson.open_bytes(path) as stream:
        yield from records(iter(lambda: stream.read(ndjson.BLOCK), b""), limits, start, end)


def records(blocks: Iterable[bytes], limits: Limits, start: int = 0, end: int | None = None) -> Iterator[Record]:
    """The records of a file given in blocks."""
    place = Place(limits.context_bytes)
    ours = start == 0
    for piece in _pieces(blocks, limits.record_bytes, start):
        # What begins a range is a transaction or a segment of the envelope, never the middle of a transaction.
        if piece.tag == "ST" or piece.tag in _ENVELOPE:
            ours = piece.position >= start
            if end is not None and piece.position >= end:
                return
        if ours:
            yield record(piece, place)
        else:
            place.take(piece)


def _pieces(blocks: Iterable[bytes], longest: int, start: int) -> Iterator[Piece]:
    cutter = Cutter(longest, start)
    for block in blocks:
        yield from cutter.feed(block)
    yield from cutter.close()


def record(piece: Piece, place: Place) -> Record:
    """The record a piece is; `place` knows what came before it and learns of it."""
    tag = piece.tag
    faults = place.take(piece)
    entry = identifier = method = context = None
    if tag in _CLAIM_TAGS:
        kind, entry, context = place.kind, place.ordinal, place.context
        identifier, method = place.identify(piece)
        if identifier is None or len(identifier) > _LONGEST_ID:
            identifier = None
            faults += (NO_ID,)
    elif tag in _ENVELOPE:
        kind, more = _envelope(piece)
        faults += more
    else:
        kind, context = _part(place.kind, tag), place.envelope if tag == "ST" else place.above
        faults += _stray(piece) if tag == "SE" else ()
        identifier = place.adjustment() if tag == "PLB" else None
    if piece.payload is None:
        faults += (TOO_LARGE,)
    if piece.then in _OUTER:
        faults += _stops(tag, piece.then, place.in_group)
    # Past the named constructor, which costs as much as a tenth of reading the record.
    return tuple.__new__(
        Record,
        (
            piece.position, piece.length, entry, kind, identifier, place.version, None, place.address, method,
            piece.payload, faults, context,
        ),
    )  # fmt: skip


def _part(kind: str | None, tag: str) -> str | None:
    """The resource type of a piece of a transaction that is no claim."""
    if kind is None or kind[:3] not in ("837", "835"):
        return kind if tag == "ST" or kind is None else f"{kind}.summary"
    return f"{kind}.{_PARTS[tag]}"


def _envelope(piece: Piece) -> tuple[str | None, tuple[str, ...]]:
    if piece.tag == "":
        return None, (OUTSIDE_INTERCHANGE,)
    if piece.delimiters is None:
        return None, (UNREADABLE_ISA,)
    if piece.tag == "TA1":
        return "TA1", _stray(piece)
    return INTERCHANGE, _stray(piece) if piece.proper or piece.tag != "ISA" else (BAD_ISA, *_stray(piece))


def _stray(piece: Piece) -> tuple[str, ...]:
    """Whether more follows a segment that should stand alone: what no transaction holds must not pass unseen."""
    if piece.payload is None or piece.delimiters is None:
        return ()
    body = piece.payload.removeprefix(BYTE_ORDER_MARK).strip(BLANKS)
    end = body.find(piece.delimiters.terminator)
    return (STRAY_SEGMENTS,) if end >= 0 and body[end:].strip(BLANKS + piece.delimiters.terminator) else ()


def _stops(tag: str, then: str, in_group: bool) -> tuple[str, ...]:
    """What is missing at the end of a piece, given what follows it."""
    faults: tuple[str, ...] = ()
    if tag in _PARTS or tag in _CLAIM_TAGS:
        if tag != "SE":
            faults = (NO_TRANSACTION_END,)
        if in_group and then not in ("ST", "GE"):
            faults += (NO_GROUP_END,)
    elif tag == "GS" and then not in ("ST", "GE"):
        faults = (NO_GROUP_END,)
    return (*faults, NO_INTERCHANGE_END) if then in ("ISA", "") and tag not in ("", "IEA") else faults
