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
from jobs.formats.hl7v2_fhir_codes import written
from jobs.formats.hl7v2_fhir_parties import Mention, location, organization
from jobs.formats.hl7v2_message import Message, Segment
from jobs.formats.hl7v2_types import Organization, Place
from jobs.formats.translation import Source, ident


class Whose(NamedTuple):
    """Whom a segment is about: ids of Patient and Encounter, None when not known."""

    patient: str | None
    encounter: str | None

    @property
    def patient_ref(self) -> orjson.Fragment | None:
        """A reference to the patient, as JSON."""
        return reference("Patient", self.patient) if self.patient else None

    @property
    def encounter_ref(self) -> orjson.Fragment | None:
        """A reference to the visit, as JSON."""
        return reference("Encounter", self.encounter) if self.encounter else None


NOBODY = Whose(None, None)
# What a message lists completely (hl7v2_fhir_snapshot).
Lists = dict[tuple[str, str], list[str]]
_new = tuple.__new__


class Written(NamedTuple):
    """One FHIR R4 resource as JSON text; the other fields as of translation.Resource."""

    resource_type: str
    resource_id: str
    last_updated: datetime.datetime | None
    method: str | None
    text: str


class Story:
    """The resources that a message tells, the last word on each of them.

    `at` is when it was said (EVN-2 or MSH-7) or None; `whose[n]` whom segment n is about; `told` the resources by
    type and id; `results` those of each report; `followed` the results by code and sub-id, where others follow from
    one. Where a patient's account is his visit (option `account_is_visit`), `accounts` are the account numbers (PID-18)
    by whom and what they are of. `lists` are the complete lists that it has (hl7v2_fhir_snapshot).
    """

    __slots__ = (
        "message", "feed", "kind", "at", "names", "whose", "told", "authority", "said_at", "results", "followed",
        "account_is_visit", "accounts", "lists", "_times",
    )  # fmt: skip

    def __init__(self, message: Message, feed: Source, kind: str) -> None:
        self.message = message
        self.feed = feed
        self.kind = kind
        self.names = [segment[0] for segment in message.segments]
        authority = feed.options.get("assigning_authority")
        self.authority = authority if isinstance(authority, str) else None
        self._times: dict[str, str | None] = {}
        self.said_at = _said_at(self)
        self.at = _instant(self.said_at, feed.time_zone) if self.said_at else None
        if self.at is None:
            self.said_at = None
        self.told: dict[tuple[str, str], Written] = {}
        self.results: dict[str, list[str]] = {}
        self.followed: dict[tuple[str, str], list[str]] | None = {} if _has_parents(self) else None
        self.account_is_visit = feed.options.get("account_is_visit") is True
        self.accounts: dict[Whose, str] = {}
        self.lists: Lists = {}
        self.whose = _whose(self)

    def tell(
        self, kind: str, name: str, body: dict[str, Any], *, method: str | None = None, in_passing: bool = False
    ) -> None:
        """One resource. In passing: what the message says besides its subject, which any message on it outranks."""
        text = written({"resourceType": kind, "id": name, **body})
        self.told[kind, name] = Written(kind, name, None if in_passing else self.at, method, text)

    def extension_of(self, owner: str | None, *segments: str) -> list[dict[str, str]]:
        """The complete lists that the message has of somebody, or of a visit, as extensions."""
        found = [(kind, self.lists.get((kind, owner or ""))) for kind in segments] if self.lists else []
        return [
            {"url": f"{translation.LISTED}-{kind}", "valueString": " ".join(names)} for kind, names in found if names
        ]

    def listed_by(self, owner: str | None, segment: str) -> list[dict[str, str]]:
        """Who lists a thing that is told, as an extension of it; none where the message has no complete list."""
        names = self.lists.get((segment, owner or ""))
        return [{"url": translation.LISTED, "valueString": names[0]}] if names else []

    def refer(self, mention: Mention | None) -> orjson.Fragment | None:
        """A reference to a practitioner, organization or location, which is told too."""
        if mention is None:
            return None
        key = mention.key
        if key is not None and key not in self.told:
            self.told[key] = _new(Written, (*key, self.at, None, mention.text))
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
        if raw not in self._times:
            self._times[raw] = _raw_time(self.message.dialect, raw, self.message.zone, self.feed.time_zone)
        return self._times[raw]

    @property
    def happened_at(self) -> str | None:
        """When the event happened (EVN-6), which may be long before it was recorded (HL7 v2.5 section 3.4.1.6)."""
        evn = next((one for one in self.message.segments[1:3] if one[0] == "EVN"), None)
        return (self.raw_time(self.message.field(evn, 6)) if evn else None) or self.said_at

    def effective(self, raw: str) -> str:
        """A field of time as the member effectiveDateTime, as JSON text with a comma before it."""
        text = self.raw_time(raw)
        return f',"effectiveDateTime":{written(text)}' if text else ""

    def unique(self, kind: str, name: str) -> str:
        """The same id for the first of this name in the message, then ids that count on."""
        found, count = name, 1
        while (kind, found) in self.told:
            count += 1
            found = shortened(f"{name}-{count}")
        return found


