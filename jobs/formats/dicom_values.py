"""Values of DICOM elements, bytes to JSON: PS3.5 section 6.2 in, PS3.18 table F.2.3-1 out.

Decimal and integer strings stay strings, as F.2.3 allows "to preserve the original format": what was sent is
what is kept, and no decimal goes through a double.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import Any

from jobs.formats.dicom_charsets import ESCAPE, Decoder

ZEROED_BLOCK = "zeroed_block"
BAD_LENGTH = "bad_value_length"

# Bytes of a value, the decoder of text, where faults go; gives the values, none for an empty element.
Reader = Callable[[bytes, Decoder, set[str]], list[Any]]

# A value ends in spaces or in NULs, whichever its writer fills with (PS3.5 6.2).
_FILL = " \0"
# VRs of the default repertoire, of declared character sets with and without several values, of binary content.
_CODES = ("AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI")
_TEXTS = ("LO", "SH", "UC")
_LONG_TEXTS = ("LT", "ST", "UT", "UR")
BINARY = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_NUMBERS = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "FL": "f", "FD": "d", "UV": "Q", "SV": "q"}
# VRs with a length of four bytes after two that are reserved (PS3.5 7.1.2).
WITH_LONG_LENGTH = BINARY | {"SQ", "SV", "UC", "UR", "UT", "UV"}
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")


def _text(raw: bytes, decode: Decoder, faults: set[str]) -> str:
    if raw.isascii() and ESCAPE not in raw:
        text = raw.decode("ascii")
    else:
        text, wrong = decode(raw)
        if wrong:
            faults.add(wrong)
    text = text.strip(_FILL)
    # A NUL inside a text was never typed: a block of the file was lost.
    if "\0" in text:
        faults.add(ZEROED_BLOCK)
    return text


def _several(raw: bytes, decode: Decoder, faults: set[str]) -> list[Any]:
    text = _text(raw, decode, faults)
    if "\\" in text:
        return [part.strip(_FILL) or None for part in text.split("\\")]
    return [text] if text else []


def _one(raw: bytes, decode: Decoder, faults: set[str]) -> list[Any]:
    text = _text(raw, decode, faults)
    return [text] if text else []


def _names(raw: bytes, decode: Decoder, faults: set[str]) -> list[Any]:
    text = _text(raw, decode, faults)
    if not text:
        return []
    if "=" not in text and "\\" not in text:
        return [{"Alphabetic": text}]
    return [_name(part) for part in text.split("\\")]


def _name(text: str) -> dict[str, str] | None:
    """One person's name in its up to three groups (PS3.5 6.2.1).

    >>> _name("Yamada^Tarou=山田^太郎")
    {'Alphabetic': 'Yamada^Tarou', 'Ideographic': '山田^太郎'}
    """
    groups = zip(_GROUPS, text.split("=", 2), strict=False)
    return {group: part.strip(_FILL) for group, part in groups if part.strip(_FILL)} or None


def _numbers(code: str, order: str) -> Reader:
    one = struct.Struct(order + code)
    size, unpack, may_be_none = one.size, one.unpack, code in "fd"

    def read(raw: bytes, decode: Decoder, faults: set[str]) -> list[Any]:
        if len(raw) == size:
            found = [*unpack(raw)]
        else:
            count, left = divmod(len(raw), size)
            if left:
                faults.add(BAD_LENGTH)
            found = list(struct.unpack_from(f"{order}{count}{code}", raw))
        return [_finite(value) for value in found] if may_be_none else found

    return read


def _finite(value: float) -> float | str:
    # JSON has no other numbers.
    return value if math.isfinite(value) else {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]


def _tags(order: str) -> Reader:
    read = _numbers("H", order)

    def tags(raw: bytes, decode: Decoder, faults: set[str]) -> list[Any]:
        if len(raw) % 4:
            faults.add(BAD_LENGTH)
        halves = read(raw[: len(raw) & ~3], decode, faults)
        return [f"{group:04X}{element:04X}" for group, element in zip(halves[::2], halves[1::2], strict=True)]

    return tags


def readers(order: str) -> dict[str, Reader]:
    """How each VR is read in a byte order of `struct`; binary VRs and sequences are not among them."""
    found: dict[str, Reader] = dict.fromkeys((*_CODES, *_TEXTS), _several)
    found |= dict.fromkeys(_LONG_TEXTS, _one)
    found |= {vr: _numbers(code, order) for vr, code in _NUMBERS.items()}
    return {**found, "PN": _names, "AT": _tags(order)}


ARRAYS = frozenset(_NUMBERS) | {"AT"}
VRS = frozenset(readers("<")) | BINARY | {"SQ"}
