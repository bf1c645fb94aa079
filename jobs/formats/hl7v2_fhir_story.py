"""What one HL7 v2 message tells, gathered as FHIR R4 resources: whom each segment is about, and who is referred to.

Ids come from identifiers and their assigning authority alone, so that all messages of a feed that speak of the same
patient, visit, person or place name the same resource.
"""

from __future__ import annotations

import datetime
import functools
import hashlib
from typing import Any, NamedTuple

import orjson

from jobs.formats import hl7v2_subject, hl7v2_types, hl7v2_values, translation
from jobs.formats.hl7v2_dialect import Dialect
from jobs.formats.hl7v2_fhir_parties import Mention, location, organization
from jobs.formats.hl7v2_message import Message, Segment
from jobs.formats.hl7v2_types import Organization, Place
from jobs.formats.translation import Resource, Source, ident


class Whose(NamedTuple):
    """Whom a segment is about: ids of Patient and Encounter, and references to them as JSON; None when not known."""

    patient: str | None
    encounter: str | None
    patient_ref: orjson.Fragment | None
    encounter_ref: orjson.Fragment | None


NOBODY = Whose(None, None, None, None)


class Story:
    """The resources that a message tells, the last word on each of them.

    `at` is when it was said (EVN-2 or MSH-7) or None; `whose[n]` whom segment n is about; `told` the resources by
    type and id.
    """

    __slots__ = ("message", "feed", "at", "names", "whose", "told", "authority", "said_at")

    def __init__(self, message: Message, feed: Source) -> None:
        self.message = message
        self.feed = feed
        self.names = [segment[0] for segment in message.segments]
        authority = feed.options.get("assigning_authority")
        self.authority = authority if isinstance(authority, str) else None
        self.said_at = _said_at(self)
        self.at = _instant(self.said_at, feed)
        self.told: dict[tuple[str, str], Resource] = {}
        self.whose = _whose(self)

    def tell(
        self, kind: str, name: str, body: dict[str, Any], *, method: str | None = None, in_passing: bool = False
    ) -> None:
        """One resource. In passing: what the message says besides its subject, which any message on it outranks."""
        self.told[kind, name] = Resource(kind, name, None if in_passing else self.at, method, body)

    def refer(self, mention: Mention | None) -> orjson.Fragment | None:
        """A reference to a practitioner, organization or location, which is told too."""
        if mention is None:
            return None
        if mention.key is not None and mention.key not in self.told:
            kind, name = mention.key
            self.told[kind, name] = Resource(kind, name, self.at, None, mention.body)
        return mention.reference

    def refer_place(self, place: Place) -> orjson.Fragment | None:
        """A reference to a place, whose facility is told with it."""
        self.refer(organization(Organization(place.facility, None, None)))
        return self.refer(location(place))

    def time(self, text: str | None) -> str | None:
        """A FHIR dateTime of the message with its zone, that of the feed when it says none."""
        return zoned(text, self.feed.time_zone) if text else None

    def raw_time(self, raw: str) -> str | None:
        """A field of time as FHIR writes it; what is no time as it was sent, None when nothing was."""
        if not raw:
            return None
        found = hl7v2_values.iso(raw, self.message.zone)
        if found is None:
            text = hl7v2_types.padded(self.message.dialect, first(self.message.dialect, raw), 1)[0]
            found = (hl7v2_values.iso(text, self.message.zone) or text) if text else None
        return zoned(found, self.feed.time_zone) if found else None

    def unique(self, kind: str, name: str) -> str:
        """The same id for the first of this name in the message, then ids that count on."""
        found, count = name, 1
        while (kind, found) in self.told:
            count += 1
            found = shortened(f"{name}-{count}")
        return found


@functools.lru_cache(1 << 15)
def zoned(text: str, zone: Any) -> str:
    """A dateTime with its offset; a date or one that has its offset stays as it is."""
    if len(text) < 16 or text[10] != "T" or text[-6] in "+-" or text[-1] == "Z":
        return text
    return translation.with_offset(text, zone)


def first(dialect: Dialect, raw: str) -> str:
    """The first repetition of a field, as sent."""
    mark = dialect.delimiters.repetition
    return raw.split(mark, 1)[0] if mark and mark in raw else raw


def shortened(name: str) -> str:
    """An id as it is, or its digest where FHIR R4 has no room for it."""
    return name if len(name) <= translation.LONGEST_ID else hashlib.sha256(name.encode()).hexdigest()


@functools.lru_cache(1 << 14)
def reference(kind: str, name: str) -> orjson.Fragment:
    """A Reference as JSON."""
    return orjson.Fragment(f'{{"reference":"{kind}/{name}"}}')


def patient_name(story: Story, value: str | None, assigner: str | None) -> str | None:
    """The id of a Patient: assigning authority and number."""
    return ident(assigner or story.authority, value) if value else None


def _said_at(story: Story) -> str | None:
    """EVN-2, or MSH-7: the first that has a time of day, else the first that is a date."""
    message = story.message
    fields = [message.field(one, 2) for one in message.segments[1:3] if one[0] == "EVN"]
    texts = [text for raw in (*fields, message.field(message.segments[0], 7)) if (text := story.raw_time(raw))]
    return next((text for text in texts if len(text) > 10 and text[10] == "T"), texts[0] if texts else None)


@functools.lru_cache(1 << 12)
def _read_instant(text: str, zone: Any) -> datetime.datetime | None:
    try:
        found = datetime.datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(datetime.UTC)
    except (ValueError, OverflowError):
        return None


def _instant(text: str | None, feed: Source) -> datetime.datetime | None:
    return _read_instant(text, feed.time_zone) if text else None


def _whose(story: Story) -> list[Whose]:
    found, whose = [], NOBODY
    subject: tuple[Any, ...] = hl7v2_subject.NOBODY
    message = story.message
    for index, name in enumerate(story.names):
        if name == "PID":
            subject = hl7v2_subject.of_patient(message, index, message.segments[index])
            patient = patient_name(story, subject[1], subject[2])
            whose = Whose(patient, None, reference("Patient", patient) if patient else None, None)
        elif name == "PV1":
            visit = _visit(story, message.segments[index], whose.patient)
            if visit:
                whose = Whose(whose.patient, visit, whose.patient_ref, reference("Encounter", visit))
        found.append(whose)
    return found


def _visit(story: Story, pv1: Segment, patient: str | None) -> str | None:
    """The id of an Encounter: visit number (PV1-19), else alternate visit id (PV1-50), else patient and admission."""
    dialect = story.message.dialect
    for number in (19, 50):
        if len(pv1) > number and pv1[number]:
            value, assigner, _ = hl7v2_types.identified(dialect, pv1[number])
            if value:
                return ident(assigner, value)
    if patient is None:
        return None
    admitted = story.raw_time(story.message.field(pv1, 44))
    if admitted is None and story.message.kind in _ADMISSIONS:
        # Whoever gives a visit no number knows it by when it began, and the event says that it begins.
        admitted = story.said_at
    return shortened(ident(patient, "at", admitted)) if admitted else None


_ADMISSIONS = ("ADT^A01", "ADT^A04", "ADT^A05")
