"""The header row of a flat claim extract as FHIR: Claim, ExplanationOfBenefit and Encounter of one id.

A claim's id is `claim_number`, with `version` where a feed has one: a line names no more of its claim. Version n stands
for version n-1, a replacement or void for `replaces_claim_number`. Lines are told by rows of their own, so the
encounter, which FHIR has at the lines, stands in the extension `encounter` of the whole.
"""

from __future__ import annotations

from datetime import datetime

from jobs.formats import claims_csv_parties as parties
from jobs.formats import x12_fhir_codes as codes
from jobs.formats import x12_fhir_members as members
from jobs.formats.claims_csv_amounts import adjudicated, currency_of
from jobs.formats.csv_said import Values, amount, date, moment, text
from jobs.formats.translation import Resource, Said, Source
from jobs.formats.x12_fhir_claim import patient_control_number, payer_claim_number
from jobs.formats.x12_fhir_encounter import encounter
from jobs.formats.x12_fhir_information import Said as Told
from jobs.formats.x12_fhir_information import numbered
from jobs.formats.x12_fhir_json import (
    Text,
    alone,
    body,
    concept,
    day,
    extension,
    identifier,
    joined,
    listed,
    money,
    named,
    period,
    quoted,
    reference,
)
from jobs.formats.x12_fhir_parties import payer_reference, provider_key
from jobs.formats.x12_fhir_team import care_team
from jobs.formats.x12_segments import Node

ENCOUNTER = f"{codes.OURS}encounter"
_INPATIENT = "INPATIENT"
_TYPES = {
    **dict.fromkeys(("P", "CMS1500", "CMS-1500", "HCFA"), "professional"),
    **dict.fromkeys(("I", "UB04", "UB-04", "UB", "FACILITY", _INPATIENT, "OUTPATIENT"), "institutional"),
    **dict.fromkeys(("D", "DENTAL"), "oral"),
}
_ICD9 = frozenset({"9", "09", "ICD9", "ICD-9", "ICD-9-CM"})
_VOID = frozenset({"void", "voided", "reversed", "cancelled", "canceled", "v"})
_MOST_DIAGNOSES = 25
# Of each the NPI in a column of its own, as `attending_npi`.
_ROLES = ("rendering", "attending", "operating", "referring")


def header(row: Values, record: Said, feed: Source) -> list[Resource]:
    """What the row of a claim says."""
    name = claim_id(row)
    if name is None:
        return []
    at = moment(row, feed, "paid_date", "processed_date") or record.received_at
    payer = parties.payer_of(row, feed)
    who = parties.member_of(row, payer)
    billing = parties.provider(text(row, "billing_npi"), is_person=False)
    people = {party["id"]: party for party in _people(row).values()}.values()
    shared, currency = _shared(row, payer, currency_of(row, feed)), currency_of(row, feed)
    total, is_void = money(amount(row, "charge"), currency), _is_void(row)
    made: list[Resource] = []
    if feed.columns.get("encounters", True):
        shared["extension"] = alone(extension(ENCOUNTER, "Reference", reference("Encounter", name)))
        made.append(_encounter(row, name, members.patient_reference(who), billing, at))
    status = '"cancelled"' if is_void else '"active"'
    claim = {**shared, "status": status, "related": _related(row, payer), "total": total}
    benefit = {
        **shared,
        "status": status,
        "claim": reference("Claim", name),
        "outcome": '"complete"',
        "disposition": quoted(text(row, "status")),
        "total": adjudicated(row, currency),
        "payment": joined({"date": day(date(row, "paid_date")), "amount": money(amount(row, "paid"), currency)}),
    }
    made.append(Resource("Claim", name, at, None, body(claim)))
    made.append(Resource("ExplanationOfBenefit", name, at, None, body(benefit)))
    person = parties.member(row, who, payer, None) if who else None
    return made + ([person] if person else []) + parties.providers(billing, *people)


def _is_void(row: Values) -> bool:
    return text(row, "frequency_code") in codes.VOIDS or (text(row, "status") or "").lower() in _VOID


def _shared(row: Values, payer: str, currency: str) -> dict[str, Text]:
    """What the Claim and its ExplanationOfBenefit have alike."""
    who, kind = parties.member_of(row, payer), text(row, "claim_type") or ""
    billing = parties.provider(text(row, "billing_npi"), is_person=False)
    number = patient_control_number(provider_key(billing), text(row, "patient_control_number")) if billing else None
    return {
        "identifier": listed(
            [
                payer_claim_number(payer, text(row, "claim_number", "claim_id")),
                number or identifier(f"{codes.OURS}patient-control-number", text(row, "patient_control_number")),
            ]
        ),
        "type": concept(f"{codes.TERMINOLOGY}claim-type", _TYPES.get(kind.upper(), kind.lower())),
        "subType": concept(codes.TYPE_OF_BILL, codes.bill(text(row, "bill_type"))),
        "use": '"claim"',
        "patient": members.patient_reference(who),
        "billablePeriod": period(date(row, "service_from"), date(row, "service_to", "service_from")),
        "created": day(date(row, "paid_date", "processed_date", "service_to", "service_from")),
        "insurer": payer_reference(payer, {"name": text(row, "payer_name", "plan_name")}),
        "provider": parties.provider_references(billing),
        "careTeam": care_team({**_people(row), "lines": []})[0],
        "diagnosis": _diagnoses(row),
        "procedure": _procedures(row),
        "supportingInfo": _information(row),
    }


