"""Row accounting: what is counted of the versions of tables, and what waits."""

import importlib

import pyarrow as pa
import pyarrow.dataset as ds
import pytest

import schemas
from jobs.shell import arrow_rows, delta_log, quarantine, tables
from jobs.shell.accounting import EVENT_TABLES, Ledger
from jobs.shell.lake import Lake, NotBuiltError
from jobs.shell.settings import Settings

SAID = {"tenant": "t", "feed": "ehr", "resource_type": "AllergyIntolerance"}


@pytest.fixture
def lake(spark, tmp_path):
    return Lake(spark, Settings(str(tmp_path)))


@pytest.fixture
def account(lake, monkeypatch):
    """`account("silver.allergy", **{"silver.allergy": [{...}]})`: the account where tables have these rows."""

    def make(name, **given):
        def rows(one, version):
            declared = tables.spark_schema(schemas.table(one)).json()
            columns = arrow_rows.schema(delta_log.Version(version, declared, (), ()))
            return ds.dataset(pa.Table.from_pylist(given.get(one, []), columns))

        monkeypatch.setattr(lake, "rows", rows)
        monkeypatch.setattr(Ledger, "_rows", lambda self, one, version: len(given.get(one, [])))
        table = schemas.table(name)
        return Ledger(lake).account(table, 1, dict.fromkeys(table.built_from.values(), 1))

    return make


def said(record, resource, **other):
    return {**SAID, "record_id": record, "resource_id": resource, **other}


def test_a_resource_is_counted_once_and_not_at_all_when_it_was_taken_back(account):
    found = account(
        "silver.allergy",
        **{
            "bronze.ehr_fhir": [
                said(1, "a"),
                said(2, "a"),
                said(3, "b"),
                said(4, "b", method="DELETE"),
                said(5, "c", method="DELETE"),
                said(6, "c"),
                said(7, "a", feed="other"),
            ],
            "silver.translated": [
                said(8, "d", translated_id=80),
                said(9, None, translated_id=90, resource_type=None),
            ],
            "silver.superseded": [{"said_id": one} for one in (1, 3, 5)],
            "silver.allergy": [said(2, "a"), said(6, "c"), said(7, "a", feed="other"), said(8, "d"), said(8, "d")],
        },
    )
    counts = {name: found[name] for name in ("in", "out", "superseded", "fanned_out", "missing")}
    assert counts == {"in": 8, "out": 4, "superseded": 4, "fanned_out": 1, "missing": 0}


def test_a_record_that_says_nothing_is_counted_by_what_it_is(account):
    told = [("ORU", 1, "Patient"), ("ORU", 1, "Observation"), ("ACK", 2, None)]
    found = account(
        "silver.translated",
        **{
            "bronze.lab_hl7v2": [{"record_id": 1}, {"record_id": 2}],
            "silver.translated": [{"record_type": k, "record_id": r, "resource_type": one} for k, r, one in told],
        },
    )
    assert (found["in"], found["out"], found["fanned_out"]) == (2, 2, 1)
    assert (found["not_mapped"], found["missing"]) == ({"ACK": 1}, 0)


def test_what_waits_is_counted_by_reason_and_by_resource(spark, lake):
    assert (quarantine.reasons(lake, "silver.allergy"), quarantine.records(lake, "silver.allergy")) == ({}, 0)
    waiting = [(1, "a", ["x", "y"]), (1, "a", ["x"]), (1, None, ["y"]), (2, "a", [])]
    rows = spark.createDataFrame(waiting, "record_id bigint, resource_id string, faults array<string>")
    named = rows.selectExpr("*", "'t' AS tenant", "'ehr' AS feed", "'AllergyIntolerance' AS resource_type")
    tables.keep(lake.path(quarantine.name_of("silver.allergy")), named, doc="")
    assert quarantine.reasons(lake, "silver.allergy") == {"x": 2, "y": 2}
    # A row that does not say which resource it is of stands for none.
    assert quarantine.records(lake, "silver.allergy") == 2


def test_a_feed_that_never_delivered_has_no_rows_and_another_table_must_be_built(lake):
    assert lake.rows("bronze.lab_csv", -1).count_rows() == 0
    with pytest.raises(NotBuiltError, match=r"silver.allergy has not been built: run `lakeward run silver` first"):
        lake.rows("silver.allergy", -1)


def test_every_row_that_states_something_is_in_an_event(account):
    events = [("silver.condition", 1), ("silver.condition", 1), ("silver.condition", 2), ("silver.claim_item", 9)]
    held = {
        "silver.condition": [{"condition_id": n} for n in (1, 2)],
        "silver.allergy": [{"allergy_id": 1}],
        "silver.clinical_event": [
            {"event_id": n, "source_table": source, "source_row_id": row} for n, (source, row) in enumerate(events)
        ],
    }
    found = account("silver.clinical_event", **held)
    assert (found["in"], found["out"], found["fanned_out"], found["missing"]) == (3, 2, 1, 1)
    assert found["of_others"] == {"silver.claim_item": 1}
    # A row too many of one source does not make up for one that another lost.
    held["silver.clinical_event"].append({"event_id": 9, "source_table": "silver.device", "source_row_id": 5})
    assert account("silver.clinical_event", **held)["missing"] == 2


