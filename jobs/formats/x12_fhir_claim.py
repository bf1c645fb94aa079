"""A claim of an 837 as FHIR R4 Claim, with the coverages it is asked under.

Void (CLM05-3 = 8) is status cancelled; void and replacement (7) name what they stand for in `related`, by the number
the payer gave it (REF F8), which only the payer's answer tells too. A claim sent again under its own number is the
same Claim in a newer version.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from jobs.formats import x12_fhir_codes as codes
from jobs.formats import x12_fhir_parties as parties
from jobs.formats.translation import Resource, Source, ident
from jobs.formats.x12_fhir_information import information
from jobs.formats.x12_fhir_lines import adjusted, claimed, extension, item, money, sequences
from jobs.formats.x12_fhir_parties import Key, iso
from jobs.formats.x12_segments import Node

_TYPES = {"837P": "professional", "837I": "institutional", "837D": "oral"}
REPLACEMENT, VOID = "7", "8"
_PLACED_FIRST = ("principal", "other")
_DIAGNOSIS = f"{codes.TERMINOLOGY}ex-diagnosistype"
_CARIN_DIAGNOSIS = f"{codes.CARIN}C4BBClaimDiagnosisType"
_KINDS = {
    "principal": (_DIAGNOSIS, "principal"), "admitting": (_DIAGNOSIS, "admitting"),
    "other": (_CARIN_DIAGNOSIS, "other"),
    "reason_for_visit": (_CARIN_DIAGNOSIS, "patientreasonforvisit"),
    "external_cause": (_CARIN_DIAGNOSIS, "externalcauseofinjury"),
}  # fmt: skip
_ROLE = f"{codes.CARIN}C4BBClaimCareTeamRole"
ROLES = {
    "rendering": "rendering", "attending": "attending", "referring": "referring", "supervising": "supervisor",
    "operating": "operating", "other_operating": "otheroperating", "assistant_surgeon": "assist",
    "primary_care": "pcp", "ordering": "ordering", "purchased_service": "purchasedservice",
}  # fmt: skip
_STATEMENT, _SERVICE, _ADMITTED = "434", "472", "435"


def claim_id(billing: Key, number: str, payer: str) -> str:
    """The id of the Claim that a provider sends a payer under its own number; CLP01 returns that number."""
    return ident(*billing, number, payer)


def patient_control_number(billing: Key, number: str | None) -> Node | None:
    """The provider's own number of a claim (CLM01, CLP01)."""
    return {"system": f"{codes.OURS}patient-control-number/{ident(*billing)}", "value": number} if number else None


def payer_claim_number(payer: str, number: str | None) -> Node | None:
    """The payer's own number of a claim (REF F8, CLP07)."""
    return {"system": f"{codes.OURS}payer-claim-number/{ident(payer)}", "value": number} if number else None


def days_of(claim: Node) -> tuple[date | None, date | None]:
    """The first and last day of what is billed: the statement's, else those of the lines, else the admission's."""
    told = [one for one in claim.get("dates") or () if one["qualifier"] in (_STATEMENT, _SERVICE) and one["start"]]
    if told:
        return told[0]["start"], told[0]["end"]
    starts = [line["service_start"] for line in claim["lines"] if line.get("service_start")]
    ends = [line.get("service_end") or line["service_start"] for line in claim["lines"] if line.get("service_start")]
    if starts:
        return min(starts), max(ends)
    admitted = [one["start"] for one in claim.get("dates") or () if one["qualifier"] == _ADMITTED and one["start"]]
    return (admitted[0], None) if admitted else (None, None)


def claim(found: Node, kind: str, name: str, patient: Node | None, insurance: list[Node], facility: Node | None,
          encounter: Node | None, feed: Source, at: datetime) -> Resource:  # fmt: skip
    """The Claim resource."""
    currency = found.get("currency") or feed.options.get("currency") or "USD"
    billing, payer = parties.provider_key(found.get("billing")), parties.payer_key(found.get("payer"), feed)
    frequency = found.get("frequency")
    start, end = days_of(found)
    team, of_lines = care_team(found)
    lines = found["lines"]
    diagnoses = _diagnoses(found)
    body: dict[str, Any] = {
        "identifier": [
            patient_control_number(billing, found.get("claim_id")),
            _trace(parties.reference_of(found, "D9")),
        ],
        "status": "cancelled" if frequency == VOID else "active",
        "type": codes.concept(f"{codes.TERMINOLOGY}claim-type", _TYPES[kind]),
        "subType": _type_of_bill(found),
        "use": "predetermination" if found.get("predetermination") else "claim",
        "patient": patient,
        "billablePeriod": {"start": iso(start), "end": iso(end)},
        "created": at.date().isoformat(),
        "insurer": parties.payer_reference(payer, found.get("payer")),
        "provider": parties.provider_reference(found["billing"]) if found.get("billing") else None,
        "priority": _NORMAL,
        "related": _related(found, payer, frequency),
        "referral": _trace(parties.reference_of(found, "9F"), wrapped=True),
        "facility": facility,
        "careTeam": team,
        "supportingInfo": information(found, has_diagnoses=bool(diagnoses)),
        "diagnosis": diagnoses,
        "procedure": _procedures(found),
        "insurance": insurance,
        "accident": _accident(found),
        "item": [
            item(line, sequence, found, currency, own, encounter)
            for line, sequence, own in zip(lines, sequences(lines, claimed(lines)), of_lines, strict=True)
        ],
        "total": money(found.get("charge"), currency),
    }  # fmt: skip
    return Resource("Claim", name, at, None, body)


