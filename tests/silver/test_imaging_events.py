"""Imaging studies and how images were made, as statements of silver.clinical_event."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
from pyspark.sql import functions as F

from jobs.columns.reference_texts import resource_key
from jobs.silver._event_imaging import codes_of_images, of_image_features, of_imaging_studies

DCM = "http://dicom.nema.org/resources/ontology/DCM"
SNOMED = "http://snomed.info/sct"
DAY = datetime.date(2026, 3, 1)
STUDY = {"tenant": "demo", "feed": "imaging_dicom", "resource_type": "ImagingStudy", "study_uid": "1.2",
         "patient_id": 7, "patient_ref": "Patient/p", "record_id": 50, "started_date": DAY, "status": "available",
         "procedure_codes": [], "modality_codes": []}  # fmt: skip
OF_EHR = STUDY | {"feed": "ehr_fhir", "encounter_ref": "Encounter/e"}


def code(value, system=SNOMED):
    return (system, value, None, None, None)


def target(concept, domain):
    return (concept, domain, None, None)


@pytest.fixture
def concept_map(rows):
    known = [("SNOMED", "77477000", 1, "Procedure"), ("SNOMED", "24623002", 2, "Measurement"),
             ("SNOMED", "399208008", 3, "Procedure"), ("DICOM", "00180060", 4, "Measurement"),
             ("UCUM", "kV", 5, "Unit")]  # fmt: skip
    return rows(
        "silver.concept_map",
        *[
            {"vocabulary_id": v, "code_key": c, "concept_code": c, "source_concept_id": i, "targets": [target(i, d)]}
            for v, c, i, d in known
        ],
    )


DONE = {"tenant": "demo", "feed": "ehr_fhir", "patient_ref": "Patient/p", "start_date": DAY, "status": "completed"}
# Each study with a UID of its own unless it is the same one; all are judged in one go: a plan is what costs.
STUDIES = {
    "of a modality": STUDY,
    "of a code": STUDY | {"procedure_codes": [code("399208008")], "modality_codes": [code("CT", DCM)]},
    "of another domain": STUDY | {"procedure_codes": [code("24623002")], "procedure_text": "screening"},
    "of a local code": STUDY | {"procedure_codes": [code("XCH", "urn:local")]},
    "with its procedure": OF_EHR | {"encounter_ref": "Encounter/e1", "procedure_codes": [code("399208008")]},
    "with one not done": OF_EHR | {"encounter_ref": "Encounter/e2", "procedure_codes": [code("399208008")]},
    "with one of another day": OF_EHR | {"encounter_ref": "Encounter/e3", "procedure_codes": [code("399208008")]},
    "with one it names": OF_EHR | {"procedure_ref": "Procedure/x"},
    "told by the EHR": OF_EHR | {"study_uid": "7", "record_id": 51, "procedure_codes": [code("399208008")]},
    "told by its headers": STUDY | {"study_uid": "7", "patient_id": 8},
    "of somebody": OF_EHR | {"study_uid": "8"},
    "of somebody else": STUDY | {"study_uid": "8", "patient_id": 9, "patient_ref": "Patient/q"},
    "withdrawn": OF_EHR | {"study_uid": "9", "status": "entered-in-error"},
    "not withdrawn": STUDY | {"study_uid": "9", "patient_id": 8},
}
PROCEDURES = [
    DONE | {"encounter_ref": "Encounter/e1", "codes": [code("399208008")]},
    DONE | {"encounter_ref": "Encounter/e2", "codes": [code("399208008")], "status": "not-done"},
    DONE | {"encounter_ref": "Encounter/e3", "codes": [code("399208008")], "start_date": datetime.date(2026, 3, 2)},
    DONE | {"codes": [code("1")], "resource_id": "x"},
]
PATIENTS = [
    ("Patient/p", "ehr_fhir", 7, 70),
    ("Patient/p", "imaging_dicom", 8, 70),
    ("Patient/q", "imaging_dicom", 9, 90),
]
_answers = {}


def number(name):
    return list(STUDIES).index(name)


@pytest.fixture
def said(rows, concept_map):
    """The statement of a study by its name."""
    if not _answers:
        own = [{"imaging_study_id": number(name), "study_uid": f"1.{number(name)}"} for name in STUDIES]
        given = [one | {k: v for k, v in study.items() if k != "study_uid" or v != "1.2"}
                 for one, study in zip(own, STUDIES.values(), strict=True)]  # fmt: skip
        studies = rows("silver.imaging_study", *given)
        ids = studies.sparkSession.range(1).select(
            resource_key("procedure", F.lit("demo"), F.lit("ehr_fhir"), F.lit("Procedure/x"))
        )
        done = [one | {"procedure_id": place, "record_id": 90 + place} for place, one in enumerate(PROCEDURES)]
        done[-1]["procedure_id"] = ids.first()[0]
        series = [{"imaging_study_id": 0, "modality_codes": [code(m, DCM)]} for m in ("SR", "CT")]
        known = [{"patient_id": p, "aliases": [ref], "tenant": "demo", "feed": feed} for ref, feed, p, _ in PATIENTS]
        found = of_imaging_studies(
            studies,
            rows("silver.imaging_series", *series),
            rows("silver.procedure", *done),
            rows("silver.patient", *known),
            rows("silver.person_link", *[{"patient_id": p, "person_id": person} for *_, p, person in PATIENTS]),
            concept_map,
        )
        names = list(STUDIES)
        _answers.update({names[row.source_row_id]: row for row in found.collect()})
    return _answers


def test_each_study_is_one_statement(said):
    assert set(said) == set(STUDIES)


def test_a_study_of_a_modality_is_a_procedure_of_that_kind(said):
    row = said["of a modality"]
    assert ([c.code for c in row.codes], row.home, row.excluded) == (["CT", "77477000"], "procedure_occurrence", None)
    assert (row.start_date, row.record_ids, row.source_table) == (DAY, [50], "silver.imaging_study")


def test_a_study_that_says_what_was_done_is_that(said):
    assert [c.code for c in said["of a code"].codes] == ["399208008"]


def test_a_code_of_another_domain_leaves_the_study_a_procedure(said):
    row = said["of another domain"]
    assert (row.codes, row.code_text, row.home) == ([], "screening", "procedure_occurrence")


def test_a_local_code_that_nobody_maps_stays_the_code_when_there_is_no_modality(said):
    assert [c.code for c in said["of a local code"].codes] == ["XCH"]


def test_a_study_whose_procedure_is_in_the_data_is_no_second_one(said):
    assert said["with its procedure"].excluded == said["with one it names"].excluded == "told_by_its_procedure"


def test_a_procedure_that_was_not_done_or_on_another_day_is_not_that_of_the_study(said):
    assert (said["with one not done"].excluded, said["with one of another day"].excluded) == (None, None)


def test_a_study_that_two_feeds_tell_is_one_procedure_with_both_records(said):
    one, other = said["told by the EHR"], said["told by its headers"]
    assert (one.excluded, one.record_ids) == (None, [51, 50])
    assert (other.excluded, other.record_ids) == ("told_by_another_feed", [50])


def test_what_two_feeds_tell_of_people_who_are_not_one_stays_two(said):
    assert (said["of somebody"].excluded, said["of somebody else"].excluded) == (None, None)


def test_a_withdrawn_study_is_none_and_hides_none(said):
    assert (said["withdrawn"].excluded, said["not withdrawn"].excluded) == ("entered_in_error", None)


def test_every_list_of_codes_that_a_statement_can_have_is_known_before(rows):
    studies = rows("silver.imaging_study", STUDIES["of a code"] | {"imaging_study_id": 1})
    series = rows("silver.imaging_series", {"imaging_study_id": 1, "modality_codes": [code("MR", DCM)]})
    frames = codes_of_images(studies, series)
    found = {tuple(c.code for c in row.codes) for one in frames for row in one.select("codes").collect()}
    assert {("399208008",), ("CT", "77477000"), ("MR", "113091000"), ("00180060",), ("00081090",)} <= found


SERIES = STUDY | {"imaging_series_id": 5, "imaging_study_id": 1, "facts": []}
del SERIES["procedure_codes"]


@pytest.fixture
def features(rows, concept_map):
    def exact(fact):
        return (fact[0], None if fact[1] is None else Decimal(fact[1]), *fact[2:])

    def make(*facts, of_series=()):
        series = rows("silver.imaging_series", SERIES | {"facts": list(of_series)})
        same = {"imaging_series_id": 5}
        images = [same | {"record_id": 60 + n, "facts": [exact(fact)]} for n, fact in enumerate(facts)]
        found = of_image_features(series, rows("silver.imaging_instance", *images), concept_map)
        return found.orderBy(F.col("codes")[0]["code"], "value_as_number").collect()

    return make


def test_what_all_images_of_a_series_share_is_said_once(features):
    [row] = features(("kvp", 120, "kV", None, "120000"), ("kvp", 120, "kV", None, None))
    assert (row.codes[0].code, row.home, int(row.value_as_number)) == ("00180060", "measurement", 120)
    assert (row.unit_concept_id, row.unit_source_value, row.value_source_value) == (5, "kV", "120000")
    assert (row.source_table, row.source_row_id, row.record_ids, row.start_date) == (
        "silver.imaging_series", 5, [60], DAY)  # fmt: skip


def test_words_are_observations_and_come_from_the_series_too(features):
    [row] = features(of_series=[("model", None, None, "Scan 7", None)])
    assert (row.codes[0].code, row.home, row.value_as_string) == ("00081090", "observation", "Scan 7")
    assert (row.part, row.record_ids) == ("00081090 Scan 7", [50])


def test_what_differs_from_image_to_image_is_no_feature_of_the_series(features):
    echoes = [("echo_time_ms", n, "ms", None, None) for n in (10, 20)]
    currents = [("tube_current_ma", n, "mA", None, None) for n in range(100, 105)]
    place = [("slice_location_mm", 1, "mm", None, None)]
    assert [int(row.value_as_number) for row in features(*echoes, *currents, *place)] == [10, 20]


def test_a_count_has_no_unit_and_a_value_that_could_not_be_read_is_none(features):
    [row] = features(("rows", 512, "1", None, None), ("kvp", None, None, None, "high"))
    assert (row.codes[0].code, row.unit_source_value, row.unit_concept_id, row.value_source_value) == (
        "00280010", None, None, "512")  # fmt: skip
