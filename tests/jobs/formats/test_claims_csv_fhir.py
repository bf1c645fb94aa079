"""Rows of flat claim extracts as FHIR: claims with their lines, pharmacy claims, enrolment."""

import datetime
import json
import random
import re
import zoneinfo
from decimal import Decimal

import yaml

from jobs.formats import claims_csv_fhir, translation

RECEIVED = datetime.datetime(2026, 3, 9, tzinfo=datetime.UTC)
ZONE = zoneinfo.ZoneInfo("America/New_York")
MONEY = ", ".join(
    f"{name}: {{type: decimal, scale: 2}}"
    for name in ("charge", "allowed", "paid", "deductible", "copay", "coinsurance")
)
WHO = "member_id: {}, family_name: {}, given_name: {}, birth_date: {type: date}, sex: {}, plan_id: {}"
OPTIONS = yaml.safe_load(f"""
files:
  enrolment:
    key: [member_id, start_date]
    columns: {{{WHO}, plan_name: {{}}, street: {{}}, city: {{}}, state: {{}}, postal_code: {{}}, phone: {{}},
      start_date: {{type: date}}, end_date: {{type: date}}, dependent_number: {{}}, relationship: {{}}}}
  claim_header:
    key: [claim_number]
    columns: {{claim_number: {{}}, version: {{type: integer}}, patient_control_number: {{}}, {WHO}, claim_type: {{}},
      status: {{}}, frequency_code: {{}}, replaces_claim_number: {{}}, service_from: {{type: date}},
      service_to: {{type: date}}, paid_date: {{type: date}}, bill_type: {{}}, drg: {{}}, diagnosis_1: {{}},
      diagnosis_2: {{}}, procedure_1: {{}}, billing_npi: {{}}, rendering_npi: {{}}, discharge_status: {{}}, {MONEY}}}
  claim_line:
    key: [claim_number, line_number]
    columns: {{claim_number: {{}}, version: {{type: integer}}, line_number: {{type: integer}}, member_id: {{}},
      plan_id: {{}}, service_date: {{type: date}}, revenue_code: {{}}, procedure_code: {{}}, modifier_1: {{}},
      ndc: {{}}, units: {{type: decimal}}, {MONEY}}}
  pharmacy_claim:
    key: [rx_claim_id]
    columns: {{rx_claim_id: {{}}, reverses: {{}}, {WHO}, transaction: {{}}, fill_date: {{type: date}}, ndc: {{}},
      drug_name: {{}}, quantity: {{type: decimal}}, days_supply: {{type: integer}}, prescriber_npi: {{}},
      pharmacy_npi: {{}}, dispensing_fee: {{type: decimal}}, {MONEY}}}
""")
PERSON = {
    "member_id": "M1", "family_name": "Muñoz", "given_name": "Ana", "birth_date": "1970-05-03", "sex": "F",
    "plan_id": "P1",
}  # fmt: skip
MONEY_TOLD = {
    "charge": "120.50", "allowed": "100.00", "paid": "80.00", "deductible": "10", "copay": "5", "coinsurance": "5",
}  # fmt: skip
CLAIM = {
    **PERSON, **MONEY_TOLD, "claim_number": "ICN1", "patient_control_number": "C1", "claim_type": "professional",
    "status": "paid", "service_from": "2026-01-05", "service_to": "2026-01-06", "paid_date": "2026-02-01",
    "diagnosis_1": "E119", "diagnosis_2": "I10", "billing_npi": "1999999984",
}  # fmt: skip
LINE = {
    **MONEY_TOLD, "claim_number": "ICN1", "line_number": "1", "service_date": "2026-01-05", "procedure_code": "99213",
    "modifier_1": "25", "units": "1.5",
}  # fmt: skip
FILL = {
    **PERSON, **MONEY_TOLD, "rx_claim_id": "RX1", "transaction": "P", "fill_date": "2026-01-10", "ndc": "00093721410",
    "drug_name": "Metformin", "quantity": "60", "days_supply": "30", "prescriber_npi": "1999999976",
    "pharmacy_npi": "1999999968",
}  # fmt: skip