_NORMAL = codes.concept(f"{codes.TERMINOLOGY}processpriority", "normal")


def _type_of_bill(found: Node) -> Node | None:
    place = found.get("place_of_service")
    if not place or found.get("place_qualifier") != "A":
        return None
    return codes.concept(codes.TYPE_OF_BILL, f"{place}{found.get('frequency') or ''}")


def _trace(value: str | None, *, wrapped: bool = False) -> Node | None:
    if not value:
        return None
    return (
        {"identifier": {"value": value}} if wrapped else {"system": f"{codes.OURS}clearinghouse-trace", "value": value}
    )


def _related(found: Node, payer: str, frequency: str | None) -> list[Node] | None:
    number = parties.reference_of(found, "F8")
    if frequency not in (REPLACEMENT, VOID) or not number:
        return None
    system = f"{codes.TERMINOLOGY}ex-relatedclaimrelationship"
    return [
        {"claim": {"identifier": payer_claim_number(payer, number)}, "relationship": codes.concept(system, "prior")}
    ]


def _diagnoses(found: Node) -> list[Node]:
    """Diagnoses that lines can point to first, in their order, then the others."""
    told = [one for one in found.get("diagnoses") or () if one["code"]]
    in_order = [one for one in told if one["role"] in _PLACED_FIRST] + [
        one for one in told if one["role"] not in _PLACED_FIRST
    ]
    made = [
        {
            "sequence": place,
            "diagnosisCodeableConcept": codes.health(one["system"], one["code"]),
            "type": [codes.concept(*_KINDS[one["role"]])],
            "onAdmission": codes.concept(codes.ON_ADMISSION, one.get("on_admission")),
        }
        for place, one in enumerate(in_order, 1)
    ]
    drgs = found.get("drgs")
    if made and drgs:
        made[0]["packageCode"] = codes.health("DRG", drgs[0]["code"])
    return made


def _procedures(found: Node) -> list[Node]:
    return [
        {
            "sequence": place,
            "type": [codes.concept(f"{codes.TERMINOLOGY}ex-procedure-type", "primary" if place == 1 else "secondary")],
            "date": iso(one.get("start")),
            "procedureCodeableConcept": codes.health(one["system"], one["code"]),
        }
        for place, one in enumerate(found.get("procedures") or (), 1)
        if one["code"]
    ]


def care_team(found: Node) -> tuple[list[Node], list[list[int]]]:
    """Claim.careTeam, and for each line the numbers of its own people in it."""
    team: list[Node] = []
    for role, code in ROLES.items():
        if found.get(role):
            _join(team, found[role], code)
    of_lines: list[list[int]] = []
    for line in found["lines"]:
        own = [_join(team, line[role], code) for role, code in ROLES.items() if line.get(role)]
        of_lines.append(sorted(set(own)))
    return team, of_lines


def _join(team: list[Node], party: Node, code: str) -> int:
    """The number of a person in a role, who joins the team unless already there."""
    provider, role = parties.provider_reference(party), codes.concept(_ROLE, code)
    for one in team:
        if one["provider"] == provider and one["role"] == role:
            return int(one["sequence"])
    team.append({"sequence": len(team) + 1, "provider": provider, "role": role})
    return len(team)


def insured(coverage: str, display: str | None, sequence: int, *, focal: bool, other: Node | None = None,
            currency: str = "USD", authorisation: str | None = None) -> Node:  # fmt: skip
    """One entry of Claim.insurance; `other` is what another payer decided already (loop 2320)."""
    found: Node = {
        "sequence": sequence,
        "focal": focal,
        "coverage": {"reference": f"Coverage/{coverage}", "display": display},
        "preAuthRef": [authorisation] if authorisation else None,
    }
    if other:
        paid = next((one["amount"] for one in other.get("amounts") or () if one["qualifier"] == "D"), None)
        found["extension"] = [
            extension("prior-payer-paid", "Money", money(paid, currency)),
            {
                "url": f"{codes.OURS}prior-adjudication",
                "extension": [adjusted(one, currency) for one in other["adjustments"]],
            }
            if other["adjustments"]
            else None,
        ]
    return found


def _accident(found: Node) -> Node | None:
    causes = found.get("accident_causes")
    if not causes:
        return None
    told = [one["start"] for one in found.get("dates") or () if one["qualifier"] == "439"]
    place = {"state": found.get("accident_state"), "country": found.get("accident_country")}
    return {
        "date": iso(told[0]) if told else None,
        "type": codes.concept(f"{codes.ELEMENT}1362", causes[0]),
        "locationAddress": place if any(place.values()) else None,
    }
