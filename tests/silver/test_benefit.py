"""silver.benefit: explanations of benefit without their lines."""

from __future__ import annotations

import datetime
from decimal import Decimal

from jobs.silver.benefit import build
from tests.bills import BENEFIT, adjudication, money


def test_a_benefit_says_which_claim_it_answers_and_how(only):
    row = only(BENEFIT)
    assert (row.claim_ref, row.outcome, row.provider_ref) == ("Claim/k1", "complete", "Practitioner/p1")
    assert (row.submitted_amount, row.payment_amount, row.currency) == (Decimal("704.2000"), Decimal("360.2560"), "USD")
    assert (row.benefit_amount, row.encounter_refs, row.faults) == (None, ["Encounter/e1"], [])
    assert (row.start_date, row.end_date) == (datetime.date(2019, 1, 28), datetime.date(2020, 1, 28))
    assert (row.care_team[0].provider_ref, row.care_team[0].role_codes[0].code) == ("Practitioner/p1", "primary")


def test_a_contained_coverage_is_read_where_it_stands(only):
    given = {k: v for k, v in BENEFIT.items() if k != "insurer"}
    row = only(given)
    assert (row.payer_name, row.coverage_type_text, row.coverage_ref) == ("Medicare", "Medicare", None)


def test_a_coverage_of_its_own_is_named(only):
    row = only({**BENEFIT, "insurance": [{"focal": True, "coverage": {"reference": "Coverage/v1"}}]})
    assert (row.coverage_ref, row.coverage_type_codes) == ("Coverage/v1", [])


def test_a_benefit_adjudicated_as_a_whole_has_its_amounts(only):
    row = only({**BENEFIT, "adjudication": [adjudication("benefit", 80), adjudication("submitted", 1)]})
    # The total of a kind goes before the header's own adjudication of it.
    assert (row.benefit_amount, row.submitted_amount) == (Decimal("80.0000"), Decimal("704.2000"))


def test_a_payment_has_its_day_and_its_kind(only):
    payment = {"date": "2019-02-01", "type": {"coding": [{"code": "complete"}]}, "amount": money(1)}
    row = only({**BENEFIT, "payment": payment})
    assert (row.payment_date, row.payment_type_codes[0].code) == (datetime.date(2019, 2, 1), "complete")


def test_a_benefit_without_amounts_has_none(only):
    row = only({k: v for k, v in BENEFIT.items() if k not in ("total", "payment")})
    assert (row.totals, row.submitted_amount, row.currency, row.faults) == ([], None, None, [])


def test_totals_in_two_currencies_contradict_each_other(only):
    row = only({**BENEFIT, "payment": {"amount": {"value": 1, "currency": "EUR"}}})
    assert row.faults == ["mixed_currency"]


def test_what_the_patient_owes_in_all_and_the_parts_of_a_drugs_price(only):
    totals = [
        {"category": {"coding": [{"code": code}]}, "amount": money(value)}
        for code, value in (("memberliability", 7.5), ("drugcost", 20), ("dispensing-fee", 1.25))
    ]
    row = only({**BENEFIT, "total": totals})
    assert (row.member_liability_amount, row.ingredient_cost_amount, row.dispensing_fee_amount) == (
        Decimal("7.5000"), Decimal("20.0000"), Decimal("1.2500")
    )  # fmt: skip


def test_a_line_of_another_benefit_is_no_benefit(fhir_records):
    url = "https://lakeward.dev/fhir/part-of"
    part = {"url": url, "valueReference": {"reference": "ExplanationOfBenefit/b1"}}
    rows = build(fhir_records(BENEFIT, {**BENEFIT, "id": "b1-line-1", "extension": [part]})).collect()
    assert [row.resource_id for row in rows] == ["b1"]
