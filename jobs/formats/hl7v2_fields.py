"""Fields of one HL7 v2 segment read by their types, noting what is malformed and what the sender deletes.

Row faults are named `malformed_<column>`: something was sent that the column's type does not hold. The column is
then empty and the message's bytes still have it. `nulls` are the columns whose field is `""`, "delete it".
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from jobs.formats import hl7v2_types, hl7v2_values
from jobs.formats.hl7v2_dialect import NOTHING_CODED, NULL, Coded
from jobs.formats.hl7v2_message import Message, Segment
from jobs.formats.hl7v2_subject import Subject, walk
from jobs.formats.hl7v2_types import EntityId, Identifier, Organization, Party, Place

MALFORMED = "malformed_"


class Fields:
    """Reads fields by number (1 is the first after the segment's name) into named columns."""

    __slots__ = ("message", "segment", "_faults", "_nulls")

    def __init__(self, message: Message, segment: Segment) -> None:
        self.message = message
        self.segment = segment
        self._faults: list[str] = []
        self._nulls: list[str] = []

    @property
    def faults(self) -> tuple[str, ...]:
        """What was malformed so far."""
        return tuple(self._faults)

    @property
    def nulls(self) -> tuple[str, ...]:
        """What the sender deletes, of what was read so far."""
        return tuple(self._nulls)

    def raw(self, number: int, column: str = "") -> str:
        """A field as sent, '' when it is null or absent."""
        segment = self.segment
        found = segment[number] if len(segment) > number else ""
        if found == NULL:
            if column:
                self._nulls.append(column)
            return ""
        return found

    def text(self, number: int, column: str) -> str | None:
        """The first component of the first repetition."""
        raw = self.raw(number, column)
        if not raw:
            return None
        first = self.message.dialect.repetitions(raw)[0]
        return hl7v2_types.padded(self.message.dialect, first, 1)[0]

    def whole(self, number: int, column: str) -> str | None:
        """A field of free text, repetitions as lines."""
        raw = self.raw(number, column)
        return "\n".join(self.message.dialect.text(one) or "" for one in self.message.dialect.repetitions(raw)) or None

    def texts(self, number: int, column: str) -> tuple[str, ...]:
        """The first component of every repetition."""
        dialect = self.message.dialect
        found = (hl7v2_types.padded(dialect, one, 1)[0] for one in dialect.repetitions(self.raw(number, column)))
        return tuple(one for one in found if one)

    def coded(self, number: int, column: str) -> Coded:
        """The first repetition of a coded field."""
        raw = self.raw(number, column)
        return self.message.dialect.coded(raw) if raw else NOTHING_CODED

    def all_coded(self, number: int, column: str) -> tuple[Coded, ...]:
        """Every repetition of a coded field that says something."""
        dialect = self.message.dialect
        found = (dialect.coded(one) for one in dialect.repetitions(self.raw(number, column)))
        return tuple(one for one in found if any(one))

    def time(self, number: int, column: str) -> str | None:
        """A time as FHIR writes it; of a range its begin."""
        raw = self.text(number, column)
        if raw is None:
            return None
        found = hl7v2_values.iso(raw, self.message.zone)
        if found is None:
            self._faults.append(MALFORMED + column)
        return found

    def number(self, number: int, column: str) -> Decimal | None:
        """A number, exactly."""
        raw = self.text(number, column)
        if raw is None:
            return None
        found = hl7v2_values.number(raw)
        if found is None:
            self._faults.append(MALFORMED + column)
        return found

    def money(self, number: int, column: str) -> tuple[Decimal | None, str | None]:
        """Amount and currency."""
        raw = self.raw(number, column)
        amount, currency = hl7v2_types.money(self.message.dialect, raw)
        if raw and amount is None and hl7v2_types.padded(self.message.dialect, raw, 1)[0]:
            self._faults.append(MALFORMED + column)
        return amount, currency

    def identifiers(self, number: int, column: str, kind: str | None = None) -> tuple[Identifier, ...]:
        """Every identifier of a field; `kind` when the field says what they are."""
        dialect, source = self.message.dialect, f"{self.segment[0]}-{number}"
        found = (
            hl7v2_types.identifier(dialect, one, source, kind) for one in dialect.repetitions(self.raw(number, column))
        )
        return tuple(one for one in found if one)

    def entity(self, number: int, column: str) -> EntityId:
        """The first identifier of an order or document."""
        raw = self.raw(number, column)
        return hl7v2_types.entity_id(self.message.dialect, self.message.dialect.repetitions(raw)[0] if raw else "")

    def party(self, number: int, column: str) -> Party:
        """The first person of a field."""
        return hl7v2_types.party(self.message.dialect, self.raw(number, column))

    def parties(self, number: int, column: str) -> tuple[Party, ...]:
        """Every person of a field."""
        return tuple(hl7v2_types.people(self.message.dialect, self.raw(number, column)))

    def organization(self, number: int, column: str) -> Organization:
        """The first organisation of a field."""
        return hl7v2_types.organization(self.message.dialect, self.raw(number, column))

    def place(self, number: int, column: str) -> Place:
        """A place in a facility."""
        return hl7v2_types.place(self.message.dialect, self.raw(number, column))


def each_of(message: Message, *names: str) -> Iterator[tuple[int, Subject, Fields]]:
    """Every segment of these names, with its number and whom it is about."""
    for index, segment, subject in walk(message):
        if segment[0] in names:
            yield index, subject, Fields(message, segment)