def _has_parents(story: Story) -> bool:
    """Whether results follow from others (OBR-26), for which there must be two orders."""
    if story.names.count("OBR") < 2:
        return False
    return any(one[0] == "OBR" and len(one) > 26 and one[26] for one in story.message.segments)


def _raw_time(dialect: Dialect, raw: str, zone: str, of_feed: Any) -> str | None:
    found = hl7v2_values.iso(raw, zone)
    if found is None:
        text = hl7v2_types.padded(dialect, first(dialect, raw), 1)[0]
        found = (hl7v2_values.iso(text, zone) or text) if text else None
    return zoned(found, of_feed) if found else None


def zoned(text: str, zone: Any) -> str:
    """A dateTime with its offset; a date or one that has its offset stays as it is."""
    if len(text) < 16 or text[10] != "T" or text[-6] in "+-" or text[-1] == "Z":
        return text
    return _zoned(text, zone)


@functools.lru_cache(1 << 14)
def _zoned(text: str, zone: Any) -> str:
    return translation.with_offset(text, zone)


def first(dialect: Dialect, raw: str) -> str:
    """The first repetition of a field, as sent."""
    mark = dialect.delimiters.repetition
    return raw.split(mark, 1)[0] if mark and mark in raw else raw


def shortened(name: str) -> str:
    """An id as it is, or its digest where FHIR R4 has no room for it."""
    return name if len(name) <= translation.LONGEST_ID else hashlib.sha256(name.encode()).hexdigest()


def owned(owner: str | None, *parts: str | None) -> str:
    """The id of something that is told apart by these parts among the things of its owner, whose id is given."""
    return shortened(f"{owner or ''}-{ident(*parts)}")


def named(one: str | None, two: str | None) -> str:
    """translation.ident of two parts, the short way for those that need no escape."""
    if one and two and len(one) + len(two) < translation.LONGEST_ID:
        both = one + two
        if both.isalnum() and both.isascii():
            return f"{one}-{two}"
    return ident(one, two)


def reference(kind: str, name: str) -> orjson.Fragment:
    """A Reference as JSON."""
    return orjson.Fragment(f'{{"reference":"{kind}/{name}"}}')


def patient_name(story: Story, value: str | None, assigner: str | None) -> str | None:
    """The id of a Patient: assigning authority and number."""
    return named(assigner or story.authority, value) if value else None


def _said_at(story: Story) -> str | None:
    """EVN-2, or MSH-7: the first that has a time of day, else the first that is a date."""
    message = story.message
    sent = story.raw_time(message.field(message.segments[0], 7))
    evn = next((one for one in message.segments[1:3] if one[0] == "EVN"), None)
    recorded = story.raw_time(message.field(evn, 2)) if evn else None
    if recorded is None or (sent and "T" in sent and "T" not in recorded):
        return sent
    return recorded


@functools.lru_cache(1 << 12)
def _instant(text: str, zone: Any) -> datetime.datetime | None:
    try:
        found = datetime.datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(datetime.UTC)
    except (ValueError, OverflowError):
        return None


def _whose(story: Story) -> list[Whose]:
    found, whose, account = [], NOBODY, ""
    subject: tuple[Any, ...] = hl7v2_subject.NOBODY
    message = story.message
    for index, name in enumerate(story.names):
        if name == "PID":
            subject = hl7v2_subject.of_patient(message, index, message.segments[index])
            whose = Whose(patient_name(story, subject[1], subject[2]), None)
            account = message.field(message.segments[index], 18) if story.account_is_visit else ""
            if account:
                whose = Whose(whose.patient, visit_name(story, (account,), None, ""))
                story.accounts[whose] = account
        elif name == "PV1":
            visit = _visit(story, message.segments[index], whose.patient, account)
            if visit:
                whose = Whose(whose.patient, visit)
                if account:
                    story.accounts[whose] = account
        found.append(whose)
    return found


def _visit(story: Story, pv1: Segment, patient: str | None, account: str) -> str | None:
    """The id of a PV1's Encounter: visit number (PV1-19), alternate visit id (PV1-50), account, else when it began."""
    field = story.message.field
    return visit_name(story, (field(pv1, 19), field(pv1, 50), account), patient, field(pv1, 44))


def visit_name(story: Story, numbers: tuple[str, ...], patient: str | None, admission: str) -> str | None:
    """The id of an Encounter: the first of its numbers that says one, else patient and time of admission."""
    for raw in numbers:
        if raw:
            value, assigner, _ = hl7v2_types.identified(story.message.dialect, raw)
            if value:
                return named(assigner, value)
    if patient is None:
        return None
    admitted = story.raw_time(admission)
    if admitted is None and story.kind in _ADMISSIONS:
        # Whoever gives a visit no number knows it by when it began, and the event says that it begins.
        admitted = story.happened_at
    return owned(patient, "at", admitted) if admitted else None


_ADMISSIONS = ("ADT^A01", "ADT^A04", "ADT^A05")
