"""A payment of an 835 as a whole (BPR, TRN, PLB) as FHIR R4 PaymentReconciliation.

What is taken from a payment or added to it for other reasons than its claims (PLB) stands here only: the amount is the
sum of what is paid for the claims (ExplanationOfBenefit.payment) and of the details of the PLB.
"""

from __future__ import annotations

from datetime import datetime

from jobs.formats import x12_fhir_codes as codes
from jobs.formats import x12_fhir_parties as parties
from jobs.formats.translation import Resource, Source
from jobs.formats.x12_fhir_claim import currency_of
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
    reference,
)
from jobs.formats.x12_fhir_payment import billing_of, of_payment
from jobs.formats.x12_fhir_payment_number import payer_of, payment_id, payment_number
from jobs.formats.x12_segments import Node

# Extensions of a payment: how it is made (BPR04: check, transfer, none), and what it comes with (BPR01).
METHOD, HANDLING = f"{codes.OURS}payment-method", f"{codes.OURS}payment-handling"


def reconciliation(found: Node, feed: Source, at: datetime) -> Resource:
    """The PaymentReconciliation of a whole payment (BPR, TRN)."""
    payment = found["payment"]
    amount = payment.get("amount")
    if amount is not None and payment.get("credit_debit") == "D":
        amount = -amount
    more = [
        extension(METHOD, "CodeableConcept", concept(f"{codes.ELEMENT}591", payment.get("method"))),
        extension(HANDLING, "CodeableConcept", concept(f"{codes.ELEMENT}305", payment.get("handling"))),
    ]
    parts = {
        "extension": listed(more),
        **_payment(found, feed, at),
        "paymentAmount": money(amount, currency_of(payment, feed)),
    }
    return Resource("PaymentReconciliation", payment_id(found, payer_of(found, feed)), at, None, body(parts))


def provider_adjustments(found: Node, told: list[Node], mention: str, feed: Source, at: datetime) -> Resource:
    """The PaymentReconciliation of a PLB: what it adds to the payment, so what it takes away is negative."""
    payment = found["payment"]
    currency = currency_of(payment, feed)
    details = [
        joined(
            {
                "identifier": identifier(None, one["reference"]),
                "type": concept(f"{codes.ELEMENT}426", one["reason"]),
                "date": day(one["fiscal_period_end"]),
                "payee": joined({"identifier": identifier(None, one["provider_id"])}),
                "amount": money(None if one["amount"] is None else -one["amount"], currency),
            }
        )
        for one in told
    ]
    payer = payer_of(found, feed)
    parts = {
        "extension": listed([of_payment(found, payer)]),
        **_payment(found, feed, at),
        "detail": listed(details),
    }
    name = named(payer, payment_number(found), "PLB", mention)
    return Resource("PaymentReconciliation", name, at, None, body(parts))


def _payment(found: Node, feed: Source, at: datetime) -> dict[str, Text]:
    payment = found["payment"]
    return {
        "status": '"active"',
        "created": day(payment.get("production_date") or at.date()),
        "paymentIssuer": parties.payer_reference(payer_of(found, feed), found["payer"]),
        "requestor": reference("Organization", named(*billing_of(found))),
        "outcome": '"complete"',
        "paymentDate": day(payment.get("date")),
        "paymentIdentifier": identifier(None, payment.get("trace")),
    }
