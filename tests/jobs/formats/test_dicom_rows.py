"""Rows of DICOM instances: what was sent beside what can be believed."""

import json

import pydicom.uid
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from infra.bench.dicom import data_set, file_of
from jobs.formats import dicom_header, dicom_modality, dicom_rows
from jobs.formats.dicom_limits import Limits
from jobs.formats.dicom_modality import cleaned

STORAGE = "1.2.840.10008.5.1.4.1.1."


def rows(**elements):
    data = file_of(data_set(1, **elements))
    return dicom_rows.tables(json.dumps(dicom_header.read(data, len(data), Limits()).tags))


def study(**elements):
    return rows(**elements)["imaging_study"]


def series(**elements):
    return rows(**elements)["imaging_series"]


def image(**elements):
    return rows(**elements)["imaging_instance"]


def some(row, *columns):
    return {column: row[column] for column in columns}


def test_a_study_knows_its_patient():
    columns = ("source_patient_id", "patient_name_raw", "patient_family", "patient_given", "birth_date", "sex")
    assert some(study(), *columns, "age_years") == {
        "source_patient_id": "P000001",
        "patient_name_raw": "Müller^Anna",
        "patient_family": "Müller",
        "patient_given": "Anna",
        "birth_date": "1970-02-14",
        "sex": "F",
        "age_years": "56",
    }  # fmt: skip


def test_names_in_several_scripts_are_kept_apart():
    row = study(SpecificCharacterSet="ISO_IR 192", PatientName="Yamada^Tarou=山田^太郎=やまだ^たろう")
    assert (row["patient_family"], row["patient_name_ideographic"]) == ("Yamada", "山田^太郎")
    assert row["patient_name_raw"] == "Yamada^Tarou=山田^太郎=やまだ^たろう"


def test_a_study_knows_when_it_was_in_the_zone_it_says():
    row = study()
    assert some(row, "study_date", "study_time", "study_at", "timezone_offset", "faults") == {
        "study_date": "2026-03-01",
        "study_time": "09:30:15.250000",
        "study_at": "2026-03-01T09:30:15.250000+01:00",
        "timezone_offset": "+01:00",
        "faults": [],
    }
    assert study(TimezoneOffsetFromUTC=None)["study_at"] == "2026-03-01T09:30:15.250000"
    assert study(StudyTime=None)["study_at"] is None


def test_an_acquisition_in_one_element_brings_its_own_offset():
    row = image(AcquisitionDateTime="20260301101500.5-0500", AcquisitionDate=None)
    assert some(row, "acquisition_at", "acquisition_date", "acquisition_time") == {
        "acquisition_at": "2026-03-01T10:15:00.500000-05:00",
        "acquisition_date": "2026-03-01",
        "acquisition_time": "10:15:00.500000",
    }


def test_codes_of_what_was_done_are_kept_with_their_system():
    urn = Dataset()
    urn.URNCodeValue, urn.CodeMeaning = "urn:x:1", "By URN"
    assert study()["procedure_codes"] == [
        {"system": "99LOCAL", "code": "CTTH", "display": "CT of the thorax", "version": None}
    ]
    assert study(ProcedureCodeSequence=Sequence([urn, Dataset()]))["procedure_codes"] == [
        {"system": None, "code": "urn:x:1", "display": "By URN", "version": None}
    ]


def test_a_study_knows_who_asked_for_it_and_under_which_number():
    issuer = Dataset()
    issuer.LocalNamespaceEntityID = "RIS"
    row = study(IssuerOfAccessionNumberSequence=Sequence([issuer]))
    assert some(row, "accession_number", "accession_issuer", "referring_physician_family", "institution") == {
        "accession_number": "A0000001",
        "accession_issuer": "RIS",
        "referring_physician_family": "Roe",
        "institution": "St. Nowhere",
    }