def _is_icd9(row: Values) -> bool:
    return (text(row, "icd_version") or "").upper() in _ICD9


def _diagnoses(row: Values) -> Text:
    made: list[Text] = []
    version = codes.ICD9_CM if _is_icd9(row) else codes.ICD10_CM
    group = concept(codes.DRG, text(row, "drg"))
    for place in range(1, _MOST_DIAGNOSES + 1):
        code = text(row, f"diagnosis_{place}")
        if not code:
            continue
        kind = (f"{codes.TERMINOLOGY}ex-diagnosistype", "principal")
        if made:
            kind = (f"{codes.CARIN}C4BBClaimDiagnosisType", "other")
        parts = {
            "sequence": str(place),
            "diagnosisCodeableConcept": concept(version, codes.dotted(version, code)),
            "type": alone(concept(*kind)),
            "onAdmission": concept(codes.ON_ADMISSION, text(row, f"on_admission_{place}")),
            "packageCode": None if made else group,
        }
        made.append(joined(parts))
    if admitting := text(row, "admitting_diagnosis"):
        what = concept(version, codes.dotted(version, admitting))
        why = concept(f"{codes.TERMINOLOGY}ex-diagnosistype", "admitting")
        # After all that lines can point to.
        last = str(_MOST_DIAGNOSES + 1)
        made.append(joined({"sequence": last, "diagnosisCodeableConcept": what, "type": alone(why)}))
    return listed(made)


def _procedures(row: Values) -> Text:
    made = []
    version = codes.ICD9_PROCEDURES if _is_icd9(row) else codes.ICD10_PCS
    for place in range(1, _MOST_DIAGNOSES + 1):
        code = text(row, f"procedure_{place}")
        if code:
            done = day(date(row, f"procedure_date_{place}"))
            what = concept(version, codes.dotted(version, code))
            made.append(joined({"sequence": str(place), "date": done, "procedureCodeableConcept": what}))
    return listed(made)


def _information(row: Values) -> Text:
    told: list[Told] = []
    for name, category, system in (
        ("admit_type", "admtype", codes.ADMISSION_TYPE),
        ("admit_source", "pointoforigin", codes.ADMISSION_SOURCE),
        ("discharge_status", "discharge-status", codes.PATIENT_STATUS),
    ):
        if code := text(row, name):
            told.append((codes.information(category), concept(system, code), "", None))
    frequency_of = concept(f"{codes.OURS}claim-information", "frequency")
    if admitted := date(row, "admit_date"):
        when = period(admitted, date(row, "discharge_date"))
        told.append((codes.information("admissionperiod"), None, "timingPeriod", when))
    # With a diagnosis the group is of its package.
    is_bare = not any(text(row, f"diagnosis_{place}") for place in range(1, _MOST_DIAGNOSES + 1))
    if is_bare and (group := text(row, "drg")):
        told.append((codes.information("drg"), codes.health("DRG", group), "", None))
    if frequency := text(row, "frequency_code"):
        told.append((frequency_of, concept(codes.FREQUENCY, frequency), "", None))
    return numbered(told)


def _related(row: Values, payer: str) -> Text:
    """What a claim stands for: its own former version, and what it replaces or voids."""
    number, version = text(row, "claim_number", "claim_id"), row.get("version")
    made: list[Text] = []
    prior = concept(f"{codes.TERMINOLOGY}ex-relatedclaimrelationship", "prior")
    if isinstance(version, int) and version > 0 and number:
        made.append(f'{{"claim":{reference("Claim", named(number, str(version - 1)))},"relationship":{prior}}}')
    if replaced := payer_claim_number(payer, text(row, "replaces_claim_number", "replaces_claim_id")):
        made.append(f'{{"claim":{{"identifier":{replaced}}},"relationship":{prior}}}')
    return listed(made)


def _people(row: Values) -> dict[str, Node]:
    """Who took part, by role; known by NPI alone, and of one role each."""
    found = {role: parties.provider(text(row, f"{role}_npi"), is_person=True) for role in _ROLES}
    return {role: party for role, party in found.items() if party}


def _encounter(row: Values, name: str, patient: Text, billing: Node | None, at: datetime) -> Resource:
    """The encounter, as of a claim of an 837."""
    bill = codes.bill(text(row, "bill_type"))
    place = bill[:2] if bill else text(row, "place_of_service")
    claim: Node = {
        "class": "IMP" if not place and (text(row, "claim_type") or "").upper() == _INPATIENT else None,
        "place_of_service": place,
        "place_qualifier": "A" if bill else "B",
        "lines": [],
        "claim_id": text(row, "patient_control_number"),
        "admission": {
            "type": text(row, "admit_type"),
            "source": text(row, "admit_source"),
            "patient_status": text(row, "discharge_status"),
        },
        **({"billing": billing} if billing else {}),
        **_people(row),
    }
    days = (
        date(row, "admit_date", "service_from"),
        date(row, "discharge_date", "service_to", "service_from"),
    )
    return encounter(claim, name, patient, None, days, at)


def claim_id(row: Values) -> str | None:
    """The id of the claim that a row is of; None when it tells none."""
    number = text(row, "claim_number", "claim_id")
    if not number:
        return None
    version = text(row, "version")
    return named(number, version) if version else named(number)
