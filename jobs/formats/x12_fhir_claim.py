"""A claim of an 837 as FHIR R4 Claim, with the coverages it is asked under.

Void (CLM05-3 = 8) is status cancelled; void and replacement (7, and adjustments of their own codes) name what they
stand for in `related`, by the number the payer gave it (REF F8), which only the payer's answer tells too. A claim sent
again under its own number is the same Claim in a newer version.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

from jobs.formats import x12_fhir_codes as codes
from jobs.formats import x12_fhir_line_information as line_information
from jobs.formats import x12_fhir_parties as parties
from jobs.formats.translation import Resource, Source
from jobs.formats.x12_fhir_information import ANESTHESIA, information, numbered
from jobs.formats.x12_fhir_json import (
    Text,
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
from jobs.formats.x12_fhir_lines import Pointed, adjusted, claimed, item, prior_adjudication, sequences
from jobs.formats.x12_fhir_parties import Key
from jobs.formats.x12_fhir_team import care_team
from jobs.formats.x12_segments import Node

_TYPES = {"837P": "professional", "837I": "institutional", "837D": "oral"}
_PLACED_FIRST = ("principal", "other")
_DIAGNOSIS = f"{codes.TERMINOLOGY}ex-diagnosistype"
_CARIN_DIAGNOSIS = f"{codes.CARIN}C4BBClaimDiagnosisType"
_KINDS = {
    "principal": (_DIAGNOSIS, "principal"), "admitting": (_DIAGNOSIS, "admitting"),
    "other": (_CARIN_DIAGNOSIS, "other"),
    "reason_for_visit": (_CARIN_DIAGNOSIS, "patientreasonforvisit"),
    "external_cause": (_CARIN_DIAGNOSIS, "externalcauseofinjury"),
}  # fmt: skip
_STATEMENT, _SERVICE, _ADMITTED, _ACCIDENT, _DECIDED = "434", "472", "435", "439", "573"


def claim_id(billing: Key, number: str, payer: str) -> str:
    """The id of the Claim that a provider sends a payer under its own number; CLP01 returns that number."""
    return named(*billing, number, payer)


def patient_control_number(billing: Key, number: str | None) -> Text:
    """The provider's own number of a claim (CLM01, CLP01)."""
    return identifier(f"{codes.OURS}patient-control-number/{named(*billing)}", number)


def provider_numbers(party: Node | None, number: str | None) -> list[Text]:
    """The provider's own number of a claim, as it is told to those who know the provider by NPI or by tax number."""
    return [patient_control_number(key, number) for key in parties.numbers_of(party)]


def payer_claim_number(payer: str, number: str | None) -> Text:
    """The payer's own number of a claim (REF F8, CLP07)."""
    return identifier(f"{codes.OURS}payer-claim-number/{named(payer)}", number)


def days_of(claim: Node) -> tuple[date | None, date | None]:
    """The first and last day of what is billed: the statement's, else those of the lines, else the admission's."""
    told = claim.get("dates") or ()
    for one in told:
        if one["qualifier"] in (_STATEMENT, _SERVICE) and one["start"]:
            return one["start"], one["end"]
    starts, ends = [], []
    for line in claim["lines"]:
        if start := line.get("service_start"):
            starts.append(start)
            ends.append(line.get("service_end") or start)
    if starts:
        return min(starts), max(ends)
    admitted = [one["start"] for one in told if one["qualifier"] == _ADMITTED and one["start"]]
    return (admitted[0], None) if admitted else (None, None)


class Around(NamedTuple):
    """What a claim refers to: the id of who pays, references, the days that are billed."""

    payer: str
    patient: Text
    insurance: Text
    facility: Text
    encounter: Text
    days: tuple[date | None, date | None]


def claim(found: Node, kind: str, name: str, around: Around, feed: Source, at: datetime) -> Resource:
    """The Claim resource."""
    currency = currency_of(found, feed)
    billing, payer = found.get("billing"), around.payer
    frequency, lines = found.get("frequency"), found["lines"]
    team, of_lines = care_team(found)
    numbers = sequences(claimed(lines))
    diagnoses = _diagnoses(found)
    told = information(found, has_diagnoses=bool(diagnoses)) + line_information.shared(found)
    besides = line_information.numbers(lines, told)
    parts: dict[str, Text] = {
        "identifier": listed(
            [
                *provider_numbers(billing, found.get("claim_id")),
                identifier(f"{codes.OURS}clearinghouse-trace", parties.reference_of(found, "D9")),
            ]
        ),
        "status": '"cancelled"' if frequency in codes.VOIDS else '"active"',
        "type": concept(f"{codes.TERMINOLOGY}claim-type", _TYPES[kind]),
        "subType": _type_of_bill(found),
        "use": '"predetermination"' if found.get("predetermination") else '"claim"',
        "patient": around.patient,
        "billablePeriod": period(*around.days),
        "created": day(at.date()),
        "insurer": parties.payer_reference(payer, found.get("payer")),
        "provider": parties.provider_reference(billing) if billing else None,
        "priority": _NORMAL,
        "related": _related(found, payer, frequency),
        "referral": joined({"identifier": identifier(None, parties.reference_of(found, "9F"))}),
        "facility": around.facility,
        "careTeam": team,
        "supportingInfo": numbered(told),
        "diagnosis": diagnoses,
        "procedure": _procedures(found),
        "insurance": around.insurance,
        "accident": _accident(found),
        "item": listed(
            [
                item(line, number, found, currency, Pointed(own, more), around.encounter)
                for line, number, own, more in zip(lines, numbers, of_lines, besides, strict=True)
            ]
        ),
        "total": money(found.get("charge"), currency),
    }
    return Resource("Claim", name, at, None, body(parts))


