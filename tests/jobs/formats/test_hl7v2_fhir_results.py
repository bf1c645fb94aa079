"""Results of HL7 v2 messages as FHIR: values, states, ids that corrections share, reports, specimens."""

import json

import pytest

from jobs.formats import translation
from jobs.formats.hl7v2_fhir import translate, translate_written
from tests.jobs.formats.hl7v2_told import (
    FEED,
    LOINC,
    MMOL,
    OBR,
    PID,
    PV1,
    UCUM,
    bodies,
    codes,
    observation,
    obx,
    of_type,
    resources,
    said,
)


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


def test_a_specimen_says_from_where_how_much_how_and_in_which_time_it_was_taken():
    spm = (
        "SPM|1|S1&EHR^A1&LAB||UR^Urine^HL70487|||CATH^Catheter^HL70488|64033007^Kidney^SCT||||1500^mL&&UCUM"
        "|||||20260228080000-0500^20260301080000-0500"
    )
    body = of_type("Specimen", PID, OBR, obx("4"), spm)
    taken = body["collection"]
    assert codes(taken["bodySite"]) == [("http://snomed.info/sct", "64033007")]
    assert codes(taken["method"]) == [("http://terminology.hl7.org/CodeSystem/v2-0488", "CATH")]
    assert taken["quantity"] == {"value": 1500, "unit": "mL", "system": UCUM, "code": "mL"}
    assert taken["collectedPeriod"] == {"start": "2026-02-28T08:00:00-05:00", "end": "2026-03-01T08:00:00-05:00"}


def test_a_specimen_of_an_obr_was_taken_when_the_obr_says_by_whom_it_says():
    obr = "OBR|1|P1|F1|24323-8^Panel^LN|||20260301080000-0500||5^mL|98^Poe^Eva||||20260301090000-0500|BLD&Blood&HL70070"
    body = of_type("Specimen", PID, f"{obr}^^^LA&Left arm&HL70163", obx("4"))
    assert (body["collection"]["collectedDateTime"], body["receivedTime"]) == (
        "2026-03-01T08:00:00-05:00", "2026-03-01T09:00:00-05:00",
    )  # fmt: skip
    assert codes(body["type"]) == [("http://terminology.hl7.org/CodeSystem/v2-0070", "BLD")]
    assert codes(body["collection"]["bodySite"]) == [("http://terminology.hl7.org/CodeSystem/v2-0163", "LA")]
    assert (body["collection"]["quantity"]["value"], body["collection"]["collector"]["reference"]) == (
        5, "Practitioner/-98",
    )  # fmt: skip


def test_an_order_with_questions_answered_asks_for_a_specimen_and_has_none():
    obr = f"OBR|1|P1|F1|24323-8^Panel^LN{'|' * 11}BLD&Blood"
    found = bodies(PID, "ORC|NW|P1", obr, obx("Y", "ST"), kind="ORM^O01")
    assert [name for name in found if name.startswith("Specimen/")] == []


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
    assert [name.partition("/")[0] for name in found] == ["Patient", "Observation", "ServiceRequest"]
    assert "category" not in found["Observation/NORTH-7-LAB-F1-24323-2d-8-QID"]


def test_results_of_two_patients_in_a_message_are_each_their_own():
    found = bodies(PID, OBR, obx("4.1"), "PID|2||8^^^NORTH^MR||Other^Bob", OBR, obx("5.2"))
    subjects = {name: one["subject"]["reference"] for name, one in found.items() if name.startswith("Observation/")}
    assert subjects == {
        "Observation/NORTH-7-LAB-F1-24323-2d-8-2823-2d-3": "Patient/NORTH-7",
        "Observation/NORTH-8-LAB-F1-24323-2d-8-2823-2d-3": "Patient/NORTH-8",
    }


ORDERED = OBR.replace("|||||||||||||||20260301100000", "|||||||||{}||||||20260301100000")
ROE, DOE = "97^Roe^Rae^^^^^^NPI", "D7^Doe^Jane^^^^^^HOSP"