@pytest.mark.parametrize(
    ("elements", "column", "fault"),
    [
        ({"StudyDate": "20260230"}, "study_date", "malformed_date"),
        ({"PatientBirthDate": "1970"}, "birth_date", "malformed_date"),
        ({"StudyTime": "2561"}, "study_time", "malformed_time"),
        ({"TimezoneOffsetFromUTC": "CET"}, "timezone_offset", "malformed_offset"),
        ({"PatientSex": "X"}, "sex", "unknown_sex"),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_what_cannot_be_believed_is_kept_as_sent_and_named(elements, column, fault):
    row = study(**elements)
    assert (row[column], row[f"{column}_raw"], row["faults"]) == (None, next(iter(elements.values())), [fault])


def test_a_series_knows_its_device():
    row = series()
    assert some(row, "modality", "manufacturer", "model", "station", "protocol", "software_versions", "number") == {
        "modality": "CT",
        "manufacturer": "Made Up Devices",
        "model": "Scan 9",
        "station": "ROOM1",
        "protocol": "Routine",
        "software_versions": "1.0\\2.3",
        "number": 2,
    }


@pytest.mark.parametrize(
    ("sent", "sop_class", "body_part", "expected"),
    [
        ("CT", STORAGE + "2", None, ("CT", None)),
        ("ct ", STORAGE + "2", None, ("CT", None)),
        ("MR", STORAGE + "2", None, ("CT", "modality_disagrees")),
        ("CR", STORAGE + "1.2", None, ("MG", "modality_disagrees")),
        ("MG", STORAGE + "1", None, ("MG", None)),
        ("CR", STORAGE + "1", "BREAST", ("MG", "modality_disagrees")),
        ("CR", STORAGE + "1", "CHEST", ("CR", None)),
        ("OT", STORAGE + "7", None, ("OT", None)),
        ("US", STORAGE + "7", None, ("US", None)),
        ("EC", STORAGE + "6.1", None, ("US", None)),
        ("PET", STORAGE + "128", None, ("PT", None)),
        (None, STORAGE + "4", None, ("MR", None)),
        ("RADIOLOGY", None, None, (None, "unknown_modality")),
        (None, None, None, (None, None)),
    ],
)
def test_the_sop_class_is_believed_where_it_and_the_modality_cannot_both_be_true(sent, sop_class, body_part, expected):
    assert cleaned(sent, sop_class, body_part) == expected


def test_the_modality_is_kept_as_sent_beside_the_cleaned_one():
    row = series(SOPClassUID=STORAGE + "1.2", Modality="CR")
    assert (row["modality_raw"], row["modality"], row["faults"]) == ("CR", "MG", ["modality_disagrees"])


def test_every_class_with_a_modality_is_one_of_the_standard():
    for end in dicom_modality._CLASSES:
        assert pydicom.uid.UID(STORAGE + end).type == "SOP Class", end


@pytest.mark.parametrize(
    ("sent", "expected"),
    [("CHEST", "CHEST"), ("c-spine", "CSPINE"), ("Lumbar Spine", "LSPINE"), ("UNKNOWN", None), ("Toe 3", "TOE3")],
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_body_part_is_brought_to_the_terms_of_the_standard(sent, expected):
    row = series(BodyPartExamined=sent)
    assert (row["body_part_raw"], row["body_part"]) == (sent, expected)


def test_the_side_is_taken_from_series_or_image():
    assert [series(Laterality="L")["laterality"], series(ImageLaterality="R")["laterality"]] == ["L", "R"]
    assert series()["laterality"] is None


def test_contrast_is_told_by_agent_or_code():
    assert (series()["has_contrast"], series(ContrastBolusAgent="Iohexol")["has_contrast"]) == (False, True)


def test_an_image_knows_how_it_was_made():
    row = image()
    assert some(
        row, "kvp", "exposure_mas", "slice_thickness_mm", "row_spacing_mm", "column_spacing_mm", "rows", "frames",
        "has_burned_in_annotation", "has_pixel_data", "private_creators", "transfer_syntax_uid", "image_type",
    ) == {
        "kvp": "120", "exposure_mas": "100", "slice_thickness_mm": "5.0", "row_spacing_mm": "0.7",
        "column_spacing_mm": "0.7", "rows": 16, "frames": 1, "has_burned_in_annotation": False,
        "has_pixel_data": True, "private_creators": ["MADE UP DEVICES 1.0"],
        "transfer_syntax_uid": "1.2.840.10008.1.2.1", "image_type": "ORIGINAL\\PRIMARY\\AXIAL",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("elements", "column", "expected"),
    [
        ({"KVP": "120000"}, "kvp", "120"),
        ({"KVP": "0"}, "kvp", None),
        ({"MagneticFieldStrength": "1.5"}, "magnetic_field_strength_t", "1.5"),
        ({"MagneticFieldStrength": "15000"}, "magnetic_field_strength_t", "1.5"),
        ({"MagneticFieldStrength": "100"}, "magnetic_field_strength_t", None),
        ({"SliceThickness": "-1"}, "slice_thickness_mm", None),
        ({"RepetitionTime": "2500.00"}, "repetition_time_ms", "2500.00"),
        ({"BurnedInAnnotation": "MAYBE"}, "has_burned_in_annotation", None),
    ],
)
def test_numbers_that_cannot_be_are_cleaned_and_kept_as_sent(elements, column, expected):
    row = image(**elements)
    assert (row[column], row[f"{column}_raw"]) == (expected, next(iter(elements.values())))


def test_spacing_needs_two_numbers():
    assert image(PixelSpacing=["0.5", "0"])["row_spacing_mm"] is None
    assert image(PixelSpacing=None, ImagerPixelSpacing=["0.2", "0.1"])["column_spacing_mm"] == "0.1"


def test_an_enhanced_image_has_its_values_in_functional_groups():
    measures, timing, shared, frame = Dataset(), Dataset(), Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = ["0.5", "0.6"], "3"
    timing.RepetitionTime = "2000"
    shared.MRTimingAndRelatedParametersSequence = Sequence([timing])
    frame.PixelMeasuresSequence = Sequence([measures])
    row = image(
        PixelSpacing=None, SliceThickness=None, NumberOfFrames="2",
        SharedFunctionalGroupsSequence=Sequence([shared]), PerFrameFunctionalGroupsSequence=Sequence([frame, frame]),
    )  # fmt: skip
    assert some(row, "row_spacing_mm", "column_spacing_mm", "slice_thickness_mm", "repetition_time_ms", "frames") == {
        "row_spacing_mm": "0.5",
        "column_spacing_mm": "0.6",
        "slice_thickness_mm": "3",
        "repetition_time_ms": "2000",
        "frames": 2,
    }


def test_json_of_a_server_with_numbers_and_plain_names_gives_the_same_rows():
    ours = rows()["imaging_study"]
    theirs = data_set(1).to_json_dict()
    theirs["00100010"]["Value"] = ["Müller^Anna"]
    assert dicom_rows.tables(json.dumps(theirs))["imaging_study"] == ours


def test_the_columns_do_not_depend_on_what_was_sent():
    empty = dicom_rows.tables("{}")
    assert {table: list(row) for table, row in empty.items()} == {table: list(row) for table, row in rows().items()}
