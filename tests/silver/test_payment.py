"""silver.payment: what payers paid, whole, and notices of it."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest

from jobs.silver.payment import build, without_row
from tests.remittances import remittance, translated

CLAIM = "CLP*C1*100*80**MB*ICN1~CAS*CO*45*20~"
PAYMENT = {
    "resourceType": "PaymentReconciliation",
    "id": "p1",
    "status": "active",
    "created": "2026-03-01",
    "paymentIssuer": {"reference": "Organization/payer", "display": "Blue"},
    "requestor": {"reference": "Organization/clinic"},
    "paymentDate": "2026-03-02",
    "paymentAmount": {"value": 12.5, "currency": "USD"},
    "paymentIdentifier": {"system": "http://checks", "value": "T7"},
}


def test_a_payment_of_a_remittance_has_its_amount_day_number_and_who_pays_whom(rows, fhir_records):
    drawn = remittance(CLAIM, order="I*{paid}*D*ACH", trace="T2")
    row, from_provider = (
        build(fhir_records(), translated(rows, remittance(CLAIM), drawn)).orderBy("record_id").collect()
    )
    assert (row.amount, row.currency, row.payment_number) == (Decimal("80.0000"), "USD", "T1")
    assert (row.payment_date, row.created_date) == (datetime.date(2026, 3, 2), datetime.date(2026, 3, 1))
    assert (row.payer_ref, row.payer_name) == ("Organization/payer-00001", "MEDICARE")
    assert (row.payee_ref, row.status, row.faults) == ("Organization/npi-1999999984", "active", [])
    assert [(c[0].code, c[0].system[-4:]) for c in (row.method_codes, row.handling_codes)] == [
        ("CHK", "/591"),
        ("I", "/305"),
    ]
    assert (from_provider.amount, from_provider.method_codes[0].code) == (Decimal("-80.0000"), "ACH")


def test_what_a_payer_takes_back_is_no_payment_of_its_own(rows, fhir_records):
    told = translated(rows, remittance(CLAIM, "PLB*1999999984*20261231*WO:OLD*15.5~", paid="64.5"))
    [row] = build(fhir_records(), told).collect()
    assert (row.amount, row.payment_number) == (Decimal("64.5000"), "T1")
    reasons = told.where("resource_type = 'PaymentReconciliation'").select(without_row()).collect()
    assert sorted((one[0] for one in reasons), key=str) == [None, "part_of_payment"]


def test_a_payment_of_a_record_of_care_fills_the_same_columns(only):
    row = only(PAYMENT)
    assert (row.amount, row.payment_number, row.payer_ref) == (Decimal("12.5000"), "T7", "Organization/payer")
    assert [(one.system, one.value) for one in row.identifiers] == [("http://checks", "T7")]
    assert (row.payment_ref, row.claim_ref, row.method_codes) == (None, None, [])


def test_a_notice_names_the_payment_that_it_tells_of(only):
    row = only(
        {
            "resourceType": "PaymentNotice",
            "id": "n1",
            "status": "active",
            "created": "2026-03-03",
            "request": {"reference": "Claim/k1"},
            "response": {"reference": "ClaimResponse/r1"},
            "payment": {"reference": "PaymentReconciliation/p1"},
            "payee": {"reference": "Organization/clinic"},
            "recipient": {"reference": "Organization/payer"},
            "amount": {"value": 12.5, "currency": "USD"},
            "paymentStatus": {"coding": [{"code": "cleared"}]},
        }
    )
    assert (row.resource_type, row.amount, row.payee_ref) == (
        "PaymentNotice",
        Decimal("12.5000"),
        "Organization/clinic",
    )
    assert (row.payment_ref, row.claim_ref) == ("PaymentReconciliation/p1", "Claim/k1")
    assert (row.response_ref, row.payment_status_codes[0].code) == ("ClaimResponse/r1", "cleared")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"paymentAmount": {"currency": "USD"}}, "no_amount"),
        ({"paymentAmount": {"value": "much", "currency": "USD"}}, "value_not_a_number"),
        ({"paymentAmount": {"value": 1.00001, "currency": "USD"}}, "amount_not_exact"),
        ({"paymentDate": "2 March"}, "malformed_date"),
    ],
)
def test_a_payment_that_cannot_be_reckoned_with_is_a_fault(only, change, fault):
    assert only({**PAYMENT, **change}).faults == [fault]
