"""HL7 v2 messages as FHIR resources: what each segment tells, under which id, and what it takes back."""

import base64
import datetime
import json
import zoneinfo

import pytest

from jobs.formats import translation
from jobs.formats.hl7v2_fhir import translate, translate_written
from jobs.formats.translation import Said, Source

NEW_YORK = zoneinfo.ZoneInfo("America/New_York")
FEED = Source("adt_hl7v2", "demo", NEW_YORK, {}, {})
RECEIVED = datetime.datetime(2026, 3, 2, tzinfo=datetime.UTC)
PID = "PID|1||7^^^NORTH^MR||Example^Ada^Q||19700102|F"
PV1 = "PV1|1|I|4W^12^1^NORTH||||99^Doe^Jane^^^^^^NPI||||||||||||V1^^^NORTH^VN"
OBR = "OBR|1|P1^EHR|F1^LAB|24323-8^Panel^LN|||20260301080000-0500|||||||||||||||20260301100000-0500||LAB|F"
LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
MMOL = {"unit": "mmol/L", "system": UCUM, "code": "mmol/L"}


def said(*segments, kind, at="20260301120000-0500"):
    head = f"MSH|^~\\&|LAB|NORTH|EHR|MAIN|{at}||{kind}|M1|P|2.5"
    return Said(kind, "M1", "\r".join([head, *segments]).encode(), None, RECEIVED)


def resources(*segments, kind="ORU^R01", feed=FEED, at="20260301120000-0500"):
    """Resources by `Type/id`."""
    told = translate(said(*segments, kind=kind, at=at), feed)
    return {f"{one.resource_type}/{one.resource_id}": one for one in told}


def bodies(*segments, **how):
    """What is written of each resource, by `Type/id`, without type and id."""
    written = {name: json.loads(translation.write(one)) for name, one in resources(*segments, **how).items()}
    return {name: {k: v for k, v in one.items() if k not in ("resourceType", "id")} for name, one in written.items()}


def of_type(wanted, *segments, **how):
    """The only one of a type."""
    [found] = [body for name, body in bodies(*segments, **how).items() if name.startswith(f"{wanted}/")]
    return found


def obx(value, kind="NM", *, code="2823-3^Potassium^LN", sub="", unit="", usual="", flags="", status="F", more=""):
    return f"OBX|1|{kind}|{code}|{sub}|{value}|{unit}|{usual}|{flags}|||{status}{more}"


def observation(value, kind="NM", **how):
    return of_type("Observation", PID, OBR, obx(value, kind, **how))


def codes(concept):
    return [(one.get("system"), one["code"]) for one in concept["coding"]]


def test_all_messages_of_a_feed_speak_of_the_same_patient_by_authority_and_number():
    names = set()
    for kind, listed in (
        ("ADT^A08", "7^^^NORTH^MR"),
        ("ORU^R01", "123^^^SSA^SS~7^^^NORTH^MR"),
        ("MDM^T02", "7^^^NORTH"),
    ):
        found = resources(f"PID|1||{listed}||Example^Ada", kind=kind)
        names |= {name for name in found if name.startswith("Patient/")}
    assert names == {"Patient/NORTH-7"}


