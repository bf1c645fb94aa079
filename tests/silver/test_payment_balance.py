"""silver.payment_balance: payments come to their parts, to the cent."""

from __future__ import annotations

import os
import pathlib
from decimal import Decimal

import pytest

import schemas
from expectations.suite import suite
from jobs.silver import benefit, payment, payment_detail
from jobs.silver.payment_balance import build, excluded
from tests.remittances import remittance, translated

REFERENCE = pathlib.Path(os.environ.get("LAKEWARD_REFERENCE", "/work/shared/reference")) / "x12"
SAMPLES = sorted(path for path in REFERENCE.glob("*/*") if path.is_file() and "835" in path.name)
CLAIMS = "CLP*C1*1*100*80**MB*ICN1~CAS*CO*45*20~CLP*C2*22*-50*-50**MB*ICN2~"
PLB = "PLB*1999999984*20261231*WO:ICN9*15.5*L6*-1~"


@pytest.fixture
def balances(rows, fhir_records):
    """`balances(file, ...)`: the payments of remittances with what their parts come to."""

    def make(*files):
        told = translated(rows, *files)
        none = fhir_records()
        return build(*[job.build(none, told) for job in (payment, payment_detail, benefit)]).collect()

    return make


def test_a_payment_is_the_sum_of_its_claims_less_what_is_taken_back_and_what_is_missing_is_told(balances):
    files = (
        remittance(CLAIMS, PLB, paid="15.5"),
        remittance(CLAIMS, paid="30", trace="T2"),
        remittance(CLAIMS, PLB, paid="15.49", trace="T3"),
    )
    first, second, third = sorted(balances(*files), key=lambda row: row.payment_number)
    amounts = (first.amount, first.claims_amount, first.adjustments_amount, first.parts_amount)
    assert amounts == tuple(map(Decimal, ("15.5", "30", "-14.5", "15.5")))
    assert (first.claims, first.adjustments, first.difference) == (2, 2, 0)
    assert (second.claims, second.adjustments, second.parts_amount, second.difference) == (2, 0, 30, 0)
    assert (third.parts_amount, third.difference) == (Decimal("15.5"), Decimal("-0.01"))


def test_what_was_taken_back_or_is_of_another_currency_does_not_count(rows):
    known = {"tenant": "demo", "feed": "f", "payment_id": 1, "currency": "USD"}
    whole = {**known, "resource_type": "PaymentReconciliation", "amount": Decimal(10), "status": "active"}
    part = {**known, "is_claim": True, "amount": Decimal(10)}
    others = [{**part, "status": "cancelled"}, {**part, "currency": "CAD"}, {**part, "payment_id": 2}]
    details = rows("silver.payment_detail", part, *others)
    [row] = build(rows("silver.payment", whole), details, rows("silver.benefit")).collect()
    assert (row.claims, row.parts_amount, row.difference) == (1, Decimal(10), 0)


def test_a_payment_whose_parts_nobody_told_has_no_difference_and_a_notice_no_row(rows):
    known = {"tenant": "demo", "feed": "f", "amount": Decimal(10), "currency": "USD"}
    payments = rows(
        "silver.payment",
        {**known, "payment_id": 1, "resource_type": "PaymentReconciliation"},
        {**known, "payment_id": 2, "resource_type": "PaymentNotice"},
    )
    [row] = build(payments, rows("silver.payment_detail"), rows("silver.benefit")).collect()
    assert (row.payment_id, row.claims, row.parts_amount, row.difference) == (1, 0, None, None)
    assert [one[0] for one in payments.orderBy("payment_id").select(excluded()).collect()] == [None, "notice"]


def test_a_payment_that_is_not_the_sum_of_its_parts_is_a_warning(rows):
    [check] = [one for one in suite(schemas.table("silver.payment_balance")) if one.name == "parts_sum_to_payment"]
    given = rows(
        "silver.payment_balance",
        {"payment_id": 1, "difference": Decimal("0.01"), "status": "active"},
        {"payment_id": 2, "difference": Decimal(0), "status": "active"},
        {"payment_id": 3, "difference": Decimal(5), "status": "cancelled"},
    )
    assert check.severity == "warn"
    assert [row.payment_id for row in given.where(check.among).where(check.fails).collect()] == [1]


@pytest.mark.skipif(not SAMPLES, reason="the public samples are not here")
def test_the_payments_of_the_public_samples_come_to_their_parts_to_the_cent(balances):
    # The last has six payments whose amounts and numbers were made one by those who took the names out.
    files = [path.read_bytes() for path in SAMPLES if path.name != "835_DeIdent_02.dat"]
    found = sorted((row.claims, row.amount, row.claims_amount, row.difference) for row in balances(*files))
    assert found == [
        (2, Decimal("945.00"), Decimal("945.00"), 0),
        (2, Decimal("1222.00"), Decimal("1222.00"), 0),
        # Here the amount of the payment was blanked: 99999.99.
        (96, Decimal("99999.99"), Decimal("66417.62"), Decimal("33582.37")),
    ]
