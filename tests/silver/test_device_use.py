"""silver.device_use: uses of devices."""

from __future__ import annotations

import datetime

from pyspark.sql import functions as F

from jobs.columns import concepts
from jobs.silver._event_device import of_device_uses, of_devices
from jobs.silver.device_use import build

USE = {
    "resourceType": "DeviceUseStatement",
    "id": "u1",
    "status": "active",
    "subject": {"reference": "Patient/1"},
    "device": {"reference": "Device/d1"},
    "timingPeriod": {"start": "2020-01-01", "end": "2020-02-01"},
    "recordedOn": "2020-02-02",
}


def use(**given):
    return {**USE, **given}


def use_at(**timing):
    return {**{k: v for k, v in USE.items() if k != "timingPeriod"}, **timing}


def test_the_use_of_a_device_over_a_time(only):
    row = only(USE)
    assert (row.device_ref, row.start_date, row.end_date) == (
        "Device/d1",
        datetime.date(2020, 1, 1),
        datetime.date(2020, 2, 1),
    )
    assert (row.recorded_date, row.faults) == (datetime.date(2020, 2, 2), [])


def test_a_use_in_each_form_of_time_begins_on_its_day(fhir_records):
    forms = {
        "at": {"timingDateTime": "2020-01-01"},
        "within": {"timingTiming": {"repeat": {"boundsPeriod": {"start": "2020-01-01"}}}},
        "events": {"timingTiming": {"event": ["2020-01-01", "2020-01-03"]}},
    }
    rows = build(fhir_records(*[use_at(id=name, **timing) for name, timing in forms.items()])).collect()
    day = datetime.date(2020, 1, 1)
    assert {row.resource_id: (row.start_date, row.end_date) for row in rows} == dict.fromkeys(forms, (day, None))


def test_a_contained_device_is_read_where_it_stands(only):
    inside = {
        "resourceType": "Device",
        "id": "dev",
        "type": {"coding": [{"code": "14106009"}], "text": "pacemaker"},
        "udiCarrier": [{"carrierHRF": "(01)1"}],
    }
    row = only(use(contained=[inside], device={"reference": "#dev"}))
    assert (row.device_ref, row.codes[0].code, row.code_text, row.udi) == (None, "14106009", "pacemaker", "(01)1")


def test_a_device_that_nobody_names_is_a_fault(only):
    assert only(use(device={"reference": "#dev"})).faults == ["no_device"]


def test_a_device_whose_use_is_stated_is_counted_once_and_what_is_intended_is_not_used(rows, fhir_records):
    same = {"tenant": "demo", "feed": "ehr_fhir", "record_id": 1, "patient_ref": "Patient/1", "codes": []}
    devices = rows(
        "silver.device",
        *[{**same, "device_id": n, "aliases": [f"Device/d{n}"], "serial_number": f"S{n}"} for n in (1, 2, 3)],
    )
    clinician, patient = {"reference": "Practitioner/p"}, {"reference": "Patient/1"}
    uses = build(
        fhir_records(
            use(source=clinician),
            use(id="u2", status="intended", device={"reference": "Device/d2"}, source=patient),
        )
    )
    owned = {row.source_row_id: row.excluded for row in of_devices(devices, uses).collect()}
    assert owned == {1: "told_by_its_use", 2: None, 3: None}
    found = of_device_uses(uses, devices).orderBy(F.col("excluded").asc_nulls_first()).collect()
    assert [(row.excluded, row.production_id, row.type_concept_id) for row in found] == [
        (None, "S1", concepts.TYPE_EHR),
        ("intended", "S2", concepts.TYPE_PATIENT_REPORT),
    ]
