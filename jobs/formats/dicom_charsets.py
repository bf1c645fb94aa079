"""Text of DICOM values: Specific Character Set (0008,0005) with ISO 2022 code extensions (PS3.3 C.12.1.1.2, PS3.5 6.1).

A decoder takes bytes and gives text with the name of what was wrong, never an exception: bytes that the
declared set does not have are kept as Latin-1, so that nothing is lost and nothing is guessed in silence.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence

BAD_TEXT = "bad_text"
UNDECLARED_CHARACTERS = "undeclared_characters"
UNKNOWN_CHARACTER_SET = "unknown_character_set"

# The text, and the fault of it.
Decoder = Callable[[bytes], tuple[str, str | None]]

ESCAPE = 0x1B
_PLAIN = "ascii"
# Defined terms without code extensions (PS3.3 tables C.12-2 and C.12-5); each is its own language's whole set.
_SINGLE = {
    "ISO_IR 6": _PLAIN,
    "ISO_IR 100": "iso8859_1",
    "ISO_IR 101": "iso8859_2",
    "ISO_IR 109": "iso8859_3",
    "ISO_IR 110": "iso8859_4",
    "ISO_IR 126": "iso8859_7",
    "ISO_IR 127": "iso8859_6",
    "ISO_IR 138": "iso8859_8",
    "ISO_IR 144": "iso8859_5",
    "ISO_IR 148": "iso8859_9",
    "ISO_IR 203": "iso8859_15",
    "ISO_IR 13": "shift_jis",
    "ISO_IR 166": "tis_620",
    "ISO_IR 192": "utf_8",
    "GB18030": "gb18030",
    "GBK": "gbk",
}
# The same sets and the multi-byte ones when they may change within a value (PS3.3 tables C.12-3 and C.12-4).
_EXTENDED = {
    **{name.replace("ISO_IR", "ISO 2022 IR"): codec for name, codec in _SINGLE.items() if name.startswith("ISO_IR")},
    "ISO 2022 IR 87": _PLAIN,
    "ISO 2022 IR 159": _PLAIN,
    "ISO 2022 IR 149": "euc_kr",
    "ISO 2022 IR 58": "gb2312",
}
# What follows the escape byte, and the codec of the bytes after it. Of the Japanese sets the codec itself reads
# the escape: they lie where ASCII does, the others beside it.
_BY_ESCAPE = {
    b"(B": _PLAIN,
    b"-A": "iso8859_1",
    b"-B": "iso8859_2",
    b"-C": "iso8859_3",
    b"-D": "iso8859_4",
    b"-F": "iso8859_7",
    b"-G": "iso8859_6",
    b"-H": "iso8859_8",
    b"-L": "iso8859_5",
    b"-M": "iso8859_9",
    b"-b": "iso8859_15",
    b"-T": "tis_620",
    b"(J": "shift_jis",
    b")I": "shift_jis",
    b"$B": "iso2022_jp_2",
    b"$(D": "iso2022_jp_2",
    b"$)C": "euc_kr",
    b"$)A": "gb2312",
}
_IN_PLACE_OF_ASCII = "iso2022_jp_2"
# Tabs, line and page ends, and the delimiters of values and of names put the first set back (PS3.5 6.1.2.5.3).
_RESET = re.compile(rb"[\t\n\f\r\\^=]")


def decoder(declared: Sequence[str | None]) -> tuple[Decoder, str | None]:
    """The decoder for the values of (0008,0005), and the fault when one of them is no defined term.

    >>> decoder(["ISO_IR 100"])[0](bytes([0x4D, 0xFC, 0x6C, 0x6C, 0x65, 0x72]))
    ('Müller', None)
    >>> decoder([])[0](bytes([0x4D, 0xFC])), decoder(["KLINGON"])[1]
    (('Mü', 'undeclared_characters'), 'unknown_character_set')
    """
    return _decoder(tuple(_term(value) for value in declared[:10]))


@functools.lru_cache(256)
def _decoder(terms: tuple[str, ...]) -> tuple[Decoder, str | None]:
    codecs = [_SINGLE.get(term) or _EXTENDED.get(term) for term in terms]
    first = (codecs[0] if codecs else _PLAIN) or _PLAIN
    extended = len(terms) > 1 or (bool(terms) and terms[0] in _EXTENDED)
    return functools.partial(_decode, first, extended), None if None not in codecs else UNKNOWN_CHARACTER_SET


def _term(value: str | None) -> str:
    """A defined term as the standard spells it; devices write ISO-IR 100, iso_ir 100, ISO 2022-IR 6."""
    if not value:
        return "ISO_IR 6"
    text = re.sub(r"\s+", " ", value.upper().replace("_", " ").replace("-", " ")).strip()
    return re.sub(r"^ISO IR ?", "ISO_IR ", text)


def _decode(first: str, extended: bool, raw: bytes) -> tuple[str, str | None]:
    if ESCAPE not in raw:
        return _plain(first, raw)
    head, *rest = raw.split(b"\x1b")
    parts = [_plain(first, head)] + [_escaped(first, piece) for piece in rest]
    fault = next((wrong for _, wrong in parts if wrong), None if extended else UNDECLARED_CHARACTERS)
    return "".join(text for text, _ in parts), fault


def _plain(codec: str, raw: bytes) -> tuple[str, str | None]:
    try:
        return raw.decode(codec), None
    except UnicodeDecodeError:
        return raw.decode("latin-1"), UNDECLARED_CHARACTERS if codec == _PLAIN else BAD_TEXT


def _escaped(first: str, piece: bytes) -> tuple[str, str | None]:
    """What follows one escape byte, up to the next."""
    escape = next((known for known in (piece[:2], piece[:3]) if known in _BY_ESCAPE), None)
    if escape is None:
        return piece.decode("latin-1"), BAD_TEXT
    codec = _BY_ESCAPE[escape]
    if codec == _IN_PLACE_OF_ASCII:
        return _plain(codec, b"\x1b" + piece)
    body = piece[len(escape) :]
    reset = _RESET.search(body)
    if reset is None:
        return _plain(codec, body)
    own, own_fault = _plain(codec, body[: reset.start()])
    rest, rest_fault = _plain(first, body[reset.start() :])
    return own + rest, own_fault or rest_fault
