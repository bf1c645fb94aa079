"""DICOM JSON (PS3.18 annex F) as QIDO-RS and WADO-RS metadata give it: an array of instances, or one on each line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy

from jobs.formats import strict_json
from jobs.formats.dicom_limits import Limits
from jobs.formats.ndjson import Line

BAD_ELEMENT = "bad_element"
BYTE_ORDER_MARK = "byte_order_mark"
EMPTY_LINE = "empty_line"
NOT_DICOM = "not_dicom"

BOM = b"\xef\xbb\xbf"
_TAG = re.compile(r"[0-9A-F]{8}\Z")
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_CONTENT = {"Value", "BulkDataURI", "InlineBinary"}


def elements_of(text: bytes) -> Iterator[Line]:
    """The instances of a file that is one JSON text, each with its place; the text itself when it is no array."""
    body = text.removeprefix(BOM).strip(b" \t\r\n")
    start = text.find(body) if body else 0
    if not body.startswith(b"["):
        yield start, len(body), body
        return
    try:
        found = _ARRAY.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        yield start, len(body), body
        return
    base = _address(memoryview(body))
    for raw in found:
        view = memoryview(raw)
        yield start + _address(view) - base, view.nbytes, bytes(view)


def examine(text: bytes, limits: Limits) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The elements of one instance and its faults."""
    faults: tuple[str, ...] = ()
    if text.startswith(BOM):
        text, faults = text[len(BOM) :], (BYTE_ORDER_MARK,)
    if not text.strip():
        return {}, (*faults, EMPTY_LINE)
    # A sequence is three brackets deep: the element, its Value, the item.
    value, wrong = strict_json.examine(text, 3 * limits.depth + 3)
    if wrong and value is None:
        return {}, faults + wrong
    if not is_instance(value):
        return {}, (*faults, *wrong, NOT_DICOM)
    shaped = all(_TAG.match(tag) and _is_element(element) for tag, element in value.items())
    return value, faults + wrong + (() if shaped else (BAD_ELEMENT,))


def is_instance(value: Any) -> bool:
    """Whether a JSON value is an object with a DICOM tag for a name."""
    return type(value) is dict and any(_TAG.match(name) for name in value)


def _is_element(value: Any) -> bool:
    if type(value) is not dict or type(value.get("vr")) is not str:
        return False
    return type(value.get("Value", [])) is list and len(_CONTENT & value.keys()) <= 1


def _address(view: memoryview) -> int:
    # msgspec.Raw is a view into what was decoded; the difference of addresses is the offset, at no search.
    return int(numpy.frombuffer(view, numpy.uint8).ctypes.data)