def test_a_patient_says_who_he_is():
    pid = (
        "PID|1||7^^^NORTH&2.16.840.1.113883.19.5&ISO^MR||Example^Ada^Q^Jr^Dr~Maiden^Ada^^^^^M|Elder|197001020304|F||"
        "2106-3^White^HL70005~W2^Local^L|1 Main St^Flat 2^Springfield^MA^01101^USA^H^^Hampden||"
        "^PRN^PH^^1^413^5550100|^NET^Internet^ada@example.org|en^English^ISO639|M|||999-99-9999|S1^MA|"
        "|H^Hispanic^HL70189|||2||||20260228101500|Y"
    )
    body = of_type("Patient", pid, "PD1|||North Practice^^77^^^NPI|99^Doe^Jane^^^^^^NPI", kind="ADT^A31")
    assert body["identifier"][0] == {
        "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]},
        "system": "urn:oid:2.16.840.1.113883.19.5",
        "value": "7",
    }
    assert [(one.get("system"), one["value"]) for one in body["identifier"][1:]] == [
        ("http://hl7.org/fhir/sid/us-ssn", "999-99-9999"),
        ("MA", "S1"),
    ]
    assert body["name"] == [
        {"family": "Example", "given": ["Ada", "Q"], "prefix": ["Dr"], "suffix": ["Jr"]},
        {"use": "maiden", "family": "Maiden", "given": ["Ada"]},
    ]
    assert (body["gender"], body["birthDate"]) == ("female", "1970-01-02")
    assert body["_birthDate"]["extension"][0]["valueDateTime"] == "1970-01-02T03:04:00-05:00"
    race, ethnicity, mother = body["extension"]
    assert [(part["url"], part.get("valueCoding", {}).get("code")) for part in race["extension"]] == [
        ("ombCategory", "2106-3"), ("detailed", "W2"), ("text", None),
    ]  # fmt: skip
    assert ethnicity["extension"][0]["valueCoding"]["code"] == "2135-2"
    assert mother["valueString"] == "Elder"
    assert body["address"] == [
        {"use": "home", "line": ["1 Main St", "Flat 2"], "city": "Springfield", "district": "Hampden", "state": "MA",
         "postalCode": "01101", "country": "USA"}
    ]  # fmt: skip
    assert body["telecom"] == [
        {"system": "phone", "value": "+1 413 5550100", "use": "home"},
        {"system": "email", "value": "ada@example.org", "use": "work"},
    ]
    assert codes(body["communication"][0]["language"]) == [("urn:ietf:bcp:47", "en")]
    assert codes(body["maritalStatus"]) == [("http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "M")]
    assert (body["multipleBirthInteger"], body["deceasedDateTime"]) == (2, "2026-02-28T10:15:00-05:00")
    assert [one["reference"] for one in body["generalPractitioner"]] == ["Practitioner/NPI-99", "Organization/NPI-77"]


def test_a_birth_date_that_is_none_is_passed_on_for_silver_to_name():
    assert of_type("Patient", "PID|1||7^^^NORTH^MR||Example||19701301")["birthDate"] == "19701301"


def test_numbers_without_authority_are_those_of_the_feed():
    feed = FEED._replace(options={"assigning_authority": "NORTH"})
    assert "Patient/NORTH-7" in resources("PID|1||7||Example^Ada", feed=feed)
    assert "Patient/-7" in resources("PID|1||7||Example^Ada")


@pytest.mark.parametrize("event", ["A18", "A30", "A34", "A36", "A39", "A40"])
def test_a_merge_says_of_the_lost_number_what_replaced_it(event):
    found = bodies(PID, "MRG|6^^^NORTH^MR||||||Exampel^Ada", kind=f"ADT^{event}")
    assert found["Patient/NORTH-6"]["link"] == [{"other": {"reference": "Patient/NORTH-7"}, "type": "replaced-by"}]
    assert found["Patient/NORTH-6"]["active"] is False
    assert found["Patient/NORTH-7"]["name"][0]["family"] == "Example"
    assert "link" not in found["Patient/NORTH-7"]


def test_a_lost_number_without_authority_is_of_the_same_as_the_surviving_one():
    assert set(resources(PID, "MRG|6", kind="ADT^A40")) == {"Patient/NORTH-7", "Patient/NORTH-6"}


def test_a_patient_merged_into_himself_is_not_replaced():
    assert set(bodies(PID, "MRG|7^^^NORTH^MR", kind="ADT^A40")) == {"Patient/NORTH-7"}


def test_patients_linked_both_live_on():
    found = bodies(PID, "PID|2||6^^^NORTH^MR||Exampel^Ada", kind="ADT^A24")
    assert found["Patient/NORTH-7"]["link"] == [{"other": {"reference": "Patient/NORTH-6"}, "type": "seealso"}]
    assert found["Patient/NORTH-6"]["link"] == [{"other": {"reference": "Patient/NORTH-7"}, "type": "seealso"}]


def test_a_person_deleted_is_taken_back():
    [one] = translate(said("EVN||20260301110000", PID, kind="ADT^A29"), FEED)
    assert (one.resource_type, one.resource_id, one.method, one.body) == ("Patient", "NORTH-7", "DELETE", {})


def test_a_visit_deleted_is_taken_back_and_the_patient_stays():
    found = resources(PID, PV1, kind="ADT^A23")
    assert {name: one.method for name, one in found.items()} == {
        "Patient/NORTH-7": None,
        "Encounter/NORTH-V1": "DELETE",
    }


@pytest.mark.parametrize(
    ("sent", "recorded", "at"),
    [
        ("20260301120000-0500", "20260301110000", "2026-03-01T16:00:00+00:00"),
        ("20260301120000", "20260301110000", "2026-03-01T16:00:00+00:00"),
        ("20260701120000", "", "2026-07-01T16:00:00+00:00"),
        ("20260301120000+0000", "20260228", "2026-03-01T12:00:00+00:00"),
        ("20260301", "", "2026-03-01T05:00:00+00:00"),
        ("yesterday", "soon", None),
    ],
)
def test_it_was_said_when_the_event_was_recorded_else_when_it_was_sent(sent, recorded, at):
    found = resources(f"EVN||{recorded}", PID, kind="ADT^A08", at=sent)["Patient/NORTH-7"].last_updated
    assert (found and found.isoformat()) == at


@pytest.mark.parametrize(
    ("event", "ended", "status", "end"),
    [
        ("A01", "", "in-progress", None), ("A02", "", "in-progress", None), ("A04", "", "in-progress", None),
        ("A05", "", "planned", None), ("A03", "20260303", "finished", "2026-03-03"),
        ("A03", "", "finished", "2026-03-01T12:00:00-05:00"), ("A08", "20260303", "finished", "2026-03-03"),
        ("A08", "", "in-progress", None), ("A11", "", "cancelled", None), ("A12", "", "in-progress", None),
        ("A13", "20260303", "in-progress", None), ("A38", "", "cancelled", None), ("A21", "", "onleave", None),
        ("A22", "", "in-progress", None),
    ],
)  # fmt: skip
def test_the_event_says_how_a_visit_stands(event, ended, status, end):
    body = bodies(PID, f"{PV1}{'|' * 25}20260227|{ended}", kind=f"ADT^{event}")["Encounter/NORTH-V1"]
    assert (body["status"], body["period"]) == (status, {"start": "2026-02-27", **({"end": end} if end else {})})


def test_an_update_of_who_is_expected_does_not_bring_him_in():
    assert of_type("Encounter", PID, PV1.replace("|I|", "|P|"), kind="ADT^A08")["status"] == "planned"


def test_a_visit_says_where_who_and_why():
    pv1 = (
        "PV1|1|I|4W^12^1^NORTH|E|P5^^^NORTH|3E^^^NORTH|99^Doe^Jane^^^^^^NPI|98^Roe||MED|||R|7||||IP|V1^^^NORTH^VN"
        + "|" * 17
        + "01"
    )
    found = bodies(PID, pv1, "PV2|||R07.9^Chest pain^I10", kind="ADT^A02")
    body = found["Encounter/NORTH-V1"]
    assert body["class"] == {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"}
    assert body["subject"] == {"reference": "Patient/NORTH-7"}
    assert [one["value"] for one in body["identifier"]] == ["V1", "P5"]
    stay = body["hospitalization"]
    assert (codes(stay["admitSource"]), codes(stay["dischargeDisposition"]), codes(stay["reAdmission"])) == (
        [("http://terminology.hl7.org/CodeSystem/v2-0023", "7")],
        [("http://terminology.hl7.org/CodeSystem/v2-0112", "01")],
        [("http://terminology.hl7.org/CodeSystem/v2-0092", "R")],
    )
    assert [(codes(one["type"][0])[0][1], one["individual"]["reference"]) for one in body["participant"]] == [
        ("ATND", "Practitioner/NPI-99"), ("REF", "Practitioner/-98"),
    ]  # fmt: skip
    assert [(one["location"]["reference"], one["status"]) for one in body["location"]] == [
        ("Location/NORTH-4W-12-1", "active"), ("Location/NORTH-3E--", "completed"),
    ]  # fmt: skip
    assert codes(body["reasonCode"][0]) == [("http://hl7.org/fhir/sid/icd-10-cm", "R07.9")]
    assert found["Practitioner/NPI-99"]["identifier"] == [{"system": "http://hl7.org/fhir/sid/us-npi", "value": "99"}]
    assert found["Location/NORTH-4W-12-1"]["name"] == "4W 12 1"
    assert found[body["serviceProvider"]["reference"]] == {"name": "NORTH"}


def test_codes_of_the_uniform_bill_are_such_only_where_the_feed_says_so():
    pv1 = f"{PV1}{'|' * 17}01"
    for options, url in (({}, "http://terminology.hl7.org/CodeSystem/v2-0112"),
                         ({"uniform_billing": True}, "http://www.nubc.org/patient-discharge")):  # fmt: skip
        body = of_type("Encounter", PID, pv1, kind="ADT^A03", feed=FEED._replace(options=options))
        assert codes(body["hospitalization"]["dischargeDisposition"]) == [(url, "01")]


def test_a_visit_without_a_number_is_known_by_another_or_by_when_it_began():
    alternate = f"PV1|1|O{'|' * 48}A9^^^NORTH"
    begun = f"PV1|1|O{'|' * 42}202603010800"
    assert "Encounter/NORTH-A9" in resources(PID, alternate, kind="ADT^A08")
    names = [set(resources(PID, begun, kind=kind)) for kind in ("ADT^A04", "ADT^A03")]
    assert [name for name in names[0] if name.startswith("Encounter/")] == [
        "Encounter/NORTH-7-at-2026-2d-03-2d-01T08-3a-00-3a-00-2d-05-3a-00"
    ]
    assert names[0] == names[1]
    assert not [name for name in resources(PID, "PV1|1|O", kind="ADT^A08") if name.startswith("Encounter/")]


def test_a_visit_that_a_result_tells_in_passing_never_outranks_what_adt_said():
    found = resources(PID, PV1, OBR, obx("4.1"))
    assert found["Encounter/NORTH-V1"].last_updated is None
    assert found["Patient/NORTH-7"].last_updated == datetime.datetime(2026, 3, 1, 17, tzinfo=datetime.UTC)


def test_a_visit_merged_or_renumbered_is_taken_back_under_its_old_number():
    lost = "MRG|7^^^NORTH^MR||||V0^^^NORTH"
    assert resources(PID, lost, PV1, kind="ADT^A42")["Encounter/NORTH-V0"].method == "DELETE"
    found = resources(PID, lost, PV1, kind="ADT^A50")
    assert (found["Encounter/NORTH-V0"].method, found["Encounter/NORTH-V1"].method) == ("DELETE", None)


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


def test_a_result_says_what_was_measured_of_whom_when_and_by_whom():
    segments = (
        PID,
        PV1,
        OBR,
        obx("4.10", unit="mmol/L^^UCUM", usual="3.5-5.1", flags="H~ODD",
            more="|||202603010830|LAB^Old lab^L|97^Roe^Rae^^^^^^NPI|ISE^Electrode^L||||||North Lab^^34D^^^CLIA"),
        "NTE|1||Slightly|",
        "NTE|2||haemolysed|",
        "SPM|1|^S1&LAB||119297000^Blood^SCT||||LA^Left arm^L|||||||||20260301080000-0500|20260301083000-0500",
    )  # fmt: skip
    found = bodies(*segments)
    body = found["Observation/NORTH-7-LAB-F1-24323-2d-8-2823-2d-3"]
    assert (body["status"], codes(body["code"])) == ("final", [(LOINC, "2823-3")])
    assert codes(body["category"][0]) == [("http://terminology.hl7.org/CodeSystem/observation-category", "laboratory")]
    assert (body["subject"], body["encounter"]) == (
        {"reference": "Patient/NORTH-7"}, {"reference": "Encounter/NORTH-V1"},
    )  # fmt: skip
    assert (body["effectiveDateTime"], body["issued"]) == ("2026-03-01T08:30:00-05:00", "2026-03-01T10:00:00-05:00")
    assert body["valueQuantity"] == {"value": 4.1, **MMOL}
    assert body["referenceRange"] == [
        {"low": {"value": 3.5, **MMOL}, "high": {"value": 5.1, **MMOL}, "text": "3.5-5.1"}
    ]
    assert [codes(one)[0] for one in body["interpretation"]] == [
        ("http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", "H"),
        ("http://terminology.hl7.org/CodeSystem/v2-0078", "ODD"),
    ]
    assert codes(body["method"]) == [("L", "ISE")]
    assert body["note"] == [{"text": "Slightly\nhaemolysed"}]
    assert [one["reference"] for one in body["performer"]] == ["Organization/CLIA-34D", "Practitioner/NPI-97"]
    assert found["Organization/CLIA-34D"]["identifier"] == [{"system": "urn:oid:2.16.840.1.113883.4.7", "value": "34D"}]
    specimen = found[body["specimen"]["reference"]]
    assert codes(specimen["type"]) == [("http://snomed.info/sct", "119297000")]
    assert specimen["collection"]["collectedDateTime"] == "2026-03-01T08:00:00-05:00"
    assert specimen["receivedTime"] == "2026-03-01T08:30:00-05:00"


def test_a_number_keeps_all_the_digits_it_was_sent_with():
    [one] = [one for one in translate_written(said(PID, OBR, obx("4.10"), kind="ORU^R01"), FEED)
             if one.resource_type == "Observation"]  # fmt: skip
    assert '"value":4.10' in one.text
    assert ['"value":4.10' in translation.write(r) for r in translate(said(PID, OBR, obx("4.10"), kind="ORU^R01"), FEED)
            if r.resource_type == "Observation"] == [True]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "kind", "element", "read"),
    [
        ("+05", "NM", "valueQuantity", {"value": 5}),
        (".5", "NM", "valueQuantity", {"value": 0.5}),
        ("<5", "NM", "valueQuantity", {"value": 5, "comparator": "<"}),
        ("haemolysed", "NM", "valueQuantity", {"value": "haemolysed"}),
        (">^90", "SN", "valueQuantity", {"value": 90, "comparator": ">"}),
        ("^100^-^200", "SN", "valueRange", {"low": {"value": 100}, "high": {"value": 200}}),
        ("^1^:^128", "SN", "valueRatio", {"numerator": {"value": 1}, "denominator": {"value": 128}}),
        ("^2^+", "SN", "valueString", "2+"),
        ("<>^3", "SN", "valueString", "<>3"),
        ("260415000^Not detected^SCT^ND^None^L", "CWE", "valueCodeableConcept",
         {"coding": [{"system": "http://snomed.info/sct", "code": "260415000", "display": "Not detected"},
                     {"system": "L", "code": "ND", "display": "None"}], "text": "Not detected"}),
        ("A\\T\\B", "ST", "valueString", "A&B"),
        ("one~two", "TX", "valueString", "one\ntwo"),
        ("a \\.br\\ b", "FT", "valueString", "a \n b"),
        ("20260301", "DT", "valueDateTime", "2026-03-01"),
        ("202603010815", "TS", "valueDateTime", "2026-03-01T08:15:00-05:00"),
        ("0815", "TM", "valueTime", "08:15:00"),
        ("20269999", "DT", "valueDateTime", "20269999"),
        ("text", "", "valueString", "text"),
    ],
)  # fmt: skip
def test_values_are_read_by_their_type(value, kind, element, read):
    assert observation(value, kind)[element] == read


def test_a_document_is_told_by_its_sort_alone():
    found = bodies(PID, OBR, obx("LAB^AP^PDF^Base64^JVBERi0=", "ED", code="PDF^Report^L"))
    body = of_type("Observation", PID, OBR, obx("LAB^AP^PDF^Base64^JVBERi0=", "ED", code="PDF^Report^L"))
    assert body["dataAbsentReason"]["text"] == "application/pdf"
    assert found["DiagnosticReport/NORTH-7-LAB-F1-24323-2d-8"]["presentedForm"] == [
        {"contentType": "application/pdf", "title": "Report"}
    ]
    assert "JVBERi0" not in json.dumps(found)


@pytest.mark.parametrize(
    ("status", "read"),
    [("P", "preliminary"), ("F", "final"), ("C", "corrected"), ("D", "entered-in-error"), ("W", "entered-in-error"),
     ("X", "cancelled"), ("I", "registered"), ("", "unknown"), ("?", "unknown")],
)  # fmt: skip
def test_the_status_of_a_result_is_fhirs(status, read):
    assert observation("4.1", status=status)["status"] == read


def test_a_correction_names_the_result_that_it_corrects():
    first, second = resources(PID, OBR, obx("4.1")), resources(PID, OBR.replace("P1^EHR", ""), obx("4.2", status="C"))
    assert [name for name in first if name in second and name.startswith("Obs")] == [
        "Observation/NORTH-7-LAB-F1-24323-2d-8-2823-2d-3"
    ]


def test_a_result_declared_final_without_its_value_does_not_take_the_value_away():
    assert not [name for name in resources(PID, OBR, obx("", status="U")) if name.startswith("Observation/")]


def test_results_of_one_order_are_told_apart_by_sub_id_and_by_place():
    found = bodies(PID, OBR, obx("1", sub="1"), obx("2", sub="2"), obx("3"), obx("4"), obx("5~6", "CWE"))
    values = {
        name.removeprefix("Observation/NORTH-7-LAB-F1-24323-2d-8-2823-2d-3"): json.dumps(one)
        for name, one in found.items()
        if name.startswith("Observation/")
    }
    assert list(values) == ["-1", "-2", "", "-3", "-4", "-5"]


def test_a_unit_is_ucum_only_when_it_says_so():
    assert observation("4", unit="mEq/L")["valueQuantity"] == {"value": 4, "unit": "mEq/L"}
    assert observation("4", unit="mE^^L^mmol/L^^UCUM")["valueQuantity"] == {"value": 4, **MMOL}


def test_a_report_has_its_results_and_its_numbers():
    body = of_type("DiagnosticReport", PID, OBR, obx("4.1"), obx("5", code="2951-2^Sodium^LN"))
    assert (body["status"], codes(body["code"])) == ("final", [(LOINC, "24323-8")])
    assert [one["reference"] for one in body["result"]] == [
        "Observation/NORTH-7-LAB-F1-24323-2d-8-2823-2d-3", "Observation/NORTH-7-LAB-F1-24323-2d-8-2951-2d-2",
    ]  # fmt: skip
    assert [(one["system"], one["value"]) for one in body["identifier"]] == [("EHR", "P1"), ("LAB", "F1")]
    assert codes(body["category"][0]) == [("http://terminology.hl7.org/CodeSystem/v2-0074", "LAB")]
    assert body["effectiveDateTime"] == "2026-03-01T08:00:00-05:00"


def test_each_order_of_a_message_has_its_own_report_and_one_without_results_too():
    other = OBR.replace("F1^LAB", "F2^LAB").replace("24323-8^Panel", "57021-8^CBC")
    found = bodies(PID, "ORC|RE", OBR, obx("4.1"), "ORC|RE", other)
    reports = {name: len(one.get("result", ())) for name, one in found.items() if name.startswith("Diag")}
    assert reports == {
        "DiagnosticReport/NORTH-7-LAB-F1-24323-2d-8": 1, "DiagnosticReport/NORTH-7-LAB-F2-57021-2d-8": 0,
    }  # fmt: skip


def test_a_collection_that_lasted_is_a_period():
    body = of_type("Observation", PID, OBR.replace("-0500||||", "-0500|202603011000-0500|||", 1), obx("4.1"))
    assert body["effectivePeriod"] == {"start": "2026-03-01T08:00:00-05:00", "end": "2026-03-01T10:00:00-05:00"}


def test_answers_that_come_with_an_order_are_observations_and_no_report():
    found = bodies(PID, "ORC|NW|P1^EHR", OBR, obx("28", code="QID^Weeks pregnant^L"), kind="OML^O21")
    assert [name.partition("/")[0] for name in found] == ["Patient", "Observation"]
    assert "category" not in found["Observation/NORTH-7-LAB-F1-24323-2d-8-QID"]


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
                                                      ("", "08", "completed")])  # fmt: skip
