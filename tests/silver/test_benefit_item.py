"""silver.benefit_item: adjudicated lines of benefits."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest

from jobs.silver.benefit_item import build
from tests.bills import BENEFIT, CCW, adjudication, money


def benefit_of(*adjudications, **given):
    return {
        **BENEFIT,
        "item": [{"sequence": 1, "productOrService": {"text": "x"}, "adjudication": list(adjudications)}],
        **given,
    }


@pytest.fixture
def lines(fhir_records):
    def make(resource):
        return sorted(build(fhir_records(resource)).collect(), key=lambda row: (row.line is not None, row.line))

    return make


def test_the_amounts_of_a_line_by_what_they_stand_for(lines):
    row = lines(BENEFIT)[1]
    assert (row.submitted_amount, row.eligible_amount) == (Decimal("136.0000"), Decimal("136.0000"))
    assert (row.coinsurance_amount, row.benefit_amount) == (Decimal("27.2000"), Decimal("108.8000"))
    assert (row.deductible_amount, row.copay_amount, row.paid_by_patient_amount) == (Decimal("0.0000"), None, None)
    assert (row.net_amount, row.currency, row.faults) == (Decimal("136.0000"), "USD", [])


def test_a_line_without_amounts_is_a_line(lines):
    row = lines(BENEFIT)[0]
    assert (row.line, row.adjudications, row.submitted_amount, row.currency, row.faults) == (1, [], None, None, [])


def test_every_category_is_kept_also_without_an_amount(lines):
    said = lines(BENEFIT)[1].adjudications
    assert [(one.category.rsplit("/")[-1], one.amount) for one in said[-2:]] == [
        ("line_bene_ptb_ddctbl_amt", Decimal("0.0000")),
        ("line_prcsg_ind_cd", None),
    ]


def test_a_line_answers_the_line_of_the_claim_with_its_number(fhir_records):
    from jobs.silver.claim_item import build as claim_items

    claim = {"resourceType": "Claim", "id": "k1", "patient": {"reference": "Patient/1"}, "item": BENEFIT["item"]}
    claimed = {row.line: row.claim_item_id for row in claim_items(fhir_records(claim)).collect()}
    assert {row.line: row.claim_item_id for row in build(fhir_records(BENEFIT)).collect()} == claimed


def test_a_line_that_the_payer_split_answers_the_line_it_names(fhir_records):
    split = [{"sequence": n, "itemSequence": [1], "productOrService": {"text": "x"}} for n in (1, 2)]
    rows = build(fhir_records({**BENEFIT, "item": split})).collect()
    assert len({row.claim_item_id for row in rows}) == 1
    assert len({row.benefit_item_id for row in rows}) == 2


def test_a_line_has_its_service_dates_and_the_encounter_of_its_benefit(lines):
    row = lines(BENEFIT)[1]
    assert (row.start_date, row.encounter_ref, row.claim_ref) == (
        datetime.date(2019, 1, 28),
        "Encounter/e1",
        "Claim/k1",
    )


def test_the_payment_to_the_provider_is_not_added_to_the_whole_payment(lines):
    [row] = lines(benefit_of(adjudication(f"{CCW}line_nch_pmt_amt", 80), adjudication(f"{CCW}line_prvdr_pmt_amt", 80)))
    assert row.benefit_amount == Decimal("80.0000")


def test_what_went_to_provider_and_patient_is_added_up(lines):
    [row] = lines(benefit_of(adjudication("paidtoprovider", 50), adjudication("paidtopatient", 30)))
    assert row.benefit_amount == Decimal("80.0000")


def test_a_category_named_twice_counts_twice(lines):
    [row] = lines(benefit_of(adjudication("deductible", 10), adjudication("deductible", -2.5)))
    assert row.deductible_amount == Decimal("7.5000")


def test_a_category_coded_twice_counts_once_by_the_code_we_know(lines):
    twice = {"category": {"coding": [{"code": "local-17"}, {"code": "copay"}]}, "amount": money(15)}
    [row] = lines(benefit_of(twice, {"category": {"text": "fee"}, "amount": money(1)}))
    assert (row.copay_amount, [one.category for one in row.adjudications]) == (Decimal("15.0000"), ["copay", None])


def test_amounts_in_two_currencies_contradict_each_other(lines):
    euro = {"category": {"coding": [{"code": "copay"}]}, "amount": {"value": 1, "currency": "EUR"}}
    [row] = lines(benefit_of(adjudication("benefit", 1), euro))
    assert row.faults == ["mixed_currency"]


def test_a_benefit_entered_in_error_keeps_its_lines_and_their_status(lines):
    assert {row.status for row in lines({**BENEFIT, "status": "entered-in-error"})} == {"entered-in-error"}


def test_a_line_says_why_it_was_decided_so_and_what_was_billed_instead(lines):
    said = [("remark", "N4"), ("remark", "M15"), ("billed-as", "80053"), ("line-item-control-number", None)]
    given = benefit_of(adjudication("benefit", 1))
    given["item"][0]["extension"] = [
        {"url": f"https://lakeward.dev/fhir/{name}", "valueCodeableConcept": {"coding": [{"code": one}]}}
        for name, one in said
    ]
    [row] = lines(given)
    assert [one.code for one in row.remark_codes] == ["N4", "M15"]
    assert [one.code for one in row.billed_codes] == ["80053"]
