"""The header of a DICOM file: preamble, file meta information, data set up to the pixel data (PS3.10 section 7).

Transfer syntaxes: implicit and explicit VR, little and big endian, deflated; every other one is explicit little
endian with its pixel data encapsulated (PS3.5 annex A). Nothing is read by force: without the prefix DICM
there is no header. Group 0002 stands in the JSON beside the data set, as dcm2json writes it with --write-meta:
the JSON model of PS3.18 leaves it out, but here it is all that is kept of the transfer syntax.
"""

from __future__ import annotations

import contextlib
import struct
from typing import Any, NamedTuple

from jobs.formats import dicom_deflate
from jobs.formats.dicom_charsets import decoder
from jobs.formats.dicom_elements import PIXELS, TRUNCATED, UNDEFINED, DataSet, Elements, MoreNeededError, fragments_end
from jobs.formats.dicom_limits import Limits
from jobs.formats.dicom_tags import EXPLICIT, EXPLICIT_BIG, IMPLICIT, Form, StoppedError
from jobs.formats.dicom_values import VRS

NOT_DICOM = "not_dicom"
NO_PREAMBLE = "no_preamble"
META_LENGTH = "wrong_meta_length"
NO_TRANSFER_SYNTAX = "no_transfer_syntax"
WRONG_SYNTAX = "other_than_transfer_syntax"
TRUNCATED_PIXELS = "truncated_pixel_data"
BYTES_AFTER_END = "bytes_after_end"

PREAMBLE = 128
PREFIX = b"DICM"
DEFLATED = ("1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205")
_FORMS = {"1.2.840.10008.1.2": IMPLICIT, "1.2.840.10008.1.2.2": EXPLICIT_BIG}
_ASCII = decoder([])[0]


class Header(NamedTuple):
    """The JSON model of a header, the bytes of the file it stands for, and its faults."""

    tags: dict[str, Any]
    start: int
    end: int
    faults: tuple[str, ...]


def read(
    data: Any, end: int, limits: Limits, *, begin: int = 0, size: int | None = None, base: int | None = 0
) -> Header:
    """The header in `data` from `begin` to `end`; MoreNeededError when the file goes on to `size` and it takes more.

    `base` is where in the landed file `data` begins; notes of values that are left out count from there. It is
    None for what was unpacked: then the fragments of pixel data are not looked at, whose packing has a checksum.
    """
    size = end if size is None else size
    start = begin + PREAMBLE + len(PREFIX)
    if end < start or data[start - len(PREFIX) : start] != PREFIX:
        fault = NO_PREAMBLE if is_bare(bytes(data[begin : begin + 12])) else NOT_DICOM
        return Header({}, begin, size, (fault,))
    elements = Elements(data, end, limits, whole=end == size, base=base)
    tags: dict[str, Any] = {}
    try:
        stop = _read(elements, start, size, tags)
    except StoppedError as stopped:
        elements.faults.add(str(stopped))
        stop = elements.header_end or size
    except struct.error:
        # A length that would lie behind the last byte.
        if end < size:
            raise MoreNeededError from None
        elements.faults.add(TRUNCATED)
        stop = size
    return Header(tags, start, stop, tuple(sorted(elements.faults)))


def meta(data: bytes, limits: Limits) -> dict[str, Any]:
    """Group 0002 of a file that begins with these bytes, as far as it can be read."""
    tags: dict[str, Any] = {}
    with contextlib.suppress(StoppedError, struct.error):
        _meta(Elements(data, len(data), limits), PREAMBLE + len(PREFIX), tags)
    return tags


def is_bare(data: bytes) -> bool:
    """Whether bytes begin as a data set does, without preamble and prefix: group 0002 or 0008, little endian."""
    if len(data) < 8 or data[:2] not in (b"\2\0", b"\10\0") or data[3]:
        return False
    return data[4:6].decode("latin-1") in VRS or int.from_bytes(data[4:8], "little") < 1 << 10


def first(tags: dict[str, Any], name: str) -> Any:
    """The first value of an element; None when there is none."""
    element = tags.get(name)
    values = element.get("Value") if type(element) is dict else None
    return values[0] if type(values) is list and values else None