def source(**columns):
    return translation.Source("claims_csv", "demo", ZONE, OPTIONS, columns)


FEED = source()


def row(kind, cells):
    return translation.Said(kind, "k", ",".join(cells.values()).encode(), ",".join(cells).encode(), RECEIVED)


def said(kind, cells, feed=FEED):
    found = {}
    for one in claims_csv_fhir.translate(row(kind, cells), feed):
        text = json.loads(translation.write(one), parse_float=Decimal, parse_int=Decimal)
        found[one.resource_type, one.resource_id] = (one.last_updated, text)
    return found


def only(kind, found):
    [one] = [text for (name, _), (_, text) in found.items() if name == kind]
    return one


def code(concept):
    return [one["code"] for one in concept["coding"]]


def amounts(adjudications):
    return {one["category"]["coding"][0]["code"]: one["amount"]["value"] for one in adjudications}


def test_a_header_is_a_claim_a_benefit_and_an_encounter():
    found = said("claim_header", CLAIM)
    claim, benefit, encounter = (only(kind, found) for kind in ("Claim", "ExplanationOfBenefit", "Encounter"))
    assert (claim["id"], claim["status"], claim["billablePeriod"]) == (
        "ICN1", "active", {"start": "2026-01-05", "end": "2026-01-06"},
    )  # fmt: skip
    assert claim["patient"] == {"reference": "Patient/member-P1-M1"}
    assert [code(one["diagnosisCodeableConcept"]) for one in claim["diagnosis"]] == [["E11.9"], ["I10"]]
    assert claim["total"]["value"] == Decimal("120.50")
    assert benefit["claim"] == {"reference": "Claim/ICN1"}
    assert amounts(benefit["total"]) == {
        "submitted": Decimal("120.50"), "eligible": 100, "benefit": 80, "deductible": 10, "copay": 5, "coinsurance": 5,
    }  # fmt: skip
    assert benefit["payment"] == {"date": "2026-02-01", "amount": {"value": 80, "currency": "USD"}}
    assert "item" not in claim
    assert claim["extension"][0]["valueReference"] == {"reference": f"Encounter/{encounter['id']}"}
    assert found["Claim", "ICN1"][0] == datetime.datetime(2026, 2, 1, tzinfo=ZONE)


def test_a_claim_has_the_numbers_by_which_x12_knows_it():
    [payers, providers] = only("Claim", said("claim_header", CLAIM))["identifier"]
    assert payers == {"system": "https://lakeward.dev/fhir/payer-claim-number/P1", "value": "ICN1"}
    assert providers == {"system": "https://lakeward.dev/fhir/patient-control-number/npi-1999999984", "value": "C1"}


def test_a_line_is_a_part_of_its_claim_and_of_its_benefit():
    found = said("claim_line", LINE)
    claim, benefit = only("Claim", found), only("ExplanationOfBenefit", found)
    assert claim["extension"] == [
        {"url": "https://lakeward.dev/fhir/part-of", "valueReference": {"reference": "Claim/ICN1"}}
    ]
    assert benefit["extension"][0]["valueReference"] == {"reference": "ExplanationOfBenefit/ICN1"}
    assert benefit["claim"] == {"reference": "Claim/ICN1"}
    [line] = benefit["item"]
    assert (line["sequence"], code(line["productOrService"]), line["quantity"]["value"]) == (
        1,
        ["99213"],
        Decimal("1.5"),
    )
    assert line["encounter"] == [{"reference": "Encounter/ICN1"}]
    assert amounts(line["adjudication"])["benefit"] == 80
    assert "total" not in benefit
    assert "payment" not in benefit
    assert "patient" not in claim


def test_a_line_points_to_diagnoses_by_letters_too_and_its_number_may_have_zeros():
    options = {**OPTIONS, "files": {**OPTIONS["files"]}}
    columns = {**OPTIONS["files"]["claim_line"]["columns"], "line_number": {}, "diagnosis_pointers": {}}
    options["files"]["claim_line"] = {**OPTIONS["files"]["claim_line"], "columns": columns}
    feed = FEED._replace(options=options)
    found = []
    for number, pointers in (("01", "AC"), ("2", "1:2"), ("00", "A|b")):
        told = said("claim_line", {**LINE, "line_number": number, "diagnosis_pointers": pointers}, feed)
        [item] = only("Claim", told)["item"]
        found.append((item.get("sequence"), item["diagnosisSequence"]))
    assert found == [(1, [1, 3]), (2, [1, 2]), (None, [1, 2])]


