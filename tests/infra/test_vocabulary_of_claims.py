"""What codes of claims, pharmacies and the laboratory mean by the starter vocabulary: what the EHR says of the same."""

from __future__ import annotations

import json
import pathlib
import re

import pytest

from infra.vocabulary.build import read

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
STARTER = CHECKOUT / "infra" / "vocabulary"
TRUTH = CHECKOUT / "infra" / "hospital" / "truth"
SYSTEMS = {
    "ndc": "NDC",
    "lims": "BAYLIS",
    "icd10cm": "ICD10CM",
    "rxnorm": "RxNorm",
    "loinc": "LOINC",
    "snomed": "SNOMED",
}


def told(name):
    return [json.loads(line) for line in (TRUTH / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def concepts():
    return {row["concept_id"]: row for row in read(STARTER / "CONCEPT.csv")}


@pytest.fixture(scope="module")
def meanings(concepts):
    """(vocabulary, code) -> the standard concepts it leads to; the local map goes before the vocabulary."""
    led = {}
    for row in read(STARTER / "CONCEPT_RELATIONSHIP.csv"):
        if row["relationship_id"] == "Maps to":
            led.setdefault(row["concept_id_1"], []).append(row["concept_id_2"])
    found = {(row["vocabulary_id"], row["concept_code"]): led.get(i, []) for i, row in concepts.items()}
    for row in read(STARTER / "SOURCE_TO_CONCEPT_MAP.csv"):
        target = row["target_concept_id"]
        found[row["source_vocabulary_id"], row["source_code"]] = [] if target == "0" else [target]
    return found


@pytest.fixture(scope="module")
def pairs():
    """What the hospital says its codes are: ((vocabulary, code), (vocabulary, code))."""
    return [((SYSTEMS[c["system"]], c["code"]), (SYSTEMS[c["means"]], c["is"])) for c in told("codes")]


def test_each_vocabulary_that_the_local_map_names_is_one():
    known = {row["vocabulary_id"] for row in read(STARTER / "VOCABULARY.csv")}
    mapped = read(STARTER / "SOURCE_TO_CONCEPT_MAP.csv")
    assert {row[f"{side}_vocabulary_id"] for row in mapped for side in ("source", "target")} <= known


def test_a_diagnosis_of_a_claim_means_what_the_ehr_says(meanings, pairs):
    apart = {
        (icd[1], snomed[1])
        for icd, snomed in pairs
        if icd[0] == "ICD10CM" and meanings.get(icd) != meanings.get(snomed)
    }
    assert apart == {
        # Two diagnoses of the EHR have the same code of claims: it means one of them, or what both are.
        ("J01.90", "75498004"), ("J32.9", "36971009"), ("S06.0X0A", "110030002"),
        ("E11.29", "90781000119102"), ("E11.29", "157141000119108"),
        # J30.2 is of a season, the EHR's code of the whole year.
        ("J30.2", "232353008"),
    }  # fmt: skip


def test_made_up_codes_of_packages_and_tests_mean_what_the_hospital_says(meanings, pairs):
    own = [(code, same) for code, same in pairs if code[0] in ("NDC", "BAYLIS")]
    wrong = [code for code, same in own if not meanings[code] or meanings[code] != meanings[same]]
    assert (len(own) > 90, wrong) == (True, [])


def test_what_claims_bill_means_something_but_one_code(meanings):
    billed = {("ICD10CM", code) for claim in told("claims") for code in claim["diagnoses"]}
    billed |= {("HCPCS", line["code"]) for claim in told("claims") for line in claim["lines"]}
    # Analysis of semen: what the hospital bills with it is something else.
    assert {code for code in billed if not meanings.get(code)} == {("HCPCS", "G0027")}


def test_codes_for_what_has_no_code_mean_no_more_than_they_say(meanings, concepts):
    names = [concepts[meanings[code][0]]["concept_name"] for code in (("ICD10CM", "R69"), ("HCPCS", "T1999"))]
    assert names == ["illness, not said which", "item or supply billed, not said which"]


def test_home_before_and_after_a_stay_is_concept_0(meanings):
    # OMOP CDM 5.4, VISIT_OCCURRENCE: admitted_from and discharged_to are 0 for home.
    assert (meanings["UB04 Point of Origin", "1"], meanings["UB04 Pt dis status", "01"]) == ([], [])


def test_a_code_leads_to_one_concept_which_is_standard(meanings, concepts):
    assert {len(targets) for targets in meanings.values()} == {0, 1}
    assert {concepts[i]["standard_concept"] for targets in meanings.values() for i in targets} == {"S"}


def test_no_cpt_is_shipped(concepts):
    # Five digits, or four and a letter, are CPT also where HCPCS has them.
    assert not [row for row in concepts.values() if row["vocabulary_id"] == "CPT4"]
    codes = [row["concept_code"] for row in concepts.values() if row["vocabulary_id"] == "HCPCS"]
    assert len(codes) > 20
    assert all(re.fullmatch("[A-V][0-9]{4}", code) and code[0] != "D" for code in codes)
