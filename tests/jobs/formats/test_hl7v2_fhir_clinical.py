"""Diagnoses, allergies, insurance, vaccines and notes of HL7 v2 messages as FHIR."""

import base64

import pytest

from tests.jobs.formats.hl7v2_told import PID, PV1, UCUM, bodies, codes, of_type, resources


def test_diagnoses_are_conditions_of_the_visit_and_its_reasons():
    segments = (
        PID,
        PV1,
        "DG1|1||R07.9^Chest pain^I10||202603010900-0500|A|||||||||1",
        "DG1|2|I10|I21.4||20260302|F|||||||||1|97^Roe^Rae^^^^^^NPI",
    )
    found = bodies(*segments, kind="ADT^A08")
    pain, infarct = found["Condition/NORTH-V1-DG1-I10-R07.9"], found["Condition/NORTH-V1-DG1-I10-I21.4"]
    assert codes(pain["code"]) == [("http://hl7.org/fhir/sid/icd-10-cm", "R07.9")]
    assert (pain["onsetDateTime"], codes(pain["verificationStatus"])[0][1]) == (
        "2026-03-01T09:00:00-05:00",
        "provisional",
    )
    assert (infarct["recordedDate"], codes(infarct["verificationStatus"])[0][1]) == (
        "2026-03-01T12:00:00-05:00",
        "confirmed",
    )
    assert (infarct["encounter"], infarct["asserter"]["reference"]) == (
        {"reference": "Encounter/NORTH-V1"},
        "Practitioner/NPI-97",
    )
    assert [(one["condition"]["reference"], codes(one["use"])[0][1], one["rank"]) for one in
            found["Encounter/NORTH-V1"]["diagnosis"]] == [
        ("Condition/NORTH-V1-DG1-I10-R07.9", "AD", 1), ("Condition/NORTH-V1-DG1-I10-I21.4", "DD", 1),
    ]  # fmt: skip


def test_a_diagnosis_sent_twice_is_one_and_its_final_word_stands():
    final, working = "DG1|1||I10^Hypertension^I10|||F", "DG1|2||I10^Hypertension^I10|||W"
    body = of_type("Condition", PID, PV1, final, working, kind="ADT^A08")
    assert codes(body["verificationStatus"])[0][1] == "confirmed"


def test_what_is_deleted_by_its_action_is_taken_back():
    segments = (PID, PV1, f"DG1|1||I10^Hypertension^I10|||F{'|' * 14}D1^EHR|D", "IAM|2|DA|1^Penicillin^L|||D|A1^EHR")
    found = resources(*segments, kind="ADT^A08")
    assert {name: one.method for name, one in found.items() if name.startswith(("Cond", "Aller"))} == {
        "Condition/NORTH-7-DG1-EHR-D1": "DELETE",
        "AllergyIntolerance/NORTH-7-AL1-EHR-A1": "DELETE",
    }


def test_an_allergy_says_to_what_how_bad_and_how_it_shows():
    body = of_type(
        "AllergyIntolerance", PID, "AL1|1|DA|7980^Penicillin^RXNORM|SV|Hives~Wheeze|20200101", kind="ADT^A28"
    )
    assert codes(body["code"]) == [("http://www.nlm.nih.gov/research/umls/rxnorm", "7980")]
    assert (body["category"], body["criticality"], body["onsetDateTime"]) == (["medication"], "high", "2020-01-01")
    assert [(one["manifestation"][0]["text"], one["severity"]) for one in body["reaction"]] == [
        ("Hives", "severe"), ("Wheeze", "severe"),
    ]  # fmt: skip


