"""X12 claims and payments as FHIR R4 resources: what one bronze record of x12 says.

    837P, 837I, 837D    Claim with its Encounter; Patient (subscriber, dependent), Coverage of every payer named, payer
                        Organizations, Practitioners with roles, Organizations and Locations inside the claim
    <837>.level         of a billing provider (HL03 = 20): Organization, or Practitioner with role
    835                 ExplanationOfBenefit, Patient and who rendered, as far as an 835 knows them; Linkage of the
                        member's number that was billed with the one that is right
    835.header          PaymentReconciliation, and the Organizations that pay and are paid
    835.summary         of a PLB: PaymentReconciliation with what is taken from the payment or added to it
Others say nothing that silver knows. Options of the feed: `payers` (number told: the one it means), `currency` (USD),
`encounters` (false: claims make none).

Times are the sender's: BHT04 and BHT05, else GS04 and GS05, in the feed's zone; where none can be read, our receipt.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import zoneinfo
from collections.abc import Callable
from datetime import date, datetime, time

from jobs.formats import x12_claim, x12_claim_levels, x12_delimiters, x12_payment, x12_said
from jobs.formats import x12_fhir_members as members
from jobs.formats import x12_fhir_parties as parties
from jobs.formats import x12_fhir_payment as payments
from jobs.formats import x12_fhir_payment_number as numbers
from jobs.formats import x12_fhir_remittance as remittances
from jobs.formats.translation import Resource, Said, Source
from jobs.formats.x12_fhir_claim import Around, claim, claim_id, currency_of, days_of, insured
from jobs.formats.x12_fhir_encounter import encounter, encounter_id, hours, stay
from jobs.formats.x12_fhir_json import Text, listed, named, reference, resource, written
from jobs.formats.x12_fhir_parties import Key
from jobs.formats.x12_fhir_team import ROLES
from jobs.formats.x12_segments import Node

_BILLING_LEVEL = "20"
_SELF = "18"
# Other years are slips, and at the ends of the calendar no instant.
_FIRST_YEAR, _LAST_YEAR = 1900, 2999


def translate(record: Said, feed: Source) -> list[Resource]:
    """The resources that a record says; none for a record that says nothing silver knows."""
    return [resource(one) for one in _said(record, feed)]


def translate_written(record: Said, feed: Source) -> list[tuple[str, str, datetime | None, str | None, str]]:
    """The same with their JSON written: type, id, last_updated, method, text."""
    return [written(one) for one in _said(record, feed)]


def _said(record: Said, feed: Source) -> list[Resource]:
    work = _KINDS.get(record.resource_type)
    return work(record, feed) if work else []


def _claim(record: Said, feed: Source) -> list[Resource]:
    try:
        found = x12_said.claim(record)
    except x12_claim.X12ClaimError:
        return []
    at = _told_at(found, record, feed)
    billing = parties.provider_key(found.get("billing"))
    payer_of = found.get("payer") or {}
    payer = parties.payer_key(payer_of, feed)
    number = found.get("claim_id") or named("unnumbered", hashlib.blake2s(record.payload, digest_size=16).hexdigest())
    made, who, insurance = _insured(found, billing, payer, feed, at)
    asks_later = (members.payer_turn(found.get("subscriber") or {}) or 1) > 1
    patient, place = members.patient_reference(who), found.get("facility")
    facility = reference("Location", named(*parties.provider_key(place))) if place else None
    days = days_of(found)
    visit: Text = None
    # What is only asked for beforehand has not taken place.
    if feed.options.get("encounters", True) and not found.get("predetermination"):
        name = encounter_id(billing, number)
        visit = reference("Encounter", name)
        span = hours(found, stay(found, days), feed.time_zone)
        # What a later payer is asked for was told to the first: of the visit its claim speaks in passing.
        made.append(encounter(found, name, patient, facility, span, None if asks_later else at))
    around = Around(payer, patient, insurance, facility, visit, days)
    made.append(claim(found, record.resource_type, claim_id(billing, number, payer), around, feed, at))
    return made + _providers(found, at)


def _insured(
    found: Node, billing: Key, payer: str, feed: Source, at: datetime
) -> tuple[list[Resource], Key | None, Text]:
    """Patient, coverages and their payers; who the patient is; what Claim.insurance says."""
    subscriber, dependent = found.get("subscriber") or {}, found.get("patient")
    payer_of = found.get("payer") or {}
    who = members.member_key(payer, subscriber, dependent)
    is_known = subscriber.get("id") and subscriber.get("is_person", True)
    holder = members.member_key(payer, subscriber, None) if is_known or not dependent else None
    made = [parties.payer(payer_of, payer, at)] if payer_of else []
    if who is None:
        return made, None, None
    record_number = members.medical_record(billing, parties.reference_of(found, "EA"))
    if dependent and holder:
        made.append(members.patient(subscriber, holder, payer, None, at))
    by_name = members.key_by_name(payer, subscriber, dependent)
    made.append(members.patient(dependent or subscriber, who, payer, record_number, at, by_name))
    relation = (dependent or {}).get("relationship") or (None if dependent else _SELF)
    made.append(members.coverage(subscriber, payer_of, payer, who, holder, at, relation))
    turn = members.payer_turn(subscriber) or 1
    own = insured(
        members.coverage_id(payer, parties.text(subscriber.get("id")), who), payer_of.get("name"), turn, focal=True,
        authorisation=parties.reference_of(found, "G1"),
    )  # fmt: skip
    others, insurance = _other_insurance(found, turn, who, feed, at)
    return made + others, who, listed([own, *insurance])


def _other_insurance(
    found: Node, own_turn: int, who: Key, feed: Source, at: datetime
) -> tuple[list[Resource], list[Text]]:
    made: list[Resource] = []
    taken = {own_turn}
    insurance: list[Text] = []
    currency = currency_of(found, feed)
    for other in found.get("other_subscribers") or ():
        turn = members.payer_turn(other)
        # A sequence number stands once in a claim (FHIR R4 Claim.insurance.sequence).
        place = turn if turn and turn not in taken else next(n for n in itertools.count(1) if n not in taken)
        taken.add(place)
        payer_of, holder = other.get("payer") or {}, other.get("subscriber") or {}
        payer, number = parties.payer_key(payer_of, feed), parties.text(holder.get("id"))
        if payer_of:
            made.append(parties.payer(payer_of, payer, at))
        subscription = {**other, "id": number}
        made.append(members.coverage(subscription, payer_of, payer, who, None, at, other.get("relationship")))
        name = members.coverage_id(payer, number, who)
        insurance.append(insured(name, payer_of.get("name"), place, focal=False, other=other, currency=currency))
    return made, insurance


def _providers(found: Node, at: datetime) -> list[Resource]:
    """Everybody else in the claim and its lines, once each; who bills is told in full by the level's own record."""
    billing = found.get("billing") or {}
    own = parties.provider_key(billing)
    within = own if billing and not billing["is_person"] else None
    made: dict[tuple[str, str], Resource] = {}
    for part in (found, *found["lines"]):
        for role in ROLES:
            if role not in part:
                continue
            for one in parties.provider(part[role], at, None, within):
                made.setdefault(one[:2], one)
        if "facility" in part:
            one = parties.location(part["facility"], at)
            made.setdefault(one[:2], one)
    name = named(*own)
    return [one for one in made.values() if (one[0] == "PractitionerRole" or one[1] != name or one[0] == "Location")]


