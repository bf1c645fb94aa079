"""silver.condition: diagnoses and problems."""

from __future__ import annotations

import datetime
from decimal import Decimal

from pyspark.sql import functions as F

from jobs.columns import concepts
from jobs.silver import encounter
from jobs.silver._event_condition import of_conditions
from jobs.silver.condition import build

ASTHMA = {"coding": [{"system": "http://snomed.info/sct", "code": "195967001"}, {"code": "J45"}], "text": "Asthma"}


def condition(id="1", **given):
    return {"resourceType": "Condition", "id": id, "subject": {"reference": "Patient/1"}, "code": ASTHMA, **given}


def status(code):
    return {"coding": [{"code": code}]}


def test_all_codings_are_kept(only):
    row = only(condition())
    assert ([code.code for code in row.codes], row.code_text) == (["195967001", "J45"], "Asthma")


def test_the_status_says_whether_it_was_entered_in_error(only):
    row = only(condition(verificationStatus=status("entered-in-error"), clinicalStatus=status("active")))
    assert (row.status, row.clinical_status, row.faults) == ("entered-in-error", "active", [])


def test_an_onset_known_to_the_month_is_kept_as_sent_without_a_date(only):
    row = only(condition(onsetDateTime="1970-05"))
    assert (row.onset_sent, row.onset_date, row.onset_precision) == ("1970-05", None, "month")


def test_a_period_of_onset_has_two_ends(only):
    row = only(condition(onsetPeriod={"start": "2020-01-01", "end": "2020-02-01"}))
    assert (row.onset_date, row.onset_end_date) == (datetime.date(2020, 1, 1), datetime.date(2020, 2, 1))


def test_an_onset_told_as_an_age_is_a_number_with_its_unit(only):
    row = only(condition(onsetAge={"value": 12.5, "code": "a"}))
    assert (row.onset_age, row.onset_age_unit) == (Decimal("12.5"), "a")


def test_an_end_in_words_is_an_end(only):
    row = only(condition(abatementString="last spring"))
    assert (row.is_abated, row.abatement_text, row.abatement_date) == (True, "last spring", None)


def test_faults_have_names(fhir_records):
    rows = build(
        fhir_records(
            condition("1", onsetDateTime="2020-01-02", abatementDateTime="2020-01-01"),
            condition("2", code={}),
            condition("3", code={"text": "wheezing"}),
            condition("4", recordedDate="2020-13-01"),
        )
    ).collect()
    assert {row.resource_id: row.faults for row in rows} == {
        "1": ["bad_period"],
        "2": ["no_code"],
        "3": [],
        "4": ["malformed_date"],
    }


def test_a_candidate_is_no_diagnosis_yet_and_nothing_begins_after_it_ended(rows, fhir_records):
    kinds = ("unconfirmed", "provisional", "differential", "confirmed", "refuted")
    sent = [condition(one, verificationStatus=status(one), recordedDate="2024-02-02") for one in kinds]
    sent.append(condition("year", onsetDateTime="2015", recordedDate="2024-02-02"))
    sent.append(condition("over", onsetDateTime="2016", abatementDateTime="2016-05-01", recordedDate="2024-02-02"))
    sent.append(condition("on", onsetDateTime="2015-03-01", recordedDate="2024-02-02"))
    built = build(fhir_records(*sent))
    events = (
        of_conditions(built, rows("silver.encounter"))
        .alias("e")
        .join(built, F.col("source_row_id") == F.col("condition_id"), how="inner")
    )
    found = {row.resource_id: row for row in events.select("resource_id", "e.*").collect()}
    statuses = {name: row.status_concept_id for name, row in found.items()}
    candidate = concepts.STATUS_PRELIMINARY_DIAGNOSIS
    assert [statuses[one] for one in ("unconfirmed", "provisional", "differential")] == [candidate] * 3
    assert (statuses["confirmed"], found["refuted"].excluded) == (concepts.STATUS_CONFIRMED_DIAGNOSIS, "refuted")
    day = datetime.date(2016, 5, 1)
    assert (found["over"].start_date, found["over"].start_at, found["over"].end_date) == (day, None, day)
    assert (found["year"].start_date, found["year"].start_at) == (datetime.date(2015, 12, 31), None)
    assert (found["on"].start_date, found["confirmed"].start_date) == (
        datetime.date(2015, 3, 1),
        datetime.date(2024, 2, 2),
    )


def test_a_condition_has_the_status_that_its_encounter_names_it_for(fhir_records):
    def named(name, use=None, rank=None):
        said = {"condition": {"reference": f"Condition/{name}"}, "use": {"coding": [{"code": use}]} if use else None}
        return {name: value for name, value in {**said, "rank": rank}.items() if value}

    diagnoses = [named("a", "AD"), named("d", "DD", 2), named("p", "AD"), named("p", "DD", 1), named("r", rank=1)]
    diagnoses += [named("s", "billing", 3), named("m", "CM"), named("c", "CC", 1), named("u", "AD"), named("v", "AD")]
    stay = {"resourceType": "Encounter", "id": "e", "status": "finished", "subject": {"reference": "Patient/1"}}
    records = fhir_records(
        {**stay, "diagnosis": diagnoses},
        *[condition(one, verificationStatus=status("confirmed")) for one in "adprsmcn"],
        condition("u", verificationStatus=status("differential"), encounter={"reference": "Encounter/7"}),
        condition("v", verificationStatus=status("provisional")),
    )
    built = build(records)
    events = of_conditions(built, encounter.build(records)).alias("e")
    named_events = events.join(built, F.col("source_row_id") == F.col("condition_id"), how="inner")
    found = {row.resource_id: row for row in named_events.select("resource_id", "e.*").collect()}
    assert {name: row.status_concept_id for name, row in found.items()} == {
        "a": concepts.STATUS_ADMISSION_DIAGNOSIS,
        "d": concepts.STATUS_DISCHARGE_DIAGNOSIS,
        "p": concepts.STATUS_PRIMARY_DISCHARGE_DIAGNOSIS,
        "r": concepts.STATUS_PRIMARY_DIAGNOSIS,
        "s": concepts.STATUS_SECONDARY_DIAGNOSIS,
        "m": concepts.STATUS_SECONDARY_DIAGNOSIS,
        "c": concepts.STATUS_CONFIRMED_DIAGNOSIS,
        "n": concepts.STATUS_CONFIRMED_DIAGNOSIS,
        "u": concepts.STATUS_PRELIMINARY_DIAGNOSIS,
        "v": concepts.STATUS_ADMISSION_DIAGNOSIS,
    }
    assert [found[one].status_source_value for one in "apru"] == ["AD", "DD", "1", "differential"]
    assert [found[one].encounter_ref for one in "cun"] == ["Encounter/e", "Encounter/7", None]