def test_who_is_no_survivor_is_no_person_of_their_own_and_who_is_must_be_one(account):
    links = [{"patient_id": n, "person_id": n, "is_survivor": n < 3} for n in (1, 2, 3)]
    found = account("gold.person", **{"silver.person_link": links, "gold.person": [{"person_id": 1}]})
    assert (found["in"], found["out"], found["excluded"], found["missing"]) == (3, 1, {"joined_with_survivor": 1}, 1)


def test_an_era_stands_on_as_many_rows_as_it_counts(account):
    conditions = [{"condition_occurrence_id": n, "condition_concept_id": n % 2} for n in range(5)]
    era = {"condition_era_id": 1, "condition_concept_id": 1, "condition_occurrence_count": 2}
    found = account("gold.condition_era", **{"gold.condition_occurrence": conditions, "gold.condition_era": [era]})
    assert (found["in"], found["out"], found["joined"], found["missing"]) == (5, 2, 1, 0)
    assert found["excluded"] == {"no_standard_concept": 3}
    lost = account("gold.condition_era", **{"gold.condition_occurrence": conditions})
    assert (lost["out"], lost["missing"]) == (0, 2)


def test_a_text_that_is_sent_twice_is_one_note_and_none_is_lost(account):
    same = {"patient_ref": "Patient/1", "encounter_ref": None, "note_text": "seen"}
    documents = [{"document_reference_id": 1, **same}, {"document_reference_id": 2, "note_text": None}]
    # One whose text lies elsewhere, and one whose text is not there.
    far = {**same, "note_text": None, "tenant": "t", "feed": "ehr"}
    documents.append({"document_reference_id": 5, **far, "text_refs": ["Binary/1"], "encounter_ref": "Encounter/5"})
    documents.append({"document_reference_id": 6, **far, "text_refs": ["Binary/2"]})
    contents = [{"binary_id": 1, "tenant": "t", "feed": "ehr", "aliases": ["Binary/1"], "note_text": "far"}]
    documents.append({"document_reference_id": 3, "note_text": "old", "status": "superseded"})
    documents.append({"document_reference_id": 4, "note_text": "no", "doc_status": "entered-in-error"})
    reports = [
        {"diagnostic_report_id": 1, **same},
        {"diagnostic_report_id": 2, **same, "encounter_ref": "Encounter/1"},
        {"diagnostic_report_id": 3, **same, "patient_ref": "Patient/2", "status": "entered-in-error"},
    ]
    reports.append({"diagnostic_report_id": 4, **far, "text_refs": ["Binary/1"], "encounter_ref": "Encounter/5"})
    held = {"silver.document_reference": documents, "silver.diagnostic_report": reports, "silver.binary": contents}
    found = account("gold.note", **held, **{"gold.note": [{"note_id": number} for number in range(3)]})
    assert found["excluded"] == {"entered_in_error": 2, "no_text": 2, "superseded": 1, "told_by_a_document": 2}
    assert (found["in"], found["out"], found["missing"]) == (10, 3, 0)


def test_an_address_is_a_location_of_every_record_that_tells_it(account):
    old = {"use": "old", "city": "Old Town", "lines": []}
    here = {"use": "home", "city": "Springfield", "lines": ["1 Main St"]}
    patients = [
        {"patient_id": 1, "record_id": 1, "addresses": [old, here]},
        {"patient_id": 2, "record_id": 2, "addresses": [here]},
        {"patient_id": 3, "record_id": 3, "addresses": []},
        {"patient_id": 4, "record_id": 4},
    ]
    places = [{"location_id": 1, "record_id": 1, "addresses": [here]}]
    held = {"silver.patient": patients, "silver.location": places}
    found = account("gold.location", **held, **{"gold.location": [{"location_id": 1, "lw_record_ids": [1, 2]}]})
    assert (found["in"], found["out"], found["excluded"]) == (4, 2, {"no_address": 2})
    assert (found["joined"], found["missing"]) == (1, 0)
    assert account("gold.location", **held, **{"gold.location": [{"lw_record_ids": [1]}]})["missing"] == 1


# What no row of another table must be found in again: rules make it, or it is empty.
DERIVED = {"cdm_source", "cohort", "cohort_definition", "dose_era", "episode_event", "fact_relationship",
           "image_feature", "metadata", "note_nlp"}  # fmt: skip


