"""How one HL7 v2 message is written: its delimiters and character set; and its fields read by their data types.

Values repeat from message to message, codes above all, so what was read once is kept: hence one Dialect for all
messages that are written alike, and functions of it instead of methods.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

from jobs.formats import hl7v2_escapes

# Sent to say "there is none, delete what you have" (HL7 v2 section 2.5.3); an empty field says nothing.
NULL = '""'


class Delimiters(NamedTuple):
    """The characters that MSH-1 and MSH-2 name; '' for those it leaves out."""

    field: str
    component: str
    repetition: str
    escape: str
    subcomponent: str
    truncation: str


class Coded(NamedTuple):
    """CE, CWE, CNE: a code, its text and its code system, and the same from a second system."""

    code: str | None
    text: str | None
    system: str | None
    alternate_code: str | None
    alternate_text: str | None
    alternate_system: str | None
    original_text: str | None = None


NOTHING_CODED = Coded(None, None, None, None, None, None, None)


class Dialect:
    """Reads fields of messages written with the same delimiters and character set.

    `text`: a field without escapes, None when it is empty or null. `coded`: the first repetition as Coded.
    `parts`: components of one repetition, each as text. `repetitions`: of a field, raw.
    """

    __slots__ = ("delimiters", "codec", "text", "coded", "parts", "repetitions")

    def __init__(self, delimiters: Delimiters, codec: str) -> None:
        self.delimiters = delimiters
        self.codec = codec
        self.text = _reader(delimiters, codec)
        self.coded = functools.lru_cache(1 << 14)(functools.partial(_coded, delimiters, codec))
        self.parts = functools.partial(_parts, delimiters, codec)
        self.repetitions = functools.partial(_repetitions, delimiters)

    def __reduce__(self) -> tuple[object, ...]:
        return of, (self.delimiters.field, "".join(self.delimiters[1:]), self.codec)


@functools.lru_cache(64)
def of(field: str, encoding: str, codec: str) -> Dialect:
    """The dialect of MSH-1 and MSH-2; characters that MSH-2 leaves out delimit nothing."""
    component, repetition, escape, subcomponent, truncation = (*encoding[:5], "", "", "", "", "")[:5]
    return Dialect(Delimiters(field, component, repetition, escape, subcomponent, truncation), codec)


def _reader(delimiters: Delimiters, codec: str) -> Callable[[str], str | None]:
    escape = delimiters.escape or "\0"

    def text(raw: str) -> str | None:
        if not raw or raw == NULL:
            return None
        return hl7v2_escapes.unescape(raw, delimiters, codec) if escape in raw else raw

    return text


def _text(delimiters: Delimiters, codec: str, raw: str) -> str | None:
    if not raw or raw == NULL:
        return None
    escape = delimiters.escape
    return hl7v2_escapes.unescape(raw, delimiters, codec) if escape and escape in raw else raw


def _repetitions(delimiters: Delimiters, raw: str) -> list[str]:
    """The repetitions of a field, the empty ones too; none of an empty or null field."""
    if not raw or raw == NULL:
        return []
    return raw.split(delimiters.repetition) if delimiters.repetition else [raw]


def _parts(delimiters: Delimiters, codec: str, raw: str) -> tuple[str | None, ...]:
    """The components of one repetition; of one with subcomponents the first, the rest are had by `sub_parts`."""
    split = raw.split(delimiters.component) if delimiters.component else [raw]
    if delimiters.escape not in raw and delimiters.subcomponent not in raw and NULL not in raw:
        return tuple([part.strip() or None for part in split])
    return tuple(_first(delimiters, codec, part) for part in split)


def _first(delimiters: Delimiters, codec: str, raw: str) -> str | None:
    if delimiters.subcomponent and delimiters.subcomponent in raw:
        raw = raw.split(delimiters.subcomponent, 1)[0]
    return _text(delimiters, codec, raw.strip())


def _coded(delimiters: Delimiters, codec: str, raw: str) -> Coded:
    if delimiters.repetition:
        raw = raw.split(delimiters.repetition, 1)[0]
    found = _parts(delimiters, codec, raw)
    size = len(found)
    if size < 6:
        found += (None,) * (6 - size)
    # CWE-9 is what the sender's user saw or typed (HL7 v2.5 section 2A.13).
    return Coded._make((*found[:6], found[8] if size > 8 else None))


def sub_parts(dialect: Dialect, raw: str) -> list[str | None]:
    """The subcomponents of one component, each as text."""
    mark = dialect.delimiters.subcomponent
    return [dialect.text(part) for part in (raw.split(mark) if mark else [raw])]
