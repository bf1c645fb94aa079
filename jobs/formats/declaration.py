"""What a feed declares about its format, read from plain mappings into frozen dataclasses."""

from __future__ import annotations

import collections.abc
import dataclasses
import functools
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

T = TypeVar("T")


class FormatDeclarationError(ValueError):
    """A declaration that cannot be: names the place and the key."""


def build(kind: type[T], values: Any, where: str) -> T:
    """A dataclass from a mapping of its fields; lists become tuples.

    Raises FormatDeclarationError for unknown and missing keys and for values of another type: YAML reads a bare
    NULL, no or 1 as something else than a text.
    """
    if not isinstance(values, Mapping):
        raise FormatDeclarationError(f"{where}: must be a mapping")
    fields = {f.name: f for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(str(name) for name in set(values) - set(fields))
    if unknown:
        raise FormatDeclarationError(f"{where}: unknown key {', '.join(unknown)}")
    needed = {n for n, f in fields.items() if f.default is f.default_factory is dataclasses.MISSING}
    missing = sorted(needed - set(values))
    if missing:
        raise FormatDeclarationError(f"{where}: missing key {', '.join(missing)}")
    given = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    hints = _hints(kind)  # type: ignore[arg-type]
    for name, value in given.items():
        if not _fits(value, hints[name]):
            raise FormatDeclarationError(f"{where}: {name} must be {_words(hints[name])}")
    return kind(**given)


def whole_numbers(kind: type[T], values: Mapping[str, Any], where: str) -> T:
    """A dataclass of limits, each a whole number."""
    try:
        given = {name: int(value) for name, value in values.items()}
    except (TypeError, ValueError):
        raise FormatDeclarationError(f"{where}: each must be a whole number") from None
    return build(kind, given, where)


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _fits(value: Any, hint: Any) -> bool:
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, part) for part in parts)
    if origin is tuple:
        return isinstance(value, tuple) and all(_fits(one, parts[0]) for one in value)
    if origin is collections.abc.Mapping:
        return isinstance(value, Mapping) and all(_fits(k, parts[0]) and _fits(v, parts[1]) for k, v in value.items())
    # A bool is an int to Python, not to those who declare.
    return type(value) is hint if hint in (int, bool, str) else not isinstance(hint, type) or isinstance(value, hint)


def _words(hint: Any) -> str:
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_words(part) for part in parts)
    if origin is tuple:
        return f"a list, each {_words(parts[0])}"
    if origin is collections.abc.Mapping:
        return f"a mapping to {_words(parts[1])}"
    known = {int: "a whole number", bool: "true or false", str: "a text (quote it)", type(None): "null"}
    return known.get(hint, f"a {getattr(hint, '__name__', 'value')}")
