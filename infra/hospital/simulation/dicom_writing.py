"""DICOM files without pixel data: preamble, group 0002, data set in Explicit VR Little Endian (PS3.10, PS3.5 7.1.2)."""

from __future__ import annotations

import struct
from collections.abc import Mapping

EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
IMPLEMENTATION = "1.2.826.0.1.3680043.10.1999.1"
_BINARY = {"US": "<H", "UL": "<I"}
_LONG = frozenset({"OB", "OW", "SQ", "UN", "UT"})
Tag = tuple[int, int]
Elements = Mapping[Tag, tuple[str, str | int]]


def element(tag: Tag, vr: str, value: str | int | bytes, encoding: str = "ascii") -> bytes:
    """One element; odd lengths are padded as PS3.5 section 6.2 says for the VR."""
    if isinstance(value, int):
        raw = struct.pack(_BINARY[vr], value)
    else:
        raw = value if isinstance(value, bytes) else value.encode(encoding, "replace")
        if len(raw) % 2:
            raw += b"\0" if vr in ("UI", "OB") else b" "
    length = struct.pack("<2xI" if vr in _LONG else "<H", len(raw))
    return struct.pack("<HH", *tag) + vr.encode() + length + raw


def file(elements: Elements, *, encoding: str = "latin-1") -> bytes:
    """A whole file of one instance, its elements in the order of their tags."""
    sop_class, instance = str(elements[0x0008, 0x0016][1]), str(elements[0x0008, 0x0018][1])
    meta = b"".join(
        [
            element((0x0002, 0x0001), "OB", b"\0\1"),
            element((0x0002, 0x0002), "UI", sop_class),
            element((0x0002, 0x0003), "UI", instance),
            element((0x0002, 0x0010), "UI", EXPLICIT_LITTLE_ENDIAN),
            element((0x0002, 0x0012), "UI", IMPLEMENTATION),
        ]
    )
    body = b"".join(element(tag, vr, value, encoding) for tag, (vr, value) in sorted(elements.items()))
    return b"\0" * 128 + b"DICM" + element((0x0002, 0x0000), "UL", len(meta)) + meta + body
