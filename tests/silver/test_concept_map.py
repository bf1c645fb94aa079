"""silver.concept_map: what a code means, by the vocabulary's relations or by the local map.

One small world is mapped once; each test asks for one code of it. Concepts from 900 on are standard.
"""

from __future__ import annotations

import collections
import csv
import datetime
import pathlib

import numpy as np
import pytest

import schemas
from jobs.columns import codes
from jobs.shell import vocabulary_files
from jobs.shell.tables import spark_schema
from jobs.silver.concept_map import build

SAMPLE = pathlib.Path(__file__).resolve().parents[3] / "shared" / "reference" / "vocabulary-sample"

ALWAYS = {"valid_start_date": datetime.date(1970, 1, 1), "valid_end_date": datetime.date(2099, 12, 31)}


def concept(concept_id, vocabulary, code, domain="Condition", **more):
    standard = "S" if concept_id >= 900 else None
    return {"concept_id": concept_id, "concept_name": f"concept {concept_id}", "domain_id": domain,
            "vocabulary_id": vocabulary, "concept_class_id": "Disorder", "standard_concept": standard,
            "concept_code": code, **ALWAYS, **more}  # fmt: skip


def relation(one, other, kind="Maps to", **more):
    return {"concept_id_1": one, "concept_id_2": other, "relationship_id": kind, **ALWAYS, **more}


def local(vocabulary, code, target, **more):
    return {"source_vocabulary_id": vocabulary, "source_code": code, "source_concept_id": 0,
            "target_concept_id": target,
            "target_vocabulary_id": "SNOMED", **ALWAYS, **more}  # fmt: skip


CONCEPTS = [
    concept(900, "SNOMED", "fever"),
    concept(901, "SNOMED", "pain", "Observation"),
    concept(902, "SNOMED", "history", "Observation"),
    concept(903, "SNOMED", "bowel cancer"),
    concept(904, "SNOMED", "stomach cancer"),
    concept(905, "SNOMED", "gone", invalid_reason="D"),
    concept(906, "LOINC", "2823-3", "Measurement"),
    concept(907, "blank", "standard", invalid_reason=""),
    concept(908, "CVX", "08", "Drug"),
    concept(909, "names", "NA"),
    concept(1, "ICD10CM", "E11.9"),
    concept(2, "blank", "source", standard_concept=""),
    concept(3, "X", "invalid relation"),
    concept(4, "X", "invalid target"),
    concept(5, "ICD10CM", "Z80.0"),
    concept(6, "X", "lone target"),
    concept(7, "ICD10CM", "F17.210"),
    concept(8, "ICD10CM", "I10"),
    concept(9, "ICD9CM", "12.34"),
    concept(10, "ICD9CM", "123.4"),
    concept(11, "ICD9CM", "1.5"),
    concept(12, "ICD9CM", "15"),
    concept(13, "ICD10", "F17.210"),
    concept(14, "X", "used twice", invalid_reason="D"),
    concept(15, "X", "used twice"),
    concept(16, "X", "both"),
    concept(17, "X", "local row is no good"),
    concept(18, "X", "known to have none"),
    concept(19, "Vocabulary", "OMOP generated"),
]
RELATIONS = [
    relation(1, 901),
    relation(1, 900),
    relation(2, 907, invalid_reason=""),
    relation(3, 900, invalid_reason="D"),
    relation(4, 905),
    relation(5, 902),
    relation(5, 900),
    relation(5, 904, "Maps to value"),
    relation(5, 903, "Maps to value"),
    relation(6, 900),
    relation(6, 903, "Maps to value"),
    relation(16, 900),
    relation(17, 900),
    relation(18, 900),
]
LOCAL = [
    local("X", "both", 901),
    local("clinic", "GLU", 906),
    local("X", "local row is no good", 1),
    local("X", "local row is no good", 999),
    local("X", "local row is no good", 901, invalid_reason="D"),
    local("X", "known to have none", 0),
    local("SNOMED", "fever", 901),
]
VOCABULARIES = [
    {"vocabulary_id": name, "vocabulary_name": name, "vocabulary_reference": reference, "vocabulary_concept_id": 0}
    for name, reference in [
        ("clinic", "https://clinic.example/Codes/"), ("later", "https://clinic.example/codes"), ("X", None),
        ("SNOMED", "https://snomed.example"),
    ]
]  # fmt: skip
_found = {}


@pytest.fixture
def found(rows):
    """The map of the world, by (vocabulary, key)."""
    if not _found:
        built = build(
            rows("bronze.concept", *CONCEPTS),
            rows("bronze.concept_relationship", *RELATIONS),
            rows("bronze.source_to_concept_map", *LOCAL),
            rows("bronze.vocabulary", *VOCABULARIES),
        ).collect()
        _found.update({(row.vocabulary_id, row.code_key): row for row in built})
        assert len(_found) == len(built), "a key is there twice"
    return _found


def targets(row):
    return [(t.concept_id, t.domain_id, t.value_concept_id) for t in row.targets]


