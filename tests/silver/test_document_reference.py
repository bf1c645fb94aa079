"""silver.document_reference: documents and clinical notes."""

from __future__ import annotations

import base64
import datetime

import pytest

from jobs.silver.document_reference import build


@pytest.fixture
def only(fhir_records):
    def make(**given):
        same = {"resourceType": "DocumentReference", "id": "1", "subject": {"reference": "Patient/1"}}
        [row] = build(fhir_records({**same, **given})).collect()
        return row

    return make


def content(data, kind="text/plain"):
    return [{"attachment": {"contentType": kind, "data": data, "title": "Note"}}]


def test_a_note_is_decoded_and_keeps_its_title(only):
    row = only(content=content(base64.b64encode(b"No complaints.").decode()))
    assert (row.note_text, row.note_title) == ("No complaints.", "Note")


def test_a_note_in_latin_1_loses_no_letter(only):
    row = only(content=content(base64.b64encode("Übelkeit".encode("latin-1")).decode()))
    assert row.note_text == "Übelkeit"


def test_a_document_that_is_no_text_is_kept_without_text(only):
    row = only(content=content("JVBERg==", "application/pdf"))
    assert (row.note_text, row.content_types, row.faults) == (None, ["application/pdf"], [])


def test_a_note_in_several_formats_is_one_text(only):
    forms = (("TEXT/HTML", "<p>Well.</p>"), ("text/rtf", r"{\rtf1 Well.}"), ("text/plain; charset=utf-8", "Well."))
    sent = [(kind, base64.b64encode(text.encode()).decode()) for kind, text in forms]
    attachments = [content(data, kind)[0] for kind, data in sent]
    assert only(content=attachments).note_text == "Well."
    assert only(content=attachments[:2]).note_text == "<p>Well.</p>"


def test_a_text_that_was_not_sent_along_is_named(only):
    far = {"contentType": "text/plain", "url": "https://ehr.example/r4/Binary/7"}
    assert only(content=[{"attachment": far}]).text_refs == ["Binary/7"]
    assert only(content=[{"attachment": far}, *content(base64.b64encode(b"Well.").decode())]).text_refs == []


def test_bad_base64_is_a_fault_and_never_an_error(only):
    assert only(content=content("this is not base64!")).faults == ["bad_attachment"]


def test_the_encounter_author_and_keeper_are_known(only):
    row = only(
        date="2024-04-10T02:00:00Z",
        context={"encounter": [{"reference": "Encounter/7"}, {"reference": "Encounter/8"}]},
        author=[{"reference": "Patient/1"}, {"reference": "Practitioner/5"}],
        custodian={"reference": "Organization/9"},
    )
    assert (row.encounter_ref, row.encounter_refs) == ("Encounter/7", ["Encounter/7", "Encounter/8"])
    assert (row.practitioner_ref, row.organization_ref) == ("Practitioner/5", "Organization/9")
    assert row.documented_date == datetime.date(2024, 4, 9)


def test_the_master_identifier_comes_first(only):
    row = only(masterIdentifier={"value": "m"}, identifier=[{"value": "i"}])
    assert [i.value for i in row.identifiers] == ["m", "i"]
