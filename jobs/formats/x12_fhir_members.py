"""Members of a payer as FHIR Patient and Coverage, with ids that stay.

A member's id is the payer with the member number, and of a dependent, who has no number of their own in 5010, a digest
of the first name: so an 835, which tells no birth date, names the same patient.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from jobs.formats import x12_fhir_codes as codes
from jobs.formats.translation import Resource, ident
from jobs.formats.x12_fhir_parties import (
    Key,
    addresses,
    digest,
    iso,
    names,
    payer_reference,
    reference_of,
    telecom,
    text,
    typed,
)
from jobs.formats.x12_segments import Node

_GENDERS = {"F": "female", "M": "male", "U": "unknown"}
# Names that newborns and others get who have none yet: they do not tell two children of one member apart.
_NO_NAMES = frozenset({"", "BABY", "BABYBOY", "BABYGIRL", "BOY", "GIRL", "NEWBORN", "INFANT", "UNKNOWN", "TWIN"})
_RELATIONSHIPS = {"18": "self", "01": "spouse", "19": "child", "53": "common"}
_ORDERS = {"P": 1, "S": 2, "T": 3}


def member_key(payer: str, subscriber: Node, dependent: Node | None) -> Key | None:
    """What a patient is called in ids; None when nothing tells who it is."""
    number = text(subscriber.get("id")) or text((dependent or {}).get("id"))
    if not number:
        person = dependent or subscriber
        if not person.get("name"):
            return None
        known_by = digest(person["name"], person.get("first_name"), person.get("birth_date"))
        return ("unnumbered", payer, known_by)
    if dependent is None:
        return ("member", payer, number)
    first = "".join(filter(str.isalpha, text(dependent.get("first_name")).upper()))
    born = dependent.get("birth_date") if first in _NO_NAMES else None
    return ("member", payer, number, digest(first, born))


def patient(party: Node, key: Key, payer_name: str, numbers: Iterable[Node], at: datetime | None) -> Resource:
    """The Patient: a member, or a dependent under the member's number; `numbers` are identifiers told elsewhere."""
    known_as = [typed("SS", codes.SSN, reference_of(party, "SY")), *numbers]
    if key[0] == "member":
        system = f"{codes.OURS}member/{ident(payer_name)}"
        # A dependent shares the number with the member: it is no identifier of theirs alone.
        known_as.insert(0, typed("MB" if len(key) == 3 else "SN", system, key[2]))
    died = party.get("died")
    body = {
        "identifier": [one for one in known_as if one],
        "name": names(party),
        "gender": _GENDERS.get(party.get("sex") or "", party.get("sex")),
        "birthDate": iso(party.get("birth_date")),
        "deceasedDateTime": iso(died),
        "telecom": telecom(party),
        "address": addresses(party),
    }
    return Resource("Patient", ident(*key), at, None, body)


def medical_record(billing: Key, number: str | None) -> Node | None:
    """The provider's own number of the patient (REF EA)."""
    return typed("MR", f"{codes.OURS}medical-record/{ident(*billing)}", number)


def coverage(subscription: Node, payer_of: Node, key: str, who: Key, subscriber: Key | None, at: datetime | None,
             relationship: str | None) -> Resource:  # fmt: skip
    """The Coverage of a patient by a payer (SBR); X12 claims do not tell since when."""
    number = text(subscription.get("id"))
    group = {"value": subscription.get("group_number"), "name": subscription.get("group_name")}
    body = {
        "identifier": [typed("MB", f"{codes.OURS}member/{ident(key)}", number)],
        "status": "active",
        "type": codes.concept(codes.FILING, subscription.get("filing_indicator")),
        "subscriber": {"reference": f"Patient/{ident(*subscriber)}"} if subscriber else None,
        "subscriberId": number,
        "beneficiary": {"reference": f"Patient/{ident(*who)}"},
        "relationship": _relationship(relationship),
        "payor": [payer_reference(key, payer_of)],
        "class": [{"type": _GROUP, **group}] if group["value"] or group["name"] else None,
        "order": _ORDERS.get(subscription.get("payer_sequence") or ""),
    }
    return Resource("Coverage", coverage_id(key, number, who), at, None, body)


def coverage_id(payer_name: str, number: str, who: Key) -> str:
    """The id of a patient's coverage by a payer under a member number."""
    return ident(*who) if who[1:3] == (payer_name, number) else ident(payer_name, number, *who)


_GROUP = {"coding": [{"system": f"{codes.TERMINOLOGY}coverage-class", "code": "group"}]}


def _relationship(code: str | None) -> Node | None:
    if not code:
        return None
    word = _RELATIONSHIPS.get(code, "other")
    system = f"{codes.TERMINOLOGY}subscriber-relationship"
    return {"coding": [{"system": system, "code": word}, {"system": codes.RELATIONSHIP, "code": code}]}
