"""Values of OBX-5 as FHIR R4 Observation.value[x], by their type (OBX-2).

Each reader gives the member of the Observation as JSON text with a comma before it, `,"valueString":"..."`, or ''
where there is no value. What does not fit its type is passed on as it was sent.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

from jobs.formats import hl7v2_types, hl7v2_values
from jobs.formats.hl7v2_dialect import NULL, Dialect
from jobs.formats.hl7v2_fhir_codes import concept, members, quantity, quantity_text, written
from jobs.formats.hl7v2_fhir_story import zoned

# Reads a value: dialect, OBX-5 (one repetition), unit as unit_members gives it, the message's zone, the feed's.
Read = Callable[[Dialect, str, str, str, Any], str]

ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
# An analyser's "below what I can measure": its meaning is not in doubt, though no NM is written so.
_COMPARED = re.compile(r"\s*([<>]=?)\s*([0-9]*\.?[0-9]+)\s*\Z")
_RATIO = (":", "/")


@functools.lru_cache(1 << 15)
def numeric(dialect: Dialect, raw: str, unit: str, zone: str, of_feed: Any) -> str:
    """NM; `<5` too. What is no number stands in the place of one."""
    text = dialect.text(raw.strip())
    if text is None:
        return ""
    comparator, number = None, text
    if compared := _COMPARED.match(text):
        comparator, number = compared.groups()
    return f',"valueQuantity":{quantity_text(number, comparator, unit)}'


@functools.lru_cache(1 << 14)
def structured(dialect: Dialect, raw: str, unit: str, zone: str, of_feed: Any) -> str:
    """SN: a number with its comparator, a range, a ratio (1:128); else, as 2+, its text."""
    parts = [(part or "").strip() for part in dialect.parts(raw)][:4]
    text = "".join(parts)
    found = hl7v2_values.structured(parts) if text else None
    if found is None or found.comparator == "<>":
        return _text(text)
    comparator, one, separator, two = (*parts, "", "", "")[:4]
    if not separator and not two:
        return f',"valueQuantity":{quantity_text(one, comparator, unit)}'
    low = quantity(one, comparator, unit)
    if separator in _RATIO and two:
        return members({"valueRatio": {"numerator": low, "denominator": quantity(two, None)}})
    if separator == "-" and two and found.comparator == "=":
        return members({"valueRange": {"low": low, "high": quantity(two, None, unit)}})
    return _text(text)


@functools.lru_cache(1 << 14)
def coded(dialect: Dialect, raw: str, unit: str, zone: str, of_feed: Any) -> str:
    """CE, CWE, CNE, IS, ID."""
    return members({"valueCodeableConcept": concept(dialect.coded(raw))})


def timed(dialect: Dialect, raw: str, unit: str, zone: str, of_feed: Any) -> str:
    """DT, TS, DTM."""
    text = dialect.parts(raw)[0]
    return members({"valueDateTime": zoned(hl7v2_values.iso(text, zone) or text, of_feed) if text else None})


def time_of_day(dialect: Dialect, raw: str, unit: str, zone: str, of_feed: Any) -> str:
    """TM."""
    text = dialect.parts(raw)[0]
    return members({"valueTime": (hl7v2_values.time_of_day(text) or text) if text else None})


def document(dialect: Dialect, raw: str, unit: str, zone: str, of_feed: Any) -> str:
    """ED and RP: that there is a document, and of which sort; what it holds stays in bronze."""
    kind = media_type(dialect, raw)
    reason = {"coding": [{"system": ABSENT, "code": "unsupported"}], "text": kind}
    return members({"dataAbsentReason": reason if kind else None})


@functools.lru_cache(1 << 14)
def short(dialect: Dialect, raw: str, unit: str, zone: str, of_feed: Any) -> str:
    """ST: with a unit (OBX-6) beside it `<5` and 5.2 are numbers, as was written before SN was (2.3), and still is."""
    text = dialect.text(raw)
    if unit and text and (_COMPARED.match(text) or hl7v2_values.number(text) is not None):
        return numeric(dialect, raw, unit, zone, of_feed)
    return _text(text)


def whole(dialect: Dialect, raw: str, unit: str, zone: str, of_feed: Any) -> str:
    """TX, FT and every other type."""
    return _text(dialect.text(raw))


def is_number(dialect: Dialect, raw: str) -> bool:
    """Whether an NM or SN holds a number, and not words in the place of one."""
    text = "".join(part or "" for part in dialect.parts(raw))
    return any(character.isdigit() for character in text)


def _text(text: str | None) -> str:
    return f',"valueString":{written(text)}' if text else ""


def media_type(dialect: Dialect, raw: str) -> str | None:
    """The sort of a document in FHIR's words, as application/pdf; None when it is not said."""
    parts = hl7v2_types.components(dialect, raw)
    # ED: source, type of data, subtype, encoding, data. RP: pointer, application, type of data, subtype.
    at = 1 if len(parts) >= 5 else 2
    kind = [(dialect.text(part) or "").strip().lower() for part in parts[at : at + 2]]
    main, sub = (*kind, "", "")[:2]
    if sub == "pdf":
        return "application/pdf"
    return "/".join(one for one in (_MAIN.get(main, main), sub) if one) or None


# HL7 table 0191.
_MAIN = {"ap": "application", "au": "audio", "im": "image", "tx": "text", "tex": "text", "ft": "text"}
DOCUMENTS = ("ED", "RP")
LINES = ("TX", "FT")
READERS: dict[str, Read] = {
    "NM": numeric,
    "ST": short,
    "SN": structured,
    **dict.fromkeys(("CE", "CWE", "CNE", "CF", "IS", "ID"), coded),
    **dict.fromkeys(("DT", "TS", "DTM"), timed),
    "TM": time_of_day,
    **dict.fromkeys(DOCUMENTS, document),
}


def values(dialect: Dialect, kind: str, raw: str, unit: str, zone: str, of_feed: Any) -> list[str]:
    """The values of OBX-5: repetitions are values of their own, of TX and FT the lines of one text."""
    if not raw or raw == NULL:
        return [""]
    kind = kind.strip().upper()
    read = READERS.get(kind, whole)
    mark = dialect.delimiters.repetition
    if not mark or mark not in raw:
        return [read(dialect, raw, unit, zone, of_feed)]
    if kind in LINES:
        return [_text("\n".join(dialect.text(one) or "" for one in raw.split(mark)))]
    return [read(dialect, one, unit, zone, of_feed) for one in raw.split(mark) if one] or [""]


@functools.lru_cache(1 << 13)
def reference_range(text: str, unit: str) -> list[dict[str, Any]]:
    """OBX-7 as Observation.referenceRange: bounds where it says numbers, and its text."""
    low, high = hl7v2_values.reference_range(text)
    sides = {"low": low, "high": high}
    found = {name: quantity(format(bound, "f"), None, unit) for name, bound in sides.items() if bound is not None}
    return [{**found, "text": text}]
