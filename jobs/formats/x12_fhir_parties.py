"""Payers and providers of claims as FHIR, with ids that stay.

A payer's id is what NM109, N104 or REF 2U tell, or what the feed's option `payers` says that they mean; a provider's
is the NPI, else the tax number, else what there is.
"""

from __future__ import annotations

import functools
import hashlib
from datetime import datetime
from typing import Any

from jobs.formats import x12_fhir_codes as codes
from jobs.formats.translation import Resource, Source, ident
from jobs.formats.x12_segments import Node

Key = tuple[str, ...]

_TAX_REFERENCES, _OTHER_REFERENCES = ("EI", "TJ", "SY"), ("G2", "LU", "1G", "0B", "PQ")
_TAX_QUALIFIERS = frozenset({"FI", "24", "34"})
_TELECOM = {"TE": "phone", "FX": "fax", "EM": "email", "UR": "url"}


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
    known = feed.options.get("payers") or {}
    told = [text(one) for one in (party.get("id"), reference_of(party, "2U", "NF", "EO"), *further) if one]
    for one in told:
        if one in known:
            return str(known[one])
    return told[0] if told else f"name {text(party.get('name')).upper()}".strip()


def provider_key(party: Node | None) -> Key:
    """What a provider is called in ids: NPI, else tax number, else another number, else the name."""
    party = party or {}
    number, qualifier = text(party.get("id")), text(party.get("id_qualifier"))
    if qualifier == "XX" and number:
        return ("npi", number)
    tax = reference_of(party, *_TAX_REFERENCES) or (number if qualifier in _TAX_QUALIFIERS else None)
    if tax:
        return ("tin", tax)
    if number:
        return (qualifier.lower() or "id", number)
    other = reference_of(party, *_OTHER_REFERENCES)
    if other:
        return ("ref", other)
    return ("name", digest(party.get("name"), party.get("first_name"), party.get("zip")))


@functools.lru_cache(maxsize=1 << 13)
def _digest(told: str) -> str:
    return hashlib.blake2s(told.encode(), digest_size=8).hexdigest()


def digest(*parts: object) -> str:
    """Names in an id, which others see: not to be read there, and the same however they are spelt."""
    return _digest("|".join("".join(filter(str.isalnum, text(part).upper())) for part in parts))


def payer(party: Node, key: str, at: datetime | None) -> Resource:
    """The Organization that pays."""
    numbers = [(f"{codes.OURS}payer", key), (f"{codes.OURS}payer", text(party.get("id")) or None)]
    body = {
        "name": party.get("name"),
        "identifier": [{"system": system, "value": value} for system, value in dict.fromkeys(numbers) if value],
        "type": [_PAYER],
        "telecom": telecom(party),
        "address": addresses(party),
    }
    return Resource("Organization", ident("payer", key), at, None, body)


def payer_reference(key: str, party: Node | None) -> Node:
    """A reference to a payer, with the name that is told here."""
    return {"reference": f"Organization/{ident('payer', key)}", "display": (party or {}).get("name")}


_PAYER = {"coding": [{"system": f"{codes.TERMINOLOGY}organization-type", "code": "pay"}]}
_PROVIDER = {"coding": [{"system": f"{codes.TERMINOLOGY}organization-type", "code": "prov"}]}


def provider_reference(party: Node) -> Node:
    """A reference to a provider, by what `provider` makes of it."""
    kind = "Practitioner" if party.get("is_person") else "Organization"
    return {"reference": f"{kind}/{ident(*provider_key(party))}"}


def provider(
    party: Node, at: datetime | None, *, taxonomy: str | None = None, within: Key | None = None
) -> list[Resource]:
    """A Practitioner, with a role when a speciality is told, or an Organization; `within` is who bills for them."""
    key = provider_key(party)
    name, speciality = ident(*key), codes.concept(codes.TAXONOMY, taxonomy or party.get("taxonomy"))
    body: dict[str, Any] = {"identifier": _provider_numbers(party, key), "telecom": telecom(party)}
    if not party.get("is_person"):
        body |= {"name": party.get("name"), "type": [_PROVIDER, speciality], "address": addresses(party)}
        return [Resource("Organization", name, at, None, body)]
    found = [Resource("Practitioner", name, at, None, body | {"name": names(party), "address": addresses(party)})]
    if speciality:
        role: dict[str, Any] = {"practitioner": {"reference": f"Practitioner/{name}"}, "specialty": [speciality]}
        if within and within != key:
            role["organization"] = {"reference": f"Organization/{ident(*within)}"}
        found.append(Resource("PractitionerRole", ident(*key, *(within or ())), at, None, role))
    return found


def location(party: Node, at: datetime | None) -> Resource:
    """The Location where the service was given (loop 2310C, 2310E, 2420C)."""
    key, told = provider_key(party), addresses(party)
    body = {
        "status": "active",
        "name": party.get("name"),
        "identifier": _provider_numbers(party, key),
        "telecom": telecom(party),
        "address": told[0] if told else None,
    }
    return Resource("Location", ident(*key), at, None, body)


def typed(kind: str, system: str, value: str | None) -> Node | None:
    """An identifier with its type (HL7 table 0203); None without a value."""
    if not value:
        return None
    return {"type": codes.concept(f"{codes.TERMINOLOGY}v2-0203", kind), "system": system, "value": value}


def _provider_numbers(party: Node, key: Key) -> list[Node | None]:
    tax = reference_of(party, *_TAX_REFERENCES) or (key[1] if key[0] == "tin" else None)
    npi = typed("NPI", codes.NPI, key[1]) if key[0] == "npi" else None
    other = None if key[0] in ("npi", "tin", "name") else {"system": f"{codes.OURS}provider", "value": key[1]}
    return [npi, typed("TAX", codes.EIN, tax), other]


def names(party: Node) -> list[Node]:
    """The name of a person."""
    given = [one for one in (party.get("first_name"), party.get("middle_name")) if one]
    prefix, suffix = party.get("prefix"), party.get("suffix")
    found = {"family": party.get("name"), "given": given}
    if prefix or suffix:
        found |= {"prefix": [prefix] if prefix else [], "suffix": [suffix] if suffix else []}
    return [found]


def addresses(party: Node) -> list[Node]:
    """The address of a party; empty when none is told."""
    lines = [one for one in (party.get("line1"), party.get("line2")) if one]
    if not lines and not party.get("city") and not party.get("zip"):
        return []
    found = {"line": lines, "city": party.get("city"), "state": party.get("state"), "postalCode": party.get("zip"),
             "country": party.get("country")}  # fmt: skip
    return [found]


def telecom(party: Node) -> list[Node]:
    """Telephone numbers and the like (PER)."""
    told = party.get("contacts")
    if not told:
        return []
    return [
        {"system": _TELECOM[one["qualifier"]], "value": one["value"]}
        for contact in told
        for one in contact["numbers"]
        if one["qualifier"] in _TELECOM and one["value"]
    ]


def iso(day: Any) -> str | None:
    """A date as FHIR writes it."""
    return day.isoformat() if day else None