def test_a_source_code_means_the_standard_concepts_it_maps_to_in_order(found):
    row = found["ICD10CM", "E11.9"]
    assert (row.source_concept_id, row.source_domain_id, row.mapped_by) == (1, "Condition", "vocabulary")
    assert targets(row) == [(900, "Condition", None), (901, "Observation", None)]


def test_a_standard_concept_means_itself_without_a_row_that_says_so(found):
    assert targets(found["LOINC", "2823-3"]) == [(906, "Measurement", None)]


def test_blank_says_the_same_as_null(found):
    assert targets(found["blank", "source"]) == [(907, "Condition", None)]


def test_an_invalid_relation_or_target_maps_nothing(found):
    assert [found[key].targets for key in (("X", "invalid relation"), ("X", "invalid target"), ("SNOMED", "gone"))] == [
        [],
        [],
        [],
    ]


def test_a_value_goes_with_the_target_that_has_a_place_for_one(found):
    assert targets(found["ICD10CM", "Z80.0"]) == [
        (900, "Condition", None),
        (902, "Observation", 903),
        (902, "Observation", 904),
    ]


def test_a_value_goes_with_a_lone_target_of_any_domain(found):
    assert targets(found["X", "lone target"]) == [(900, "Condition", 903)]


def test_icd_is_found_without_its_dot_when_one_code_comes_to_it(found):
    assert found["ICD10CM", "F17210"].concept_code == "F17.210"


def test_icd_is_not_guessed_when_two_codes_come_to_the_same(found):
    assert ("ICD9CM", "1234") not in found


def test_a_code_of_its_own_goes_before_the_spelling_of_another(found):
    assert found["ICD9CM", "15"].source_concept_id == 12


def test_the_same_code_of_two_vocabularies_stays_apart(found):
    assert (found["ICD10CM", "F17210"].source_concept_id, found["ICD10", "F17210"].source_concept_id) == (7, 13)


def test_a_vaccine_code_is_found_with_and_without_its_zero(found):
    assert (found["CVX", "08"].source_concept_id, found["CVX", "8"].source_concept_id) == (908, 908)


def test_the_valid_concept_speaks_for_a_code_that_was_used_twice(found):
    assert found["X", "used twice"].source_concept_id == 15


def test_na_is_a_code_like_any_other(found):
    assert targets(found["names", "NA"]) == [(909, "Condition", None)]


def test_concepts_that_only_name_tables_are_not_codes(found):
    assert not [key for key in found if key[0] == "Vocabulary"]


def test_the_local_map_goes_before_the_vocabulary(found):
    row = found["X", "both"]
    assert (row.mapped_by, row.source_concept_id, targets(row)) == ("local_map", 16, [(901, "Observation", None)])


def test_a_local_code_without_a_concept_has_source_concept_0(found):
    row = found["clinic", "GLU"]
    assert (row.source_concept_id, row.source_domain_id, targets(row)) == (0, None, [(906, "Measurement", None)])


def test_a_local_code_is_also_found_by_the_system_that_the_users_vocabulary_refers_to(found):
    row = found["http://clinic.example/codes", "GLU"]
    assert (row.source_vocabulary_id, row.mapped_by, targets(row)) == (
        "clinic", "local_map", [(906, "Measurement", None)],
    )  # fmt: skip
    assert found["clinic", "GLU"].source_vocabulary_id == "clinic"
    assert not [key for key in found if "snomed.example" in key[0]]


def test_a_local_row_that_is_invalid_or_leads_nowhere_does_not_count(found):
    row = found["X", "local row is no good"]
    assert (row.mapped_by, targets(row)) == ("vocabulary", [(900, "Condition", None)])


def test_a_local_row_to_concept_0_says_that_the_code_has_none(found):
    row = found["X", "known to have none"]
    assert (row.mapped_by, row.targets) == ("local_map", [])


@pytest.mark.skipif(not SAMPLE.exists(), reason="the reference sample is not here")
def test_the_sample_maps_as_many_codes_of_synthea_as_its_readme_counts(spark, tmp_path):
    frames = {}
    for table in ("concept", "concept_relationship"):
        path = SAMPLE / f"{table.upper()}.csv"
        found = vocabulary_files.read(table, path, "", tmp_path, lambda: np.empty(0, dtype=np.int64))
        frames[table] = spark.read.parquet(found.parquet)
    nothing = [
        spark.createDataFrame([], spark_schema(schemas.table(table)))
        for table in ("bronze.source_to_concept_map", "bronze.vocabulary")
    ]
    built = build(frames["concept"], frames["concept_relationship"], *nothing)
    found = built.where("size(targets) > 0").select("vocabulary_id", "code_key").collect()
    mapped = {(row.vocabulary_id, row.code_key) for row in found}
    with (SAMPLE / "codes-in-synthea.csv").open(encoding="utf-8") as lines:
        sent = {(codes.SYSTEMS.get(row["system"].lower()), row["code"]) for row in csv.DictReader(lines)}
    counted = collections.Counter(vocabulary for vocabulary, _ in sent & mapped)
    assert counted == {"LOINC": 261, "SNOMED": 530, "RxNorm": 166, "UCUM": 32, "CVX": 16}
