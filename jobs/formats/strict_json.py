"""Strict JSON: what a record must be beyond what parsers check, each fault by name.

Parsers take the last of two equal keys, some take NaN, none says how deep a record is. A record of
whose content two readers could differ is a fault here (RFC 8259 section 4: names SHOULD be unique).
"""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

NOT_JSON = "not_json"
NAN = "nan"
DUPLICATE_KEY = "duplicate_key"
BAD_UTF8 = "bad_utf8"
TOO_DEEP = "too_deep"
TOO_LARGE = "too_large"
NUMBER_OUT_OF_RANGE = "number_out_of_range"

# Below this size no JSON can fill the memory; above it the number of values is counted first.
SURELY_SMALL = 8 << 20
MOST_VALUES = 1_500_000

_NOT_BRACKETS = bytes(set(range(256)) - set(b"{}[]"))
_ESCAPED_COLON = re.compile(rb"\\u003[aA]")
_WHOLE_PAIR = re.compile(rb"\\u[dD][89abAB]..\\u[dD][c-fC-F]..")
_HALF_A_PAIR = re.compile(rb"\\u[dD][89a-fA-F]")
_ESCAPE = re.compile(rb"\\.", re.DOTALL)
_TEXT = re.compile(rb'"[^"]*"')

Examined = tuple[Any, tuple[str, ...]]


def examine(raw: bytes, deepest: int) -> Examined:
    """The value of one JSON text and its faults; the value is None when it cannot be told.

    >>> examine(b'{"a": {"b": 1}}', 100)
    ({'a': {'b': 1}}, ())
    >>> examine(b'{"a": 1, "a": 2}', 100)[1], examine(b'{"a": NaN}', 100)[1], examine(b'{"a": [[]]}', 2)[1]
    (('duplicate_key',), ('nan',), ('too_deep',))
    """
    brackets = raw.translate(None, _NOT_BRACKETS)
    if len(raw) > SURELY_SMALL and len(brackets) // 2 + raw.count(b",") > MOST_VALUES:
        return None, (TOO_LARGE,)
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return _explain(raw, keep=len(raw) <= SURELY_SMALL)
    # Brackets come in pairs, so fewer than this cannot nest too deep.
    if len(brackets) > 2 * deepest and _deeper(value, brackets, deepest):
        return value, (TOO_DEEP,)
    return value, (DUPLICATE_KEY,) if _repeats_a_key(value, raw) else ()


def _repeats_a_key(value: Any, raw: bytes) -> bool:
    """Whether an object names a key twice.

    What is read and printed again has lost the colon of every repeated key. A colon may also be gained:
    where it was written as an escape; then only the slow reader can tell.
    """
    try:
        printed = orjson.dumps(value)
    except TypeError:
        return DUPLICATE_KEY in _explain(raw, keep=False)[1]
    if printed == raw or (printed.count(b":") == raw.count(b":") and not _ESCAPED_COLON.search(raw)):
        return False
    return DUPLICATE_KEY in _explain(raw, keep=False)[1]


def _deeper(value: Any, brackets: bytes, deepest: int) -> bool:
    # Each turn takes away one or two layers of the innermost pairs, whatever stands beside them.
    left = brackets
    for _ in range(deepest // 2):
        if not left:
            return False
        left = left.replace(b"{}", b"").replace(b"[]", b"")
    layer = [value]
    for _ in range(deepest):
        inner = [part for one in layer for part in (one.values() if type(one) is dict else one)]
        layer = [part for part in inner if type(part) is dict or type(part) is list]
        if not layer:
            return False
    return True


def _explain(raw: bytes, *, keep: bool) -> Examined:
    """Why the fast reader refuses a text, or that it names a key twice: the slow reader's answer.

    Without `keep` each object is forgotten when its keys are seen: the slow reader's values are large.
    """
    faults: set[str] = set()

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any] | None:
        made = dict(found)
        if len(made) != len(found):
            faults.add(DUPLICATE_KEY)
        return made if keep else None

    def constant(_: str) -> None:
        faults.add(NAN)

    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return None, (BAD_UTF8,)
    try:
        # Numbers stay text: a number of a million digits must cost nothing.
        value = json.loads(text, object_pairs_hook=pairs, parse_constant=constant, parse_int=str, parse_float=str)
    except RecursionError:
        return None, (TOO_DEEP,)
    except ValueError:
        return None, tuple(sorted({NOT_JSON} | (faults & {NAN})))
    if not faults:
        try:
            orjson.loads(raw)
        except orjson.JSONDecodeError:
            faults.add(BAD_UTF8 if _has_half_a_pair(raw) else NUMBER_OUT_OF_RANGE)
    return value, tuple(sorted(faults))


def _has_half_a_pair(raw: bytes) -> bool:
    """Whether an escape stands for half of a surrogate pair whose other half does not follow (RFC 8259 section 7)."""
    return _HALF_A_PAIR.search(_WHOLE_PAIR.sub(b"", raw)) is not None


def is_cut(raw: bytes) -> bool:
    """Whether a text ends inside a string or with brackets open, as every beginning of an object does.

    >>> is_cut(b'{"a": [1, 2'), is_cut(b'{"a": "b}'), is_cut(b'{"a": oops}'), is_cut(b'{}')
    (True, True, False, False)
    """
    plain = _ESCAPE.sub(b"", raw)
    if plain.count(b'"') % 2:
        return True
    plain = _TEXT.sub(b"", plain)
    opened = plain.count(b"{") + plain.count(b"[")
    return plain.endswith(b"\\") or opened > plain.count(b"}") + plain.count(b"]")
