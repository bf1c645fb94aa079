"""silver.claim: claims without their lines."""

from __future__ import annotations

import datetime
from decimal import Decimal

from jobs.silver.claim import build
from tests.bills import CLAIM


def test_a_claim_says_who_asks_whom_for_how_much(only):
    row = only(CLAIM)
    assert (row.patient_ref, row.provider_ref, row.payer_name) == ("Patient/1", "Organization/o1", "Anthem")
    assert (row.total_amount, row.currency, row.use) == (Decimal("704.2000"), "USD", "claim")
    assert (row.start_date, row.created_at) == (datetime.date(2020, 2, 3), datetime.datetime(2020, 2, 3, 21, 30))
    assert (row.encounter_refs, row.facility_ref, row.faults) == (["Encounter/e1"], "Location/l1", [])


def test_diagnoses_procedures_and_information_are_kept_in_order(only):
    row = only(CLAIM)
    assert (row.diagnoses[0].sequence, row.diagnoses[0].condition_ref) == (1, "Condition/c1")
    assert (row.procedures[0].procedure_ref, row.information[0].value_ref) == ("Procedure/p1", "Immunization/i1")


def test_a_coded_diagnosis_has_its_role_and_its_group(only):
    coded = {
        "sequence": 1,
        "diagnosisCodeableConcept": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "S61.411A"}]},
        "type": [{"coding": [{"code": "principal"}]}],
        "packageCode": {"coding": [{"code": "400"}]},
    }
    [diagnosis] = only({**CLAIM, "diagnosis": [coded]}).diagnoses
    assert (diagnosis.codes[0].code, diagnosis.type_codes[0].code, diagnosis.package_codes[0].code) == (
        "S61.411A",
        "principal",
        "400",
    )


def test_the_focal_coverage_pays(only):
    insurance = [
        {"focal": False, "coverage": {"reference": "Coverage/second"}},
        {"focal": True, "coverage": {"reference": "Coverage/first"}},
    ]
    assert only({**CLAIM, "insurance": insurance}).coverage_ref == "Coverage/first"


def test_a_reversal_with_a_negative_total_is_no_fault(only):
    row = only({**CLAIM, "total": {"value": -704.2, "currency": "USD"}})
    assert (row.total_amount, row.faults) == (Decimal("-704.2000"), [])


FAULTY = {
    "no_subject": {"patient": {}},
    "bad_period": {"billablePeriod": {"start": "2020-02-02", "end": "2020-02-01"}},
    "malformed_date": {"billablePeriod": {"start": "2020-00-02"}},
}


def test_what_cannot_be_used_says_why(fhir_records):
    rows = build(fhir_records(*[{**CLAIM, **given, "id": fault} for fault, given in FAULTY.items()])).collect()
    assert {row.resource_id: row.faults for row in rows} == {fault: [fault] for fault in FAULTY}


OURS = "https://lakeward.dev/fhir"


def test_a_line_of_another_claim_is_no_claim_and_is_left_out_by_name(fhir_records):
    from jobs.silver.claim import without_row

    part = {**CLAIM, "id": "x", "extension": [{"url": f"{OURS}/part-of", "valueReference": {"reference": "Claim/k1"}}]}
    records = fhir_records(CLAIM, part)
    assert [row.resource_id for row in build(records).collect()] == ["k1"]
    assert [row[0] for row in records.select(without_row()).collect()] == [None, "line_of_another"]


def test_a_claim_whose_lines_others_tell_names_its_encounter_itself(only):
    whole = {"url": f"{OURS}/encounter", "valueReference": {"reference": "Encounter/own"}}
    given = {k: v for k, v in CLAIM.items() if k != "item"}
    assert only({**given, "extension": [whole]}).encounter_refs == ["Encounter/own"]
    assert only({**CLAIM, "extension": [whole]}).encounter_refs == ["Encounter/e1", "Encounter/own"]


def test_a_claim_names_every_claim_that_it_stands_for(only):
    number = {"system": "payer", "value": "P1"}
    related = [
        {"claim": {"reference": "Claim/k0"}, "relationship": {"coding": [{"code": "prior"}]}},
        {"claim": {"reference": "Claim/other"}, "relationship": {"coding": [{"code": "associated"}]}},
        {"claim": {"identifier": number}, "relationship": {"coding": [{"code": "prior"}]}},
    ]
    assert only({**CLAIM, "related": related}).replaced_claim_refs == ["Claim/k0", "Claim?identifier=payer|P1"]
    assert only(CLAIM).replaced_claim_refs == []


def test_a_claim_to_a_later_payer_says_what_those_before_paid(only):
    paid = [
        {"url": f"https://lakeward.dev/fhir/{name}", "valueMoney": {"value": value, "currency": "USD"}}
        for name, value in (("prior-payer-paid", 75.25), ("prior-payer-left-to-patient", 20))
    ]
    insurance = [{"sequence": 3, "focal": True}, *[{"sequence": n, "focal": False, "extension": paid} for n in (1, 2)]]
    assert only({**CLAIM, "insurance": insurance}).prior_paid_amount == Decimal("150.5000")
    assert only(CLAIM).prior_paid_amount is None
