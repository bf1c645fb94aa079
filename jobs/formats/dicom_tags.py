"""DICOM tags as they stand in a file: with VR or without, in either byte order (PS3.5 section 7.1)."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from jobs.formats import dicom_values
from jobs.formats.dicom_dictionary import UN, vr_of
from jobs.formats.dicom_values import VRS, WITH_LONG_LENGTH, ZEROED_BLOCK, Reader

BAD_VR = "bad_vr"
CHARACTER_SET, PIXEL_REPRESENTATION = 0x00080005, 0x00280103

# Tags met so far are remembered, but a file of invented ones must not fill the memory, nor keep out the others.
_MOST_KNOWN = 20_000
_LENGTHS = {
    "little": (struct.Struct("<I").unpack_from, struct.Struct("<H").unpack_from),
    "big": (struct.Struct(">I").unpack_from, struct.Struct(">H").unpack_from),
}


class StoppedError(Exception):
    """Reading cannot go on; names the fault."""


class Form(NamedTuple):
    """How elements are written: with VRs or without, in which byte order; and the tags met in it so far."""

    key: int
    order: Literal["little", "big"]
    readers: dict[str, Reader]
    known: dict[bytes, Entry]


class Entry(NamedTuple):
    """A tag: its number, its name in JSON, its VR, where its value and its length lie and how that is unpacked.

    `reader` is none where a value must be looked at more closely; `inner` is the form of a value that is written
    otherwise than its surroundings.
    """

    number: int
    name: str
    vr: str
    value_at: int
    length_at: int
    unpack: Callable[[Any, int], tuple[int, ...]]
    reader: Reader | None
    inner: Form | None = None

    @property
    def is_group_length(self) -> bool:
        """Whether it only counts bytes of its group, which JSON leaves out (PS3.18 F.2.2)."""
        return not self.number & 0xFFFF


IMPLICIT = Form(4, "little", dicom_values.readers("<"), {})
EXPLICIT = Form(6, "little", dicom_values.readers("<"), {})
EXPLICIT_BIG = Form(6, "big", dicom_values.readers(">"), {})


def meet(key: bytes, form: Form) -> Entry:
    """A tag that is not known yet in this form, from its first bytes."""
    number = number_of(key, form.order)
    if not number:
        raise StoppedError(ZEROED_BLOCK)
    long, short = _LENGTHS[form.order]
    if number >> 16 == 0xFFFE:
        # Without VR in every form, so that these bytes say nothing the next time.
        return Entry(number, f"{number:08X}", "", 8, 4, long, None)
    vr, inner, at, unpack, value_at = vr_of(number), None, 4, long, 8
    if form is not IMPLICIT:
        sent = _sent_vr(key)
        at, unpack, value_at = (8, long, 12) if sent in WITH_LONG_LENGTH else (6, short, 8)
        # Its writer may not have known it when the standard does: the value is written without VRs, little endian.
        vr, inner = (vr, IMPLICIT) if sent == UN else (sent, None)
    entry = Entry(number, f"{number:08X}", vr, value_at, at, unpack, _reader(number, vr, inner or form), inner)
    if len(form.known) >= _MOST_KNOWN:
        form.known.clear()
    form.known[key] = entry
    return entry


def _sent_vr(key: bytes) -> str:
    vr = key[4:].decode("latin-1")
    if vr not in VRS:
        raise StoppedError(ZEROED_BLOCK if vr == "\0\0" else BAD_VR)
    return vr


def _reader(number: int, vr: str, form: Form) -> Reader | None:
    if not number & 0xFFFF or number in (CHARACTER_SET, PIXEL_REPRESENTATION):
        return None
    return form.readers.get(vr)


def number_of(key: bytes, order: Literal["little", "big"]) -> int:
    """Group and element as one number."""
    return int.from_bytes(key[:2], order) << 16 | int.from_bytes(key[2:4], order)