def test_an_insurance_says_who_pays_for_whom():
    in1 = (
        "IN1|1|PPO^Gold plan|60054^^^NAIC|Example Health|||||||Group"
        "|20260101|20261231||HMO|Example^Ada|SEL^Self^HL70063|||||||||||||||||||M123"
    )
    found = bodies(PID, in1, kind="ADT^A04")
    body = of_type("Coverage", PID, in1, kind="ADT^A04")
    assert (body["subscriberId"], body["beneficiary"], body["subscriber"]) == (
        "M123", {"reference": "Patient/NORTH-7"}, {"reference": "Patient/NORTH-7"},
    )  # fmt: skip
    assert found[body["payor"][0]["reference"]]["name"] == "Example Health"
    assert body["period"] == {"start": "2026-01-01", "end": "2026-12-31"}
    assert body["class"] == [
        {"type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/coverage-class", "code": "plan"}]},
         "value": "PPO", "name": "Gold plan"},
    ]  # fmt: skip
    assert body["order"] == 1


def test_a_vaccination_says_what_was_given_by_whom_and_of_which_lot():
    rxa = (
        "RXA|0|1|20260301||08^HepB^CVX|0.5|mL^^UCUM||00^New record^NIP001|97^Roe^Rae^^^^^^NPI|^^^North Clinic"
        "||||L42|20270131|MSD^Merck^MVX|||CP|A"
    )
    found = bodies(PID, "ORC|RE||I7^EHR", rxa, "RXR|IM^Intramuscular^HL70162|LA^Left arm^HL70163", kind="VXU^V04")
    body = found["Immunization/NORTH-7-EHR-I7"]
    assert (body["status"], codes(body["vaccineCode"])) == ("completed", [("http://hl7.org/fhir/sid/cvx", "08")])
    assert (body["occurrenceDateTime"], body["primarySource"], body["lotNumber"]) == ("2026-03-01", True, "L42")
    assert (body["expirationDate"], body["manufacturer"]["display"]) == ("2027-01-31", "Merck")
    assert body["doseQuantity"] == {"value": 0.5, "unit": "mL", "system": UCUM, "code": "mL"}
    assert body["performer"][0]["actor"]["reference"] == "Practitioner/NPI-97"
    assert body["location"]["reference"] in found
    assert codes(body["route"]) == [("http://terminology.hl7.org/CodeSystem/v2-0162", "IM")]


@pytest.mark.parametrize(("status", "code", "read"), [("RE", "08", "not-done"), ("", "998", "not-done"),
                                                      ("NA", "08", "not-done")])  # fmt: skip
def test_a_vaccination_refused_was_not_given(status, code, read):
    rxa = f"RXA|0|1|20260301||{code}^X^CVX|999||||||||||||00^Parental decision^NIP002||{status}"
    body = of_type("Immunization", PID, "ORC|RE||9999^EHR", rxa, kind="VXU^V04")
    assert (body["status"], body["statusReason"]["text"]) == (read, "Parental decision")


def test_any_reason_to_refuse_says_that_it_was_not_taken_whatever_else_is_said_of_it():
    rxa = "RXA|0|1|20260301||08^HepB^CVX|0.5||||||||||||00^Parental decision^NIP002||%s"
    for status in ("", "CP"):
        body = of_type("Immunization", PID, "ORC|RE||I1^EHR", rxa % status, kind="VXU^V04")
        assert body["status"] == "not-done"
    rxa = "RXA|0|1|20260301||197361^Amlodipine^RXNORM|5|mg|||||||||||PAT^Patient^L|I10^Hypertension^I10"
    body = of_type("MedicationAdministration", PID, "ORC|RE|P9^EHR", rxa, kind="RAS^O17")
    assert (body["status"], codes(body["statusReason"][0])) == ("not-done", [("L", "PAT")])
    assert codes(body["reasonCode"][0]) == [("http://hl7.org/fhir/sid/icd-10-cm", "I10")]


@pytest.mark.parametrize("table", ["CVX", "HL70292", "0292"])
def test_the_table_of_vaccines_is_cvx_and_that_of_their_makers_mvx(table):
    rxa = f"RXA|0|1|20260301||08^HepB^{table}|0.5{'|' * 11}MSD^Merck^HL70227"
    found = bodies(PID, "ORC|RE||I1^EHR", rxa, kind="VXU^V04")
    body = found["Immunization/NORTH-7-EHR-I1"]
    assert codes(body["vaccineCode"]) == [("http://hl7.org/fhir/sid/cvx", "08")]
    assert body["manufacturer"]["reference"] == "Organization/MVX-MSD"


