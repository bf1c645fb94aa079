"""The encounter that a claim bills for, so that its services and money have a visit: FHIR R4 Encounter.

Its id is provider and claim number, without the payer: claims to a first and a second payer are one encounter, and
the first one tells of it.
"""

from __future__ import annotations

import zoneinfo
from datetime import date, datetime

from jobs.formats import x12_fhir_codes as codes
from jobs.formats.translation import Resource
from jobs.formats.x12_fhir_json import Text, alone, body, coding, concept, identifier, joined, listed, named, period
from jobs.formats.x12_fhir_parties import Key, provider_key, provider_reference
from jobs.formats.x12_segments import Node

_ACT = f"{codes.TERMINOLOGY}v3-ActCode"
_PARTICIPATION = f"{codes.TERMINOLOGY}v3-ParticipationType"
_ROLES = {"attending": "ATND", "rendering": "PPRF", "referring": "REF"}
# CMS place of service codes.
PLACES = {
    "02": "VR", "10": "VR", "12": "HH", "21": "IMP", "23": "EMER", "31": "NONAC", "32": "NONAC", "34": "NONAC",
    "41": "FLD", "42": "FLD", "51": "IMP", "61": "NONAC",
}  # fmt: skip
# NUBC type of bill, facility and care: 11 hospital inpatient, 12 its part B, 18 swing bed, 21 nursing facility, ...
BILLS = {
    "11": "IMP", "12": "IMP", "18": "NONAC", "21": "NONAC", "22": "NONAC", "28": "NONAC", "32": "HH", "33": "HH",
    "34": "HH", "41": "IMP", "65": "NONAC", "66": "NONAC", "81": "HH", "82": "IMP", "86": "NONAC",
}  # fmt: skip
EMERGENCY, OBSERVATION = "045", "0762"
STILL_PATIENT, _ADMITTED, _DISCHARGED, _INPATIENT = "30", "435", "096", "IMP"
# What a period is made of: days, or moments with their zone.
Span = tuple[date | None, date | None]


def encounter_id(billing: Key, claim_id: str) -> str:
    """The id of the encounter of a claim."""
    return named(*billing, claim_id)


def stay(claim: Node, days: Span) -> Span:
    """The days of the encounter among those that are billed: an inpatient is one from the admission (DTP 435) on.

    A hospital bills what it did for the patient up to three days before as part of the stay (CMS payment window).
    """
    first, last = days
    if first is None or last is None or act_class(claim) != _INPATIENT:
        return days
    told = (one["start"] for one in claim.get("dates") or () if one["qualifier"] == _ADMITTED)
    admitted = next((one for one in told if one and first < one <= last), first)
    return admitted, last


def hours(claim: Node, days: Span, zone: zoneinfo.ZoneInfo) -> Span:
    """The same with the hours of admission (DTP 435) on the first day and of discharge (DTP 096) on the last.

    Hours that are none, or would end a stay before it began, leave the days.
    """
    told = claim.get("dates") or ()
    admitted = next((one["time"] for one in told if one["qualifier"] == _ADMITTED and one["start"] == days[0]), None)
    discharged = next((one["time"] for one in told if one["qualifier"] == _DISCHARGED), None)
    start, end = _moment(days[0], admitted, zone), _moment(days[1], discharged, zone)
    if start and end and end < start:
        return days
    return start or days[0], end or days[1]


def _moment(day: date | None, clock: str | None, zone: zoneinfo.ZoneInfo) -> datetime | None:
    """A day at an hour (HHMM, HHMMSS); None where either is not told or is none."""
    if day is None or not clock or int(clock[:2]) > 23 or int(clock[2:4]) > 59:
        return None
    return datetime(day.year, day.month, day.day, int(clock[:2]), int(clock[2:4]), tzinfo=zone)


def encounter(claim: Node, name: str, patient: Text, place: Text, days: Span,
              at: datetime | None) -> Resource:  # fmt: skip
    """The Encounter of a claim that ran over these days, or from and to a moment of them."""
    admission, billing = claim.get("admission") or {}, claim.get("billing") or {}
    stays_on = admission.get("patient_status") == STILL_PATIENT
    people = [(claim[role], code) for role, code in _ROLES.items() if role in claim]
    if "rendering" not in claim:
        people += [(one, "PPRF") for one in (_only_of_lines(claim) or billing,) if one]
    stay = admission and joined(
        {
            "admitSource": concept(codes.ADMISSION_SOURCE, admission.get("source")),
            "dischargeDisposition": concept(codes.PATIENT_STATUS, admission.get("patient_status")),
        }
    )
    number = claim.get("claim_id")
    parts = {
        # The provider's number of the claim: by it the same visit is known in other feeds.
        "identifier": alone(identifier(f"{codes.OURS}patient-control-number", number)),
        # That its claim is void is said of the claim: another one may stand for the same visit.
        "status": '"in-progress"' if stays_on else '"finished"',
        "class": coding(_ACT, act_class(claim)),
        "type": listed([_kind_of_bill(claim)]),
        "subject": patient,
        "participant": listed([_participant(person, code) for person, code in people if person.get("is_person")]),
        "period": period(days[0], None if stays_on else days[1]),
        "hospitalization": stay or None,
        "priority": concept(codes.ADMISSION_TYPE, admission.get("type")),
        "location": f'[{{"location":{place}}}]' if place else None,
        "serviceProvider": provider_reference(billing) if billing and not billing["is_person"] else None,
    }
    return Resource("Encounter", name, at, None, body(parts))


def _only_of_lines(claim: Node) -> Node | None:
    """Who rendered every line (loop 2420A) of a claim that names nobody itself; None where several did."""
    told = [line.get("rendering") for line in claim["lines"]]
    return told[0] if told and all(one and provider_key(one) == provider_key(told[0]) for one in told) else None


def _participant(person: Node, code: str) -> str:
    return f'{{"type":[{concept(_PARTICIPATION, code)}],"individual":{provider_reference(person)}}}'


def _kind_of_bill(claim: Node) -> Text:
    """Type of bill of an institutional claim, place of service of any other: by it is known who bills."""
    if claim.get("place_qualifier") == "A":
        return concept(codes.TYPE_OF_BILL, codes.bill(claim.get("place_of_service")))
    return concept(codes.PLACE_OF_SERVICE, _place_of_service(claim))


def _place_of_service(claim: Node) -> str:
    told = (line["place_of_service"] for line in claim["lines"] if line.get("place_of_service"))
    return claim.get("place_of_service") or next(told, "")


def act_class(claim: Node) -> str:
    """HL7 v3 ActCode of the encounter: `class` where the source says it, else by place of service or type of bill.

    Ambulatory where none says more.
    """
    if told := claim.get("class"):
        return str(told)
    place, lines = claim.get("place_of_service") or "", claim["lines"]
    if claim.get("place_qualifier") != "A":
        return PLACES.get(_place_of_service(claim), "AMB")
    found = BILLS.get(place[-2:], "AMB")
    if found != "AMB":
        return found
    revenues = [(line.get("revenue_code") or "").zfill(4) for line in lines]
    if OBSERVATION in revenues:
        return "OBSENC"
    return "EMER" if any(one.startswith(EMERGENCY) for one in revenues) else "AMB"
