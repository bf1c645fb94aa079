"""Diagnoses, allergies and insurance of HL7 v2 messages as FHIR R4: Condition, AllergyIntolerance, Coverage."""

from __future__ import annotations

from typing import Any

from jobs.formats import hl7v2_fhir_parties as parties
from jobs.formats.hl7v2_allergy import Allergy, allergies
from jobs.formats.hl7v2_diagnosis import Diagnosis, diagnoses
from jobs.formats.hl7v2_dialect import Coded
from jobs.formats.hl7v2_fhir_codes import THO, coded, concept
from jobs.formats.hl7v2_fhir_encounter import diagnosis_of
from jobs.formats.hl7v2_fhir_story import Story, Whose, owned
from jobs.formats.hl7v2_insurance import Insurance, insurances
from jobs.formats.translation import DELETE, without_nothing

CLINICAL, VERIFICATION = f"{THO}condition-clinical", f"{THO}condition-ver-status"
ALLERGY_CLINICAL, ALLERGY_VERIFICATION = f"{THO}allergyintolerance-clinical", f"{THO}allergyintolerance-verification"
# HL7 tables 0052, 0127, 0128, 0438 and 0063.
_VERIFIED = {"A": "provisional", "W": "provisional", "F": "confirmed"}
_CATEGORIES = {"DA": "medication", "FA": "food", "EA": "environment", "LA": "environment", "AA": "environment",
               "PA": "environment"}  # fmt: skip
_SEVERITIES = {"SV": "severe", "MO": "moderate", "MI": "mild"}
_CRITICALITIES = {"SV": "high", "MI": "low", "U": "unable-to-assess"}
_ALLERGY_STATES = {"C": ("active", "confirmed"), "I": ("inactive", "confirmed"), "U": ("active", "unconfirmed"),
                   "P": ("active", "unconfirmed"), "S": ("active", "unconfirmed"), "D": ("active", "unconfirmed"),
                   "E": (None, "entered-in-error"), "A": ("active", None)}  # fmt: skip
_RELATIONSHIPS = {"SEL": "self", "SPO": "spouse", "CHD": "child", "PAR": "parent", "OTH": "other", "FTH": "parent",
                  "MTH": "parent", "DOM": "common"}  # fmt: skip