@pytest.mark.parametrize(("status", "read"), [("PA", True), ("CP", None)])
def test_a_dose_given_in_part_is_subpotent(status, read):
    rxa = f"RXA|0|1|20260301||08^HepB^CVX|0.2|mL^^UCUM|||||||||||||{status}"
    body = of_type("Immunization", PID, "ORC|RE||I1^EHR", rxa, kind="VXU^V04")
    assert (body["status"], body.get("isSubpotent")) == ("completed", read)


@pytest.mark.parametrize(("sent", "name", "read"), [("2", "doseNumberPositiveInt", 2),
                                                    ("booster", "doseNumberString", "booster")])  # fmt: skip
def test_a_vaccination_says_which_dose_it_was_and_when_it_was_entered(sent, name, read):
    rxa = f"RXA|0|1|20260301||08^HepB^CVX|0.5{'|' * 14}CP|A|202603021015-0500"
    number = f"OBX|1|ST|30973-2^Dose number in series^LN|1|{sent}||||||F"
    found = bodies(PID, "ORC|RE||I1^EHR", rxa, number, kind="VXU^V04")["Immunization/NORTH-7-EHR-I1"]
    assert (found["protocolApplied"], found["recorded"]) == ([{name: read}], "2026-03-02T10:15:00-05:00")


def test_where_a_vaccination_was_given_is_a_place_of_its_own_field_since_2_7():
    rxa = f"RXA|0|1|20260301||08^HepB^CVX|0.5{'|' * 14}CP|A{'|' * 6}^^^North Clinic"
    body = of_type("Immunization", PID, "ORC|RE||I1^EHR", rxa, kind="VXU^V04")
    assert body["location"]["reference"] == "Location/North-20-Clinic---"


def test_vaccinations_without_an_order_number_are_told_apart():
    first, second = "RXA|0|1|20200101||08^HepB^CVX", "RXA|0|1|20210101||08^HepB^CVX"
    found = resources(PID, "ORC|RE||9999^EHR", first, "ORC|RE||9999^EHR", second, kind="VXU^V04")
    assert len([name for name in found if name.startswith("Immunization/")]) == 2


def test_a_note_is_a_document_with_its_text():
    txa = "TXA|1|DS^Discharge summary^HL70270|TX|20260301|97^Roe^Rae^^^^^^NPI|20260302||||||D1^EHR|||||AU||AV"
    segments = (PID, PV1, txa, "OBX|1|TX|18842-5^Summary^LN||First~line", "OBX|2|TX|18842-5^Summary^LN||third")
    body = bodies(*segments, kind="MDM^T02")["DocumentReference/NORTH-7-EHR-D1"]
    attachment = body["content"][0]["attachment"]
    assert base64.b64decode(attachment["data"]) == b"First\nline\nthird"
    assert (attachment["contentType"], attachment["title"]) == ("text/plain", "Summary")
    assert (body["status"], body["docStatus"], body["date"]) == ("current", "final", "2026-03-02")
    assert body["author"][0]["reference"] == "Practitioner/NPI-97"
    assert body["context"]["encounter"] == [{"reference": "Encounter/NORTH-V1"}]


def test_a_notice_without_the_text_does_not_take_the_text_away_unless_it_ends_the_document():
    txa = "TXA|1|DS||||||||||D1^EHR"
    name = "DocumentReference/NORTH-7-EHR-D1"
    assert resources(PID, txa, kind="MDM^T03")[name].last_updated is None
    assert resources(PID, txa, kind="MDM^T11")[name].last_updated is not None
    assert bodies(PID, txa, kind="MDM^T11")[name]["status"] == "entered-in-error"


def test_a_document_that_is_replaced_is_superseded():
    txa = "TXA|1|DS||||||||||D2^EHR|D1^EHR"
    found = bodies(PID, txa, "OBX|1|TX|||New text", kind="MDM^T10")
    assert found["DocumentReference/NORTH-7-EHR-D1"]["status"] == "superseded"
    assert found["DocumentReference/NORTH-7-EHR-D2"]["status"] == "current"