def test_a_line_that_names_its_member_has_a_patient():
    claim = only("Claim", said("claim_line", {**LINE, "member_id": "M1", "plan_id": "P1"}))
    assert claim["patient"] == {"reference": "Patient/member-P1-M1"}


def test_a_version_stands_for_the_one_before_and_its_lines_are_its_own():
    claim = only("Claim", said("claim_header", {**CLAIM, "version": "2"}))
    assert (claim["id"], claim["related"][0]["claim"]) == ("ICN1-2", {"reference": "Claim/ICN1-1"})
    line = only("Claim", said("claim_line", {**LINE, "version": "2"}))
    assert line["extension"][0]["valueReference"] == {"reference": "Claim/ICN1-2"}


def test_a_void_is_cancelled_and_names_what_it_takes_back():
    found = said(
        "claim_header", {**CLAIM, "claim_number": "ICN2", "frequency_code": "8", "replaces_claim_number": "ICN1"}
    )
    assert [only(kind, found)["status"] for kind in ("Claim", "ExplanationOfBenefit")] == ["cancelled"] * 2
    # Another claim may stand for the same visit.
    assert only("Encounter", found)["status"] == "finished"
    asked = only("Claim", found)["related"][0]["claim"]["identifier"]
    assert asked in only("Claim", said("claim_header", CLAIM))["identifier"]


def test_a_stay_has_its_bill_type_and_ends_when_the_patient_left():
    told = {
        **CLAIM,
        "claim_type": "I",
        "bill_type": "0111",
        "drg": "280",
        "procedure_1": "02703DZ",
        "discharge_status": "01",
    }
    found = said("claim_header", told)
    claim, encounter = only("Claim", found), only("Encounter", found)
    assert (code(claim["type"]), code(claim["subType"]), encounter["class"]["code"]) == (
        ["institutional"],
        ["111"],
        "IMP",
    )
    assert code(claim["diagnosis"][0]["packageCode"]) == ["280"]
    assert code(claim["procedure"][0]["procedureCodeableConcept"]) == ["02703DZ"]
    assert encounter["period"] == {"start": "2026-01-05", "end": "2026-01-06"}


def test_a_claim_names_its_form_and_its_version_of_the_icd_as_payers_write_them():
    columns = {**OPTIONS["files"]["claim_header"]["columns"], "icd_version": {}}
    header = {**OPTIONS["files"]["claim_header"], "columns": columns}
    feed = FEED._replace(options={**OPTIONS, "files": {**OPTIONS["files"], "claim_header": header}})
    found = []
    for kind, version in (("Inpatient", "09"), ("UB-04", "ICD-9"), ("HCFA", "10")):
        cells = {**CLAIM, "claim_type": kind, "icd_version": version, "diagnosis_1": "25000"}
        claim = only("Claim", said("claim_header", cells, feed))
        found.append((code(claim["type"])[0], claim["diagnosis"][0]["diagnosisCodeableConcept"]["coding"][0]["system"]))
    nine, ten = "http://hl7.org/fhir/sid/icd-9-cm", "http://hl7.org/fhir/sid/icd-10-cm"
    assert found == [("institutional", nine), ("institutional", nine), ("professional", ten)]


def test_a_claim_that_is_called_inpatient_is_a_stay_unless_its_bill_says_another_thing():
    found = []
    for kind, bill in (("Inpatient", ""), ("Inpatient", "0131"), ("Outpatient", ""), ("P", "")):
        cells = {**CLAIM, "claim_type": kind, "bill_type": bill}
        found.append(only("Encounter", said("claim_header", cells))["class"]["code"])
    assert found == ["IMP", "AMB", "AMB", "AMB"]


