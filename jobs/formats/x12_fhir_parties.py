"""Payers and providers of claims as FHIR, with ids that stay.

A payer's id is what NM109, N104 or REF 2U tell, or what the feed's option `payers` says that they mean; a provider's
is the NPI, else the tax number, else what there is.
"""

from __future__ import annotations

import functools
import hashlib
from datetime import datetime

from jobs.formats import x12_fhir_codes as codes
from jobs.formats.translation import Resource, Source
from jobs.formats.x12_fhir_json import (
    Text,
    alone,
    body,
    concept,
    identifier,
    listed,
    named,
    quoted,
    reference,
    remembered,
)
from jobs.formats.x12_segments import Node

Key = tuple[str, ...]

_TAX_REFERENCES, _OTHER_REFERENCES = ("EI", "TJ", "SY"), ("G2", "LU", "1G", "0B", "PQ")
_TAX_QUALIFIERS = frozenset({"FI", "24", "34"})
_TELECOM = {"TE": '"phone"', "FX": '"fax"', "EM": '"email"', "UR": '"url"'}
_PAYER = alone(concept(f"{codes.TERMINOLOGY}organization-type", "pay"))
_PAYEE = alone(concept(f"{codes.OURS}organization-type", "payee"))
_PROVIDER = concept(f"{codes.TERMINOLOGY}organization-type", "prov")


def text(value: object) -> str:
    """A text for a key: what is not told is empty."""
    return str(value).strip() if value else ""


def reference_of(party: Node, *qualifiers: str) -> str | None:
    """The first reference (REF) of a party with one of these qualifiers, in their order."""
    told = party.get("references")
    if told:
        for qualifier in qualifiers:
            for one in told:
                if one["qualifier"] == qualifier and one["value"]:
                    return str(one["value"])
    return None


def payer_key(party: Node | None, feed: Source, *further: str | None) -> str:
    """What a payer is called in ids; `further` are numbers told elsewhere, in order of trust."""
    party = party or {}
    meant = feed.options.get("payers") or {}
    told = [text(one) for one in (party.get("id"), reference_of(party, "2U", "NF", "EO"), *further) if one]
    for one in told:
        if one in meant:
            return str(meant[one])
    return told[0] if told else f"name {text(party.get('name')).upper()}".strip()


def provider_key(party: Node | None) -> Key:
    """What a provider is called in ids: NPI, else tax number, else another number, else the name."""
    party = party or {}
    number, qualifier = text(party.get("id")), text(party.get("id_qualifier"))
    if qualifier == "XX" and number:
        return ("npi", number)
    if tax := _tax_number(party):
        return ("tin", tax)
    if number:
        return (qualifier.lower() or "id", number)
    other = reference_of(party, *_OTHER_REFERENCES)
    if other:
        return ("ref", other)
    return ("name", digest(party.get("name"), party.get("first_name"), party.get("zip")))


def numbers_of(party: Node | None) -> list[Key]:
    """What a provider may be called in ids, by whichever number is known: `provider_key` first, then by tax number."""
    key = provider_key(party)
    tax = _tax_number(party or {})
    return [key, ("tin", tax)] if tax and key[0] == "npi" else [key]


def _tax_number(party: Node) -> str | None:
    """The tax number, however it is spelt: 12-3456789 is 123456789."""
    number = text(party.get("id")) if text(party.get("id_qualifier")) in _TAX_QUALIFIERS else None
    told = reference_of(party, *_TAX_REFERENCES) or number
    return told.replace("-", "").replace(" ", "") if told else None


@functools.lru_cache(maxsize=1 << 13)
def _digest(told: str) -> str:
    return hashlib.blake2s(told.encode(errors="replace"), digest_size=8).hexdigest()


def digest(*parts: object) -> str:
    """Names in an id, which others see: not to be read there, and the same however they are spelt."""
    return _digest("|".join("".join(filter(str.isalnum, text(part).upper())) for part in parts))


@remembered
def payer(party: Node, key: str, at: datetime | None) -> Resource:
    """The Organization that pays."""
    own = text(party.get("id"))
    numbers = [key, own] if own and own != key else [key]
    parts = {
        "identifier": listed([identifier(f"{codes.OURS}payer", one) for one in numbers]),
        "type": _PAYER,
        "name": quoted(party.get("name")),
        "telecom": telecom(party),
        "address": alone(address(party)),
    }
    return Resource("Organization", named("payer", key), at, None, body(parts))


