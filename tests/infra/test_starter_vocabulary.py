"""The starter vocabulary: whole in itself, exact where it names OMOP's ids, and enough for the demo."""

from __future__ import annotations

import pathlib
import re

import pytest

from infra.vocabulary import build, strengths
from infra.vocabulary.build import codes, read
from jobs.columns.codes import SYSTEMS
from jobs.shell.vocabulary_files import POINTERS, TABLES

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
STARTER = CHECKOUT / "infra" / "vocabulary"
SAMPLE = CHECKOUT.parent / "shared" / "reference" / "vocabulary-sample"
LOCAL = 2_000_000_000


@pytest.fixture(scope="module")
def starter():
    return {table: read(STARTER / f"{table.upper()}.csv") for table in TABLES}


def by_id(rows):
    return {row["concept_id"]: row for row in rows}


def test_every_concept_is_there_once(starter):
    ids = [row["concept_id"] for row in starter["concept"]]
    coded = [(row["vocabulary_id"], row["concept_code"]) for row in starter["concept"]]
    coded = [pair for pair in coded if pair[1] != "OMOP generated"]
    assert (len(ids), len(coded)) == (len(set(ids)), len(set(coded)))


def test_every_pointer_leads_to_a_concept(starter):
    ids = set(by_id(starter["concept"]))
    lost = {
        f"{table}.{column}"
        for table, columns in POINTERS.items()
        for row in starter[table]
        for column in columns
        if row[column] not in ids
    }
    kinds = {
        f"{kind}.{row[f'{kind}_id']}"
        for kind in ("vocabulary", "domain", "concept_class", "relationship")
        for row in starter[kind]
        if row[f"{kind}_concept_id"] not in ids
    }
    assert lost | kinds == set()


def test_every_kind_is_declared(starter):
    for kind in ("vocabulary", "domain", "concept_class"):
        assert {row[f"{kind}_id"] for row in starter["concept"]} <= {row[f"{kind}_id"] for row in starter[kind]}


def test_no_snomed_concept_is_shipped_but_operators_and_a_language(starter):
    shipped = [row for row in starter["concept"] if row["vocabulary_id"] == "SNOMED"]
    assert {row["domain_id"] for row in shipped} == {"Meas Value Operator", "Language"}
    assert len(shipped) == 6


def test_every_snomed_code_of_the_map_leads_to_a_local_concept(starter):
    mapped = [row for row in starter["source_to_concept_map"] if row["source_vocabulary_id"] == "SNOMED"]
    assert len(mapped) > 400
    assert all(int(row["target_concept_id"]) > LOCAL and row["target_vocabulary_id"] == "Lakeward" for row in mapped)


def test_local_names_are_not_snomed_descriptions(starter):
    # A fully specified name ends in its semantic tag.
    tags = re.compile(r"\((disorder|finding|procedure|situation|regime/therapy|substance|physical object)\)$")
    assert not [row for row in starter["concept"] if tags.search(row["concept_name"])]


def test_only_codes_that_the_demo_quotes_stay_without_a_concept(starter):
    known = {(row["vocabulary_id"], row["concept_code"]) for row in starter["concept"]}
    known |= {(row["source_vocabulary_id"], row["source_code"]) for row in starter["source_to_concept_map"]}
    vocabularies = {"LOINC", "SNOMED", "RxNorm", "CVX", "UCUM"}
    asked = {(SYSTEMS.get(system.lower()), code) for system, code in codes(STARTER.parent / "hospital" / "ehr_fhir")}
    left = {pair for pair in asked if pair[0] in vocabularies} - known
    assert left == {("LOINC", "X9999-0"), ("LOINC", "X9999-1"), ("LOINC", "X9999-2"), ("UCUM", "{#}"),
                    ("UCUM", "{INR}"), ("UCUM", "{SG}"), ("UCUM", "{nominal}"), ("UCUM", "{presence}")}  # fmt: skip


def test_the_starter_is_small():
    assert sum(path.stat().st_size for path in STARTER.glob("*.csv")) < 600_000


@pytest.mark.skipif(not SAMPLE.exists(), reason="the reference sample is not here")
def test_an_id_that_the_sample_knows_means_the_same_there(starter):
    sample = by_id(read(SAMPLE / "CONCEPT.csv"))
    same = ("vocabulary_id", "concept_code", "domain_id", "standard_concept")
    ours = {row["concept_id"]: row for row in starter["concept"] if row["concept_id"] in sample}
    wrong = {i for i, row in ours.items() if any(row[column] != sample[i][column] for column in same)}
    assert (len(ours) > 400, wrong) == (True, set())


@pytest.mark.skipif(not SAMPLE.exists(), reason="the reference sample is not here")
def test_the_files_are_what_the_script_makes(tmp_path, capsys):
    build.main(["--into", str(tmp_path), "--reference", str(SAMPLE.parent)])
    capsys.readouterr()
    changed = [
        t for t in TABLES if (tmp_path / f"{t.upper()}.csv").read_bytes() != (STARTER / f"{t.upper()}.csv").read_bytes()
    ]
    assert changed == []


def strengths_of(name, code="0"):
    concept = {
        "vocabulary_id": "RxNorm",
        "concept_class_id": "Clinical Drug",
        "concept_name": name,
        "concept_code": code,
    }
    known = {"metformin", "alfentanil", "amoxicillin", "clavulanate", "albuterol", "levonorgestrel", "insulin, human"}
    return [(part.ingredient, {k: v for k, v in part.amounts.items() if v}) for part in strengths.of(concept, known)]


def test_a_tablet_says_its_amount():
    assert strengths_of("24 HR Metformin hydrochloride 500 MG Extended Release Oral Tablet") == [
        ("metformin", {"amount_value": "500", "amount_unit_concept_id": "8576"})
    ]


def test_a_package_says_what_the_whole_of_it_holds():
    assert strengths_of("10 ML Alfentanil 0.5 MG/ML Injection") == [
        (
            "alfentanil",
            {"numerator_value": "5", "numerator_unit_concept_id": "8576", "denominator_value": "10",
             "denominator_unit_concept_id": "8587"},
        )
    ]  # fmt: skip


def test_each_ingredient_has_its_own_amount():
    found = strengths_of("Amoxicillin 250 MG / Clavulanate 125 MG Oral Tablet [Brand]")
    assert [(name, amounts["amount_value"]) for name, amounts in found] == [
        ("amoxicillin", "250"),
        ("clavulanate", "125"),
    ]


def test_a_brand_that_does_not_name_its_ingredient_is_looked_up():
    assert strengths_of("Liletta 52 MG Intrauterine System", "1605257")[0][0] == "levonorgestrel"


def test_a_name_without_a_known_ingredient_gives_nothing():
    assert strengths_of("Wonder 5 MG Oral Tablet") == []
