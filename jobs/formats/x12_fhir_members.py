"""Members of a payer as FHIR Patient and Coverage, with ids that stay.

A member's id is the payer with the member number, and of a dependent, who has no number of their own in 5010, a digest
of first name and birth date. A subscriber that is an organisation (NM102 = 2) is no patient, and whom it insures are
told apart by their whole names and birth dates. An 835 tells no birth date: whom it names by name only is a record of
its own, and each patient who may be meant refers to it (Patient.link, seealso).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from jobs.formats import x12_fhir_codes as codes
from jobs.formats.translation import Resource
from jobs.formats.x12_fhir_json import (
    Text,
    alone,
    body,
    coding,
    concept,
    concepts,
    day,
    identifier,
    joined,
    known,
    listed,
    named,
    quoted,
    reference,
)
from jobs.formats.x12_fhir_parties import Key, address, digest, human_name, payer_reference, reference_of, telecom, text
from jobs.formats.x12_segments import Node

_GENDERS = {"F": "female", "M": "male", "U": "unknown"}
# Names that newborns and others get who have none yet: of twins the sex may tell more.
_NO_NAMES = frozenset({"", "BABY", "BABYBOY", "BABYGIRL", "BOY", "GIRL", "NEWBORN", "INFANT", "UNKNOWN", "TWIN"})
_RELATIONSHIPS = {"18": "self", "01": "spouse", "19": "child", "53": "common"}
# Data element 1138: primary, secondary, tertiary, payer responsibility four to eleven.
_TURNS = {code: turn for turn, code in enumerate("PSTABCDEFGH", 1)}
_CHANGED = "C"
_GROUP = concept(f"{codes.TERMINOLOGY}coverage-class", "group")


def member_key(payer: str, subscriber: Node, dependent: Node | None) -> Key | None:
    """What a patient is called in ids; None when nothing tells who it is."""
    number = text(subscriber.get("id")) or text((dependent or {}).get("id"))
    if not number:
        person = dependent or subscriber
        if not person.get("name"):
            return None
        known_by = digest(person["name"], *_named(person))
        return ("unnumbered", payer, known_by)
    if dependent is None:
        return ("member", payer, number)
    if not subscriber.get("is_person", True):
        # An employer insures all who work there under one number (workers' compensation).
        return ("member", payer, number, digest(dependent.get("name"), *_named(dependent)))
    first = "".join(filter(str.isalpha, text(dependent.get("first_name")).upper()))
    sex = dependent.get("sex") if first in _NO_NAMES else None
    return ("member", payer, number, digest(first, dependent.get("birth_date"), *([sex] if sex else [])))


def key_by_name(payer: str, subscriber: Node, dependent: Node | None) -> Key | None:
    """What those call a dependent in ids who know no more of them than the name."""
    return member_key(payer, subscriber, {**dependent, "birth_date": None, "sex": None}) if dependent else None


def _named(person: Node) -> tuple[Any, Any]:
    return person.get("first_name"), person.get("birth_date")


def patient(
    party: Node, key: Key, payer: str, another: Text, at: datetime | None, by_name: Key | None = None
) -> Resource:
    """The Patient: a member, or a dependent under the member's number; `another` is a further number of theirs.

    `by_name` is what those call the patient who know the name only.
    """
    own: Text = None
    if key[0] == "member":
        # A dependent shares the number with the member: it is no identifier of theirs alone.
        own = member_number(payer, key[2], "MB" if len(key) == 3 else "SN")
    sex = party.get("sex")
    parts = {
        "identifier": listed([own, identifier(codes.SSN, reference_of(party, "SY"), "SS"), another]),
        "name": human_name(party),
        "gender": known(_GENDERS.get(sex, sex)) if sex else None,
        "birthDate": day(party.get("birth_date")),
        "deceasedDateTime": day(party.get("died")),
        "telecom": telecom(party),
        "address": alone(address(party)),
    }
    if by_name and by_name != key:
        parts["link"] = f'[{{"other":{reference("Patient", named(*by_name))},"type":"seealso"}}]'
    return Resource("Patient", named(*key), at, None, body(parts))


def patient_reference(key: Key | None) -> Text:
    """A reference to a patient."""
    return reference("Patient", named(*key)) if key else None


def member_number(payer: str, number: str | None, kind: str = "MB") -> Text:
    """The payer's number of a member."""
    return identifier(f"{codes.OURS}member/{named(payer)}", number, kind)