@pytest.mark.parametrize("name", [name for name in schemas.names("gold") if name.partition(".")[2] not in DERIVED])
def test_each_table_of_gold_that_takes_rows_over_has_an_account(account, name):
    table = schemas.table(name)
    if hasattr(importlib.import_module(f"jobs.{name}"), "RECEIVED"):
        assert account(name)["missing"] == 0
    else:
        assert table.accounts_for or table.name in EVENT_TABLES


def test_what_is_a_part_of_a_visit_is_counted_with_the_visits_as_such(account, monkeypatch, rows):
    states = ["finished"] * 5 + ["planned"]
    told = {
        "silver.encounter": [{"encounter_id": number, "status": status} for number, status in enumerate(states, 1)],
        # A claim is no visit, and the visit of claims that are over is none.
        "silver.claim_state": [{"claim_id": 1, "state": "voided"}, {"encounter_id": 5, "state": "voided"}],
    }
    monkeypatch.setattr(Lake, "read", lambda self, name, version: rows(name, *told[name]))
    parts = [{"encounter_id": 2, "parent_id": None}, {"encounter_id": 3, "parent_id": 2}]
    visits = [{"lw_told_by": [1], "lw_parts": parts}, {"lw_told_by": [4], "lw_parts": []}]
    found = account("gold.visit_occurrence", **told, **{"gold.visit_occurrence": visits})
    assert found["excluded"] == {"planned": 1, "claim_voided": 1, "part_of_another_visit": 2}
    assert (found["in"], found["out"], found["missing"]) == (6, 2, 0)


def test_where_a_patient_was_in_turn_are_rows_beside_the_parts_of_visits(account):
    told = {
        "silver.encounter": [{"encounter_id": number, "status": "finished"} for number in (1, 2, 3)],
        "silver.claim_state": [{"encounter_id": 3, "state": "replaced"}],
        "gold.visit_occurrence": [{"lw_told_by": [1], "lw_parts": [{"encounter_id": 2, "parent_id": None}]}],
    }
    details = [{"visit_detail_id": 1}, {"visit_detail_id": 2, "lw_place": 1}, {"visit_detail_id": 3, "lw_place": 2}]
    found = account("gold.visit_detail", **told, **{"gold.visit_detail": details})
    assert found["excluded"] == {"claim_replaced": 1, "visit_of_its_own": 1}
    assert (found["in"], found["out"], found["fanned_out"], found["missing"]) == (3, 1, 2, 0)


def test_an_encounter_whose_number_was_given_up_is_no_visit_and_is_counted(account, monkeypatch, rows):
    told = {
        "silver.encounter": [{"encounter_id": 1}, {"encounter_id": 2, "replaced_by_ref": "Encounter/1"}],
        "silver.claim_state": [{"claim_id": 1, "state": "voided"}],
    }
    monkeypatch.setattr(Lake, "read", lambda self, name, version: rows(name, *told[name]))
    visits = [{"lw_told_by": [1], "lw_parts": [], "lw_given_up": [2]}]
    details = {"gold.visit_detail": [{"visit_detail_id": 9, "lw_place": 1}]}
    found = account("gold.visit_occurrence", **told, **{"gold.visit_occurrence": visits})
    assert (found["excluded"], found["missing"]) == ({"under_another_number": 1}, 0)
    found = account("gold.visit_detail", **told, **{"gold.visit_occurrence": visits}, **details)
    assert (found["excluded"], found["missing"]) == ({"under_another_number": 1, "visit_of_its_own": 1}, 0)


def test_a_benefit_that_alone_tells_of_a_visit_is_counted_with_the_encounters(account):
    benefits = [
        {"benefit_id": number, "encounter_refs": [], "type_codes": [{"code": "professional"}], **one}
        for number, one in enumerate(
            [
                {"status": "active", "use": "claim"},
                {"status": "cancelled"},
                {"status": "draft"},
                {"claim_ref": "Claim/1"},
                {"encounter_refs": ["Encounter/1"]},
                {"use": "preauthorization"},
                {"type_codes": [{"code": "pharmacy"}]},
            ]
        )
    ]
    visit, told = {**SAID, "resource_type": "Encounter"}, {**SAID, "resource_type": "ExplanationOfBenefit"}
    held = {
        "bronze.ehr_fhir": [{**visit, "record_id": 1, "resource_id": "e"}, {**told, "record_id": 2}],
        "silver.benefit": benefits,
    }
    made = [{**visit, "record_id": 1, "resource_id": "e"}, *[{**told, "resource_id": one} for one in "ab"]]
    found = account("silver.encounter", **held, **{"silver.encounter": made})
    assert found["excluded"] == {
        "answers_a_claim": 1, "draft": 1, "names_an_encounter": 1, "not_a_claim": 1, "pharmacy": 1,
    }  # fmt: skip
    assert (found["in"], found["out"], found["missing"]) == (8, 3, 0)
    # One too few of the one and one too many of the other are two faults.
    assert account("silver.encounter", **held, **{"silver.encounter": [made[1], *made[1:]]})["missing"] == 2