def currency_of(found: Node, feed: Source) -> str:
    """The currency of a claim or payment (CUR02), else the feed's."""
    return found.get("currency") or feed.options.get("currency") or "USD"


_NORMAL = concept(f"{codes.TERMINOLOGY}processpriority", "normal")
_STANDS_FOR = concept(f"{codes.TERMINOLOGY}ex-relatedclaimrelationship", "prior")


def _type_of_bill(found: Node) -> Text:
    place = codes.bill(found.get("place_of_service"))
    if not place or found.get("place_qualifier") != "A":
        return None
    return concept(codes.TYPE_OF_BILL, f"{place}{found.get('frequency') or ''}")


def _related(found: Node, payer: str, frequency: str | None) -> Text:
    stands_for = frequency in codes.REPLACEMENTS or frequency in codes.VOIDS
    return related(payer, parties.reference_of(found, "F8")) if stands_for else None


def related(payer: str, number: str | None) -> Text:
    """What a claim or payment stands for, by the payer's number."""
    if not number:
        return None
    return f'[{{"claim":{{"identifier":{payer_claim_number(payer, number)}}},"relationship":{_STANDS_FOR}}}]'


def _diagnoses(found: Node) -> Text:
    """Diagnoses that lines can point to first, in their order, then the others."""
    told = [one for one in found.get("diagnoses") or () if one["code"]]
    if len(told) > 1:
        told.sort(key=lambda one: one["role"] not in _PLACED_FIRST)
    drgs = found.get("drgs")
    group = codes.health("DRG", drgs[0]["code"]) if drgs else None
    return listed(
        joined(
            {
                "sequence": str(place),
                "diagnosisCodeableConcept": codes.health(one["system"], one["code"]),
                "type": f"[{concept(*_KINDS[one['role']])}]",
                "onAdmission": concept(codes.ON_ADMISSION, one.get("on_admission")),
                "packageCode": group if place == 1 else None,
            }
        )
        for place, one in enumerate(told, 1)
    )


def _procedures(found: Node) -> Text:
    """What was done in a stay; what anaesthesia was given for is somebody else's, and supporting information."""
    if "procedures" not in found:
        return None
    told = [one for one in found["procedures"] if one["code"] and one["role"] not in ANESTHESIA]
    return listed(
        joined(
            {
                "sequence": str(place),
                "type": listed(
                    [concept(f"{codes.TERMINOLOGY}ex-procedure-type", "primary" if place == 1 else "secondary")]
                ),
                "date": day(one.get("start")),
                "procedureCodeableConcept": codes.health(one["system"], one["code"]),
            }
        )
        for place, one in enumerate(told, 1)
    )


def insured(coverage: str, display: str | None, sequence: int, *, focal: bool, other: Node | None = None,
            currency: str = "USD", authorisation: str | None = None) -> Text:  # fmt: skip
    """One entry of Claim.insurance; `other` is what another payer decided already (loop 2320)."""
    decider = (other or {}).get("payer") or {}
    return joined(
        {
            "extension": _decided_before(other, decider, currency) if other else None,
            "sequence": str(sequence),
            "focal": "true" if focal else "false",
            "coverage": reference("Coverage", coverage, display),
            "preAuthRef": listed([quoted(authorisation or parties.reference_of(decider, "G1"))]),
        }
    )


# AMT of loop 2320: what the payer paid, what is left to the patient, what was not covered.
PRIOR_PAID = f"{codes.OURS}prior-payer-paid"
_PRIOR = {
    "D": PRIOR_PAID, "EAF": f"{codes.OURS}prior-payer-left-to-patient", "A8": f"{codes.OURS}prior-payer-noncovered",
}  # fmt: skip


def _decided_before(other: Node, decider: Node, currency: str) -> Text:
    """What another payer decided already (loops 2320 and 2330B): amounts, adjustments, its claim number and the day."""
    told = {one["qualifier"]: one["amount"] for one in reversed(other.get("amounts") or ())}
    days = [one["start"] for one in decider.get("dates") or () if one["qualifier"] == _DECIDED]
    return listed(
        [
            *[extension(url, "Money", money(told.get(name), currency)) for name, url in _PRIOR.items()],
            prior_adjudication([adjusted(one, currency) for one in other["adjustments"]]),
            extension(f"{codes.OURS}prior-payer-claim-number", "String", quoted(parties.reference_of(decider, "F8"))),
            extension(f"{codes.OURS}prior-payer-decided", "Date", day(days[0]) if days else None),
        ]
    )


def _accident(found: Node) -> Text:
    causes = found.get("accident_causes")
    if not causes:
        return None
    told = [one["start"] for one in found.get("dates") or () if one["qualifier"] == _ACCIDENT]
    place = {"state": quoted(found.get("accident_state")), "country": quoted(found.get("accident_country"))}
    parts = {
        "date": day(told[0]) if told else None,
        "type": concept(f"{codes.ELEMENT}1362", causes[0]),
        "locationAddress": joined(place),
    }
    return joined(parts)
