"""The life of records from an EHR's FHIR export: landing, bronze, silver, gold, publication, and back again."""

import datetime
import os
import pathlib
import subprocess
import sys

import pytest

import schemas
from jobs.shell import publication, quarantine, state, status, trace
from jobs.shell.accounting import Ledger

# Two runs of everything count as the setup of the first test.
pytestmark = pytest.mark.timeout(3600)


def test_a_potassium_result_becomes_a_measurement_of_its_person_in_its_visit(sql):
    [row] = sql(
        "SELECT m.value_as_number, m.measurement_concept_id, m.unit_concept_id, m.measurement_date,"
        " v.visit_start_date, pr.npi FROM measurement m JOIN person p USING (person_id)"
        " JOIN visit_occurrence v USING (visit_occurrence_id) LEFT JOIN provider pr ON pr.provider_id = v.provider_id"
        " WHERE p.year_of_birth = 1980"
    )
    # 22:30 at the hospital is the next day in UTC: the date is the hospital's.
    assert row == (4.4, 3023103, 8753, datetime.date(2025, 6, 1), datetime.date(2025, 6, 1), "1")


def test_an_instant_is_told_in_utc_wherever_the_machine_stands(hospital):
    command = [
        pathlib.Path(sys.executable).with_name("lakeward"),
        "sql",
        "SELECT measurement_datetime FROM measurement",
    ]
    given = {**os.environ, **hospital.settings.environment()}
    told = {
        subprocess.run(command, env={**given, "TZ": zone}, capture_output=True, text=True, check=True).stdout
        for zone in ("UTC", "Pacific/Auckland")
    }
    assert len(told) == 1
    assert "02:30:00" in told.pop()


def test_a_corrected_result_replaces_the_one_before(sql):
    assert sql("SELECT value_as_number FROM measurement JOIN person USING (person_id) WHERE year_of_birth = 1970") == [
        (4.7,)
    ]


def test_what_was_entered_in_error_gives_no_row_and_is_counted(sql, hospital):
    assert sql("SELECT count(*) FROM measurement WHERE value_as_number = 9.9") == [(0,)]
    account = state.read(hospital.settings, "gold.measurement").accounting
    assert account["excluded"] == {"entered_in_error": 1}


def test_a_code_that_no_vocabulary_knows_is_kept_with_concept_0(sql):
    assert sql("SELECT condition_concept_id, condition_source_value FROM condition_occurrence") == [(0, "999000000000")]


def test_rows_of_an_unknown_patient_wait_in_quarantine(hospital):
    # A result of somebody who never came, and a condition of a number that nobody has any more.
    assert quarantine.reasons(hospital.lake, "silver.clinical_event") == {"unknown_patient": 2}


def test_a_visit_of_a_number_that_somebody_has_now_waits_no_longer(sql, hospital):
    assert quarantine.waiting(hospital.lake, "gold.visit_occurrence") == 0
    visits = "SELECT count(*) FROM visit_occurrence JOIN person USING (person_id) WHERE year_of_birth = 1990"
    assert sql(visits) == [(2,)]


def test_an_encounter_is_a_part_of_the_stay_that_comes_later_and_a_visit_when_its_stay_is_taken_back(sql):
    theirs = "JOIN person USING (person_id) WHERE year_of_birth = 1960 ORDER BY 1"
    began = [day for (day,) in sql(f"SELECT visit_start_date FROM visit_occurrence {theirs}")]
    assert began == [datetime.date(2025, 7, 1), datetime.date(2025, 8, 2)]
    parts = sql(
        "SELECT visit_detail_start_date, visit_start_date, parent_visit_detail_id FROM visit_detail d"
        " JOIN visit_occurrence USING (visit_occurrence_id)"
    )
    assert parts == [(datetime.date(2025, 7, 2), datetime.date(2025, 7, 1), None)]


def test_a_practitioner_who_comes_later_is_found_by_visits_of_a_patient_known_by_number(sql):
    seen = (
        "SELECT npi FROM visit_occurrence JOIN person p USING (person_id)"
        " JOIN provider r ON r.provider_id = visit_occurrence.provider_id WHERE p.year_of_birth = 1970 ORDER BY npi"
    )
    assert sql(seen) == [("1",), ("2",)]


