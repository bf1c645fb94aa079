"""Values of OBX-5 by their type (OBX-2): numbers exactly, codes, texts, times, documents by name only.

Each reader gives the eleven value columns of a result, in the order of VALUE, and the name of what was malformed.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from decimal import Decimal

from jobs.formats import hl7v2_types, hl7v2_values
from jobs.formats.hl7v2_dialect import Dialect

VALUE = (
    "value_text", "value_number", "value_comparator", "value_separator", "value_number_2", "value_time",
    "value_code", "value_code_text", "value_code_system", "value_alternate_code", "value_alternate_text",
    "value_alternate_system", "value_media",
)  # fmt: skip
MALFORMED_VALUE = "malformed_value"

Value = tuple[
    str | None, Decimal | None, str | None, str | None, Decimal | None, str | None, str | None, str | None,
    str | None, str | None, str | None, str | None, str | None,
]  # fmt: skip
Read = Callable[[Dialect, str, str], tuple[Value, str | None]]

_NO_CODE = (None,) * 6
NO_VALUE: Value = (None,) * 13
# Repetitions of these are lines of one text (HL7 v2.5 sections 2A.24 and 2A.78), of others values of their own.
LINES = ("TX", "FT")


@functools.lru_cache(1 << 15)
def numeric(dialect: Dialect, raw: str, zone: str) -> tuple[Value, str | None]:
    """NM. What is no number, as `<5`, stays as text and is a fault."""
    text = dialect.text(raw.strip())
    number = hl7v2_values.number(text) if text else None
    value: Value = (text, number, None if number is None else "=", None, None, None, *_NO_CODE, None)
    return value, None if number is not None or text is None else MALFORMED_VALUE


@functools.lru_cache(1 << 14)
def structured(dialect: Dialect, raw: str, zone: str) -> tuple[Value, str | None]:
    """SN: comparator, number, separator, number."""
    text = dialect.text(raw)
    parts = [part or "" for part in dialect.parts(raw)]
    found = hl7v2_values.structured(parts)
    if found is None:
        return (text, *NO_VALUE[1:]), MALFORMED_VALUE if any(parts) else None
    return (
        "".join(parts), found.number, found.comparator, found.separator, found.number_2, None, *_NO_CODE, None,
    ), None  # fmt: skip


@functools.lru_cache(1 << 14)
def coded(dialect: Dialect, raw: str, zone: str) -> tuple[Value, str | None]:
    """CE, CWE, CNE, and IS and ID, which are a code alone. The text is the original one where it is sent (CWE-9)."""
    found = dialect.coded(raw)
    return (found.original_text or found.text, None, None, None, None, None, *found[:6], None), None


def timed(dialect: Dialect, raw: str, zone: str) -> tuple[Value, str | None]:
    """DT, TS and DTM."""
    text = dialect.parts(raw)[0]
    found = hl7v2_values.iso(text, zone) if text else None
    return (text, None, None, None, None, found, *_NO_CODE, None), MALFORMED_VALUE if text and not found else None


def time_of_day(dialect: Dialect, raw: str, zone: str) -> tuple[Value, str | None]:
    """TM."""
    text = dialect.parts(raw)[0]
    found = hl7v2_values.time_of_day(text) if text else None
    return (text, None, None, None, None, found, *_NO_CODE, None), MALFORMED_VALUE if text and not found else None


def document(dialect: Dialect, raw: str, zone: str) -> tuple[Value, str | None]:
    """ED and RP: what sort of document it is, as `application/PDF`; never its content, never where it lies."""
    parts = hl7v2_types.components(dialect, raw)
    # ED: source, type of data, subtype, encoding, data. RP: pointer, application, type of data, subtype.
    at = 1 if len(parts) >= 5 else 2
    kind = [dialect.text(part) for part in parts[at : at + 2]]
    media = "/".join(part for part in kind if part) or None
    return (*NO_VALUE[:12], media), None


def whole(dialect: Dialect, raw: str, zone: str) -> tuple[Value, str | None]:
    """ST, TX, FT and every other type: the text, with component delimiters where there are some."""
    return (dialect.text(raw), *NO_VALUE[1:]), None


READERS: dict[str, Read] = {
    "NM": numeric,
    "SN": structured,
    **dict.fromkeys(("CE", "CWE", "CNE", "CF", "IS", "ID"), coded),
    **dict.fromkeys(("DT", "TS", "DTM"), timed),
    "TM": time_of_day,
    **dict.fromkeys(("ED", "RP"), document),
}
