"""silver.benefit: explanations of benefit without their lines."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest

from jobs.silver.benefit import build

CCW = "https://bluebutton.cms.gov/resources/variables/"


def money(value):
    return {"value": value, "currency": "USD"}


def adjudication(code, value=None):
    said = {"category": {"coding": [{"system": "https://bluebutton.cms.gov/adjudication", "code": code}]}}
    return said if value is None else {**said, "amount": money(value)}


# As Synthea writes one: payer in a contained Coverage, amounts by Blue Button variables.
BENEFIT = {
    "resourceType": "ExplanationOfBenefit",
    "id": "b1",
    "contained": [
        {"resourceType": "ServiceRequest", "id": "referral", "status": "completed"},
        {
            "resourceType": "Coverage",
            "id": "coverage",
            "type": {"text": "Medicare"},
            "payor": [{"display": "Medicare"}],
        },
    ],
    "identifier": [{"system": "https://bluebutton.cms.gov/resources/variables/clm_id", "value": "k1"}],
    "status": "active",
    "type": {"coding": [{"code": "professional"}]},
    "use": "claim",
    "patient": {"reference": "Patient/1"},
    "billablePeriod": {"start": "2019-01-28T21:30:00+00:00", "end": "2020-01-28T21:30:00+00:00"},
    "created": "2019-01-28T21:30:00+00:00",
    "insurer": {"display": "Medicare"},
    "provider": {"reference": "Practitioner/p1"},
    "referral": {"reference": "#referral"},
    "facility": {"reference": "Location/l1"},
    "claim": {"reference": "Claim/k1"},
    "outcome": "complete",
    "careTeam": [
        {"sequence": 1, "provider": {"reference": "Practitioner/p1"}, "role": {"coding": [{"code": "primary"}]}}
    ],
    "insurance": [{"focal": True, "coverage": {"reference": "#coverage", "display": "Medicare"}}],
    "item": [
        {
            "sequence": 1,
            "productOrService": {"text": "Well child visit"},
            "servicedPeriod": {"start": "2019-01-28T21:15:00+00:00", "end": "2019-01-28T21:30:00+00:00"},
            "locationCodeableConcept": {"coding": [{"code": "19"}]},
            "encounter": [{"reference": "Encounter/e1"}],
        },
        {
            "sequence": 2,
            "productOrService": {"coding": [{"system": "http://hl7.org/fhir/sid/cvx", "code": "140"}]},
            "servicedPeriod": {"start": "2019-01-28T21:15:00+00:00", "end": "2019-01-28T21:30:00+00:00"},
            "net": money(136.0),
            "adjudication": [
                adjudication(f"{CCW}line_coinsrnc_amt", 27.200000000000003),
                adjudication(f"{CCW}line_prvdr_pmt_amt", 108.80000000000001),
                adjudication(f"{CCW}line_sbmtd_chrg_amt", 136.0),
                adjudication(f"{CCW}line_alowd_chrg_amt", 136.0),
                adjudication(f"{CCW}line_bene_ptb_ddctbl_amt", 0),
                adjudication(f"{CCW}line_prcsg_ind_cd"),
            ],
        },
    ],
    "total": [{"category": {"coding": [{"code": "submitted"}], "text": "Submitted Amount"}, "amount": money(704.2)}],
    "payment": {"amount": money(360.25600000000003)},
}


@pytest.fixture
def only(fhir_records):
    def make(resource):
        [row] = build(fhir_records(resource)).collect()
        return row

    return make


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
