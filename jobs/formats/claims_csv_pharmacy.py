"""A row of a pharmacy claim as FHIR: Claim, ExplanationOfBenefit and MedicationDispense of one id.

A reversal (transaction R, or reversed Y) takes back the fill that `reverses` names: its Claim and MedicationDispense
are cancelled. Where no column names it, the reversal stands alone: its dispense is cancelled and its amounts, which are
negative, are a benefit of their own, so that the sum is right. A feed that repeats the amounts of the fill in the
transaction R (NCPDP B2) means the same. Reversed Y may stand at the fill itself: such a row keeps its signs.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from jobs.formats import claims_csv_parties as parties
from jobs.formats import x12_fhir_codes as codes
from jobs.formats import x12_fhir_members as members
from jobs.formats.claims_csv_amounts import CATEGORIES, adjudicated, currency_of
from jobs.formats.csv_said import Values, amount, date, moment, text
from jobs.formats.translation import Resource, Said, Source
from jobs.formats.x12_fhir_claim import payer_claim_number
from jobs.formats.x12_fhir_information import Said as Told
from jobs.formats.x12_fhir_information import numbered
from jobs.formats.x12_fhir_json import (
    Text,
    alone,
    body,
    coding,
    concept,
    concepts,
    day,
    decimal,
    joined,
    listed,
    money,
    named,
    period,
    quoted,
    reference,
)
from jobs.formats.x12_fhir_parties import payer_reference

_REVERSALS = frozenset({"R", "Y", "B2", "REVERSAL"})
_LATER = timedelta(microseconds=1)
_ROLE = f"{codes.CARIN}C4BBClaimCareTeamRole"


def pharmacy(row: Values, record: Said, feed: Source) -> list[Resource]:
    """What a pharmacy claim says."""
    number = text(row, "rx_claim_id", "claim_number")
    if not number:
        return []
    taken_back, undone = text(row, "reverses"), (text(row, "transaction", "reversed") or "").upper() in _REVERSALS
    row = _with_signs(row)
    at = moment(row, feed, "paid_date", "fill_date") or record.received_at
    payer = parties.payer_of(row, feed)
    who = parties.member_of(row, payer)
    status = '"cancelled"' if undone else '"active"'
    made = [
        Resource("Claim", named(number), at, None, body(_claim(row, feed, number, payer, status))),
        Resource("ExplanationOfBenefit", named(number), at, None, body(_benefit(row, feed, number, payer))),
        Resource("MedicationDispense", named(number), at, None, body(_dispense(row, payer, undone=undone))),
    ]
    if undone and taken_back and taken_back != number:
        made += _cancelled(row, feed, taken_back, payer, at + _LATER)
    person = parties.member(row, who, payer, None) if who else None
    pharmacist, prescriber = _people(row)
    return made + ([person] if person else []) + parties.providers(pharmacist, prescriber)


def _with_signs(row: Values) -> Values:
    """The amounts of a transaction that takes back below zero."""
    if (text(row, "transaction") or "").upper() not in _REVERSALS:
        return row
    told = {name: value for name in CATEGORIES if (value := amount(row, name)) is not None}
    whole = told.get("charge") or told.get("paid") or 0
    return {**row, **{name: -value for name, value in told.items()}} if whole > 0 else row


def _people(row: Values) -> tuple[dict[str, object] | None, dict[str, object] | None]:
    return (
        parties.provider(text(row, "pharmacy_npi"), is_person=False),
        parties.provider(text(row, "prescriber_npi"), is_person=True),
    )


def _cancelled(row: Values, feed: Source, number: str, payer: str, at: datetime) -> list[Resource]:
    """The fill that a reversal takes back. Its benefit stays: the reversal's own undoes it."""
    claim = {"status": '"cancelled"', **_shared(row, feed, number, payer)}
    return [
        Resource("Claim", named(number), at, None, body(claim)),
        Resource("MedicationDispense", named(number), at, None, body(_dispense(row, payer, undone=True))),
    ]


def _shared(row: Values, feed: Source, number: str, payer: str) -> dict[str, Text]:
    who = parties.member_of(row, payer)
    pharmacist, prescriber = _people(row)
    told: list[Told] = []
    for name, category in (("days_supply", "dayssupply"), ("refill_number", "refillnum")):
        value = amount(row, name)
        if value is not None:
            told.append((codes.information(category), None, "valueQuantity", f'{{"value":{decimal(value)}}}'))
    filled = date(row, "fill_date")
    return {
        "identifier": listed([payer_claim_number(payer, number)]),
        "type": concept(f"{codes.TERMINOLOGY}claim-type", "pharmacy"),
        "use": '"claim"',
        "patient": members.patient_reference(who),
        "billablePeriod": period(filled, filled),
        "created": day(date(row, "paid_date", "fill_date")),
        "insurer": payer_reference(payer, {"name": text(row, "payer_name", "plan_name")}),
        "provider": parties.provider_references(pharmacist),
        "careTeam": f'[{{"sequence":1,"provider":{parties.provider_references(prescriber)},"role":'
        f"{concept(_ROLE, 'prescribing')}}}]"
        if prescriber
        else None,
        "supportingInfo": numbered(told),
    }


def _line(row: Values, currency: str) -> dict[str, Text]:
    return {
        "sequence": "1",
        "productOrService": drug(row),
        "servicedDate": day(date(row, "fill_date")),
        "quantity": _quantity(row),
        "net": money(amount(row, "charge"), currency),
    }


def drug(row: Values) -> Text:
    """The drug by its NDC."""
    code, name = text(row, "ndc"), text(row, "drug_name")
    return concepts([coding(codes.NDC, code)], name) if code else concept(None, None, name)


def _quantity(row: Values) -> Text:
    value = amount(row, "quantity")
    return None if value is None else joined({"value": decimal(value), "unit": quoted(text(row, "unit"))})


def _claim(row: Values, feed: Source, number: str, payer: str, status: str) -> dict[str, Text]:
    currency = currency_of(row, feed)
    return {
        "status": status,
        **_shared(row, feed, number, payer),
        "item": alone(joined(_line(row, currency))),
        "total": money(amount(row, "charge"), currency),
    }


def _benefit(row: Values, feed: Source, number: str, payer: str) -> dict[str, Text]:
    currency = currency_of(row, feed)
    told = adjudicated(row, currency)
    return {
        "status": '"active"',
        **_shared(row, feed, number, payer),
        "claim": reference("Claim", named(number)),
        "outcome": '"complete"',
        "item": alone(joined({**_line(row, currency), "adjudication": told})),
        "total": told,
        "payment": joined({"date": day(date(row, "paid_date")), "amount": money(amount(row, "paid"), currency)}),
    }


def _dispense(row: Values, payer: str, *, undone: bool) -> dict[str, Text]:
    pharmacist, _ = _people(row)
    supply = amount(row, "days_supply")
    actor = parties.provider_references(pharmacist)
    return {
        "status": '"cancelled"' if undone else '"completed"',
        "medicationCodeableConcept": drug(row),
        "subject": members.patient_reference(parties.member_of(row, payer)),
        "performer": f'[{{"actor":{actor}}}]' if actor else None,
        "quantity": _quantity(row),
        "daysSupply": None
        if supply is None
        else f'{{"value":{decimal(supply)},"unit":"day","system":"{codes.UCUM}","code":"d"}}',
        "whenHandedOver": day(date(row, "fill_date")),
    }
