"""Claim payments of an 835 as FHIR R4 ExplanationOfBenefit.

Every CLP is an adjudication of its own, so a payment, its reversal (CLP02 = 22, amounts with the other sign) and its
correction stand side by side, and the sum over them is the final state. `payment.amount` is what is paid for the
claim; the check or transfer as a whole stands in x12_fhir_remittance only.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from jobs.formats import x12_fhir_adjudication as adjudication
from jobs.formats import x12_fhir_codes as codes
from jobs.formats import x12_fhir_members as members
from jobs.formats import x12_fhir_parties as parties
from jobs.formats.translation import Resource, Source
from jobs.formats.x12_fhir_claim import claim_id, currency_of, payer_claim_number, provider_numbers, related
from jobs.formats.x12_fhir_json import (
    Text,
    body,
    concept,
    day,
    extension,
    identifier,
    joined,
    known,
    listed,
    money,
    named,
    period,
    reference,
)
from jobs.formats.x12_fhir_lines import claimed, control_number, quantity, sequences, serviced
from jobs.formats.x12_fhir_parties import Key
from jobs.formats.x12_fhir_payment_information import information
from jobs.formats.x12_fhir_payment_number import payer_of, payment_id, payment_number
from jobs.formats.x12_remittance import REVERSAL
from jobs.formats.x12_segments import Node

PREDETERMINATION = "25"
# Extensions of a line: why it was decided so (LQ), and what was billed where the payer pays it as another (SVC06).
REMARK, BILLED_AS = f"{codes.OURS}remark", f"{codes.OURS}billed-as"
# And how much was billed where another number is paid (SVC07); what is paid is one where SVC05 says no number.
UNITS_BILLED = f"{codes.OURS}units-billed"
# Extension of what is part of a payment: the payment (FHIR R4 PaymentReconciliation) that it is part of.
PART_OF = f"{codes.OURS}part-of-payment"
_ONE = Decimal(1)
# Data element 1029, as the 835 uses it.
STATUSES = {
    "1": "processed as primary", "2": "processed as secondary", "3": "processed as tertiary", "4": "denied",
    "19": "processed as primary, forwarded to another payer",
    "20": "processed as secondary, forwarded to another payer",
    "21": "processed as tertiary, forwarded to another payer", REVERSAL: "reversal of a previous payment",
    "23": "not our claim, forwarded to another payer", PREDETERMINATION: "predetermination, no payment",
}  # fmt: skip
_BEGINS, _ENDS, _NDC = "232", "233", "N4"
_AFTER_OTHERS = frozenset({"2", "3", "20", "21"})


class _Above(NamedTuple):
    """What the header says of all its claims, made once for them."""

    payer: str
    billing: Key
    currency: str
    shared: dict[str, Text]
    date: Text
    trace: Text
    part_of: Text


# By the identity of the header's payment, which is kept here so that no other can take its place.
_HEADERS: dict[int, tuple[Node, Source, _Above]] = {}
_MOST_HEADERS = 256


def _above(found: Node, feed: Source, at: datetime) -> _Above:
    payment = found["payment"]
    known_ = _HEADERS.get(id(payment))
    if known_ is not None and known_[1] is feed:
        return known_[2]
    payer, billing = payer_of(found, feed), billing_of(found)
    shared = {
        "status": '"active"',
        "created": day(payment.get("production_date") or at.date()),
        "insurer": parties.payer_reference(payer, found["payer"]),
        "provider": reference("Organization", named(*billing)),
        "outcome": '"complete"',
    }
    trace = identifier(None, payment.get("trace"))
    made = _Above(
        payer, billing, currency_of(payment, feed), shared, day(payment.get("date")), trace, of_payment(found, payer)
    )
    if len(_HEADERS) >= _MOST_HEADERS:
        _HEADERS.clear()
    _HEADERS[id(payment)] = (payment, feed, made)
    return made


def benefit(found: Node, mention: str, feed: Source, at: datetime) -> list[Resource]:
    """The ExplanationOfBenefit of a CLP, its patient and who rendered, as far as an 835 knows them.

    `mention` tells CLPs of one claim in one transaction apart. Neither person has a time, so that whatever a claim
    says of the same one is newer.
    """
    payer, billing, currency, shared, paid_on, trace, part_of = _above(found, feed, at)
    status, number = found.get("status") or "", found.get("claim_id") or ""
    who, party, corrected = patient_key(found, payer), *_as_corrected(found)
    by_former = status in _AFTER_OTHERS or adjudication.has_former(found)
    lines = [adjudication.decided(line, by_former=by_former) for line in found["lines"]]
    parts: dict[str, Text] = {
        "identifier": listed(
            [payer_claim_number(payer, found.get("payer_claim_id")), *provider_numbers(found.get("payee"), number)]
        ),
        **shared,
        "type": concept(f"{codes.TERMINOLOGY}claim-type", _type(found)),
        "subType": concept(codes.CLAIM_STATUS, status),
        "use": '"predetermination"' if status == PREDETERMINATION else '"claim"',
        "patient": members.patient_reference(who),
        "billablePeriod": period(*_days(found)),
        "claim": reference("Claim", claim_id(billing, number, payer)) if number else None,
        "related": related(payer, parties.reference_of(found, "F8")),
        "disposition": known(STATUSES.get(status, status)) if status else None,
        "careTeam": _care_team(found),
        "supportingInfo": information(found),
        "insurance": _insurance(found, payer, who),
        "item": _items(found, lines, currency),
        "adjudication": adjudication.adjustments(found, currency),
        "total": adjudication.totals(found, lines, currency, by_former=by_former),
        "payment": joined(
            {
                "extension": listed([part_of]),
                "date": paid_on,
                "amount": money(found.get("paid"), currency),
                "identifier": trace,
            }
        ),
    }
    reversal = REVERSAL if status == REVERSAL else ""
    name = named(payer, number, found.get("payer_claim_id"), payment_number(found), reversal, mention)
    made = [Resource("ExplanationOfBenefit", name, at, None, body(parts))]
    if who and party:
        made.append(members.patient(party, who, payer, members.member_number(payer, corrected), None))
    made += members.renumbered(found.get("insured") or found.get("patient"), found.get("corrected"), payer, at)
    if rendering := found.get("rendering"):
        made += parties.provider(rendering, None, None, None)
    return made


def of_payment(found: Node, payer: str) -> Text:
    """The extension that says which payment something is part of."""
    return extension(PART_OF, "Reference", reference("PaymentReconciliation", payment_id(found, payer)))


def billing_of(found: Node) -> Key:
    """What the payee is called in ids."""
    return parties.provider_key(found.get("payee"))


def patient_key(found: Node, payer: str) -> Key | None:
    """What the patient is called in ids: the insured is told only when it is somebody else (835 TR3, 2100 NM1 IL)."""
    patient, insured = found.get("patient"), found.get("insured")
    if insured and insured.get("id") and patient:
        return members.member_key(payer, insured, None if _is_same(insured, patient) else patient)
    party = patient or insured
    return members.member_key(payer, party, None) if party else None


def _as_corrected(found: Node) -> tuple[Node | None, str | None]:
    """The patient by the name that the payer says is right, and the member number that is (NM1 74).

    In ids they stay who was billed for, or the payment would not be of them. Where patient and insured are two, the
    number is that of the insured, and nothing says whose the name is.
    """
    patient, insured = found.get("patient"), found.get("insured")
    party, told = patient or insured, found.get("corrected")
    if not told or not party or (patient and insured and not _is_same(insured, patient)):
        return party, None
    said = {name: told[name] for name in (*_NAMES, "middle_name") if told[name]}
    return {**party, **said}, told["id"]


def _is_same(insured: Node, patient: Node) -> bool:
    """Whether the insured is told again, as some payers do of every patient."""
    names = [[parties.text(one.get(name)).upper() for name in _NAMES] for one in (insured, patient)]
    return names[0] == names[1] and patient.get("id") in (None, insured["id"])


_NAMES = ("name", "first_name", "suffix")


def _type(found: Node) -> str:
    """Kind of the claim that is answered: an 835 does not say it, so what tells the kinds apart does."""
    lines = found["lines"]
    qualifiers = {line["code_qualifier"] for line in lines}
    if "AD" in qualifiers:
        return "oral"
    if qualifiers == {_NDC}:
        return "pharmacy"
    # A stay that is paid by its DRG as a whole need not have lines.
    of_stay = found.get("inpatient") or found.get("drg")
    is_facility = "NU" in qualifiers or any(line["revenue_code"] for line in lines) or of_stay
    return "institutional" if is_facility else "professional"


def _statement(found: Node) -> Node:
    """The days of the statement: those of each line that has none of its own (835 TR3, 2110 DTM)."""
    told = {one["qualifier"]: one["start"] for one in found.get("dates") or ()}
    return {"service_start": told.get(_BEGINS), "service_end": told.get(_ENDS)}


def _days(found: Node) -> tuple[date | None, date | None]:
    start, end = _statement(found).values()
    if start:
        return start, end
    starts = [line["service_start"] for line in found["lines"] if line.get("service_start")]
    ends = [line.get("service_end") or line["service_start"] for line in found["lines"] if line.get("service_start")]
    return (min(starts), max(ends)) if starts else (None, end)


def _care_team(found: Node) -> Text:
    party = found.get("rendering")
    if not party:
        return None
    return f'[{{"sequence":1,"provider":{parties.provider_reference(party)},"role":{_RENDERING}}}]'


_RENDERING = concept(f"{codes.CARIN}C4BBClaimCareTeamRole", "rendering")


def _insurance(found: Node, payer: str, who: Key | None) -> Text:
    if who is None:
        return None
    corrected = _number(found, "corrected")
    number = corrected or _number(found, "insured") or _number(found, "patient")
    if corrected or (number and who[1:3] == (payer, number) and len(who) > 3):
        # Under a number that the payer says is right nobody billed; of a dependent the name alone is known here.
        return f'[{{"focal":true,"coverage":{{"identifier":{members.member_number(payer, number)}}}}}]'
    return f'[{{"focal":true,"coverage":{reference("Coverage", members.coverage_id(payer, number, who))}}}]'


def _number(found: Node, role: str) -> str:
    return parties.text((found.get(role) or {}).get("id"))


def _items(found: Node, decided: list[adjudication.Decided], currency: str) -> Text:
    lines = found["lines"]
    numbers, own = claimed(lines), _statement(found)
    made = []
    for line, made_of, answers, sequence in zip(lines, decided, numbers, sequences(numbers), strict=True):
        qualifier, code = line["code_qualifier"], line["code"]
        parts = {
            "extension": _more(line),
            "sequence": str(sequence),
            "itemSequence": f"[{answers}]" if answers else None,
            "revenue": concept(codes.REVENUE, code if qualifier == "NU" else line["revenue_code"]),
            "productOrService": None if qualifier == "NU" else codes.service(qualifier, code),
            "modifier": codes.modifiers(line["modifiers"]),
            **serviced(line if line.get("service_start") or line.get("service_end") else own),
            "quantity": quantity(_ONE if line["units"] is None and "units_billed" in line else line["units"], None),
            "net": money(line["charge"], currency),
            "adjudication": adjudication.adjudications(line, made_of, currency),
        }
        made.append(joined(parts))
    return listed(made)


# LQ01: HE remarks of remittance advice, RX reject codes of pharmacies.
_REMARKS = {"RX": codes.REJECTS}
_MORE = frozenset({"references", "submitted", "remarks", "units_billed"})


def _more(line: Node) -> Text:
    if _MORE.isdisjoint(line):
        return None
    made = [control_number(line)]
    if billed := line.get("submitted"):
        service = codes.service(billed["code_qualifier"], billed["code"])
        made.append(extension(BILLED_AS, "CodeableConcept", service))
    made.append(extension(UNITS_BILLED, "Quantity", quantity(line.get("units_billed"), None)))
    for one in line.get("remarks") or ():
        made.append(
            extension(
                f"{codes.OURS}remark", "CodeableConcept", concept(_REMARKS.get(one["list"], codes.REMARKS), one["code"])
            )
        )
    return listed(made)
