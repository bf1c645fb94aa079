"""Escape sequences of HL7 v2 (section 2.7): delimiters, hexadecimal bytes, line breaks of formatted text."""

from __future__ import annotations

import functools
import re

# \.in\ \.ti\ \.fi\ \.nf\ set how text is laid out, \H\ and \N\ how it is lit: they say nothing.
_SILENT = ("in", "ti", "fi", "nf")
_MOST_LINES = 100


@functools.lru_cache(64)
def _pattern(escape: str) -> re.Pattern[str]:
    mark = re.escape(escape)
    return re.compile(
        rf"{mark}(?:([FSTREPHN])|X((?:[0-9A-Fa-f]{{2}})+)|\.(br|sp|in|ti|fi|nf|ce|sk)\s*([+-]?[0-9]{{0,3}})){mark}"
    )


def unescape(text: str, delimiters: tuple[str, str, str, str, str, str], codec: str) -> str:
    r"""A text without its escape sequences. `delimiters`: field, component, repetition, escape, subcomponent,
    truncation; `codec`: what hexadecimal bytes are in.

    What is no sequence that the standard defines stays as it is: \Z..\ of a site, \C..\ and \M..\ that switch
    character sets, and a lone backslash.

    >>> usual = ("|", "^", "~", "\\", "&", "#")
    >>> unescape(r"5 \S\ 3 \T\ \X0D\ a\.br\b \Zx\ C:\dir", usual, "utf-8")
    '5 ^ 3 & \r a\nb \\Zx\\ C:\\dir'
    """
    field, component, repetition, escape, subcomponent, truncation = delimiters
    marks = {"F": field, "S": component, "T": subcomponent, "R": repetition, "E": escape, "P": truncation}

    def meant(match: re.Match[str]) -> str:
        letter, digits, command, count = match.groups()
        if letter:
            return marks.get(letter, "")
        if digits:
            return _bytes_of(digits, codec)
        return _layout(command, count)

    return _pattern(escape).sub(meant, text)


def _bytes_of(digits: str, codec: str) -> str:
    raw = bytes.fromhex(digits)
    try:
        return raw.decode(codec)
    except UnicodeDecodeError:
        return raw.decode("iso8859_1")


def _layout(command: str, count: str) -> str:
    if command in _SILENT:
        return ""
    times = min(int(count), _MOST_LINES) if count.lstrip("+-") else 1
    if command == "sk":
        return " " * times
    # \.ce\ ends a line and centres the next; \.sp3\ ends one and skips three.
    return "\n" * (times if command == "sp" else 1)


def escape_text(text: str, delimiters: tuple[str, str, str, str, str, str]) -> str:
    r"""A text as it may stand in a field: delimiters, the escape character and line ends as sequences.

    >>> escape_text("A|B^C\nD", ("|", "^", "~", "\\", "&", "#"))
    'A\\F\\B\\S\\C\\X0A\\D'
    """
    field, component, repetition, escape, subcomponent, _ = delimiters
    letters = {field: "F", component: "S", repetition: "R", escape: "E", subcomponent: "T"}
    codes = {"\r": "X0D", "\n": "X0A"} | letters
    return "".join(f"{escape}{codes[one]}{escape}" if one in codes else one for one in text)
