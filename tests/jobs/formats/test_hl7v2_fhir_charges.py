"""Charges of HL7 v2 messages as FHIR: what was posted, exact, and in whose name."""

import pytest

from jobs.formats.hl7v2_fhir_charge import FEE_SCHEDULE, MODIFIER, PLACE, PLAN, PROCEDURE, TRANSACTION_TYPE, UNIT_PRICE
from jobs.formats.translation import write
from tests.jobs.formats.hl7v2_told import PID, PV1, bodies, codes, of_type, resources

CPT = "http://www.ama-assn.org/go/cpt"
ACCOUNT = f"{PID}{'|' * 10}A1^^^NORTH"
XRAY = (
    "FT1|1|T1|B1|20260301|20260302|CG|4711^Chest film^L|||2|100.10&USD|50.05&USD|RAD^Radiology||||||E11.9^^I10~I10^^I10"
    "|99^Doe^Jane^^^^^^NPI|98^Roe^Rae^^^^^^NPI||F1^LAB||71045^X-ray^C4|26~LT"
)
CHARGE = "ChargeItem/NORTH-7-FT1-T1-CG"


def charge(*segments, kind="DFT^P03"):
    return of_type("ChargeItem", PID, PV1, *segments, kind=kind)


def extended(body, url):
    return [
        one.get("valueCodeableConcept") or one["valueMoney"] for one in body.get("extension", []) if one["url"] == url
    ]


def test_a_charge_says_what_was_done_for_whom_by_whom_and_when():
    found = bodies(ACCOUNT, PV1, XRAY, kind="DFT^P03")
    body = found[CHARGE]
    assert (body["status"], codes(body["code"])) == ("billable", [("L", "4711")])
    assert [codes(one) for one in extended(body, PROCEDURE)] == [[(CPT, "71045")]]
    assert [one["text"] for one in extended(body, MODIFIER)] == ["26", "LT"]
    assert codes(extended(body, TRANSACTION_TYPE)[0])[0][1] == "CG"
    assert [one["value"] for one in body["identifier"]] == ["T1", "B1"]
    assert (body["occurrenceDateTime"], body["enteredDate"]) == ("2026-03-01", "2026-03-02")
    assert (body["subject"], body["context"]) == (
        {"reference": "Patient/NORTH-7"},
        {"reference": "Encounter/NORTH-V1"},
    )
    did, asked = (one["actor"]["reference"] for one in body["performer"])
    assert (did, asked) == ("Practitioner/NPI-99", "Practitioner/NPI-98")
    assert {did, asked, "Patient/NORTH-7"} <= found.keys()
    assert [codes(one)[0][1] for one in body["reason"]] == ["E11.9", "I10"]
    assert body["account"] == [{"type": "Account", "identifier": {"system": "NORTH", "value": "A1"}}]
    assert body["supportingInformation"][0]["identifier"] == {"system": "LAB", "value": "F1"}
    assert body["costCenter"]["display"] == "Radiology"


def test_a_charge_says_who_pays_by_which_fees_where_the_patient_was_and_who_entered_it():
    ft1 = "FT1|1|T1||20260301||CG|4711^Film^L||||||RAD|PPO^Gold^L||4W^12^1^NORTH|F2|||||||97^Poe^Eva"
    found = bodies(PID, PV1, ft1, kind="DFT^P03")
    body = found[CHARGE]
    assert codes(extended(body, PLAN)[0]) == [("L", "PPO")]
    assert codes(extended(body, FEE_SCHEDULE)[0]) == [("http://terminology.hl7.org/CodeSystem/v2-0024", "F2")]
    [place] = [one["valueReference"]["reference"] for one in body["extension"] if one["url"] == PLACE]
    assert (place, body["enterer"]["reference"]) == ("Location/NORTH-4W-12-1", "Practitioner/-97")
    assert {place, "Practitioner/-97"} <= found.keys()


def test_amounts_keep_the_digits_they_were_sent_with():
    text = write(resources(PID, PV1, XRAY, kind="DFT^P03")[CHARGE])
    assert '"priceOverride":{"value":100.10,"currency":"USD"}' in text
    assert '"valueMoney":{"value":50.05,"currency":"USD"}' in text
    assert extended(charge(XRAY), UNIT_PRICE) == [{"value": 50.05, "currency": "USD"}]


@pytest.mark.parametrize(("kind", "status"), [("CG", "billable"), ("CD", "billable"), ("PY", "not-billable"),
                                              ("AJ", "not-billable"), ("", "unknown"), ("ZZ", "unknown")])  # fmt: skip
def test_every_kind_of_transaction_is_kept_as_such(kind, status):
    body = charge(f"FT1|1|T1||20260301||{kind}|1^X^L")
    assert body["status"] == status
    assert [codes(one)[0][1] for one in extended(body, TRANSACTION_TYPE)] == ([kind] if kind else [])


def test_a_charge_and_its_credit_are_two_postings_and_a_posting_sent_again_is_one():
    credit = XRAY.replace("|CG|", "|CD|")
    found = resources(PID, PV1, XRAY, credit, kind="DFT^P03")
    assert [name for name in found if name.startswith("Charge")] == [CHARGE, "ChargeItem/NORTH-7-FT1-T1-CD"]
    again = resources(PID, PV1, XRAY, kind="DFT^P03", at="20260305120000-0500")
    assert again[CHARGE].last_updated > found[CHARGE].last_updated


def test_postings_without_a_number_are_told_apart():
    line = "FT1|1|||20260301||CG|1^X^L|||1|5"
    found = resources(PID, PV1, line, line, kind="DFT^P03")
    assert len([name for name in found if name.startswith("ChargeItem/")]) == 2


def test_the_diagnoses_the_visit_and_the_insurance_of_a_charge_are_told_as_ever():
    found = bodies(PID, PV1, XRAY, "DG1|1||I10^High^I10", "IN1|1|PPO^Gold|60054|Example Health", kind="DFT^P11")
    assert {name.split("/")[0] for name in found} >= {"Condition", "Encounter", "Coverage", "Patient", "ChargeItem"}
    assert resources(PID, PV1, XRAY, kind="DFT^P11")["Encounter/NORTH-V1"].last_updated is None


def test_what_is_no_number_and_no_time_is_passed_on_for_silver_to_name():
    body = charge("FT1|1|T1||20261399||CG|1^X^L|||two|abc|x")
    assert (body["occurrenceDateTime"], body["quantity"], body["priceOverride"]) == (
        "20261399",
        {"value": "two"},
        {"value": "abc"},
    )
    assert extended(body, UNIT_PRICE) == [{"value": "x"}]


def test_a_service_over_some_days_and_a_payment_in_words():
    body = charge("FT1|1|T1||20260301^20260303||PY||Cash at the desk||||25&EUR")
    assert body["occurrencePeriod"] == {"start": "2026-03-01", "end": "2026-03-03"}
    assert body["code"] == {"text": "Cash at the desk"}
