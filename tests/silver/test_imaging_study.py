"""silver.imaging_study: imaging studies."""

from __future__ import annotations

import datetime

import pytest

from jobs.silver.imaging_study import build
from tests.imaging_headers import header, translated
from tests.imaging_studies import DCM, series, study


def test_a_study_is_known_by_its_uid(only):
    row = only(study())
    assert (row.study_uid, row.started_date, row.procedure_text) == (
        "1.2.840.1",
        datetime.date(2023, 3, 6),
        "Plain chest X-ray",
    )
    assert (row.series_count, row.instance_count, row.location_ref, row.faults) == (1, 1, "Location/l1", [])


def test_its_modalities_are_those_of_its_series_when_it_names_none(only):
    assert [code.code for code in only(study(series("1.1"), series("1.2"))).modality_codes] == ["DX"]
    assert [code.code for code in only(study(modality=[{"system": DCM, "code": "MR"}])).modality_codes] == ["MR"]


def test_the_accession_number_is_the_identifier_of_that_type(only):
    numbers = [
        {"system": "urn:dicom:uid", "value": "urn:oid:9.9"},
        {"type": {"coding": [{"code": "ACSN"}]}, "value": "A17"},
    ]
    row = only(study(identifier=numbers))
    assert (row.study_uid, row.accession_number) == ("9.9", "A17")


def test_a_study_without_a_uid_or_series_is_a_study(only):
    given = study(identifier=[])
    del given["series"]
    row = only(given)
    assert (row.study_uid, row.modality_codes, row.faults) == (None, [], [])


def test_a_start_that_is_no_time_is_a_fault(only):
    assert only(study(started="2023-02-31T00:00:00Z")).faults == ["malformed_date"]


@pytest.fixture
def of_headers(fhir_records, rows):
    def make(*headers):
        return build(fhir_records(), translated(rows, *headers)).collect()

    return make


def test_a_study_is_one_row_whatever_number_of_headers_tells_of_it(of_headers):
    other = header({"00080018": ("UI", "1.2.3.4.1"), "0020000E": ("UI", "1.2.3.4"), "00081030": ("LO", "Chest")})
    [row] = of_headers(header(), other)
    # The header that arrived last counts, whole.
    assert (row.study_uid, row.feed, row.description, row.started_date) == (
        "1.2.3",
        "imaging_dicom",
        "Chest",
        datetime.date(2026, 3, 1),
    )
    assert (row.resource_id, row.patient_ref, row.faults) == ("1.2.3", "Patient/-P1", [])


def test_what_cannot_be_read_of_a_study_is_kept_as_sent(of_headers):
    [row] = of_headers(header({"00080020": ("DA", "20260230"), "00080201": ("SH", "+9900")}))
    assert {one.element: one.value for one in row.sent_as} == {"study_date": "20260230", "timezone_offset": "+9900"}
    assert (row.started_date, row.faults) == (None, ["malformed_date"])
