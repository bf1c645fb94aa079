"""Data types of HL7 v2 fields beyond codes: identifiers, names, addresses, phones, people, organisations, money.

Each function reads one repetition (HL7 v2.5 chapter 2A, and the forms of older versions that differ); `many` reads
all of a field. Empty repetitions give nothing.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple, TypeVar

from jobs.formats import hl7v2_values
from jobs.formats.hl7v2_dialect import NULL, Dialect, sub_parts

T = TypeVar("T")


class Identifier(NamedTuple):
    """CX: an identifier, who assigned it (namespace, or else universal id), its type (table 0203), its field."""

    value: str
    assigner: str | None
    assigner_universal_id: str | None
    type: str | None
    check_digit: str | None
    check_scheme: str | None
    starts_on: str | None
    ends_on: str | None
    source: str


class Name(NamedTuple):
    """XPN: `use` is table 0200, L legal, B birth, A alias, M maiden."""

    family: str | None
    given: str | None
    middle: str | None
    suffix: str | None
    prefix: str | None
    degree: str | None
    use: str | None


class Address(NamedTuple):
    """XAD: `use` is table 0190, H home, B business, M mailing, BA bad address."""

    line: str | None
    other_line: str | None
    city: str | None
    state: str | None
    zip: str | None
    country: str | None
    use: str | None
    county: str | None


class Phone(NamedTuple):
    """XTN: a number as one text or an e-mail address; `use` is table 0201, `equipment` table 0202."""

    number: str | None
    email: str | None
    use: str | None
    equipment: str | None
    source: str


class Party(NamedTuple):
    """XCN: a person who did something, by the identifier the sender knows him by."""

    id: str | None
    family: str | None
    given: str | None
    assigner: str | None
    id_type: str | None

    @property
    def is_national(self) -> bool:
        """Whether its identifier is the National Provider Identifier of the United States."""
        return bool(self.id) and "NPI" in (self.id_type, self.assigner)


class Organization(NamedTuple):
    """XON: an organisation; its identifier is component 10, in older versions component 3."""

    name: str | None
    id: str | None
    assigner: str | None


class EntityId(NamedTuple):
    """EI: an identifier of an order, specimen or document, and the system that gave it."""

    value: str | None
    assigner: str | None


class Place(NamedTuple):
    """PL: a place in a facility."""

    unit: str | None
    room: str | None
    bed: str | None
    facility: str | None


# The register of national provider identifiers (NPPES), by its object identifier.
NPI_OID = "2.16.840.1.113883.4.6"
NO_PARTY = Party(None, None, None, None, None)
NO_ORGANIZATION = Organization(None, None, None)
NO_ENTITY = EntityId(None, None)
NO_PLACE = Place(None, None, None, None)


def many(dialect: Dialect, raw: str, read: Callable[[Dialect, str], T | None]) -> list[T]:
    """What each repetition of a field says, without the empty ones."""
    found = (read(dialect, one) for one in dialect.repetitions(raw))
    return [one for one in found if one is not None]


def identifier(dialect: Dialect, raw: str, source: str, kind: str | None = None) -> Identifier | None:
    """A CX; `kind` when the field itself says what its identifiers are."""
    raws = components(dialect, raw)
    found = padded(dialect, raw, 10)
    if not found[0]:
        return None
    assigner, universal = assigned_by(dialect, raws[3] if len(raws) > 3 else "")
    starts, ends = (hl7v2_values.iso(one) if one else None for one in found[6:8])
    return Identifier(found[0], assigner, universal, found[4] or kind, found[1], found[2], starts, ends, source)


@functools.lru_cache(1 << 12)
def assigned_by(dialect: Dialect, raw: str) -> tuple[str | None, str | None]:
    """HD: namespace and universal id; either alone names the assigner."""
    namespace, universal = (*sub_parts(dialect, raw), None, None)[:2] if raw else (None, None)
    return namespace or universal, universal


def identified(dialect: Dialect, raw: str) -> tuple[str | None, str | None, str | None]:
    """Of the first repetition of a CX: value, assigner, type. The short way, for what every message has."""
    marks = dialect.delimiters
    if marks.repetition and marks.repetition in raw:
        raw = raw.split(marks.repetition, 1)[0]
    parts = raw.split(marks.component) if marks.component else [raw]
    number = parts[0].strip()
    assigner = parts[3] if len(parts) > 3 else ""
    if marks.subcomponent:
        if marks.subcomponent in number:
            number = number.split(marks.subcomponent, 1)[0].strip()
        if marks.subcomponent in assigner:
            assigner = assigned_by(dialect, assigner)[0] or ""
    if not number:
        return None, None, None
    text = dialect.text
    return text(number), text(assigner), text(parts[4]) if len(parts) > 4 else None


def name(dialect: Dialect, raw: str) -> Name | None:
    """An XPN; one in a single component, as 2.1 and sloppy senders write it, is all family name."""
    found = padded(dialect, raw, 7)
    made = Name(*found[:7])
    return made if any(made[:3]) else None


def address(dialect: Dialect, raw: str) -> Address | None:
    """An XAD; street name and number, where they are sent apart, are one line (SAD)."""
    found = padded(dialect, raw, 9)
    made = Address(_street(dialect, raw), found[1], found[2], found[3], found[4], found[5], found[6], found[8])
    return made if any(made[:6]) or made.county else None


def _street(dialect: Dialect, raw: str) -> str | None:
    pieces = sub_parts(dialect, (components(dialect, raw) or [""])[0])
    line = pieces[0]
    for piece in pieces[1:3]:
        if piece and piece not in (line or ""):
            line = f"{line} {piece}" if line else piece
    return line


def phone(dialect: Dialect, raw: str, source: str) -> Phone | None:
    """An XTN: component 1, or country, area, local number and extension of components 5 to 8; 12 since 2.7."""
    found = padded(dialect, raw, 12)
    pieces = [one for one in (f"+{found[4].lstrip('+')}" if found[4] else None, found[5], found[6]) if one]
    number = found[0] or found[11] or " ".join(pieces) or None
    if number and found[7] and not found[0]:
        number += f" x{found[7]}"
    email = found[3]
    if email is None and found[2] and found[2].upper() == "INTERNET":
        email, number = number, None
    return Phone(number, email, found[1], found[2], source) if number or email else None


def party(dialect: Dialect, raw: str) -> Party:
    """The first person of an XCN field."""
    return next(iter(people(dialect, raw)), NO_PARTY)


def people(dialect: Dialect, raw: str) -> list[Party]:
    """Everybody whom an XCN field names, each once.

    Repetitions of one name are one person known by several identifiers (HL7 v2.5 section 3.4.3.7), of which the
    national one is taken: it alone says the same everywhere. Two numbers of one assigner are two people.
    """
    found: list[Party] = []
    for repetition in dialect.repetitions(raw):
        one = _person(dialect, repetition)
        at = next((n for n, other in enumerate(found) if _is_same(one, other)), None)
        if at is not None:
            found[at] = one if one.is_national and not found[at].is_national else found[at]
        elif any(one):
            found.append(one)
    return found


def _is_same(one: Party, other: Party) -> bool:
    mine, its = (((who.family or "").upper(), (who.given or "").upper()) for who in (one, other))
    if not mine[0] or mine != its:
        return False
    return one.id == other.id or (one.assigner, one.id_type) != (other.assigner, other.id_type)


def _person(dialect: Dialect, repetition: str) -> Party:
    raws = components(dialect, repetition)
    found = padded(dialect, repetition, 13)
    assigner, universal = assigned_by(dialect, raws[8] if len(raws) > 8 else "")
    return Party(found[0], found[1], found[2], "NPI" if universal == NPI_OID else assigner, found[12])


def organization(dialect: Dialect, raw: str) -> Organization:
    """The first repetition of an XON."""
    first = (dialect.repetitions(raw) or [""])[0]
    if not first:
        return NO_ORGANIZATION
    raws = components(dialect, first)
    found = padded(dialect, first, 10)
    assigner, _ = assigned_by(dialect, raws[5] if len(raws) > 5 else "")
    return Organization(found[0], found[9] or found[2], assigner)


def entity_id(dialect: Dialect, raw: str) -> EntityId:
    """An EI: components, or subcomponents where the EI is itself a component (EIP, SPM-2)."""
    if not raw or raw == NULL:
        return NO_ENTITY
    found = dialect.parts(raw)
    if not found[0] or len(found) == 1:
        return EntityId(found[0], None)
    return EntityId(found[0], found[1] or (found[2] if len(found) > 2 else None))


def entity_pair(dialect: Dialect, raw: str) -> tuple[EntityId, EntityId]:
    """An EIP: the placer's and the filler's identifier."""
    pair = []
    for part in (*components(dialect, raw), "", "")[:2]:
        value, namespace, universal = (*sub_parts(dialect, part), None, None, None)[:3]
        pair.append(EntityId(value, (namespace or universal) if value else None))
    return pair[0], pair[1]


def place(dialect: Dialect, raw: str) -> Place:
    """A PL."""
    return Place(*padded(dialect, raw, 4)[:4]) if raw else NO_PLACE


def money(dialect: Dialect, raw: str) -> tuple[Decimal | None, str | None]:
    """A CP or MO: amount and currency."""
    first = (components(dialect, raw) or [""])[0]
    amount, currency = (*sub_parts(dialect, first), None, None)[:2]
    return (hl7v2_values.number(amount) if amount else None), currency


def components(dialect: Dialect, raw: str) -> list[str]:
    """The components of one repetition, as sent."""
    mark = dialect.delimiters.component
    if not raw or raw == NULL:
        return []
    return raw.split(mark) if mark else [raw]


def padded(dialect: Dialect, raw: str, size: int) -> tuple[str | None, ...]:
    """The components of one repetition as texts, at least `size` of them."""
    found = dialect.parts(raw) if raw and raw != NULL else ()
    return found + (None,) * (size - len(found)) if len(found) < size else found