def test_a_vaccination_refused_was_not_given(status, code, read):
    rxa = f"RXA|0|1|20260301||{code}^X^CVX|999||||||||||||00^Parental decision^NIP002||{status}"
    body = of_type("Immunization", PID, "ORC|RE||9999^EHR", rxa, kind="VXU^V04")
    assert (body["status"], body["statusReason"]["text"]) == (read, "Parental decision")


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


RXE = "RXE|^Q8H|197361^Amlodipine 5 MG^RXNORM|1|2|TAB^Tablet^L|||||30|TAB^Tablet^L|2|97^Roe^Rae^^^^^^NPI||RX7"


def test_an_order_for_a_drug_is_a_request():
    orc = "ORC|NW|P9^EHR||||||||||||||"
    body = bodies(PID, orc, RXE, "RXR|PO^Oral^HL70162", kind="RDE^O11")["MedicationRequest/NORTH-7-EHR-P9"]
    assert (body["status"], body["intent"]) == ("active", "order")
    assert codes(body["medicationCodeableConcept"]) == [("http://www.nlm.nih.gov/research/umls/rxnorm", "197361")]
    dosage = body["dosageInstruction"][0]
    assert (dosage["text"], codes(dosage["route"])[0][1]) == ("Q8H", "PO")
    tablet = {"unit": "TAB"}
    assert dosage["doseAndRate"] == [{"doseRange": {"low": {"value": 1, **tablet}, "high": {"value": 2, **tablet}}}]
    assert (body["dispenseRequest"]["quantity"]["value"], body["dispenseRequest"]["numberOfRepeatsAllowed"]) == (30, 2)