def _read(elements: Elements, start: int, size: int, tags: dict[str, Any]) -> int:
    place = _meta(elements, start, tags)
    syntax = first(tags, "00020010")
    if syntax is None:
        elements.faults.add(NO_TRANSFER_SYNTAX)
    if syntax in DEFLATED:
        if elements.end < size:
            raise MoreNeededError
        _inflated(elements, place, tags)
        return size
    return _data_set(elements, place, _form(elements, place, syntax), size, tags)


def _meta(elements: Elements, begin: int, tags: dict[str, Any]) -> int:
    """Group 0002, always explicit little endian, as long as its first element says (PS3.10 7.1)."""
    head = bytes(elements.data[begin : begin + 12])
    has_length = head[:8] == b"\2\0\0\0UL\4\0"
    stated = begin + 12 + int.from_bytes(head[8:], "little") if has_length else None
    # Where it ends is found before it is read: the data set behind it is written in another form.
    end = begin
    while end != stated and elements.data[end : end + 2] == b"\2\0":
        _, start, length = elements.head(end, elements.end, EXPLICIT)
        end = start + length
        if end > elements.end:
            elements.cut(elements.end)
    if has_length and end != stated:
        elements.faults.add(META_LENGTH)
    return elements.read(begin, end, DataSet(EXPLICIT, _ASCII, tags))


def _form(elements: Elements, place: int, syntax: Any) -> Form:
    """How the data set is written: as declared, unless its first element shows that it is not."""
    head = bytes(elements.data[place : place + 6])
    has_vr = head[4:].decode("latin-1") in VRS
    declared = _FORMS.get(syntax, EXPLICIT) if syntax else (EXPLICIT if has_vr else IMPLICIT)
    if len(head) < 6 or head == b"\0" * 6 or has_vr == (declared is not IMPLICIT):
        return declared
    elements.faults.add(WRONG_SYNTAX)
    return EXPLICIT if has_vr else IMPLICIT


def _data_set(elements: Elements, place: int, form: Form, size: int, tags: dict[str, Any]) -> int:
    """The data set up to the pixel data; these are stepped over, to see that the file does not end in them."""
    stop = elements.read(place, elements.end, DataSet(form, _ASCII, tags), until=PIXELS[0])
    if stop == elements.end:
        if not elements.whole:
            raise MoreNeededError
        return stop
    elements.header_end = stop
    entry, start, length = elements.head(stop, elements.end, form)
    tags[entry.name] = elements.left_out(entry.vr, start, length)
    _step_over(elements, start, length, form, size)
    return stop


def _step_over(elements: Elements, start: int, length: int, form: Form, size: int) -> None:
    """Past the pixel data: they must be whole, and what follows must be elements that may follow."""
    if length == UNDEFINED:
        if elements.base is None:
            return
        try:
            stop = fragments_end(elements, start, elements.end, form)
        except StoppedError as stopped:
            raise StoppedError(TRUNCATED_PIXELS if str(stopped) == TRUNCATED else str(stopped)) from None
    else:
        stop = start + length
    if stop > size:
        raise StoppedError(TRUNCATED_PIXELS)
    if stop == size or elements.base is None:
        return
    if stop + 8 > elements.end and not elements.whole:
        raise MoreNeededError
    # Padding, signatures and private groups have higher tags; anything else was never part of this file.
    rest = bytes(elements.data[stop : stop + 8])
    if len(rest) < 8 or int.from_bytes(rest[:2], form.order) < PIXELS[0] >> 16:
        raise StoppedError(BYTES_AFTER_END)


def _inflated(elements: Elements, place: int, tags: dict[str, Any]) -> None:
    """A deflated data set (PS3.5 A.5), unpacked as far as its header may be large."""
    found = dicom_deflate.inflate(elements.data, place, elements.end, elements.limits)
    if found.fault:
        elements.faults.add(found.fault)
    inner = Elements(found.data, len(found.data), elements.limits, whole=len(found.data) == found.size, base=None)
    inner.faults = elements.faults
    try:
        _data_set(inner, 0, EXPLICIT, found.size, tags)
    except MoreNeededError:
        raise StoppedError(dicom_deflate.TOO_LARGE) from None
