"""Who and what HL7 v2 fields name, as FHIR R4: identifiers, names, addresses, telecom; practitioners, places.

A practitioner, organization or location that a field names is a `Mention`: a reference, and the resource it means.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import orjson

from jobs.formats import hl7v2_types
from jobs.formats.hl7v2_dialect import NULL, Dialect
from jobs.formats.hl7v2_fhir_codes import NPI, SSN, THO, assigner_system, coded, filled, packed, written
from jobs.formats.hl7v2_types import Address, Identifier, Name, Organization, Party, Phone, Place
from jobs.formats.translation import ident, without_nothing


class Mention(NamedTuple):
    """Somebody or something referred to: the Reference as JSON, its type and id (None: it has but a name), its JSON."""

    reference: orjson.Fragment
    key: tuple[str, str] | None
    text: str


# HL7 location-physical-type: a ward, or whatever else PL.1 calls the point of care.
PHYSICAL, WARD = f"{THO}location-physical-type", "wa"
# HL7 table 0200 and 0190 in FHIR's words; what is not here has no use that FHIR knows.
_NAME_USES = {
    "L": "official",
    "D": "usual",
    "M": "maiden",
    "N": "nickname",
    "S": "anonymous",
    "T": "temp",
    "BAD": "old",
}
_ADDRESS_USES = {
    "H": "home",
    "P": "home",
    "L": "home",
    "B": "work",
    "O": "work",
    "C": "temp",
    "BA": "old",
    "BI": "billing",
}
_PHONE_USES = {"PRN": "home", "ORN": "home", "VHN": "home", "WPN": "work", "PRS": "mobile", "ASN": None, "EMR": None}
_PHONE_SYSTEMS = {"FX": "fax", "BP": "pager", "TDD": "other", "TTY": "other", "CP": "phone", "PH": "phone"}


def identifier(found: Identifier) -> dict[str, Any]:
    """An Identifier (HL7 CX): its system is the assigning authority."""
    url = assigner_system(found.assigner, found.assigner_universal_id) or (SSN if found.type == "SS" else None)
    return filled(type=coded(f"{THO}v2-0203", found.type), system=url, value=found.value)


def identifiers(dialect: Dialect, *fields: tuple[str, str | None]) -> orjson.Fragment | None:
    """Identifiers (HL7 CX) as written JSON, of fields as sent and what a field says that its identifiers are."""
    mark = dialect.delimiters.repetition or "\r"
    texts = []
    for raw, kind in fields:
        if not raw or raw == NULL:
            continue
        for one in raw.split(mark) if mark in raw else (raw,):
            if text := _identifier(dialect, one, kind):
                texts.append(text)
    return orjson.Fragment(f"[{','.join(texts)}]") if texts else None


def _identifier(dialect: Dialect, raw: str, kind: str | None) -> str:
    marks = dialect.delimiters
    parts = raw.split(marks.component) if marks.component else [raw]
    number = parts[0].strip()
    if marks.subcomponent and marks.subcomponent in number:
        number = number.split(marks.subcomponent, 1)[0]
    value = dialect.text(number)
    if not value:
        return ""
    size = len(parts)
    begin = _kind_of(dialect, parts[3] if size > 3 else "", parts[4] if size > 4 else "", kind)
    return f'{{{begin}"value":{written(value)}}}'


@functools.lru_cache(1 << 12)
def _kind_of(dialect: Dialect, assigner: str, kind: str, otherwise: str | None) -> str:
    """Type and system of an identifier, as members with a comma after them: its system is the assigning authority."""
    named = hl7v2_types.padded(dialect, kind, 1)[0] or otherwise
    namespace, universal = hl7v2_types.assigned_by(dialect, assigner)
    url = assigner_system(namespace, universal) or (SSN if named == "SS" else None)
    text = written(filled(type=coded(f"{THO}v2-0203", named), system=url))[1:-1]
    return f"{text}," if text else ""


def human_name(found: Name, use: str | None = None) -> dict[str, Any]:
    """A HumanName (XPN)."""
    return filled(
        use=use or (_NAME_USES.get(found.use.upper()) if found.use else None),
        family=found.family,
        given=[one for one in (found.given, found.middle) if one],
        prefix=[found.prefix] if found.prefix else None,
        suffix=[one for one in (found.suffix, found.degree) if one],
    )


def address(found: Address) -> dict[str, Any]:
    """An Address (XAD)."""
    use = (found.use or "").upper()
    return filled(
        use=_ADDRESS_USES.get(use),
        type="postal" if use == "M" else None,
        line=[one for one in (found.line, found.other_line) if one],
        city=found.city,
        district=found.county,
        state=found.state,
        postalCode=found.zip,
        country=found.country,
    )


def telecom(found: Phone) -> list[dict[str, Any]]:
    """ContactPoints (XTN): the number, the e-mail address, or both."""
    use, equipment = (found.use or "").upper(), (found.equipment or "").upper()
    place = "work" if found.source == "PID-14" else "home" if found.source == "PID-13" else None
    known = _PHONE_USES.get(use) or (None if use in _PHONE_USES else place)
    points: list[dict[str, Any]] = []
    if found.number:
        of_number = "mobile" if equipment == "CP" or use == "PRS" else known
        points.append(filled(system=_PHONE_SYSTEMS.get(equipment, "phone"), value=found.number, use=of_number))
    if found.email:
        points.append(filled(system="email", value=found.email, use=None if known == "mobile" else known))
    return points


@functools.lru_cache(1 << 14)
def practitioner(found: Party) -> Mention | None:
    """The Practitioner of an XCN; one without an identifier is a name only."""
    words = " ".join(one for one in (found.given, found.family) if one) or None
    if not found.id:
        display = packed({"display": words})
        return Mention(display, None, "") if display else None
    national = found.is_national
    name = ident("NPI" if national else found.assigner, found.id)
    made = Name(found.family, found.given, None, None, None, None, None)
    known_as = {
        "type": coded(f"{THO}v2-0203", found.id_type),
        "system": NPI if national else assigner_system(found.assigner),
        "value": found.id,
    }
    body = without_nothing({"identifier": [known_as], "name": [human_name(made)]})
    return _mention("Practitioner", name, words, body)


@functools.lru_cache(1 << 14)
def party(dialect: Dialect, raw: str) -> Mention | None:
    """The Practitioner that the first repetition of a field names."""
    return practitioner(hl7v2_types.party(dialect, raw))


@functools.lru_cache(1 << 12)
def organization(found: Organization) -> Mention | None:
    """The Organization of an XON, by its identifier, else by its name."""
    if not found.id and not found.name:
        return None
    name = ident(found.assigner, found.id) if found.id else ident("name", found.name)
    known_as = {"system": assigner_system(found.assigner), "value": found.id} if found.id else None
    body = without_nothing({"identifier": [known_as], "name": found.name})
    return _mention("Organization", name, found.name, body)


@functools.lru_cache(1 << 12)
def location(found: Place) -> Mention | None:
    """The Location of a PL: ward, room and bed in a facility."""
    if not any(found):
        return None
    words = " ".join(one for one in found[:3] if one) or found.facility
    within = organization(Organization(found.facility, None, None))
    body = {
        "status": "active",
        "name": words,
        "physicalType": coded(PHYSICAL, next((kind for kind, said in _form(found) if said), None)),
        "managingOrganization": within.reference if within else None,
    }
    name = ident(found.facility, *found[:3])
    return _mention("Location", name, words, without_nothing(body))


def _form(found: Place) -> tuple[tuple[str, str | None], ...]:
    return ("bd", found.bed), ("ro", found.room), (WARD, found.unit)


def _mention(kind: str, name: str, words: str | None, body: dict[str, Any]) -> Mention:
    text = written({"resourceType": kind, "id": name, **body})
    told = {"reference": f"{kind}/{name}", **({"display": words} if words else {})}
    return Mention(orjson.Fragment(orjson.dumps(told)), (kind, name), text)
