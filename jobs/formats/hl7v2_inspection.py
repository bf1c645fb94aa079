"""One look at an arriving HL7 v2 file while it is copied: what it is, whether it is whole, how much is in it.

Every message is read as it will be read later, so the count of records is the reader's own. The counts of batch and
file trailers are compared with what came; where they disagree the delivery is held.
"""

from __future__ import annotations

from jobs.formats import hl7v2_checks
from jobs.formats.hl7v2 import OUTSIDE_MESSAGE, TRUNCATED_FRAME, Limits, records_of
from jobs.formats.hl7v2_envelope import Reconciliation
from jobs.formats.hl7v2_split import ENVELOPE, FRAMING, Region, Splitter, take_apart
from jobs.formats.record import Record
from jobs.formats.unpacking import EMPTY_FILE, Inspection, Unpacker, inspected

# What the shell asks of the inspection module of any format.
__all__ = [
    "ANNOUNCEMENTS", "DOCUMENTS", "EXTENSIONS", "EXTENSION_OF", "Inspector", "LINES", "Limits", "NOT_FHIR",
    "NOT_HL7V2", "UNKNOWN",
    "inspect",
]  # fmt: skip

TRUNCATED = "truncated"
UNKNOWN_FORMAT = "unknown_format"
UNSUPPORTED_ENCODING = "unsupported_encoding"
NOT_HL7V2 = "not_hl7v2"
# The name by which the shell asks any format for "sound, but none of ours".
NOT_FHIR = NOT_HL7V2

HL7V2, UNKNOWN = "hl7v2", "unknown"
LINES = (HL7V2,)
DOCUMENTS: tuple[str, ...] = ()
# HL7 v2 says all that it announces inside the file.
ANNOUNCEMENTS: dict[str, object] = {}
EXTENSION_OF = {HL7V2: ".hl7"}
# A file of such a name claims to be for us, even when nothing in it can be recognised.
EXTENSIONS = (".hl7", ".hl7v2", ".er7", ".msg", ".oru", ".adt", ".vxu", ".dat", "")

_UTF16 = (b"\xff\xfe", b"\xfe\xff", b"M\0S\0H\0", b"\0M\0S\0H")
_WIDE = b"M\0S\0H"


def inspect(path: str, limits: Limits | None = None) -> Inspection:
    """Look at a file that lies still."""
    return inspected(path, Inspector(limits or Limits()))


class Inspector:
    """Looks at a file block by block; `finish` says what it was."""

    def __init__(self, limits: Limits) -> None:
        self._unpacker = Unpacker(limits.unpacked_bytes, limits.unpacked_ratio)
        self._splitter = Splitter(limits.record_bytes)
        self._envelope = Reconciliation()
        self._has_envelope = False
        self._records = 0
        self._types: dict[str, int] = {}
        self._last: Record | None = None
        self._last_region: Region | None = None
        self._head = b""

    def update(self, block: bytes) -> None:
        """Take the next bytes of the file as it is stored."""
        for plain in self._unpacker.feed(block):
            self._take(plain)

    def finish(self, path: str) -> Inspection:
        """What the file is. It is not opened again."""
        for plain in self._unpacker.close():
            self._take(plain)
        seen = self._unpacker
        if seen.fault:
            return self._found(UNKNOWN, (seen.fault,))
        for region in self._splitter.close():
            self._count(region)
        if not seen.unpacked:
            return self._found(UNKNOWN, (EMPTY_FILE,))
        if not self._types and not self._has_envelope:
            wide = self._head.startswith(_UTF16) or _WIDE in self._head
            return self._found(UNKNOWN, (UNSUPPORTED_ENCODING if wide else UNKNOWN_FORMAT,))
        faults = self._envelope.close()
        return self._found(HL7V2, faults + ((TRUNCATED,) if self._is_cut() else ()))

    def _take(self, plain: bytes) -> None:
        if len(self._head) < 64:
            self._head = (self._head + plain[:64])[:64]
        for region in self._splitter.feed(plain):
            self._count(region)

    def _count(self, region: Region) -> None:
        for record in records_of(region):
            self._records += 1
            self._last = record
            if record.faults == (OUTSIDE_MESSAGE,) or not region.headed:
                continue
            self._types[record.resource_type or ""] = self._types.get(record.resource_type or "", 0) + 1
            self._envelope.message()
        self._last_region = region
        # The envelope's lines follow the message of their region, or make up the first.
        if region.data is not None and any(name in region.data.upper() for name in ENVELOPE):
            for line in take_apart(region).envelope:
                self._has_envelope = True
                self._envelope.line(line.data)

    def _is_cut(self) -> bool:
        """Whether the file ends inside its last message."""
        last, region = self._last, self._last_region
        if last is None or region is None or region.data is None:
            return False
        if TRUNCATED_FRAME in last.faults:
            return True
        ended = region.data[-1:] in (b"", *(bytes([one]) for one in FRAMING))
        return not ended and any(fault in hl7v2_checks.CUT_OFF for fault in last.faults)

    def _found(self, shape: str, faults: tuple[str, ...]) -> Inspection:
        seen = self._unpacker
        if shape == UNKNOWN:
            return Inspection(shape, seen.compressed, seen.size, seen.unpacked, faults=faults)
        types = dict(sorted(self._types.items()))
        kind = next(iter(types)) if len(types) == 1 else None
        return Inspection(
            shape, seen.compressed, seen.size, seen.unpacked, sum(types.values()), self._records, kind or None, types,
            faults,
        )  # fmt: skip
