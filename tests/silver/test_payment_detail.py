"""silver.payment_detail: what payments are made of."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest

from jobs.silver import benefit, payment
from jobs.silver.payment_detail import build, without_row
from tests.remittances import remittance, translated

PLB = "PLB*1999999984*20261231*WO:ICN9*15.5*L6*-1~PLB*1999999984*20261231*72:ICN8*15.5~"
DETAIL = {
    "identifier": {"value": "D1"},
    "predecessor": {"value": "D0"},
    "type": {"coding": [{"code": "payment"}]},
    "request": {"reference": "Claim/k1"},
    "response": {"reference": "ClaimResponse/r1"},
    "date": "2026-03-01",
    "payee": {"reference": "Organization/clinic"},
    "amount": {"value": 12.5, "currency": "USD"},
}
PAYMENT = {"resourceType": "PaymentReconciliation", "id": "p1", "status": "active", "detail": [DETAIL]}


@pytest.fixture
def parts(rows, fhir_records):
    """The parts of a remittance besides its claims, and what it was told by."""
    told = translated(
        rows, remittance("CLP*C1*1*100*80**MB*ICN1~CAS*CO*45*20~", "CLP*C2*22*-50*-50**MB*ICN2~", PLB, paid="0")
    )
    return told, build(fhir_records(), told).orderBy("amount", "resource_id").collect()


def test_each_adjustment_of_a_remittance_is_a_part_of_its_payment_and_each_answer_names_it(parts, fhir_records):
    told, found = parts
    [whole] = payment.build(fhir_records(), told).collect()
    assert [one.amount for one in found] == [Decimal(text) for text in ("-15.5", "-15.5", "1")]
    assert {one.payment_id for one in found} == {whole.payment_id}
    assert len({one.payment_detail_id for one in found}) == 3
    assert [(one.is_claim, one.faults) for one in found] == [(False, [])] * 3
    answers = benefit.build(fhir_records(), told).collect()
    assert sorted(one.payment_amount for one in answers) == [Decimal(-50), Decimal(80)]
    assert {one.payment_ref for one in (*found, *answers)} == {f"PaymentReconciliation/{whole.resource_id}"}


def test_what_a_payer_took_back_says_why_of_what_and_from_whom(parts):
    taken = {one.type_codes[0].code: one for one in parts[1]}
    assert {code: (one.reference_number, one.amount) for code, one in taken.items()} == {
        "WO": ("ICN9", Decimal("-15.5")),
        "72": ("ICN8", Decimal("-15.5")),
        "L6": (None, Decimal("1")),
    }
    assert {one.payee_number for one in taken.values()} == {"1999999984"}
    assert {one.detail_date for one in taken.values()} == {datetime.date(2026, 12, 31)}


def test_the_details_of_a_record_of_care_fill_the_same_columns(only):
    row = only(PAYMENT)
    assert (row.payment_ref, row.part, row.is_claim, row.amount) == (
        "PaymentReconciliation/p1",
        1,
        True,
        Decimal("12.5"),
    )
    assert (row.claim_ref, row.response_ref, row.payee_ref) == ("Claim/k1", "ClaimResponse/r1", "Organization/clinic")
    assert (row.reference_number, row.predecessor_number) == ("D1", "D0")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"amount": None}, "no_amount"),
        ({"amount": {"value": "much"}}, "value_not_a_number"),
        ({"type": None}, "no_type"),
        ({"date": "2 March"}, "malformed_date"),
    ],
)
def test_a_part_that_cannot_be_reckoned_with_is_a_fault(only, change, fault):
    assert only({**PAYMENT, "detail": [{**DETAIL, **change}]}).faults == [fault]


def test_a_payment_that_says_no_details_gives_none_and_says_why(fhir_records):
    given = fhir_records(PAYMENT, {**PAYMENT, "id": "p2", "detail": []})
    assert [row[0] for row in given.select(without_row()).collect()] == [None, "without_details"]
    assert [row.resource_id for row in build(given).collect()] == ["p1"]
