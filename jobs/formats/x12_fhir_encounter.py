"""The encounter that a claim bills for, so that its services and money have a visit: FHIR R4 Encounter.

Its id is provider and claim number, without the payer: claims to a first and a second payer are one encounter.
"""

from __future__ import annotations

from datetime import date, datetime

from jobs.formats import x12_fhir_codes as codes
from jobs.formats.translation import Resource, ident
from jobs.formats.x12_fhir_parties import Key, iso, provider_reference
from jobs.formats.x12_segments import Node

_ACT = f"{codes.TERMINOLOGY}v3-ActCode"
_PARTICIPATION = f"{codes.TERMINOLOGY}v3-ParticipationType"
_ROLES = {"attending": "ATND", "rendering": "PPRF", "referring": "REF"}
# CMS place of service codes.
_PLACES = {
    "02": "VR", "10": "VR", "12": "HH", "21": "IMP", "23": "EMER", "31": "NONAC", "32": "NONAC", "34": "NONAC",
    "41": "FLD", "42": "FLD", "51": "IMP", "61": "NONAC",
}  # fmt: skip
# NUBC type of bill, facility and care: 11 hospital inpatient, 12 its part B, 18 swing bed, 21 nursing facility, ...
_BILLS = {
    "11": "IMP", "12": "IMP", "18": "NONAC", "21": "NONAC", "22": "NONAC", "28": "NONAC", "32": "HH", "33": "HH",
    "34": "HH", "41": "IMP", "65": "NONAC", "66": "NONAC", "81": "HH", "82": "IMP", "86": "NONAC",
}  # fmt: skip
_EMERGENCY, _OBSERVATION = "045", "0762"
STILL_PATIENT, _VOID = "30", "8"


def encounter_id(billing: Key, claim_id: str) -> str:
    """The id of the encounter of a claim."""
    return ident(*billing, claim_id)


def encounter(claim: Node, name: str, patient: Node | None, place: Node | None,
              days: tuple[date | None, date | None], at: datetime | None) -> Resource:  # fmt: skip
    """The Encounter of a claim that ran over these days."""
    admission, billing = claim.get("admission") or {}, claim.get("billing") or {}
    stays_on = admission.get("patient_status") == STILL_PATIENT
    status = "in-progress" if stays_on else "finished"
    people = [(claim.get(role), code) for role, code in _ROLES.items()]
    if not claim.get("rendering") and billing.get("is_person"):
        people.append((billing, "PPRF"))
    body = {
        "status": "cancelled" if claim.get("frequency") == _VOID else status,
        "class": {"system": _ACT, "code": act_class(claim)},
        "subject": patient,
        "participant": [
            {"type": [codes.concept(_PARTICIPATION, code)], "individual": provider_reference(person)}
            for person, code in people
            if person and person.get("is_person")
        ],
        "period": {"start": iso(days[0]), "end": None if stays_on else iso(days[1])},
        "hospitalization": {
            "admitSource": codes.concept(codes.ADMISSION_SOURCE, admission.get("source")),
            "dischargeDisposition": codes.concept(codes.PATIENT_STATUS, admission.get("patient_status")),
        },
        "priority": codes.concept(codes.ADMISSION_TYPE, admission.get("type")),
        "location": [{"location": place}] if place else None,
        "serviceProvider": provider_reference(billing) if billing and not billing["is_person"] else None,
    }
    return Resource("Encounter", name, at, None, body)


def act_class(claim: Node) -> str:
    """HL7 v3 ActCode of the encounter, by place of service or type of bill; ambulatory where neither says more."""
    place, lines = claim.get("place_of_service") or "", claim["lines"]
    if claim.get("place_qualifier") != "A":
        told = place or next((line["place_of_service"] for line in lines if line.get("place_of_service")), "")
        return _PLACES.get(told, "AMB")
    found = _BILLS.get(place[-2:], "AMB")
    if found != "AMB":
        return found
    revenues = [(line.get("revenue_code") or "").zfill(4) for line in lines]
    if _OBSERVATION in revenues:
        return "OBSENC"
    return "EMER" if any(one.startswith(_EMERGENCY) for one in revenues) else "AMB"
