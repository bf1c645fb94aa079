"""gold.image_occurrence: each series of images once, with the procedure in which it was made."""

from __future__ import annotations

import datetime

import pytest

import schemas
from jobs.gold.image_occurrence import build, excluded

DCM = "http://dicom.nema.org/resources/ontology/DCM"
SNOMED = "http://snomed.info/sct"
PARTS = "http://dicom.nema.org/medical/dicom/current/output/chtml/part16/chapter_L.html"
DAY = datetime.date(2026, 3, 1)
HEADERS = {"tenant": "demo", "feed": "imaging_dicom", "patient_id": 8, "patient_ref": "Patient/p",
           "started_date": DAY, "status": "available"}  # fmt: skip
EHR = HEADERS | {"feed": "ehr_fhir", "patient_id": 7}


def code(value, system=SNOMED):
    return [(system, value, None, None, None)]


# Studies by number: the record of each is 100 more, the procedure that stands on it 1000 more.
STUDIES = [
    HEADERS | {"imaging_study_id": 1, "study_uid": "1", "record_id": 101},
    HEADERS | {"imaging_study_id": 2, "study_uid": "2", "record_id": 102},
    EHR | {"imaging_study_id": 3, "study_uid": "2", "record_id": 103, "encounter_ref": "Encounter/e"},
    HEADERS | {"imaging_study_id": 4, "study_uid": "4", "record_id": 104},
    EHR | {"imaging_study_id": 5, "record_id": 105},
    HEADERS | {"imaging_study_id": 6, "study_uid": "6", "record_id": 106, "patient_id": 9, "patient_ref": "Patient/q"},
    EHR | {"imaging_study_id": 7, "study_uid": "7", "record_id": 107, "encounter_ref": "Encounter/e",
           "procedure_codes": code("399208008")},
]  # fmt: skip
SERIES = [
    {"imaging_series_id": 11, "imaging_study_id": 1, "series_uid": "1.1", "modality_codes": code("CT", DCM),
     "body_site_codes": code("CHEST", PARTS), "retrieve_url": "https://pacs.example/studies/1/series/1.1"},
    {"imaging_series_id": 12, "imaging_study_id": 1, "series_uid": "1.2", "modality_codes": code("SR", DCM),
     "body_site_codes": []},
    {"imaging_series_id": 21, "imaging_study_id": 2, "series_uid": "2.1", "modality_codes": code("MR", DCM),
     "body_site_codes": []},
    {"imaging_series_id": 31, "imaging_study_id": 3, "series_uid": "2.1", "modality_codes": code("CT", DCM),
     "body_site_codes": code("51185008")},
    {"imaging_series_id": 41, "imaging_study_id": 4, "series_uid": "4.1", "modality_codes": code("CT", DCM),
     "body_site_codes": code("399208008")},
    {"imaging_series_id": 51, "imaging_study_id": 5, "series_uid": "5.1"},
    {"imaging_series_id": 61, "imaging_study_id": 6, "series_uid": "6.1"},
    {"imaging_series_id": 71, "imaging_study_id": 7, "series_uid": "7.1"},
    {"imaging_series_id": 72, "imaging_study_id": 7, "series_uid": "7.2", "status": "entered-in-error"},
]  # fmt: skip
DONE = [
    {"procedure_occurrence_id": 1001, "person_id": 70, "lw_record_ids": [101], "visit_occurrence_id": 900},
    # Of the study that two feeds tell, the EHR's word was kept.
    {"procedure_occurrence_id": 1003, "person_id": 70, "lw_record_ids": [103, 102]},
    {"procedure_occurrence_id": 1005, "person_id": 70, "lw_record_ids": [105]},
    # The procedure of a resource of its own.
    {"procedure_occurrence_id": 1090, "person_id": 70, "lw_record_ids": [190]},
    {"procedure_occurrence_id": 1006, "person_id": 90, "lw_record_ids": [106]},
]
CODES = [("DICOM", "CT", 1, "Procedure"), ("SNOMED", "113091000", 2, "Procedure"),
         ("SNOMED", "399208008", 3, "Procedure"), ("SNOMED", "51185008", 4, "Spec Anatomic Site")]  # fmt: skip
_answers = {}