@pytest.mark.parametrize(("control", "status"), [("NW", "active"), ("CA", "cancelled"), ("DC", "stopped"),
                                                 ("HD", "on-hold"), ("XO", "active")])  # fmt: skip
def test_the_order_control_says_how_a_drug_order_stands(control, status):
    assert of_type("MedicationRequest", PID, f"ORC|{control}|P9^EHR", RXE, kind="RDE^O11")["status"] == status


def test_a_dose_given_names_its_order_which_it_tells_in_passing():
    rxa = "RXA|0|1|202603010900-0500|202603010900-0500|197361^Amlodipine 5 MG^RXNORM|5|mg^^UCUM|||97^Roe^Rae^^^^^^NPI"
    segments = (PID, "ORC|RE|P9^EHR", RXE, rxa, "RXR|PO^Oral^HL70162")
    body = of_type("MedicationAdministration", *segments, kind="RAS^O17")
    assert body["request"] == {"reference": "MedicationRequest/NORTH-7-EHR-P9"}
    assert (body["status"], body["effectiveDateTime"]) == ("completed", "2026-03-01T09:00:00-05:00")
    assert body["dosage"]["dose"] == {"value": 5, "unit": "mg", "system": UCUM, "code": "mg"}
    assert resources(*segments, kind="RAS^O17")["MedicationRequest/NORTH-7-EHR-P9"].last_updated is None


