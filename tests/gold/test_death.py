"""gold.death: who has died, as any of their records says."""

import datetime
import inspect

import schemas
from jobs.gold.death import build


def made(rows, patients, survivor):
    """The deaths of these patient records, who are all one person."""
    table = schemas.table("gold.death")
    held = {
        "patients": [{"tenant": "demo", "record_id": 100 + one["patient_id"], **one} for one in patients],
        "links": [{"patient_id": one["patient_id"], "person_id": 7, "is_survivor": one["patient_id"] == survivor}
                  for one in patients],
        "people": [{"person_id": 7}],
    }  # fmt: skip
    frames = {p: rows(table.built_from[p], *held.get(p, [])) for p in inspect.signature(build).parameters}
    return build(**frames).collect()


def test_a_death_that_the_surviving_record_does_not_tell_is_told_by_another(rows):
    day = datetime.date(2026, 3, 1)
    patients = [
        {"patient_id": 1, "feed": "lab_hl7v2"},
        {"patient_id": 2, "feed": "ehr_fhir", "is_deceased": True, "deceased_date": day},
    ]
    [row] = made(rows, patients, survivor=1)
    assert (row.person_id, row.death_date, row.lw_record_ids, row.faults) == (7, day, [102], [])


def test_when_somebody_died_says_the_first_record_that_knows_it(rows):
    first, second = datetime.date(2026, 3, 1), datetime.date(2026, 3, 2)
    patients = [
        {"patient_id": 1, "feed": "claims_csv", "is_deceased": True, "deceased_date": first},
        {"patient_id": 2, "feed": "ehr_fhir", "is_deceased": True, "deceased_date": second},
        {"patient_id": 3, "feed": "lab_hl7v2", "is_deceased": True},
    ]
    [row] = made(rows, patients, survivor=3)
    assert (row.death_date, row.lw_source, row.lw_record_ids) == (second, "silver.patient|2", [101, 102, 103])
    [row] = made(rows, patients, survivor=1)
    assert row.death_date == first


def test_a_death_without_a_date_waits(rows):
    heard = datetime.datetime(2026, 3, 1, 6)
    dead = {"patient_id": 1, "feed": "ehr_fhir", "is_deceased": True, "received_at": heard}
    [row] = made(rows, [dead], survivor=1)
    # The day on which we heard of it is not that of the death.
    assert (row.faults, row.death_date) == (["no_death_date"], None)


def test_of_a_month_or_a_year_of_death_the_last_day_is_taken_unless_it_was_heard_of_before(rows):
    heard = datetime.datetime(2026, 3, 1, 6)
    ehr = {"feed": "ehr_fhir", "is_deceased": True, "received_at": heard}
    of_year = {"patient_id": 1, **ehr, "deceased_sent": "2019", "deceased_precision": "year"}
    of_month = {"patient_id": 2, **ehr, "deceased_sent": "2020-02", "deceased_precision": "month"}
    of_day = {"patient_id": 3, **ehr, "deceased_sent": "2021-05-06", "deceased_date": datetime.date(2021, 5, 6)}
    this_year = {"patient_id": 4, **ehr, "deceased_sent": "2026", "deceased_precision": "year"}
    days = [made(rows, patients, survivor=patients[0]["patient_id"])[0] for patients in
            ([of_year], [of_month], [of_year, of_day], [this_year])]  # fmt: skip
    expected = [(2019, 12, 31), (2020, 2, 29), (2021, 5, 6), (2026, 3, 1)]
    assert [(row.death_date, row.faults) for row in days] == [(datetime.date(*day), []) for day in expected]
