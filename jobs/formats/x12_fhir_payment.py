"""Claim payments of an 835 as FHIR R4 ExplanationOfBenefit, the payment itself as PaymentReconciliation.

Every CLP is an adjudication of its own, so a payment, its reversal (CLP02 = 22, amounts with the other sign) and its
correction stand side by side, and the sum over them is the final state. `payment.amount` is what is paid for the
claim; the check or transfer as a whole, and what is taken from it or added to it (PLB), stand at the payment only:
its amount is the sum of its claims and of the details of its PLB.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from jobs.formats import x12_fhir_adjudication as adjudication
from jobs.formats import x12_fhir_codes as codes
from jobs.formats import x12_fhir_members as members
from jobs.formats import x12_fhir_parties as parties
from jobs.formats.translation import Resource, Source, ident
from jobs.formats.x12_fhir_claim import claim_id, patient_control_number, payer_claim_number
from jobs.formats.x12_fhir_lines import claimed, control_number, extension, money, quantity, sequences, serviced
from jobs.formats.x12_fhir_parties import Key, iso
from jobs.formats.x12_remittance import REVERSAL
from jobs.formats.x12_segments import Node

PREDETERMINATION = "25"
# Data element 1029, as the 835 uses it.
STATUSES = {
    "1": "processed as primary", "2": "processed as secondary", "3": "processed as tertiary", "4": "denied",
    "19": "processed as primary, forwarded to another payer",
    "20": "processed as secondary, forwarded to another payer",
    "21": "processed as tertiary, forwarded to another payer", REVERSAL: "reversal of a previous payment",
    "23": "not our claim, forwarded to another payer", PREDETERMINATION: "predetermination, no payment",
}  # fmt: skip
_BEGINS, _ENDS = "232", "233"
_RELATED = f"{codes.TERMINOLOGY}ex-relatedclaimrelationship"


def benefit(found: Node, mention: str, feed: Source, at: datetime) -> list[Resource]:
    """The ExplanationOfBenefit of a CLP, and its patient as far as an 835 knows them.

    `mention` tells CLPs of one claim in one transaction apart. The patient has no time, so that whatever a claim
    says of the same patient is newer.
    """
    payment, currency = found["payment"], found["payment"].get("currency") or feed.options.get("currency") or "USD"
    payer = payer_of(found, feed)
    billing = billing_of(found)
    number, who = found.get("claim_id") or "", patient_key(found, payer)
    by_former = adjudication.has_former(found) or found.get("status") in ("2", "3", "20", "21")
    status = found.get("status")
    start, end = _days(found)
    body: dict[str, Any] = {
        "identifier": [
            payer_claim_number(payer, found.get("payer_claim_id")),
            patient_control_number(billing, number),
        ],
        "status": "active",
        "type": codes.concept(f"{codes.TERMINOLOGY}claim-type", _type(found)),
        "subType": codes.concept(codes.CLAIM_STATUS, status),
        "use": "predetermination" if status == PREDETERMINATION else "claim",
        "patient": {"reference": f"Patient/{ident(*who)}"} if who else None,
        "billablePeriod": {"start": iso(start), "end": iso(end)},
        "created": iso(payment.get("production_date")) or at.date().isoformat(),
        "insurer": parties.payer_reference(payer, found["payer"]),
        "provider": {"reference": f"Organization/{ident(*billing)}"},
        "claim": {"reference": f"Claim/{claim_id(billing, number, payer)}"} if number else None,
        "related": _related(found, payer),
        "outcome": "complete",
        "disposition": STATUSES.get(status or "", status),
        "careTeam": _care_team(found),
        "supportingInfo": _information(found),
        "insurance": _insurance(found, payer, who),
        "item": _items(found, currency, by_former),
        "adjudication": adjudication.adjustments(found, currency),
        "total": adjudication.totals(found, currency, by_former=by_former),
        "payment": {
            "date": iso(payment.get("date")),
            "amount": money(found.get("paid"), currency),
            "identifier": {"value": payment.get("trace")},
        },
    }  # fmt: skip
    reversal = REVERSAL if status == REVERSAL else ""
    parts = (payer, number, found.get("payer_claim_id"), payment.get("trace"), reversal, mention)
    made = [Resource("ExplanationOfBenefit", ident(*parts), at, None, body)]
    party = found.get("patient") or found.get("insured")
    if who and party:
        made.append(members.patient(party, who, payer, [], None))
    return made


def payer_of(found: Node, feed: Source) -> str:
    """What the payer is called in ids: by N104 or REF 2U, else by TRN03."""
    return parties.payer_key(found.get("payer"), feed, found["payment"].get("payer_trace_id"))


def billing_of(found: Node) -> Key:
    """What the payee is called in ids."""
    return parties.provider_key(found.get("payee"))


def patient_key(found: Node, payer: str) -> Key | None:
    """What the patient is called in ids: the insured is told only when it is somebody else (835 TR3, 2100 NM1 IL)."""
    patient, insured = found.get("patient"), found.get("insured")
    if insured and insured.get("id") and patient:
        return members.member_key(payer, insured, patient)
    party = patient or insured
    return members.member_key(payer, party, None) if party else None


def _type(found: Node) -> str:
    lines = found["lines"]
    qualifiers = {line["code_qualifier"] for line in lines}
    if "AD" in qualifiers:
        return "oral"
    is_facility = "NU" in qualifiers or any(line["revenue_code"] for line in lines) or found.get("inpatient")
    return "institutional" if is_facility else "professional"


def _days(found: Node) -> tuple[date | None, date | None]:
    told = {one["qualifier"]: one["start"] for one in found.get("dates") or ()}
    if told.get(_BEGINS):
        return told[_BEGINS], told.get(_ENDS)
    starts = [line["service_start"] for line in found["lines"] if line.get("service_start")]
    ends = [line.get("service_end") or line["service_start"] for line in found["lines"] if line.get("service_start")]
    return (min(starts), max(ends)) if starts else (None, told.get(_ENDS))


def _related(found: Node, payer: str) -> list[Node] | None:
    number = parties.reference_of(found, "F8")
    if not number:
        return None
    return [
        {"claim": {"identifier": payer_claim_number(payer, number)}, "relationship": codes.concept(_RELATED, "prior")}
    ]


def _care_team(found: Node) -> list[Node] | None:
    party = found.get("rendering")
    if not party:
        return None
    role = codes.concept(f"{codes.CARIN}C4BBClaimCareTeamRole", "rendering")
    return [{"sequence": 1, "provider": parties.provider_reference(party), "role": role}]


def _information(found: Node) -> list[Node]:
    told: list[Node] = []
    if found.get("drg"):
        told.append({"category": codes.information("drg"), "code": codes.health("DRG", found["drg"])})
    for part in (found.get("inpatient"), found.get("outpatient")):
        told += [
            {"category": codes.INFO, "code": codes.concept(codes.REMARKS, one)}
            for one in (part or {}).get("remarks", ())
        ]
    for place, one in enumerate(told, 1):
        one["sequence"] = place
    return told


def _insurance(found: Node, payer: str, who: Key | None) -> list[Node] | None:
    if who is None:
        return None
    number = parties.text((found.get("insured") or {}).get("id")) or parties.text(
        (found.get("patient") or {}).get("id")
    )
    return [{"focal": True, "coverage": {"reference": f"Coverage/{members.coverage_id(payer, number, who)}"}}]


def _items(found: Node, currency: str, by_former: bool) -> list[Node]:
    lines = found["lines"]
    numbers = claimed(lines)
    made = []
    for line, answers, sequence in zip(lines, numbers, sequences(lines, numbers), strict=True):
        qualifier, code = line["code_qualifier"], line["code"]
        revenue = code if qualifier == "NU" else line["revenue_code"]
        units = line["units"] if line["units"] is not None else line.get("units_billed")
        made.append(
            {
                "sequence": sequence,
                "itemSequence": [answers] if answers else None,
                "revenue": codes.concept(codes.REVENUE, revenue),
                "productOrService": None if qualifier == "NU" else codes.service(qualifier, code),
                "modifier": codes.modifiers(line["modifiers"]),
                **serviced(line),
                "quantity": quantity(units, None),
                "net": money(line["charge"], currency),
                "adjudication": adjudication.adjudications(line, currency, by_former=by_former),
                "extension": _more(line),
            }
        )
    return made


def _more(line: Node) -> list[Node | None]:
    billed = line.get("submitted")
    remarks = [one["code"] for one in line.get("remarks") or () if one["code"]]
    return [
        extension("line-item-control-number", "String", control_number(line)),
        extension("billed-as", "CodeableConcept", codes.service(billed["code_qualifier"], billed["code"]))
        if billed
        else None,
        *[extension("remark", "CodeableConcept", codes.concept(codes.REMARKS, one)) for one in remarks],
    ]


def reconciliation(found: Node, feed: Source, at: datetime) -> Resource:
    """The PaymentReconciliation of a whole payment (BPR, TRN)."""
    payment, payer, body = found["payment"], payer_of(found, feed), _payment(found, feed, at)
    amount = payment.get("amount")
    if amount is not None and payment.get("credit_debit") == "D":
        amount = -amount
    body["paymentAmount"] = money(amount, payment.get("currency") or feed.options.get("currency") or "USD")
    return Resource("PaymentReconciliation", ident(payer, payment.get("trace")), at, None, body)


def provider_adjustments(found: Node, told: list[Node], mention: str, feed: Source, at: datetime) -> Resource:
    """The PaymentReconciliation of a PLB: what it adds to the payment, so taken away is negative."""
    payment, payer, body = found["payment"], payer_of(found, feed), _payment(found, feed, at)
    currency = payment.get("currency") or feed.options.get("currency") or "USD"
    body["detail"] = [
        {
            "type": codes.concept(f"{codes.ELEMENT}426", one["reason"]),
            "identifier": {"value": one["reference"]},
            "payee": {"identifier": {"value": one["provider_id"]}},
            "date": iso(one["fiscal_period_end"]),
            "amount": money(None if one["amount"] is None else -one["amount"], currency),
        }
        for one in told
    ]
    return Resource("PaymentReconciliation", ident(payer, payment.get("trace"), "PLB", mention), at, None, body)


def _payment(found: Node, feed: Source, at: datetime) -> Node:
    payment = found["payment"]
    return {
        "status": "active",
        "created": iso(payment.get("production_date")) or at.date().isoformat(),
        "paymentIssuer": parties.payer_reference(payer_of(found, feed), found["payer"]),
        "requestor": {"reference": f"Organization/{ident(*billing_of(found))}"},
        "outcome": "complete",
        "paymentDate": iso(payment.get("date")),
        "paymentIdentifier": {"value": payment.get("trace")},
    }
