"""Raw deflate (RFC 1951) as DICOM data sets and zip members hold it, unpacked within limits."""

from __future__ import annotations

import struct
import zlib
from typing import Any, NamedTuple

from jobs.formats.dicom_limits import Limits
from jobs.formats.unpacking import HARMLESS

BAD_DEFLATE = "bad_deflate"
DEFLATE_BOMB = "deflate_bomb"
TOO_LARGE = "too_large"

_BLOCK = 64 << 10
_STEP = 1 << 20


class Inflated(NamedTuple):
    """The first bytes of what was packed, its whole size as far as it was unpacked, its CRC-32, its fault."""

    data: bytes
    size: int
    checksum: int
    fault: str | None


def inflate(
    packed: Any, start: int, end: int, limits: Limits, *, enough: int | None = None, keep: int | None = None
) -> Inflated:
    """Unpack what lies between two places, keeping the first bytes: as many as a header may have, or `keep`.

    With `enough` it is unpacked only so far, and whether the rest is whole is not asked.
    """
    if keep is None:
        keep = limits.record_bytes if enough is None else enough
    kept, size, checksum = bytearray(), 0, 0
    member = zlib.decompressobj(wbits=-15)
    for at in range(start, end, _BLOCK):
        block = bytes(packed[at : min(at + _BLOCK, end)])
        given = b"."
        while given and not member.eof:
            try:
                given = member.decompress(block, _STEP)
            except zlib.error:
                return Inflated(bytes(kept), size, checksum, BAD_DEFLATE)
            block = member.unconsumed_tail
            size += len(given)
            checksum = zlib.crc32(given, checksum)
            kept += given[: max(0, keep - len(kept))]
            if size > limits.unpacked_bytes or size > max(
                HARMLESS, limits.unpacked_ratio * (min(at + _BLOCK, end) - start)
            ):
                return Inflated(bytes(kept), size, checksum, DEFLATE_BOMB)
            if enough is not None and size >= enough:
                return Inflated(bytes(kept), size, checksum, None)
        if member.eof:
            left = bytes(member.unused_data) + bytes(packed[at + _BLOCK : min(at + _BLOCK + 9, end)])
            # A byte makes the length even (PS3.5 A.5); some leave the end of a gzip file there.
            whole = len(left) <= 1 or left == struct.pack("<II", checksum, size & 0xFFFFFFFF)
            return Inflated(bytes(kept), size, checksum, None if whole else BAD_DEFLATE)
    return Inflated(bytes(kept), size, checksum, BAD_DEFLATE)


_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_DEFLATED = 8


def of_member(raw: bytes, limits: Limits) -> bytes:
    """What is in a zip's deflated member, given as it lies there with its local header (APPNOTE 4.3.7).

    `raw` itself when it is none. As much as a header may have is unpacked: what follows are pixel data.
    """
    if not raw.startswith(b"PK\3\4") or len(raw) < _LOCAL_HEADER.size:
        return raw
    _, _, _, method, _, _, _, _, _, name, extra = _LOCAL_HEADER.unpack_from(raw)
    start = _LOCAL_HEADER.size + name + extra
    return inflate(raw, start, len(raw), limits, enough=limits.record_bytes).data if method == _DEFLATED else raw