def test_a_note_has_the_text_that_comes_later_as_a_resource_of_its_own(sql, hospital):
    [(text, records)] = sql("SELECT note_text, lw_record_ids FROM note", trace=True)
    assert (text, len(records)) == ("No complaints.", 2)
    first = next(one for one in hospital.first.outcomes if one["table"] == "gold.note")
    assert (first["rows"], first["accounting"]["excluded"]) == (0, {"no_text": 1})
    assert "Binary" not in state.read(hospital.settings, "bronze.ehr_fhir").accounting["not_mapped"]


def test_a_record_that_breaks_json_waits_in_quarantine_and_the_rest_lands(hospital):
    assert quarantine.reasons(hospital.lake, "bronze.ehr_fhir") == {"duplicate_key": 1}
    account = state.read(hospital.settings, "bronze.ehr_fhir").accounting
    assert (account["in"], account["out"], account["held"], account["missing"]) == (29, 28, 1, 0)


def test_a_type_that_silver_does_not_read_is_kept_and_counted(hospital):
    assert state.read(hospital.settings, "bronze.ehr_fhir").accounting["not_mapped"] == {"Basic": 1}


def test_no_hop_lost_a_row(hospital):
    accounts = {name: state.read(hospital.settings, name).accounting for name in schemas.names()}
    assert {name: a["missing"] for name, a in accounts.items() if a.get("missing")} == {}


def test_each_account_is_of_what_was_read_last_also_where_no_row_changed(hospital):
    assert "confirmed" in {o["action"] for o in hospital.second.outcomes}
    for name in (*schemas.names("silver"), *schemas.names("gold")):
        known = state.read(hospital.settings, name)
        if known.accounting:
            counted = Ledger(hospital.lake).account(schemas.table(name), known.version, known.inputs)
            assert counted == known.accounting, name


def test_all_39_omop_tables_and_the_two_of_the_imaging_extension_are_published(hospital):
    published = {name for name in publication.current(hospital.settings)["tables"] if name.startswith("gold.")}
    extension = {"gold.image_occurrence", "gold.image_feature"}
    assert (len(published - extension), published & extension) == (39, extension)


def test_a_gold_row_is_traced_to_the_bytes_it_stands_on(hospital, sql):
    [(measurement_id,)] = sql("SELECT measurement_id FROM measurement WHERE value_as_number = 4.7")
    found = trace.walk(hospital.settings, "gold.measurement", str(measurement_id))
    [record] = found["records"]
    assert '"id": "o1"' in record["bytes"]
    assert '"value": 4.7' in record["bytes"]
    assert record["bytes_found"] == record["length"]
    assert record["bytes"] in trace.as_text(found)


def test_a_masked_trace_says_where_and_not_what(hospital, sql):
    [(measurement_id,)] = sql("SELECT measurement_id FROM measurement WHERE value_as_number = 4.7")
    text = trace.as_text(trace.walk(hospital.settings, "gold.measurement", measurement_id, masked=True))
    assert "4.7" not in text
    assert "2823-3" not in text


def test_a_row_whose_key_is_a_text_is_traced_by_it(hospital):
    assert trace.walk(hospital.settings, "gold.vocabulary", "LOINC")["row"]["vocabulary_id"] == "LOINC"
    with pytest.raises(trace.UntraceableError, match="gold.measurement: measurement_id is a number"):
        trace.walk(hospital.settings, "gold.measurement", "LOINC")


def test_the_second_delivery_touched_only_whom_it_speaks_of(hospital):
    changed = {o["table"]: o for o in hospital.second.outcomes if o["action"] == "built"}
    measurement = changed["gold.measurement"]
    assert (measurement["inserted"], measurement["updated"], measurement["deleted"]) == (1, 1, 0)


def test_running_again_changes_nothing(hospital):
    before = publication.current(hospital.settings)
    report = hospital.again()
    assert {o["action"] for o in report.outcomes} == {"unchanged"}
    assert publication.current(hospital.settings) == before


def test_a_full_rebuild_gives_what_the_deliveries_gave_one_by_one(hospital):
    before = publication.current(hospital.settings)["tables"]
    report = hospital.again("silver", "gold", "publication", full=True)
    assert report.state == "succeeded"
    assert [o["table"] for o in report.outcomes if o["action"] == "built"] == []
    assert publication.current(hospital.settings)["tables"] == before


def test_status_tells_it_without_spark(hospital):
    text = status.as_text(status.collect(hospital.settings))
    assert "taken in" in text
    assert "entered_in_error 1" in text