@remembered
def payee(party: Node) -> Resource:
    """The Organization that is paid, in passing: an 835 does not tell whether it is the practice of a single person."""
    key = provider_key(party)
    parts = {
        "identifier": _provider_numbers(party, key),
        "type": _PAYEE,
        "name": quoted(party.get("name")),
        "telecom": telecom(party),
        "address": alone(address(party)),
    }
    return Resource("Organization", named(*key), None, None, body(parts))


def payer_reference(key: str, party: Node | None) -> str:
    """A reference to a payer, with the name that is told here."""
    return reference("Organization", named("payer", key), (party or {}).get("name"))


@remembered
def provider_reference(party: Node) -> str:
    """A reference to a provider, by what `provider` makes of it."""
    return reference("Practitioner" if party.get("is_person") else "Organization", named(*provider_key(party)))


@remembered
def provider(party: Node, at: datetime | None, taxonomy: str | None, within: Key | None) -> list[Resource]:
    """A Practitioner, with a role when a speciality is told, or an Organization; `within` is who bills for them."""
    key = provider_key(party)
    name, speciality = named(*key), concept(codes.TAXONOMY, taxonomy or party.get("taxonomy"))
    parts = {
        "identifier": _provider_numbers(party, key),
        "telecom": telecom(party),
        "address": alone(address(party)),
    }
    if not party.get("is_person"):
        parts |= {"name": quoted(party.get("name")), "type": listed([_PROVIDER, speciality])}
        return [Resource("Organization", name, at, None, body(parts))]
    found = [Resource("Practitioner", name, at, None, body({**parts, "name": human_name(party)}))]
    if speciality:
        role: dict[str, Text] = {
            "practitioner": reference("Practitioner", name),
            "organization": reference("Organization", named(*within)) if within and within != key else None,
            "specialty": f"[{speciality}]",
        }
        found.append(Resource("PractitionerRole", named(*key, *(within or ())), at, None, body(role)))
    return found


@remembered
def location(party: Node, at: datetime | None) -> Resource:
    """The Location where the service was given (loop 2310C, 2310E, 2420C)."""
    key = provider_key(party)
    parts = {
        "status": '"active"',
        "name": quoted(party.get("name")),
        "identifier": _provider_numbers(party, key),
        "telecom": telecom(party),
        "address": address(party),
    }
    return Resource("Location", named(*key), at, None, body(parts))


def _provider_numbers(party: Node, key: Key) -> Text:
    kind, number = key[0], key[1]
    tax = reference_of(party, *_TAX_REFERENCES) or (number if kind == "tin" else None)
    own = None
    if kind == "npi":
        own = identifier(codes.NPI, number, "NPI")
    elif kind not in ("tin", "name"):
        own = identifier(f"{codes.OURS}provider", number)
    return listed([own, identifier(codes.EIN, tax, "TAX")])


def human_name(party: Node) -> Text:
    """The name of a person, as a list of one HumanName."""
    family, first, middle = party.get("name"), party.get("first_name"), party.get("middle_name")
    prefix, suffix = party.get("prefix"), party.get("suffix")
    told = []
    if family:
        told.append(f'"family":{quoted(family)}')
    if first or middle:
        both = f"{quoted(first)},{quoted(middle)}" if first and middle else quoted(first or middle)
        told.append(f'"given":[{both}]')
    if prefix:
        told.append(f'"prefix":[{quoted(prefix)}]')
    if suffix:
        told.append(f'"suffix":[{quoted(suffix)}]')
    return f"[{{{','.join(told)}}}]" if told else None


def address(party: Node) -> Text:
    """The Address of a party; None when none is told."""
    first, second, told = party.get("line1"), party.get("line2"), []
    if first or second:
        both = f"{quoted(first)},{quoted(second)}" if first and second else quoted(first or second)
        told.append(f'"line":[{both}]')
    for name, ours in _ADDRESS:
        value = party.get(ours)
        if value:
            told.append(f'"{name}":{quoted(value)}')
    return f"{{{','.join(told)}}}" if told else None


_ADDRESS = (("city", "city"), ("state", "state"), ("postalCode", "zip"), ("country", "country"))


def telecom(party: Node) -> Text:
    """Telephone numbers and the like (PER)."""
    told = party.get("contacts")
    if not told:
        return None
    return listed(
        f'{{"system":{_TELECOM[one["qualifier"]]},"value":{quoted(one["value"])}}}'
        for contact in told
        for one in contact["numbers"]
        if one["qualifier"] in _TELECOM and one["value"]
    )