@pytest.fixture
def images(rows):
    """The rows by the key of the series whose word is kept; all are built in one go."""
    if not _answers:
        by_number = {study["imaging_study_id"]: study for study in STUDIES}
        shared = ("tenant", "feed", "patient_id", "patient_ref", "started_date", "status", "study_uid")
        nothing = {"modality_codes": [], "body_site_codes": [], "facts": [], "sent_as": []}
        series = [
            nothing
            | {name: by_number[one["imaging_study_id"]].get(name) for name in shared}
            | {"record_id": by_number[one["imaging_study_id"]]["record_id"]}
            | one
            for one in SERIES
        ]
        procedure = {"procedure_id": 3, "record_id": 190, "encounter_ref": "Encounter/e", "start_date": DAY,
                     "status": "completed", "codes": code("399208008")}  # fmt: skip
        owner = {name: EHR[name] for name in ("tenant", "feed", "patient_id", "patient_ref")}
        known = [("Patient/p", "ehr_fhir", 7), ("Patient/p", "imaging_dicom", 8), ("Patient/q", "imaging_dicom", 9)]
        built = build(
            rows("silver.imaging_series", *series),
            rows("silver.imaging_study", *[{"procedure_codes": []} | study for study in STUDIES]),
            rows("silver.procedure", owner | procedure),
            rows(
                "silver.patient",
                *[{"patient_id": p, "aliases": [ref], "tenant": "demo", "feed": feed} for ref, feed, p in known],
            ),
            rows("silver.person_link", *[{"patient_id": p, "person_id": q} for p, q in ((7, 70), (8, 70), (9, 80))]),
            rows("gold.person", {"person_id": 70}),
            rows("silver.encounter",
                 {"encounter_id": 600, "aliases": ["Encounter/e"], "tenant": "demo", "feed": "ehr_fhir"}),
            rows("gold.visit_occurrence", {"visit_occurrence_id": 901, "person_id": 70, "lw_told_by": [600]}),
            rows("gold.visit_detail"),
            rows("silver.concept_map", *[
                {"vocabulary_id": v, "code_key": c, "source_concept_id": i, "targets": [(i, d, None, None)]}
                for v, c, i, d in CODES
            ]),
            rows("gold.procedure_occurrence", *DONE),
        )  # fmt: skip
        assert set(built.columns) == {*schemas.table("gold.image_occurrence").columns, "faults"}
        _answers.update({int(row.lw_source.rpartition("|")[2]): row for row in built.collect()})
    return _answers


def test_a_series_has_its_procedure_its_kind_its_site_and_its_visit(images):
    row = images[11]
    assert (row.person_id, row.procedure_occurrence_id, row.visit_occurrence_id) == (70, 1001, 900)
    assert (row.modality_concept_id, row.image_occurrence_date) == (1, DAY)
    # What DICOM calls CHEST is looked up as SNOMED CT calls it, where no map knows the term itself.
    assert (row.anatomic_site_concept_id, row.image_study_UID, row.image_series_UID) == (4, "1", "1.1")
    assert (row.wadors_uri, row.faults) == ("https://pacs.example/studies/1/series/1.1", [])


def test_all_series_of_a_study_are_of_one_procedure(images):
    assert images[12].procedure_occurrence_id == images[11].procedure_occurrence_id
    assert images[12].image_occurrence_id != images[11].image_occurrence_id


def test_a_modality_that_is_not_mapped_is_0_and_a_site_that_nobody_told_is_null(images):
    assert (images[12].modality_concept_id, images[12].anatomic_site_concept_id) == (0, None)


def test_a_series_that_two_feeds_tell_is_one_row_by_the_word_of_its_headers(images):
    row = images[21]
    assert 31 not in images
    # The EHR knows the site and the visit; its modality is not believed.
    assert (row.modality_concept_id, row.anatomic_site_concept_id, row.visit_occurrence_id) == (2, 4, 901)
    assert (row.lw_told_by, row.lw_record_ids, row.procedure_occurrence_id) == ([21, 31], [102, 103], 1003)


def test_a_series_without_a_published_procedure_waits(images):
    assert images[41].faults == ["no_procedure"]


def test_a_code_of_another_domain_is_no_site(images):
    assert images[41].anatomic_site_concept_id == 0


def test_a_series_without_study_uid_waits(images):
    assert (images[51].faults, images[51].lw_told_by) == (["no_study_uid"], [51])


def test_a_series_of_somebody_unpublished_waits_and_takes_no_procedure_of_another(images):
    assert (images[61].person_id, images[61].faults) == (80, ["no_person", "no_procedure"])


def test_the_procedure_that_the_data_has_of_a_study_goes_before(images):
    assert (images[71].procedure_occurrence_id, images[71].visit_occurrence_id) == (1090, 901)


def test_a_withdrawn_series_is_excluded_by_rule(images, rows):
    assert 72 not in images
    found = rows("silver.imaging_series", {"status": "entered-in-error"}, {"status": "available"})
    assert [row.why for row in found.select(excluded().alias("why")).collect()] == ["entered_in_error", None]
