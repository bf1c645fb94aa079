"""silver.diagnostic_report: reports with their results and their text."""

from __future__ import annotations

import base64

import pytest

from jobs.silver.diagnostic_report import build


@pytest.fixture
def only(fhir_records):
    def make(**given):
        same = {"resourceType": "DiagnosticReport", "id": "1", "subject": {"reference": "Patient/1"}}
        [row] = build(fhir_records({**same, "code": {"text": "panel"}, **given})).collect()
        return row

    return make


def attached(data, kind="text/plain; charset=utf-8"):
    return {"contentType": kind, "data": base64.b64encode(data).decode()}


def test_a_report_names_its_results_specimens_and_images(only):
    row = only(
        result=[{"reference": "Observation/1"}, {"reference": "Observation/2"}],
        specimen=[{"reference": "Specimen/3"}],
        imagingStudy=[{"reference": "ImagingStudy/4"}],
    )
    assert (row.result_refs, row.specimen_refs) == (["Observation/1", "Observation/2"], ["Specimen/3"])
    assert row.imaging_refs == ["ImagingStudy/4"]


def test_the_text_of_a_report_is_decoded(only):
    row = only(presentedForm=[attached("Fièvre.".encode()), attached(b"%PDF", "application/pdf")])
    assert (row.note_text, row.content_types) == ("Fièvre.", ["text/plain; charset=utf-8", "application/pdf"])


def test_an_interpreter_speaks_before_a_performer(only):
    row = only(
        performer=[{"reference": "Practitioner/1"}],
        resultsInterpreter=[{"reference": "Practitioner/2"}],
    )
    assert row.practitioner_ref == "Practitioner/2"


def test_a_text_that_is_not_base64_is_a_fault_and_a_report_without_any_is_not(only):
    assert only(presentedForm=[{"contentType": "text/plain", "data": "?"}]).faults == ["bad_attachment"]
    assert (only().note_text, only().faults) == (None, [])


def test_a_report_without_a_form_says_what_it_concludes(only):
    assert only(conclusion="No fracture.").note_text == "No fracture."
    assert only(conclusion="Brief.", presentedForm=[attached(b"At length.")]).note_text == "At length."
