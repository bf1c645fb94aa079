"""Reports of HL7 v2 messages as FHIR: their text, and who read them."""

import base64

import pytest

from tests.jobs.formats.hl7v2_told import OBR, PID, bodies, obx, of_type

READ = OBR.replace("||LAB|F", "||RAD|F")


def report(*segments):
    return of_type("DiagnosticReport", PID, *segments)


def text_of(body):
    return [base64.b64decode(one["data"]).decode() for one in body.get("presentedForm", []) if "data" in one]


def test_a_report_of_words_alone_has_its_lines_as_its_text():
    body = report(
        READ, obx("CHEST, 2 VIEWS", "ST", code="T^Title^L"), obx("No nodule.~No effusion.", "TX"), obx("Normal.", "FT"),
        obx("Was wrong", "TX", status="W"), obx("RAD^AP^PDF^Base64^AAAA", "ED"),
    )  # fmt: skip
    assert text_of(body) == ["CHEST, 2 VIEWS\nNo nodule.\nNo effusion.\nNormal."]
    assert [one["contentType"] for one in body["presentedForm"]] == ["text/plain", "application/pdf"]


@pytest.mark.parametrize("other", [obx("4.1"), obx("A^B^L", "CWE")])
def test_a_remark_among_results_is_no_report(other):
    assert text_of(report(OBR, other, obx("Slightly haemolysed", "TX"))) == []


def test_a_result_in_a_word_is_no_report():
    assert text_of(report(OBR, obx("Negative", "ST"))) == []


@pytest.mark.parametrize("sent", ["33&Path&Olo", "33&Path&Olo^202603011000", "33^Path^Olo"])
def test_a_report_says_who_read_it(sent):
    found = bodies(PID, f"{READ}{'|' * 7}{sent}", obx("Normal.", "TX"))
    [body] = [body for name, body in found.items() if name.startswith("DiagnosticReport/")]
    assert body["resultsInterpreter"] == [{"reference": "Practitioner/-33", "display": "Olo Path"}]
    assert "Practitioner/-33" in found