def tell_conditions(story: Story) -> dict[str, list[dict[str, Any]]]:
    """The Condition of each DG1; gives Encounter.diagnosis by Encounter id."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in diagnoses(story.message):
        whose = story.whose[row.segment]
        name = condition_name(row, whose)
        if name is None:
            continue
        if row.action == "D":
            story.tell("Condition", name, {}, method=DELETE)
            continue
        before = story.told.get(("Condition", name))
        # One diagnosis sent as admitting, working and final is one condition: the final word on it stands.
        if before is None or row.kind == "F":
            story.tell("Condition", name, _condition(story, row, whose))
        if whose.encounter:
            found.setdefault(whose.encounter, []).append(diagnosis_of(name, row.kind, row.priority))
    return found


def told_conditions(story: Story) -> dict[int, str]:
    """The id of the Condition that each DG1 tells, by the number of its segment."""
    named = {row.segment: condition_name(row, story.whose[row.segment]) for row in diagnoses(story.message)}
    return {at: name for at, name in named.items() if name and not _is_deleted(story, name)}


def _is_deleted(story: Story, name: str) -> bool:
    told = story.told.get(("Condition", name))
    return told is None or told.method == DELETE


def what_tells_apart(code: Coded, text: str | None = None) -> tuple[str | None, str | None]:
    """What tells one coded thing from another: system and code, else its words."""
    if code.code:
        return code.system, code.code
    if code.alternate_code:
        return code.alternate_system, code.alternate_code
    return None, code.text or code.alternate_text or text


def condition_name(row: Diagnosis, whose: Whose) -> str | None:
    """The id of the Condition of a DG1: its own number, else the visit and the code."""
    if row.identifier.value:
        return owned(whose.patient, "DG1", row.identifier.assigner, row.identifier.value)
    what = what_tells_apart(row.code, row.description)
    about = whose.encounter or whose.patient
    return owned(about, "DG1", *what) if any(what) and about else None


def _condition(story: Story, row: Diagnosis, whose: Whose) -> dict[str, Any]:
    verified = _VERIFIED.get((row.kind or "").upper())
    code = concept(row.code._replace(original_text=row.code.original_text or row.code.text or row.description))
    onset = story.time(row.diagnosed_at) or story.raw_time(story.message.field(story.message.segments[row.segment], 5))
    body = {
        "clinicalStatus": coded(CLINICAL, "active"),
        "verificationStatus": coded(VERIFICATION, verified),
        "category": [coded(f"{THO}condition-category", "encounter-diagnosis")],
        "code": code,
        "subject": whose.patient_ref,
        "encounter": whose.encounter_ref,
        "onsetDateTime": onset,
        "recordedDate": story.time(row.attested_at) or story.said_at,
        "asserter": story.refer(parties.practitioner(row.clinician)),
        "extension": story.listed_by(whose.encounter, "DG1"),
    }
    return _clean(body)


def _clean(body: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = without_nothing(body)
    return kept


def tell_allergies(story: Story) -> None:
    """The AllergyIntolerance of each AL1 and IAM."""
    for row in allergies(story.message):
        whose = story.whose[row.segment]
        name = allergy_name(row, whose)
        if name is None:
            continue
        if row.action == "D":
            story.tell("AllergyIntolerance", name, {}, method=DELETE)
        else:
            story.tell("AllergyIntolerance", name, _allergy(story, row, whose))


def allergy_name(row: Allergy, whose: Whose) -> str | None:
    """The id of the AllergyIntolerance of an AL1 or IAM: its own number, else the patient and the substance."""
    what = what_tells_apart(row.allergen)
    if whose.patient is None or not (any(what) or row.identifier.value):
        return None
    own = (row.identifier.assigner, row.identifier.value) if row.identifier.value else what
    return owned(whose.patient, "AL1", *own)


def _allergy(story: Story, row: Allergy, whose: Whose) -> dict[str, Any]:
    severity = (row.severity.code or "").upper()
    clinical, verification = _ALLERGY_STATES.get((row.clinical_status or "A").upper(), ("active", None))
    category = _CATEGORIES.get((row.kind.code or "").upper())
    # A severity without a reaction is that of the allergy, which FHIR calls its criticality.
    reactions = [{"manifestation": [{"text": one}], "severity": _SEVERITIES.get(severity)} for one in row.reactions]
    body = {
        "clinicalStatus": coded(ALLERGY_CLINICAL, clinical),
        "verificationStatus": coded(ALLERGY_VERIFICATION, verification),
        "type": "allergy" if category else None,
        "category": [category] if category else None,
        "criticality": _CRITICALITIES.get(severity),
        "code": concept(row.allergen),
        "patient": whose.patient_ref,
        "encounter": whose.encounter_ref,
        "onsetDateTime": story.time(row.identified_on),
        "recordedDate": story.said_at,
        "reaction": reactions,
        "extension": story.listed_by(whose.patient, "AL1"),
    }
    return _clean(body)


def tell_coverages(story: Story) -> None:
    """The Coverage of each IN1."""
    for row in insurances(story.message):
        whose = story.whose[row.segment]
        if whose.patient is None:
            continue
        company = row.company_ids[0].value if row.company_ids else row.company.id or row.company.name
        member = row.member_ids[0].value if row.member_ids else row.policy_number
        if any((company, row.plan.code, row.plan.text, member, row.group_number)):
            name = owned(whose.patient, "IN1", company, row.plan.code or row.plan.text, member or row.group_number)
            story.tell("Coverage", name, _coverage(story, row, whose, member))


def _coverage(story: Story, row: Insurance, whose: Whose, member: str | None) -> dict[str, Any]:
    payer = row.company
    if row.company_ids and not payer.id:
        payer = payer._replace(id=row.company_ids[0].value, assigner=row.company_ids[0].assigner)
    relationship = (row.relationship.code or "").upper()
    related = _RELATIONSHIPS.get(relationship)
    classes = [
        {"type": coded(f"{THO}coverage-class", "plan"), "value": row.plan.code or row.plan.text, "name": row.plan.text},
        {"type": coded(f"{THO}coverage-class", "group"), "value": row.group_number or row.group.id or row.group.name,
         "name": row.group.name},
    ]  # fmt: skip
    order = row.priority or row.set_id or ""
    numbers = [("MB", member), ("MC", row.medicare_number), ("MA", row.medicaid_number)]
    payor = story.refer(parties.organization(payer))
    body = {
        "status": "active",
        "identifier": [{"type": coded(f"{THO}v2-0203", kind), "value": value} for kind, value in numbers if value],
        "type": coded(f"{THO}v2-0086", row.plan_type),
        "subscriberId": member,
        "beneficiary": whose.patient_ref,
        "subscriber": whose.patient_ref if related == "self" else None,
        "relationship": coded(f"{THO}subscriber-relationship", related) or concept(row.relationship),
        "period": {"start": story.time(row.starts_on), "end": story.time(row.ends_on)},
        "payor": [payor] if payor is not None else [],
        "class": [one for one in classes if one["value"]],
        "order": int(order) if order.isascii() and order.isdigit() and 0 < len(order) < 4 and int(order) else None,
    }
    return _clean(body)