def _level(record: Said, feed: Source) -> list[Resource]:
    found = _above(record)
    if found is None or not found.get("billing") or _hierarchy(record) != _BILLING_LEVEL:
        return []
    at = _told_at(found, record, feed)
    return parties.provider(found["billing"], at, found.get("billing_taxonomy"), None)


def _above(record: Said) -> Node | None:
    """A level with what stands above it, as plain values."""
    delimiters = x12_delimiters.of_context(record.context)
    if delimiters is None or record.context is None:
        return None
    return x12_claim_levels.above(record.context + record.payload, delimiters)[0]


def _hierarchy(record: Said) -> str:
    """HL03 of a level."""
    delimiters = x12_delimiters.of_context(record.context)
    assert delimiters is not None
    said = record.payload.split(delimiters.terminator, 1)[0].split(delimiters.element)
    return said[3].strip().decode("latin-1") if len(said) > 3 else ""


def _payment(record: Said, feed: Source) -> list[Resource]:
    try:
        found = x12_said.payment(record)
    except x12_payment.X12PaymentError:
        return []
    return payments.benefit(found, _mention(record), feed, _told_at(found, record, feed))


def _mention(record: Said) -> str:
    """Which of several of the same name in one transaction, as the record's identity tells (#2 and so on)."""
    _, mark, number = (record.resource_id or "").rpartition("#")
    return number if mark and number.isascii() and number.isdigit() else ""


def _header(record: Said, feed: Source) -> list[Resource]:
    try:
        found = x12_payment.header((record.context or b"") + record.payload)
    except x12_payment.X12PaymentError:
        return []
    at = _told_at(found, record, feed)
    made = [remittances.reconciliation(found, feed, at)] if found["payment"] else []
    if payer_of := found.get("payer"):
        made.append(parties.payer(payer_of, numbers.payer_of(found, feed), None))
    if payee := found.get("payee"):
        made.append(parties.payee(payee))
    return made


def _summary(record: Said, feed: Source) -> list[Resource]:
    try:
        told = x12_payment.summary(record.payload, record.context)["provider_adjustments"]
    except x12_payment.X12PaymentError:
        return []
    if not told or record.context is None:
        return []
    found = x12_payment.header(record.context)
    return [remittances.provider_adjustments(found, told, _mention(record), feed, _told_at(found, record, feed))]


def _told_at(found: Node, record: Said, feed: Source) -> datetime:
    transaction, group = found.get("transaction") or {}, found.get("group") or {}
    for day, clock in ((transaction.get("created"), transaction.get("time")), (group.get("date"), group.get("time"))):
        if day and _FIRST_YEAR <= day.year <= _LAST_YEAR:
            return _moment(day, clock or "", feed.time_zone)
    return record.received_at


@functools.lru_cache(maxsize=1 << 10)
def _moment(day: date, clock: str, zone: zoneinfo.ZoneInfo) -> datetime:
    """Date and time of day (HHMM, HHMMSS, HHMMSSd..d; data element 337); a time that is none is midnight."""
    told = time()
    if clock.isascii() and clock.isdigit() and len(clock) >= 4:
        parts = int(clock[:2]), int(clock[2:4]), int(clock[4:6] or 0)
        if parts[0] < 24 and parts[1] < 60 and parts[2] < 60:
            told = time(*parts)
    return datetime.combine(day, told, zone)


_CLAIMS = ("837P", "837I", "837D")
_KINDS: dict[str, Callable[[Said, Source], list[Resource]]] = {
    **dict.fromkeys(_CLAIMS, _claim),
    **{f"{kind}.level": _level for kind in _CLAIMS},
    "835": _payment,
    "835.header": _header,
    "835.summary": _summary,
}
