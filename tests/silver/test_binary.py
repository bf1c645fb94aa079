"""silver.binary: contents that documents and reports name by their address."""

import base64

import pytest

from jobs.silver.binary import build


@pytest.fixture
def only(fhir_records):
    def make(**given):
        [row] = build(fhir_records({"resourceType": "Binary", "id": "1", **given})).collect()
        return row

    return make


def encoded(text, charset="utf-8"):
    return base64.b64encode(text.encode(charset)).decode()


@pytest.mark.parametrize("charset", ["utf-8", "latin-1"])
def test_a_text_is_decoded_whatever_its_charset(only, charset):
    row = only(contentType=f"text/plain; charset={charset}", data=encoded("Übelkeit", charset))
    assert (row.note_text, row.aliases, row.faults) == ("Übelkeit", ["Binary/1"], [])


def test_what_is_no_text_is_known_and_has_none(only):
    row = only(contentType="application/pdf", data="JVBERg==")
    assert (row.note_text, row.content_type, row.faults) == (None, "application/pdf", [])
    assert only(contentType="text/plain").note_text is None


def test_bad_base64_is_a_fault(only):
    assert only(contentType="text/plain", data="this is not base64!").faults == ["bad_attachment"]