def test_a_drug_dispensed_says_how_much_and_when():
    rxd = "RXD|1|197361^Amlodipine 5 MG^RXNORM|202603011000-0500|30|TAB|TAB|RX7|2||97^Roe^Rae^^^^^^NPI"
    body = of_type("MedicationDispense", PID, "ORC|RE|P9^EHR", rxd, kind="RDS^O13")
    assert (body["quantity"], body["whenHandedOver"]) == ({"value": 30, "unit": "TAB"}, "2026-03-01T10:00:00-05:00")
    assert body["authorizingPrescription"] == [{"reference": "MedicationRequest/NORTH-7-EHR-P9"}]


def test_results_of_two_patients_in_a_message_are_each_their_own():
    found = bodies(PID, OBR, obx("4.1"), "PID|2||8^^^NORTH^MR||Other^Bob", OBR, obx("5.2"))
    subjects = {name: one["subject"]["reference"] for name, one in found.items() if name.startswith("Observation/")}
    assert subjects == {
        "Observation/NORTH-7-LAB-F1-24323-2d-8-2823-2d-3": "Patient/NORTH-7",
        "Observation/NORTH-8-LAB-F1-24323-2d-8-2823-2d-3": "Patient/NORTH-8",
    }


@pytest.mark.parametrize("payload", [b"", b"no message", b"MSH|^~\\&|LAB", b"MSH|^~\\&|||||||ACK|1|P|2.5\rMSA|AA|1"])
def test_what_is_no_message_or_of_no_mapped_type_tells_nothing(payload):
    assert translate(Said(None, None, payload, None, RECEIVED), FEED) == []


def test_a_time_without_zone_has_that_of_the_message_else_that_of_the_feed():
    obr = OBR.replace("20260301080000-0500", "20260301080000")
    sent = [of_type("Observation", PID, obr, obx("1"), at=at)["effectiveDateTime"]
            for at in ("20260301120000+0100", "20260301120000")]  # fmt: skip
    assert sent == ["2026-03-01T08:00:00+01:00", "2026-03-01T08:00:00-05:00"]