def test_a_drg_is_told_also_where_no_diagnosis_is():
    bare = {**CLAIM, "diagnosis_1": "", "diagnosis_2": "", "drg": "470"}
    for cells, count in ((bare, 1), ({**bare, "diagnosis_2": "I10"}, 0)):
        claim = only("Claim", said("claim_header", cells))
        groups = [one for one in claim.get("supportingInfo", ()) if code(one["category"]) == ["drg"]]
        assert (len(groups), [code(one["packageCode"]) for one in claim.get("diagnosis", ())]) == (
            count, [["470"]] * (1 - count),
        )  # fmt: skip


def test_a_stay_says_who_attended_operated_and_referred_and_why_the_patient_was_admitted():
    more = {"attending_npi": "1999999976", "operating_npi": "1999999950", "referring_npi": "1999999943",
            "admitting_diagnosis": "R079"}  # fmt: skip
    columns = {**OPTIONS["files"]["claim_header"]["columns"], **{name: {} for name in more}}
    header = {**OPTIONS["files"]["claim_header"], "columns": columns}
    feed = FEED._replace(options={**OPTIONS, "files": {**OPTIONS["files"], "claim_header": header}})
    found = said("claim_header", {**CLAIM, **more, "claim_type": "institutional", "bill_type": "0111"}, feed)
    claim, encounter = only("Claim", found), only("Encounter", found)
    assert [(code(one["role"])[0], one["provider"]["reference"]) for one in claim["careTeam"]] == [
        ("attending", "Practitioner/npi-1999999976"), ("referring", "Practitioner/npi-1999999943"),
        ("operating", "Practitioner/npi-1999999950"),
    ]  # fmt: skip
    assert [code(one["type"][0]) for one in encounter["participant"]] == [
        ["ATND"], ["REF"],
    ]  # fmt: skip
    last = claim["diagnosis"][-1]
    assert (last["sequence"], code(last["diagnosisCodeableConcept"]), code(last["type"][0])) == (
        26, ["R07.9"], ["admitting"],
    )  # fmt: skip
    assert {name for kind, name in found if kind == "Practitioner"} == {
        "npi-1999999976", "npi-1999999950", "npi-1999999943",
    }  # fmt: skip


def test_a_fill_is_a_dispense_with_its_days_and_a_benefit_that_counts_once():
    found = said("pharmacy_claim", {**FILL, "dispensing_fee": "1.25"})
    dispense, benefit = only("MedicationDispense", found), only("ExplanationOfBenefit", found)
    assert dispense["medicationCodeableConcept"] == {
        "coding": [{"system": "http://hl7.org/fhir/sid/ndc", "code": "00093721410"}], "text": "Metformin",
    }  # fmt: skip
    assert (dispense["status"], dispense["quantity"]["value"], dispense["daysSupply"]["value"]) == ("completed", 60, 30)
    assert (dispense["whenHandedOver"], dispense["subject"]) == ("2026-01-10", {"reference": "Patient/member-P1-M1"})
    assert code(benefit["type"]) == ["pharmacy"]
    assert amounts(benefit["total"]) == amounts(benefit["item"][0]["adjudication"])
    assert amounts(benefit["total"])["dispensing-fee"] == Decimal("1.25")
    assert dispense["id"] == benefit["id"] == only("Claim", found)["id"] == "RX1"


def test_a_reversal_takes_back_the_fill_it_names_and_its_amounts_undo_the_money():
    back = {name: f"-{value}" for name, value in MONEY_TOLD.items()}
    found = said("pharmacy_claim", {**FILL, **back, "rx_claim_id": "RX2", "transaction": "R", "reverses": "RX1"})
    assert found["MedicationDispense", "RX1"][1]["status"] == "cancelled"
    assert found["Claim", "RX1"][1]["status"] == "cancelled"
    assert ("ExplanationOfBenefit", "RX1") not in found
    assert amounts(found["ExplanationOfBenefit", "RX2"][1]["total"])["benefit"] == -80
    first = said("pharmacy_claim", FILL)["MedicationDispense", "RX1"][0]
    assert found["MedicationDispense", "RX1"][0] > first


