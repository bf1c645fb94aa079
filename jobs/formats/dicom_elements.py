"""DICOM data elements: bytes in, the DICOM JSON model out (PS3.5 section 7; PS3.18 annex F).

One pass, each element once, whatever the lengths in it say: a value that does not fit where it stands ends the
reading with a named fault, and what was read before is kept. Readers in the field take a cut file, a block of
zeros or a length beyond the end for the end of the header; here each is a fault.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from jobs.formats.dicom_charsets import Decoder, decoder
from jobs.formats.dicom_dictionary import SIGNED_OR_NOT, UN
from jobs.formats.dicom_limits import Limits
from jobs.formats.dicom_tags import (
    CHARACTER_SET,
    IMPLICIT,
    PIXEL_REPRESENTATION,
    Entry,
    Form,
    StoppedError,
    meet,
    number_of,
)
from jobs.formats.dicom_values import ARRAYS, BINARY

TRUNCATED = "truncated"
BEYOND_ITS_PLACE = "length_beyond_its_place"
BAD_ITEM = "bad_item"
TAG_ORDER = "tags_out_of_order"
TOO_DEEP = "too_deep"
TOO_LARGE = "too_large"

UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
# Float, double float and plain pixel data: one of them at most ends a header (PS3.3 C.7.6.24, C.7.6.25, C.7.6.3).
PIXELS = (0x7FE00008, 0x7FE00009, 0x7FE00010)
NEVER = 1 << 32
# How many bytes are read between two looks at the limits.
_CHECKED_EVERY = 64 << 10


class MoreNeededError(Exception):
    """The header does not end in the bytes that are there, and the file has more."""


@dataclass(slots=True)
class DataSet:
    """A data set that is being read: how it is written, its character set, how deep it lies, its elements."""

    form: Form
    decode: Decoder
    into: dict[str, Any]
    depth: int = 0


class Elements:
    """Reads the elements of one header; `data` up to `end` is all of the file, or with `whole` false its beginning."""

    def __init__(self, data: Any, end: int, limits: Limits, *, whole: bool = True, base: int | None = 0) -> None:
        self.data = data
        self.end = end
        self.whole = whole
        self.base = base
        self.limits = limits
        self.faults: set[str] = set()
        # Where pixel data begin, once they are met.
        self.header_end: int | None = None
        self._unread = 0
        self._left = limits.elements
        self._is_signed = False

    def read(self, place: int, end: int, found: DataSet, *, until: int = NEVER, closed: bool = False) -> int:
        """Put the elements from `place` into a data set; returns where they end.

        With `until` they end before pixel data; with `closed` they end with a delimiter, which is taken.
        """
        data, known, width = self.data, found.form.known, found.form.key
        into, decode, faults, inline = found.into, found.decode, self.faults, self.limits.inline_bytes
        last, check = -1, place + _CHECKED_EVERY
        while place < end:
            entry = known.get(data[place : place + width]) or self.meet(place, end, found.form)
            number, name, vr, value_at, length_at, unpack, reader, _ = entry
            (length,) = unpack(data, place + length_at)
            start = place + value_at
            if last < number < until and length <= inline and reader is not None:
                # Nine in ten elements: small values that mean nothing to the reading itself.
                place = start + length
                if place > end:
                    self.cut(end)
                values = reader(data[start:place], decode, faults) if length else None
                into[name] = {"vr": vr, "Value": values} if values else {"vr": vr}
                last = number
            elif number >= until and number in PIXELS:
                return place
            elif closed and number == ITEM_END:
                self._count(len(into))
                return start
            else:
                if number <= last:
                    faults.add(TAG_ORDER)
                place = self._unusual(entry, start, length, end, found)
                last, decode = max(number, last), found.decode
            if place > check:
                check = self._check(place, len(into))
        if closed:
            self.cut(end)
        self._count(len(into))
        return place

    def _check(self, place: int, count: int) -> int:
        if place - self._unread > self.limits.record_bytes or count > self._left:
            raise StoppedError(TOO_LARGE)
        return place + _CHECKED_EVERY

    def _count(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise StoppedError(TOO_LARGE)

    def _unusual(self, entry: Entry, start: int, length: int, end: int, found: DataSet) -> int:
        """An element that is large, binary, a sequence, a surprise, or tells how to read others."""
        if entry.number >> 16 == 0xFFFE:
            raise StoppedError(BAD_ITEM)
        if entry.vr == "SQ" or length == UNDEFINED:
            return self._deep(entry, start, length, end, found)
        stop = start + length
        if stop > end:
            self.cut(end)
        value = self._value(entry, start, stop, found)
        if entry.name not in found.into and not entry.is_group_length:
            found.into[entry.name] = value
        if entry.number == CHARACTER_SET:
            found.decode, wrong = decoder(value.get("Value", []))
            self.faults |= {wrong} if wrong else set()
        if entry.number == PIXEL_REPRESENTATION:
            self._is_signed = value.get("Value", [])[:1] == [1]
        return stop

    def _value(self, entry: Entry, start: int, stop: int, found: DataSet) -> dict[str, Any]:
        length, vr = stop - start, entry.vr
        if vr == SIGNED_OR_NOT:
            vr = "SS" if self._is_signed else "US"
        if length > self.limits.inline_bytes and (vr in BINARY or vr in ARRAYS):
            return self.left_out(vr, start, length)
        if length > self.limits.record_bytes:
            raise StoppedError(TOO_LARGE)
        if not length:
            return {"vr": vr}
        raw = self.data[start:stop]
        if vr in BINARY:
            return {"vr": vr, "InlineBinary": base64.b64encode(raw).decode("ascii")}
        values = (entry.inner or found.form).readers[vr](raw, found.decode, self.faults)
        return {"vr": vr, "Value": values} if values else {"vr": vr}

    def left_out(self, vr: str, start: int, length: int) -> dict[str, Any]:
        """The note of a value that is not read: where in the file it lies and how long it is (PS3.18 F.2.6)."""
        size = "" if length == UNDEFINED else f"length={length}"
        place = "" if self.base is None else f"offset={self.base + start}"
        self._unread += 0 if length == UNDEFINED else length
        return {"vr": vr, "BulkDataURI": "?" + "&".join(part for part in (place, size) if part)}

    def _deep(self, entry: Entry, start: int, length: int, end: int, found: DataSet) -> int:
        """A sequence, or fragments outside of pixel data; returns where it ends."""
        stop = None if length == UNDEFINED else start + length
        if (stop or start) > end:
            self.cut(end)
        if found.depth >= self.limits.depth:
            raise StoppedError(TOO_DEEP)
        if entry.vr in BINARY and entry.vr != UN:
            found.into.setdefault(entry.name, self.left_out(entry.vr, start, length))
            return fragments_end(self, start, end, found.form)
        if entry.vr not in ("SQ", UN):
            raise StoppedError(BEYOND_ITS_PLACE)
        items: list[Any] = []
        # In place before it is filled: what is read before a fault is kept.
        found.into.setdefault(entry.name, {"vr": "SQ", "Value": items} if stop != start else {"vr": "SQ"})
        # PS3.5 6.2.2 note 2: a sequence whose VR its writer did not know is written without VRs.
        form = IMPLICIT if entry.vr == UN else entry.inner or found.form
        return self._items(start, stop, end, DataSet(form, found.decode, {}, found.depth + 1), items)

    def _items(self, place: int, stop: int | None, end: int, like: DataSet, items: list[Any]) -> int:
        bound = end if stop is None else stop
        while place < bound:
            number, length = self.item(place, bound, like.form)
            place += 8
            if number == SEQUENCE_END and stop is None:
                return place
            if number != ITEM:
                raise StoppedError(BAD_ITEM)
            self._count(1)
            item = DataSet(like.form, like.decode, {}, like.depth)
            items.append(item.into)
            if length == UNDEFINED:
                place = self.read(place, bound, item, closed=True)
            elif place + length > bound:
                self.cut(bound)
            else:
                place = self.read(place, place + length, item)
        if stop is None:
            self.cut(end)
        return place

    def item(self, place: int, bound: int, form: Form) -> tuple[int, int]:
        """The tag and the length of an item or a delimiter (PS3.5 7.5)."""
        if place + 8 > bound:
            self.cut(bound)
        head = bytes(self.data[place : place + 8])
        return number_of(head, form.order), int.from_bytes(head[4:], form.order)

    def meet(self, place: int, end: int, form: Form) -> Entry:
        """The tag that begins at a place."""
        if place + 8 > end:
            self.cut(end)
        return meet(bytes(self.data[place : place + form.key]), form)

    def head(self, place: int, end: int, form: Form) -> tuple[Entry, int, int]:
        """The tag that begins at a place, where its value begins and how long that is."""
        entry = form.known.get(bytes(self.data[place : place + form.key])) or self.meet(place, end, form)
        start = place + entry.value_at
        if start > end:
            self.cut(end)
        return entry, start, entry.unpack(self.data, place + entry.length_at)[0]

    def cut(self, bound: int) -> None:
        """Say that something does not fit before `bound`, the end of the file or of what holds it."""
        if bound != self.end:
            raise StoppedError(BEYOND_ITS_PLACE)
        if not self.whole:
            raise MoreNeededError
        raise StoppedError(TRUNCATED)


def fragments_end(elements: Elements, place: int, end: int, form: Form) -> int:
    """Where encapsulated fragments end (PS3.5 annex A.4): each is stepped over, none is read."""
    while True:
        number, length = elements.item(place, end, form)
        place += 8
        if number == SEQUENCE_END:
            return place
        if number != ITEM or length == UNDEFINED:
            raise StoppedError(BAD_ITEM)
        place += length
