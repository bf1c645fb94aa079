"""silver.immunization: vaccines."""

from __future__ import annotations

import datetime
from decimal import Decimal

from pyspark.sql import functions as F

from jobs.columns import concepts
from jobs.silver._event_drug import of_immunizations
from jobs.silver.immunization import build

# As Synthea writes one.
FLU = {
    "resourceType": "Immunization",
    "id": "i1",
    "status": "completed",
    "vaccineCode": {"coding": [{"system": "http://hl7.org/fhir/sid/cvx", "code": "140", "display": "Influenza"}]},
    "patient": {"reference": "Patient/1"},
    "encounter": {"reference": "Encounter/e1"},
    "occurrenceDateTime": "2021-02-09T02:15:00+00:00",
    "primarySource": True,
    "location": {"reference": "Location/l1"},
}


def test_a_vaccine_given(only):
    row = only(FLU)
    assert (row.codes[0].system, row.codes[0].code) == ("http://hl7.org/fhir/sid/cvx", "140")
    assert (row.occurrence_date, row.is_primary_source) == (datetime.date(2021, 2, 8), True)
    assert (row.location_ref, row.faults) == ("Location/l1", [])


def test_lot_site_route_dose_and_place_in_the_series(only):
    more = {
        "lotNumber": "L7",
        "expirationDate": "2022-01-31",
        "site": {"coding": [{"code": "LA"}], "text": "left arm"},
        "route": {"coding": [{"code": "IM"}]},
        "doseQuantity": {"value": 0.5, "unit": "mL", "code": "mL"},
        "performer": [{"actor": {"reference": "Practitioner/p1"}}],
        "protocolApplied": [{"series": "COVID-19", "doseNumberPositiveInt": 2}],
    }
    row = only({**FLU, **more})
    assert (row.lot_number, row.expiration_date) == ("L7", datetime.date(2022, 1, 31))
    assert (row.site_text, row.route_codes[0].code) == ("left arm", "IM")
    assert (row.dose, row.dose_unit_code) == (Decimal("0.5"), "mL")
    assert (row.series, row.dose_number, row.performer_ref) == ("COVID-19", "2", "Practitioner/p1")


def test_an_occurrence_in_words_is_kept_in_words(only):
    given = {k: v for k, v in FLU.items() if k != "occurrenceDateTime"}
    row = only({**given, "occurrenceString": "as a child"})
    assert (row.occurrence_text, row.occurrence_date, row.faults) == ("as a child", None, [])


def test_a_vaccine_of_a_year_is_not_given_on_the_day_it_was_recorded_long_after(rows, fhir_records):
    days = {"year": ("2015", "2024-02-02"), "same": ("2024", "2024-02-02"), "month": ("2015-02", None)}
    sent = [{**FLU, "id": name, "occurrenceDateTime": day, "recorded": at} for name, (day, at) in days.items()]
    built = build(fhir_records(*[{name: value for name, value in one.items() if value} for one in sent]))
    events = of_immunizations(built, rows("silver.concept_map"))
    named = events.join(built, F.col("source_row_id") == F.col("immunization_id"), how="inner")
    assert {row.resource_id: row.start_date for row in named.select("resource_id", "start_date").collect()} == {
        "year": datetime.date(2015, 12, 31),
        "same": datetime.date(2024, 2, 2),
        "month": datetime.date(2015, 2, 28),
    }


def test_a_vaccine_not_given_stays_with_its_reason(only):
    row = only({**FLU, "status": "not-done", "statusReason": {"coding": [{"code": "PATOBJ"}], "text": "objection"}})
    assert (row.status, row.status_reason_codes[0].code, row.status_reason_text) == ("not-done", "PATOBJ", "objection")


FAULTY = {
    "no_code": {"vaccineCode": {}},
    "no_subject": {"patient": {}},
    "malformed_date": {"occurrenceDateTime": "08/02/2021"},
}


def test_what_cannot_be_used_says_why(fhir_records):
    rows = build(fhir_records(*[{**FLU, **given, "id": fault} for fault, given in FAULTY.items()])).collect()
    assert {row.resource_id: row.faults for row in rows} == {fault: [fault] for fault in FAULTY}


def test_what_others_tell_of_a_vaccination_is_no_record_of_its_administration(fhir_records, rows):
    given = {"here": True, "elsewhere": False, "unsaid": None}
    sent = [{**FLU, "id": name, "primarySource": said} for name, said in given.items()]
    vaccines = build(fhir_records(*[{k: v for k, v in one.items() if v is not None} for one in sent]))
    told = of_immunizations(vaccines, rows("silver.concept_map")).join(
        vaccines.selectExpr("immunization_id AS source_row_id", "resource_id"), on="source_row_id", how="inner"
    )
    assert {row.resource_id: row.type_concept_id for row in told.collect()} == {
        "here": concepts.TYPE_EHR_ADMINISTRATION,
        "elsewhere": concepts.TYPE_EHR,
        "unsaid": concepts.TYPE_EHR_ADMINISTRATION,
    }
