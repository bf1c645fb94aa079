"""Parts of FHIR resources as JSON text, each made once: claims are many, and what they are made of is few.

A part is a text or None, and what is None or empty is left out: FHIR has no empty elements. A body made of texts is
written eight times as fast as one of nested dictionaries.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any, TypeVar

import orjson

from jobs.formats.translation import LONGEST_ID, Resource, ident

Text = str | None
T = TypeVar("T")


def quoted(value: str | None) -> Text:
    """A string; None when it is empty.

    >>> quoted('a "b"'), quoted("")
    ('"a \\\\"b\\\\""', None)
    """
    return encode_basestring(value) if value else None


@functools.lru_cache(maxsize=1 << 13)
def known(value: str) -> str:
    """A string that comes again and again, such as a code."""
    return encode_basestring(value)


def joined(parts: Mapping[str, Text]) -> Text:
    """An object of the parts that are there; None when none is.

    >>> joined({"a": "1", "b": None}), joined({"b": None})
    ('{"a":1}', None)
    """
    told = [f'"{name}":{part}' for name, part in parts.items() if part]
    return f"{{{','.join(told)}}}" if told else None


def listed(parts: Iterable[Text]) -> Text:
    """A list of the parts that are there; None when none is."""
    told = [part for part in parts if part]
    return f"[{','.join(told)}]" if told else None


def alone(part: Text) -> Text:
    """A list of one."""
    return f"[{part}]" if part else None


def body(parts: dict[str, Text]) -> dict[str, Any]:
    """What a resource is made of; `resource` and `written` finish it."""
    return parts


def resource(made: Resource) -> Resource:
    """A resource made of texts, as translation.write takes it."""
    return made._replace(body={name: orjson.Fragment(part) for name, part in made.body.items() if part})


def written(made: Resource) -> tuple[str, str, datetime | None, str | None, str]:
    """A resource made of texts, with its JSON in the place of the body."""
    kind, name, at, method, parts = made
    told = "".join([f',"{part}":{text}' for part, text in parts.items() if text])
    return kind, name, at, method, f'{{"resourceType":"{kind}","id":"{name}"{told}}}'


def decimal(value: Decimal | None) -> Text:
    """A number with all its digits."""
    if value is None:
        return None
    text = str(value)
    return text if "E" not in text else f"{value:f}"


def money(amount: Decimal | None, currency: str) -> Text:
    """An amount with every digit it came with.

    >>> money(Decimal("12.50"), "USD"), money(None, "USD")
    ('{"value":12.50,"currency":"USD"}', None)
    """
    return None if amount is None else f'{{"value":{decimal(amount)},"currency":{known(currency)}}}'


def day(value: Any) -> Text:
    """A date as FHIR writes it."""
    return f'"{value.isoformat()}"' if value else None


def period(start: Any, end: Any) -> Text:
    """A Period of days; None when neither is known."""
    if not start:
        return f'{{"end":{day(end)}}}' if end else None
    return f'{{"start":"{start.isoformat()}","end":{day(end)}}}' if end else f'{{"start":"{start.isoformat()}"}}'


def reference(kind: str, name: str, display: str | None = None) -> str:
    """A Reference within the feed; ids need no escapes."""
    if display:
        return f'{{"reference":"{kind}/{name}","display":{known(display)}}}'
    return f'{{"reference":"{kind}/{name}"}}'


def remembered(make: Callable[..., T]) -> Callable[..., T]:
    """Make the same of the same party once: the providers and payers of claims are few, and come again and again."""

    @functools.lru_cache(maxsize=1 << 12)
    def of_items(items: tuple[tuple[str, Any], ...], *more: Any) -> T:
        return make(dict(items), *more)

    def ask(party: dict[str, Any], *more: Any) -> T:
        for value in party.values():
            # One with references or contacts cannot be a key.
            if value.__class__ is list:
                return make(party, *more)
        return of_items(tuple(party.items()), *more)

    return ask


@functools.lru_cache(maxsize=1 << 13)
def named(*parts: str | None) -> str:
    """translation.ident; a claim's patient, payer and provider are asked for many times over.

    >>> named("npi", "1999999984", None), named("a-b")
    ('npi-1999999984-', 'a-2d-b')
    """
    told = [part or "" for part in parts]
    plain = "".join(told)
    # What has nothing to be escaped and is short enough need not be looked at letter by letter.
    if plain.isalnum() and plain.isascii() and len(plain) + len(told) <= LONGEST_ID:
        return "-".join(told)
    return ident(*parts)


@functools.lru_cache(maxsize=1 << 14)
def concept(system: str | None, code: str | None, text: str | None = None) -> Text:
    """A CodeableConcept of one coding; None without a code.

    >>> concept("http://loinc.org", "2823-3")
    '{"coding":[{"system":"http://loinc.org","code":"2823-3"}]}'
    """
    if not code:
        return joined({"text": quoted(text)}) if text else None
    return concepts([coding(system, code)], text)


@functools.lru_cache(maxsize=1 << 14)
def coding(system: str | None, code: str, display: str | None = None) -> str:
    """A Coding."""
    told = joined({"system": quoted(system), "code": quoted(code), "display": quoted(display)})
    assert told
    return told


def concepts(codings: Iterable[str], text: str | None = None) -> Text:
    """A CodeableConcept of several codings of one thing."""
    return joined({"coding": listed(codings), "text": quoted(text)})


def identifier(system: str | None, value: str | None, kind: str | None = None) -> Text:
    """An Identifier, with its type of HL7 table 0203 where it has one; None without a value."""
    if not value:
        return None
    typed = f'"type":{concept(_TYPES, kind)},' if kind else ""
    place = f'"system":{known(system)},' if system else ""
    return f'{{{typed}{place}"value":{quoted(value)}}}'


_TYPES = "http://terminology.hl7.org/CodeSystem/v2-0203"


def extension(url: str, kind: str, value: Text) -> Text:
    """An extension with a value; None without one."""
    return f'{{"url":"{url}","value{kind}":{value}}}' if value else None