def test_a_reversal_that_repeats_the_amounts_of_the_fill_undoes_them():
    told = {**MONEY_TOLD, "charge": "0", "deductible": "-10"}
    for money, paid, deductible in ((MONEY_TOLD, -80, -10), (told, -80, 10)):
        benefit = only(
            "ExplanationOfBenefit",
            said("pharmacy_claim", {**FILL, **money, "rx_claim_id": "RX2", "transaction": "R"}),
        )
        found = amounts(benefit["total"])
        assert (found["benefit"], found["deductible"], benefit["payment"]["amount"]["value"]) == (
            paid, deductible, paid,
        )  # fmt: skip
    assert amounts(only("ExplanationOfBenefit", said("pharmacy_claim", FILL))["total"])["benefit"] == 80


def test_an_enrolment_is_a_coverage_with_its_time_and_a_patient_in_full():
    told = {
        **PERSON, "plan_name": "Bay Plan", "street": "1 Elm St", "city": "Boston", "state": "MA",
        "postal_code": "02101", "phone": "555-0100", "start_date": "2025-01-01", "end_date": "9999-12-31",
    }  # fmt: skip
    found = said("enrolment", told)
    coverage, patient, payer = only("Coverage", found), only("Patient", found), only("Organization", found)
    assert coverage["period"] == {"start": "2025-01-01"}
    assert coverage["beneficiary"] == coverage["subscriber"] == {"reference": "Patient/member-P1-M1"}
    assert coverage["payor"] == [{"reference": "Organization/payer-P1", "display": "Bay Plan"}]
    assert (patient["name"], patient["birthDate"], patient["gender"]) == (
        [{"family": "Muñoz", "given": ["Ana"]}], "1970-05-03", "female",
    )  # fmt: skip
    assert (patient["address"][0]["postalCode"], patient["telecom"][0]["value"]) == ("02101", "555-0100")
    assert payer["name"] == "Bay Plan"


def test_what_a_claim_says_of_its_member_in_passing_is_older_than_any_enrolment():
    assert said("claim_header", CLAIM)["Patient", "member-P1-M1"][0] is None
    assert said("enrolment", {**PERSON, "start_date": "2025-01-01"})["Patient", "member-P1-M1"][0] == RECEIVED


def test_two_spans_of_one_member_are_two_coverages_of_one_patient():
    first = said("enrolment", {**PERSON, "start_date": "2024-01-01", "end_date": "2024-12-31"})
    second = said("enrolment", {**PERSON, "start_date": "2025-01-01"})
    assert only("Coverage", first)["id"] != only("Coverage", second)["id"]
    assert only("Patient", first)["id"] == only("Patient", second)["id"]


def test_rows_of_other_kinds_and_rows_without_their_key_say_nothing():
    assert said("other", CLAIM) == {}
    assert said("claim_header", {**CLAIM, "claim_number": ""}) == {}
    assert said("pharmacy_claim", {**FILL, "rx_claim_id": ""}) == {}


def test_claims_make_no_encounters_where_the_feed_says_so():
    quiet = source(encounters=False)
    assert not [kind for kind, _ in said("claim_header", CLAIM, quiet) if kind == "Encounter"]
    assert "encounter" not in only("Claim", said("claim_line", LINE, quiet))["item"][0]


def test_spoilt_rows_never_raise_and_ids_stay_ids(spoilt):
    chance = random.Random(5)
    for kind, cells in (("claim_header", CLAIM), ("claim_line", LINE), ("pharmacy_claim", FILL), ("enrolment", PERSON)):
        whole = row(kind, cells)
        for _ in range(spoilt(800, share=4)):
            data = bytearray(whole.payload)
            for _ in range(chance.randint(1, 4)):
                at = chance.randrange(len(data))
                data[at : at + chance.choice((0, 1, 1, 3))] = chance.choice(
                    (b",", b'"', b"\xff", b"0", b"-", b"\n", b"")
                )
            for _, name, _, _, text in claims_csv_fhir.translate_written(whole._replace(payload=bytes(data)), FEED):
                assert re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", name), kind
                assert json.loads(text)["id"] == name