DOSE = "RXA|0|1|20260301||08^HepB^CVX|0.5|mL^^UCUM||01^Historical^NIP001||||||||||||CP"


@pytest.mark.parametrize("kind", ["RSP^K11", "RSP^K22", "VXR^V03"])
def test_what_a_registry_answers_is_told_like_what_is_sent_unasked(kind):
    asked = ("MSA|AA|M0", "QAK|Q1|OK", "QPD|Z34^Request^CDCPHINVS|Q1|7^^^NORTH^MR")
    answered = bodies(*asked, PID, "ORC|RE||I7^IIS", DOSE, "RXR|IM", kind=kind)
    assert answered == bodies(PID, "ORC|RE||I7^IIS", DOSE, "RXR|IM", kind="VXU^V04")
    assert answered["Immunization/NORTH-7-IIS-I7"]["primarySource"] is False


def test_an_answer_that_offers_several_patients_tells_of_none():
    other = "PID|2||8^^^NORTH^MR||Example^Bea"
    assert resources("MSA|AA|M0", "QAK|Q1|OK", PID, other, kind="RSP^K22") == {}
    assert resources("MSA|AA|M0", "QAK|Q1|NF", kind="RSP^K11") == {}


def problem(fields, kind="PPR^PC1", *more):
    """A PRB of these fields, by number."""
    prb = [fields.get(number, "") for number in range(1, 27)]
    return bodies(PID, PV1, "PRB|" + "|".join(prb), *more, kind=kind)


def test_a_problem_is_a_condition_of_the_problem_list():
    fields = {1: "AD", 2: "20260301", 3: "I10^Hypertension^I10", 4: "P1^EHR", 7: "20251101", 9: "20260201"}
    fields |= {13: "C^Confirmed", 14: "R^Resolved", 16: "202406", 26: "MO^Moderate^L"}
    body = problem(fields, "PPR^PC1", "NTE|1||under treatment")["Condition/NORTH-7-PRB-EHR-P1"]
    assert codes(body["code"]) == [("http://hl7.org/fhir/sid/icd-10-cm", "I10")]
    assert codes(body["category"][0])[0][1] == "problem-list-item"
    assert (codes(body["clinicalStatus"])[0][1], codes(body["verificationStatus"])[0][1]) == ("resolved", "confirmed")
    assert (body["onsetDateTime"], body["abatementDateTime"], body["recordedDate"]) == (
        "2024-06", "2026-02-01", "2025-11-01"
    )  # fmt: skip
    assert (body["severity"]["text"], body["note"]) == ("Moderate", [{"text": "under treatment"}])
    assert body["encounter"] == {"reference": "Encounter/NORTH-V1"}
    # A change of it is the same condition, as is one without a number by its code.
    assert set(problem({1: "UP", 3: "I10^^I10", 4: "P1^EHR"}, "PPR^PC2")) >= {"Condition/NORTH-7-PRB-EHR-P1"}
    assert "Condition/NORTH-7-PRB-I10-I10" in problem({1: "AD", 3: "I10^^I10"})


def test_a_problem_is_active_as_long_as_nobody_says_otherwise_and_began_as_the_words_say():
    body = problem({1: "AD", 3: "I10^^I10", 17: "in spring"})["Condition/NORTH-7-PRB-I10-I10"]
    assert (codes(body["clinicalStatus"])[0][1], body["onsetString"]) == ("active", "in spring")
    assert "verificationStatus" not in body
    body = problem({1: "AD", 3: "I10^^I10", 9: "20260201"})["Condition/NORTH-7-PRB-I10-I10"]
    assert codes(body["clinicalStatus"])[0][1] == "resolved"
    body = problem({1: "AD", 3: "I10^^I10", 16: "20261301"})["Condition/NORTH-7-PRB-I10-I10"]
    assert body["onsetDateTime"] == "20261301"


def test_a_problem_deleted_is_taken_back():
    found = resources(PID, "PRB|DE|20260301|I10^^I10|P1^EHR", kind="PPR^PC3")
    assert found["Condition/NORTH-7-PRB-EHR-P1"].method == "DELETE"
