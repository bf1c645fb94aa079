"""silver.charge: what was posted to accounts, and which of it is evidence that something was done."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest

from jobs.columns import concepts
from jobs.formats.hl7v2_fhir_charge import (
    FEE_SCHEDULE,
    MODIFIER,
    PLACE,
    PLAN,
    PROCEDURE,
    TRANSACTION_TYPE,
    UNIT_PRICE,
)
from jobs.silver._event_charge import of_charges
from jobs.silver.charge import build

CPT = "http://www.ama-assn.org/go/cpt"
DAY = datetime.date(2026, 3, 1)


def said(url, code, system=None):
    return {"url": url, "valueCodeableConcept": {"coding": [{"system": system, "code": code}]}}


CHARGE = {
    "resourceType": "ChargeItem",
    "id": "c1",
    "extension": [
        said(TRANSACTION_TYPE, "CG"),
        said(PROCEDURE, "71045", CPT),
        said(MODIFIER, "26"),
        said(MODIFIER, "LT"),
        {"url": UNIT_PRICE, "valueMoney": {"value": "50.0525"}},
        said(PLAN, "PPO"),
        said(FEE_SCHEDULE, "F2"),
        {"url": PLACE, "valueReference": {"reference": "Location/4W"}},
    ],
    "enterer": {"reference": "Practitioner/7"},
    "identifier": [{"type": {"text": "batch"}, "value": "B1"}, {"value": "T1"}],
    "status": "billable",
    "code": {"coding": [{"system": "L", "code": "4711"}], "text": "Chest film"},
    "subject": {"reference": "Patient/1"},
    "context": {"reference": "Encounter/2"},
    "occurrenceDateTime": "2026-03-01",
    "enteredDate": "2026-03-02T09:00:00-05:00",
    "performer": [
        {"function": {"coding": [{"code": "OP"}]}, "actor": {"reference": "Practitioner/8"}},
        {"actor": {"reference": "Practitioner/9"}},
    ],
    "costCenter": {"identifier": {"value": "RAD"}, "display": "Radiology"},
    "quantity": {"value": 2},
    "priceOverride": {"value": "100.1050", "currency": "USD"},
    "reason": [{"coding": [{"code": "I10"}]}],
    "supportingInformation": [{"type": "ServiceRequest", "identifier": {"system": "LAB", "value": "F1"}}],
}


def test_a_charge_says_what_for_whom_how_many_and_how_much(only):
    row = only(CHARGE)
    assert (row.kind_code, row.transaction_number, row.codes[0].code, row.code_text) == (
        "CG",
        "T1",
        "4711",
        "Chest film",
    )
    assert (row.procedure_codes[0].code, [one.code for one in row.modifier_codes]) == ("71045", ["26", "LT"])
    assert (row.amount, row.unit_price, row.quantity) == (Decimal("100.1050"), Decimal("50.0525"), Decimal(2))
    assert (row.currency, row.start_date, row.entered_at) == ("USD", DAY, datetime.datetime(2026, 3, 2, 14))
    assert (row.performer_ref, row.requester_ref) == ("Practitioner/9", "Practitioner/8")
    assert (row.patient_ref, row.encounter_ref) == ("Patient/1", "Encounter/2")
    assert (row.cost_center_ref, row.cost_center_text) == ("Organization?identifier=|RAD", "Radiology")
    assert (row.supporting_refs, row.faults) == (["ServiceRequest?identifier=LAB|F1"], [])
    assert (row.enterer_ref, row.location_ref) == ("Practitioner/7", "Location/4W")
    assert (row.plan_codes[0].code, row.fee_schedule_codes[0].code) == ("PPO", "F2")


def test_a_charge_of_a_source_that_says_no_more_than_fhir_asks_for(only):
    row = only({name: CHARGE[name] for name in ("resourceType", "id", "status", "code", "subject", "enteredDate")})
    assert (row.kind_code, row.transaction_number, row.amount, row.procedure_codes) == (None, None, None, [])
    assert (row.performer_ref, row.modifier_codes, row.faults) == (None, [], [])
    assert (row.enterer_ref, row.location_ref, row.plan_codes, row.fee_schedule_codes) == (None, None, [], [])


def test_what_a_charge_cannot_do_without_is_a_fault_by_name_and_no_amount_is_rounded(fhir_records):
    wrong = {
        "no_subject": {"subject": None},
        "no_code": {"code": None, "extension": None},
        "no_date": {"occurrenceDateTime": None, "enteredDate": None},
        "amount_not_exact": {"priceOverride": {"value": 100.10505}},
        "value_not_a_number": {"quantity": {"value": "two"}, "priceOverride": {"value": "a hundred"}},
        "malformed_date": {"occurrenceDateTime": "20261399"},
    }
    given = [{k: v for k, v in {**CHARGE, **change, "id": name.replace("_", "-")}.items() if v is not None}
             for name, change in wrong.items()]  # fmt: skip
    found = {row.resource_id.replace("-", "_"): row.faults for row in build(fhir_records(*given)).collect()}
    assert found == {name: [name] for name in wrong}


POSTED = {"tenant": "demo", "feed": "adt_hl7v2", "patient_id": 7, "patient_ref": "Patient/p", "record_id": 50,
          "status": "billable", "kind_code": "CG", "start_date": DAY, "entered_date": DAY, "codes": [],
          "procedure_codes": [(CPT, "71045", None, None, None)], "service_refs": [], "quantity": Decimal(1),
          "amount": Decimal(100)}  # fmt: skip
BACK = POSTED | {"kind_code": "CD"}
LATER = {"entered_date": datetime.date(2026, 3, 9)}
OTHER = {"patient_ref": "Patient/q"}
# Each in a number of its own unless the number is what it is about; all are judged in one go: a plan is what costs.
CHARGES = {
    "stands": POSTED | {"transaction_number": "1"},
    "taken back": POSTED | {"transaction_number": "2"},
    "credit of it": BACK | {"transaction_number": "2"} | LATER,
    "taken back in part": POSTED | {"transaction_number": "3"},
    "credit of a part": BACK | {"transaction_number": "3", "amount": Decimal(10)},
    "another code of that number": POSTED
    | {"transaction_number": "2", "procedure_codes": [(CPT, "99213", None, None, None)]},
    "of another patient": POSTED | {"transaction_number": "2"} | OTHER,
    "charged anew": POSTED | {"transaction_number": "4"} | LATER,
    "credit before": BACK | {"transaction_number": "4"},
    "below zero": POSTED | {"transaction_number": "5", "quantity": Decimal(-1), "amount": Decimal(-100)},
    "taken back by it": POSTED | {"transaction_number": "5"},
    "alike, first": POSTED | {"start_date": datetime.date(2026, 2, 1)},
    "alike, second": POSTED | {"start_date": datetime.date(2026, 2, 1)} | LATER,
    "credit of another number": BACK | {"start_date": datetime.date(2026, 2, 1), "transaction_number": "99"},
    "payment": POSTED | {"kind_code": "PY", "transaction_number": "6"},
    "of no kind": POSTED | {"kind_code": None, "status": "unknown", "transaction_number": "7"},
    "of FHIR": POSTED | {"kind_code": None, "transaction_number": "8"},
    "of a procedure it names": POSTED | {"service_refs": ["Procedure/1"], "transaction_number": "9"},
    "in local words": POSTED | {"procedure_codes": [("L", "4711", None, None, None)], "transaction_number": "10"},
    "by its price list": POSTED
    | {"procedure_codes": [], "codes": [("L", "4711", None, None, None), (CPT, "71045", None, None, None)]}
    | {"transaction_number": "11"},
    "by price list and procedure": POSTED | {"codes": [("L", "4712", None, None, None)], "transaction_number": "14"},
    "credit by its price list": BACK
    | {"codes": [("L", "4712", None, None, None)], "procedure_codes": [], "transaction_number": "14"},
    "withdrawn": POSTED | {"status": "entered-in-error", "transaction_number": "12"},
    "planned": POSTED | {"status": "planned", "transaction_number": "13"},
}


@pytest.fixture(scope="module")
def names():
    return dict(enumerate(CHARGES))


def test_a_charge_that_nobody_took_back_is_evidence_that_it_was_done(rows, names):
    given = [one | {"charge_id": at} for at, one in enumerate(CHARGES.values())]
    stated = {names[row.source_row_id]: row for row in of_charges(rows("silver.charge", *given)).collect()}
    assert {name: row.excluded for name, row in stated.items()} == {
        "stands": None, "taken back": "credited", "taken back in part": None, "another code of that number": None,
        "of another patient": None, "charged anew": None, "taken back by it": "credited", "alike, first": "credited",
        "alike, second": None, "of FHIR": None, "by its price list": None, "withdrawn": "entered_in_error",
        "planned": "planned", "by price list and procedure": "credited",
    }  # fmt: skip
    row = stated["by its price list"]
    assert (row.home, row.type_concept_id, row.start_date) == (
        "procedure_occurrence",
        concepts.TYPE_EHR_BILLING,
        DAY,
    )
    assert [one.code for one in row.codes] == ["71045"]