def renumbered(holder: Node | None, told: Node | None, payer: str, at: datetime) -> list[Resource]:
    """Linkage: the member under the number that was billed is the one under the number that is right (NM1 74).

    NM108 = C is the insured's changed number (835 TR3, 2100 NM1 74), so it is no word on a dependent. Apart from the
    Patient, which any claim tells anew: what comes under the right number is of the same person, and what the
    provider said stays.
    """
    if not holder or not told or told["id_qualifier"] != _CHANGED or not holder.get("is_person", True):
        return []
    before, now = member_key(payer, {**holder, "name": None}, None), member_key(payer, {**told, "name": None}, None)
    if not before or not now or before == now:
        return []
    items = [
        f'{{"type":"{kind}","resource":{patient_reference(key)}}}'
        for kind, key in (("source", now), ("alternate", before))
    ]
    parts = body({"active": "true", "item": listed(items)})
    return [Resource("Linkage", named("renumbered", payer, before[2], now[2]), at, None, parts)]


def medical_record(billing: Key, number: str | None) -> Text:
    """The provider's own number of the patient (REF EA)."""
    return identifier(f"{codes.OURS}medical-record/{named(*billing)}", number, "MR") if number else None


def coverage(subscription: Node, payer_of: Node, key: str, who: Key, subscriber: Key | None, at: datetime | None,
             relation: str | None) -> Resource:  # fmt: skip
    """The Coverage of a patient by a payer (SBR); X12 claims do not tell since when."""
    number = text(subscription.get("id"))
    group, group_name = subscription.get("group_number"), subscription.get("group_name")
    told = joined({"type": _GROUP, "value": quoted(group), "name": quoted(group_name)}) if group or group_name else None
    parts = {
        "identifier": alone(member_number(key, number)),
        "status": '"active"',
        "type": _kind(subscription),
        "subscriber": patient_reference(subscriber),
        "subscriberId": quoted(number),
        "beneficiary": patient_reference(who),
        "relationship": relationship(relation),
        "payor": f"[{payer_reference(key, payer_of)}]",
        "class": alone(told),
        "order": str(turn) if (turn := payer_turn(subscription)) else None,
    }
    return Resource("Coverage", coverage_id(key, number, who), at, None, body(parts))


def _kind(subscription: Node) -> Text:
    """Claim filing indicator (SBR09), and why Medicare pays second where it does (SBR05, 837 TR3, 2000B and 2320)."""
    told = ((codes.FILING, "filing_indicator"), (codes.INSURANCE, "insurance_type"))
    found = [coding(system, code) for system, name in told if (code := subscription.get(name))]
    return concepts(found) if found else None


def payer_turn(subscription: Node) -> int | None:
    """Which payer of a claim in turn is asked under a subscription (SBR01); None where that is not told."""
    return _TURNS.get(subscription.get("payer_sequence") or "")


def coverage_id(payer_name: str, number: str, who: Key) -> str:
    """The id of a patient's coverage by a payer under a member number."""
    return named(*who) if who[1:3] == (payer_name, number) else named(payer_name, number, *who)


def relationship(code: str | None) -> Text:
    """What a patient is to the subscriber (data element 1069)."""
    if not code:
        return None
    word = coding(f"{codes.TERMINOLOGY}subscriber-relationship", _RELATIONSHIPS.get(code, "other"))
    return concepts([word, coding(codes.RELATIONSHIP, code)])
