"""silver.imaging_series: series of imaging studies."""

from __future__ import annotations

import datetime

import pytest

from jobs.silver.imaging_series import build

DCM = "http://dicom.nema.org/resources/ontology/DCM"


def series(uid="1.2.840.1.1", **given):
    return {
        "uid": uid,
        "number": 1,
        "modality": {"system": DCM, "code": "DX", "display": "Digital Radiography"},
        "bodySite": {"system": "http://snomed.info/sct", "code": "51185008"},
        "started": "2023-03-06T22:50:34+00:00",
        "numberOfInstances": 1,
        "instance": [
            {"uid": "1.2.840.1.1.1", "sopClass": {"code": "urn:oid:1.2.840.10008.5.1.4.1.1.1.1"}, "number": 1}
        ],
        **given,
    }


def study(*of_series, **given):
    return {
        "resourceType": "ImagingStudy",
        "id": "s1",
        "identifier": [{"use": "official", "system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.840.1"}],
        "status": "available",
        "subject": {"reference": "Patient/1"},
        "encounter": {"reference": "Encounter/e1"},
        "started": "2023-03-06T22:40:00+00:00",
        "numberOfSeries": 1,
        "numberOfInstances": 1,
        "procedureCode": [{"coding": [{"code": "399208008"}], "text": "Plain chest X-ray"}],
        "location": {"reference": "Location/l1"},
        "series": list(of_series or [series()]),
        **given,
    }


@pytest.fixture
def rows_of(fhir_records):
    def make(resource):
        return sorted(build(fhir_records(resource)).collect(), key=lambda row: row.series_uid or "")

    return make


def test_a_series_with_its_modality_its_site_and_its_study(rows_of):
    [row] = rows_of(study())
    assert (row.study_uid, row.series_uid, row.number) == ("1.2.840.1", "1.2.840.1.1", 1)
    assert (row.modality_codes[0].code, row.body_site_codes[0].code, row.laterality_codes) == ("DX", "51185008", [])
    assert (row.patient_ref, row.encounter_ref, row.procedure_codes[0].code) == (
        "Patient/1",
        "Encounter/e1",
        "399208008",
    )
    assert (row.started_at, row.faults) == (datetime.datetime(2023, 3, 6, 22, 50, 34), [])


def test_a_series_without_a_start_began_with_its_study(rows_of):
    [row] = rows_of(study(series(started=None)))
    assert row.started_at == datetime.datetime(2023, 3, 6, 22, 40)


def test_each_series_is_a_row_with_a_key_of_its_own(rows_of):
    rows = rows_of(study(series("1.1"), series("1.2")))
    assert ([row.series_uid for row in rows], len({row.imaging_series_id for row in rows})) == (["1.1", "1.2"], 2)
    assert len({row.imaging_study_id for row in rows}) == 1


def test_a_series_twice_or_without_uid_waits(rows_of):
    nameless, *twice = rows_of(study(series("1.1"), series("1.1"), series(None)))
    assert nameless.faults == ["no_series_uid"]
    assert [row.faults for row in twice] == [["repeated_series_uid"], ["repeated_series_uid"]]
