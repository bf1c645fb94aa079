"""What becomes of a statement whose code stands for several standard concepts, or for one with several values."""

import datetime
import inspect

import pytest

import schemas
from jobs.columns.fhir import CODES
from jobs.columns.mapping import mapped
from jobs.silver.clinical_event import build

DAY = datetime.date(2026, 3, 1)
# Two values of one answer, of one measurement, of two concepts; and one value of one concept.
MAPPED = {
    "answers": [(902, "Observation", None, 903), (902, "Observation", None, 904)],
    "measured": [(700, "Measurement", None, 12), (700, "Measurement", None, 11)],
    "two": [(500, "Condition", None, None), (501, "Condition", None, None)],
    "valued": [(902, "Observation", None, 903)],
}


@pytest.fixture(scope="module")
def events(spark):
    """The events of one condition of each code of MAPPED, by code: (concept, value, key)."""
    from tests.conftest import _schema

    def rows(table, *given):
        schema = _schema(table, with_faults=False)
        return spark.createDataFrame([tuple(one.get(name) for name in schema.names) for one in given], schema)

    table = schemas.table("silver.clinical_event")
    held = {
        "concept_map": [
            {"vocabulary_id": "SNOMED", "code_key": c, "concept_code": c, "source_concept_id": n, "targets": targets}
            for n, (c, targets) in enumerate(MAPPED.items(), 1)
        ],
        "conditions": [
            {"condition_id": n, "resource_id": c, "feed": "ehr_fhir", "tenant": "demo", "record_id": n,
             "patient_ref": "Patient/p", "onset_date": DAY, "codes": [("http://snomed.info/sct", c, None, None, None)]}
            for n, c in enumerate(MAPPED, 1)
        ],
    }  # fmt: skip
    frames = {p: rows(table.built_from[p], *held.get(p, [])) for p in inspect.signature(build).parameters}
    made = build(**frames).select("source_code", "concept_id", "value_as_concept_id", "event_id").collect()
    return {code: sorted(tuple(row)[1:] for row in made if row.source_code == code) for code in MAPPED}


def test_a_code_for_one_concept_with_two_values_gives_a_row_and_a_key_for_each(events):
    assert [(concept, value) for concept, value, _ in events["answers"]] == [(902, 903), (902, 904)]
    assert len({key for *_, key in events["answers"]}) == 2


def test_of_two_values_of_a_measurement_one_is_taken(events):
    assert [(concept, value) for concept, value, _ in events["measured"]] == [(700, 11)]


def test_an_icd_10_code_that_is_of_an_american_modification_only_is_of_that(spark, rows):
    system, known = "http://hl7.org/fhir/sid/icd-10", [(9, "Condition", None, None)]
    map_ = [
        ("ICD10CM", "E11.65", known),
        ("ICD10", "I10", known),
        ("ICD10CM", "I10", known),
        ("ICD10PCS", "0DTJ4ZZ", []),
    ]
    keyed = [
        {"vocabulary_id": vocabulary, "code_key": code, "source_concept_id": number, "targets": targets}
        for number, (vocabulary, code, targets) in enumerate(map_, 1)
    ]
    coded = [([(system, code, None, None, None)],) for code in ("E11.65", "I10", "0DTJ4ZZ", "X")]
    sent = spark.createDataFrame(coded, f"codes {CODES}")
    found = mapped(sent, rows("silver.concept_map", *keyed), "codes").select("map.*").collect()
    assert {row.source_code: (row.vocabulary_id, row.source_concept_id) for row in found} == {
        "E11.65": ("ICD10CM", 1),
        "I10": ("ICD10", 2),
        "0DTJ4ZZ": ("ICD10PCS", 4),
        "X": ("ICD10", 0),
    }
    assert len(found) == len(coded)


def test_a_code_of_a_system_that_only_the_users_vocabulary_knows_is_of_that(spark, rows):
    system, known = "urn:oid:1.2.3.4", [(9, "Condition", None, None)]
    local = {"vocabulary_id": system, "source_vocabulary_id": "clinic", "code_key": "GLU", "source_concept_id": 0}
    coded = [([(one, "GLU", None, None, None)],) for one in ("URN:OID:1.2.3.4", "urn:oid:9", None)]
    sent = spark.createDataFrame(coded, f"codes {CODES}")
    found = mapped(sent, rows("silver.concept_map", {**local, "targets": known}), "codes").select("map.*").collect()
    made = sorted((row.vocabulary_id or "", [one.concept_id for one in row.targets]) for row in found)
    assert made == [("", []), ("", []), ("clinic", [9])]


def test_two_concepts_are_two_rows_and_one_value_is_one(events):
    assert [concept for concept, *_ in events["two"]] == [500, 501]
    assert [(concept, value) for concept, value, _ in events["valued"]] == [(902, 903)]
