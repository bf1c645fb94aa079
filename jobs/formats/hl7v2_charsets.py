"""Character sets of HL7 v2 messages (MSH-18, HL7 table 0211) and how a message is read when it names none."""

from __future__ import annotations

import functools

BAD_CHARACTERS = "bad_characters"
UNKNOWN_CHARACTER_SET = "unknown_character_set"

# What a message that names no character set is read as when it is not UTF-8: every byte means something in it.
FALLBACK = "iso8859_1"

_CODECS = {
    "": "",
    "ASCII": "ascii",
    "UNICODE UTF-8": "utf-8",
    "UNICODE": "utf-8",
    "ISO IR6": "ascii",
    # Japanese sets are switched by escape sequences of ISO 2022, which Python reads as one codec.
    "ISO IR14": "iso2022_jp_2",
    "ISO IR87": "iso2022_jp_2",
    "ISO IR159": "iso2022_jp_2",
    "GB 18030-2000": "gb18030",
    "KS X 1001": "euc_kr",
    "BIG-5": "big5",
    **{f"8859/{part}": f"iso8859_{part}" for part in (1, 2, 3, 4, 5, 6, 7, 8, 9, 15)},
}
# Names that are not in the table but are meant so by those who send them.
_SAID_SO = {
    "UTF-8": "utf-8",
    "UTF8": "utf-8",
    "UNICODE UTF8": "utf-8",
    "US-ASCII": "ascii",
    "ISO-8859-1": "iso8859_1",
    "WINDOWS-1252": "cp1252",
}
# Begins a switch of character sets (ISO 2022).
ESC = b"\x1b"


@functools.lru_cache(256)
def codec(declared: str) -> str | None:
    """Python's name of the character set that MSH-18 declares: '' when it names none, None when it is unknown.

    Of several the first is the message's own; the others may be switched to (HL7 v2 section 2.15.9.18).

    >>> codec("UNICODE UTF-8"), codec("8859/1"), codec("~ISO IR87"), codec(""), codec("EBCDIC")
    ('utf-8', 'iso8859_1', 'iso2022_jp_2', '', None)
    """
    names = [" ".join(name.split()).upper() for name in declared.split("~")]
    # ASCII with Japanese to switch to is said by an empty or ASCII first repetition (section 2.15.9.18).
    if len(names) > 1 and names[0] in ("", "ASCII", "ISO IR6") and names[1].startswith("ISO IR"):
        names = names[1:]
    return _CODECS.get(names[0], _SAID_SO.get(names[0]))


def decode(payload: bytes, declared: str) -> tuple[str, str, str | None]:
    """The text of a message, the codec that read it, and the fault when its bytes are not what it declares.

    Undeclared bytes are UTF-8 when they can be, else Latin-1. A text with a fault is complete: bytes that are not
    of the declared set are read the same way.
    """
    wanted = codec(declared)
    if payload.isascii() and ESC not in payload:
        return payload.decode("ascii"), wanted or "utf-8", None
    if wanted:
        try:
            return payload.decode(wanted), wanted, None
        except UnicodeDecodeError:
            pass
    fault = UNKNOWN_CHARACTER_SET if wanted is None else BAD_CHARACTERS if wanted else None
    try:
        return payload.decode("utf-8"), "utf-8", fault
    except UnicodeDecodeError:
        return payload.decode(FALLBACK), FALLBACK, fault