def requesters(found):
    """What each Observation says of who ordered it."""
    said = [one.get("extension", []) for name, one in found.items() if name.startswith("Observation/")]
    return [[(one["url"], one["valueReference"]) for one in each] for each in said]


@pytest.mark.parametrize(
    ("of_test", "of_order", "reference", "words"),
    [
        (ROE, "", "Practitioner/NPI-97", "Rae Roe"),
        ("", DOE, "Practitioner/HOSP-D7", "Jane Doe"),
        (ROE, DOE, "Practitioner/NPI-97", "Rae Roe"),
        (f"{ROE}~{DOE}", "", "Practitioner/NPI-97", "Rae Roe"),
        ('""', DOE, "Practitioner/HOSP-D7", "Jane Doe"),
    ],
)
def test_each_result_says_who_ordered_it_and_who_that_is(of_test, of_order, reference, words):
    found = bodies(PID, f"ORC|RE{'|' * 11}{of_order}", ORDERED.format(of_test), obx("4.1"), obx("5", sub="2"))
    assert (
        requesters(found) == [[("https://lakeward.dev/fhir/requester", {"reference": reference, "display": words})]] * 2
    )
    assert found[reference]["name"] == [{"family": words.split()[1], "given": [words.split()[0]]}]


def test_who_ordered_is_found_where_the_orc_stands_behind_its_test():
    found = bodies(PID, ORDERED.format(""), f"ORC|RE{'|' * 11}{DOE}", obx("4.1"), kind="OUL^R21")
    assert [one["reference"] for [(_, one)] in requesters(found)] == ["Practitioner/HOSP-D7"]


def test_who_ordered_without_a_number_is_a_name_and_nobody_that_is_told():
    found = bodies(PID, ORDERED.format("^Roe^Rae"), obx("4.1"))
    assert [one for [(_, one)] in requesters(found)] == [{"display": "Rae Roe"}]
    assert not [name for name in found if name.startswith("Practitioner/")]


@pytest.mark.parametrize("nobody", ["", '""', "~", "^^^^^^^^NPI"])
def test_a_result_that_nobody_is_said_to_have_ordered_says_nothing_of_it(nobody):
    assert requesters(bodies(PID, f"ORC|RE{'|' * 11}{nobody}", ORDERED.format(nobody), obx("4.1"))) == [[]]


def test_what_is_answered_with_an_order_was_ordered_by_nobody():
    answer = obx("28", code="QID^Weeks pregnant^L")
    assert requesters(bodies(PID, "ORC|NW|P1^EHR", ORDERED.format(ROE), answer, kind="OML^O21")) == [[]]


def test_a_susceptibility_follows_from_the_organism_that_was_found():
    culture = "OBR|%d|P2^EHR|%s^LAB|%s^Test^LN|||20260301|||||||||||||||20260303||MB|F%s"
    organism = "600-7^Bacteria^LN"
    segments = (
        culture % (1, "F2", "600-7", ""),
        obx("112283007^E coli^SCT", "CWE", code=organism, sub="1"),
        obx("3092008^S aureus^SCT", "CWE", code=organism, sub="2"),
        culture % (2, "F3", "18769-0", "|600-7&Bacteria&LN^2^S aureus|||P2&EHR^F2&LAB"),
        obx("^2", "SN", code="18862-3^Amoxicillin^LN", flags="S"),
        culture % (3, "F4", "18769-0", "|600-7&Bacteria&LN^3"),
        obx("^2", "SN", code="18862-3^Amoxicillin^LN", flags="R"),
    )
    found = bodies(PID, *segments)
    derived = {name: body["derivedFrom"] for name, body in found.items() if "derivedFrom" in body}
    assert derived == {
        "Observation/NORTH-7-LAB-F3-18769-2d-0-18862-2d-3": [
            {"reference": "Observation/NORTH-7-LAB-F2-600-2d-7-600-2d-7-2"}
        ]
    }
