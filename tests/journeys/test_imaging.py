"""The life of images: DICOM headers and an EHR's word on the same study, landing to gold and back."""

import datetime

import pytest

from jobs.shell import deliveries, quarantine, run, state, trace
from tests.journeys.conftest import SNOMED, concept, encounter, patient, write

DAY = datetime.datetime(2026, 3, 1, 6, tzinfo=datetime.UTC)
DCM = "http://dicom.nema.org/resources/ontology/DCM"
CT = "1.2.840.10008.5.1.4.1.1.2"
# Two runs of everything count as the setup of the first test.
pytestmark = pytest.mark.timeout(3600)


def header(folder, name, **given):
    import pydicom
    from pydicom.uid import ExplicitVRLittleEndian

    meta = pydicom.dataset.FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = CT, given["SOPInstanceUID"]
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made = pydicom.dataset.Dataset()
    same = {"SOPClassUID": CT, "StudyDate": "20250601", "StudyTime": "223000", "Modality": "CT", "PatientID": "p1",
            "PatientName": "Test1", "PatientBirthDate": "19700501", "PatientSex": "F", "KVP": "120000",
            "BodyPartExamined": "THORAX", "SliceThickness": "2.5", "ManufacturerModelName": "Scan 7",
            "PatientAge": "055Y"}  # fmt: skip
    for element, value in {**same, **given}.items():
        setattr(made, element, value)
    made.file_meta = meta
    folder.mkdir(parents=True, exist_ok=True)
    pydicom.dcmwrite(folder / name, made, enforce_file_format=True)
    return folder


def image(**given):
    return {
        "resourceType": "ImagingStudy",
        "id": "i1",
        "identifier": [{"system": "urn:dicom:uid", "value": "urn:oid:1.2.3"}],
        "status": "available",
        "subject": {"reference": "Patient/p1"},
        "encounter": {"reference": "Encounter/e1"},
        "started": "2025-06-01T22:30:00-04:00",
        "procedureCode": [concept(SNOMED, "399208008", "Chest film")],
        "series": [{"uid": "1.2.3.1", "modality": {"system": DCM, "code": "CR"}, "instance": [{"uid": "1.2.3.1.1"}]}],
        **given,
    }


@pytest.fixture(scope="module")
def lake(spark, tmp_path_factory):
    from jobs.shell.lake import Lake
    from jobs.shell.settings import Settings

    home = tmp_path_factory.mktemp("images")
    found = Lake(spark, Settings(str(home / "lake")))
    told = [patient(1, 1970), encounter(1, 1), image(),
            image(id="i2", identifier=[{"system": "urn:dicom:uid", "value": "urn:oid:9.9"}], series=None)]  # fmt: skip
    deliveries.land("ehr_fhir", [write(home / "ehr", told)], found.settings, received_at=DAY)
    folder = home / "dicom"
    for n in (1, 2):
        header(folder, f"{n}.dcm", StudyInstanceUID="1.2.7", SeriesInstanceUID="1.2.7.1", SOPInstanceUID=f"1.2.7.1.{n}")
    deliveries.land("imaging_dicom", [folder], found.settings, received_at=DAY)
    report = run.run(found, (), say=lambda text: None)
    assert report.state == "succeeded", [o["message"] for o in report.outcomes if o["message"]]
    return found


@pytest.fixture
def ask(lake):
    from jobs.shell import query

    return lambda text: query.connect(lake.settings, trace=True).execute(text).fetchall()


def test_a_study_without_a_procedure_is_one_and_its_series_lies_in_it(ask):
    [row] = ask(
        "SELECT i.modality_concept_id, i.image_occurrence_date, p.procedure_source_value, s.concept_name"
        " FROM image_occurrence i JOIN procedure_occurrence p USING (procedure_occurrence_id)"
        " JOIN concept s ON s.concept_id = i.anatomic_site_concept_id WHERE i.image_study_UID = '1.2.7'"
    )
    # 22:30 at the hospital is the next day in UTC: the date is the hospital's.
    assert row == (2000003003, datetime.date(2025, 6, 1), "CT", "chest, as imaged")


def test_two_headers_are_two_images_of_one_series(ask, lake):
    assert ask("SELECT count(*) FROM image_occurrence WHERE image_series_UID = '1.2.7.1'") == [(1,)]
    assert state.read(lake.settings, "silver.imaging_instance").accounting["out"] == 3


def test_a_series_of_an_ehr_lies_in_the_visit_of_its_study(ask):
    [row] = ask(
        "SELECT v.visit_start_date, p.procedure_source_value FROM image_occurrence i"
        " JOIN visit_occurrence v USING (visit_occurrence_id)"
        " JOIN procedure_occurrence p USING (procedure_occurrence_id)"
        " WHERE i.image_study_UID = '1.2.3'"
    )
    assert row == (datetime.date(2025, 6, 1), "399208008")


def test_how_the_images_were_made_is_measured_and_observed(ask):
    measured = ask(
        "SELECT m.measurement_source_value, m.value_as_number, m.unit_source_value, m.value_source_value"
        " FROM image_feature f JOIN measurement m ON m.measurement_id = f.image_feature_event_id"
        " WHERE f.image_feature_event_field_concept_id = 1147138 ORDER BY 1"
    )
    assert measured == [
        ("00101010", 55, "a", "055Y"),
        ("00180050", 2.5, "mm", "2.5"),
        ("00180060", 120, "kV", "120000"),
    ]
    assert ask("SELECT value_as_string FROM observation WHERE observation_source_value = '00081090'") == [("Scan 7",)]


def test_a_study_without_series_is_counted_by_name_and_nothing_is_missing(lake):
    account = state.read(lake.settings, "silver.imaging_series").accounting
    assert (account["out"], account["excluded"], account["missing"]) == (2, {"study_without_series": 2}, 0)
    assert quarantine.reasons(lake, "gold.image_occurrence") == {}


def test_a_feature_is_traced_to_the_header_it_stands_on(ask, lake):
    [(feature,), *_] = ask("SELECT image_feature_id FROM image_feature")
    found = trace.walk(lake.settings, "gold.image_feature", feature)
    assert [(record["feed"], record["bytes_found"] == record["length"]) for record in found["records"]] == [
        ("imaging_dicom", True)
    ]
    assert [row["table"] for row in found["silver"]] == ["silver.imaging_series"]
