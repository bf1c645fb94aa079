"""Contained resources: a reference to what stands inside a resource leads where its number is known."""

import importlib

import pytest

from jobs.columns.references import resolved
from jobs.silver import practitioner

NPI = "http://hl7.org/fhir/sid/us-npi"


def number(value, system="urn:example:own"):
    return [{"system": system, "value": value}]


INSIDE = [
    {"resourceType": "Practitioner", "id": "doctor", "identifier": [*number("7"), *number("1", NPI)]},
    {"resourceType": "PractitionerRole", "id": "role", "practitioner": {"reference": "#doctor"}},
    {"resourceType": "Organization", "id": "house", "identifier": number("h"), "name": "House"},
    {"resourceType": "Location", "id": "room", "identifier": number("r")},
    {"resourceType": "Specimen", "id": "tube", "identifier": number("s")},
    {"resourceType": "Device", "id": "pump", "identifier": number("d")},
    {"resourceType": "Patient", "id": "who", "identifier": number("p")},
    {"resourceType": "Organization", "id": "nameless"},
]
DOCTOR, HOUSE = f"Practitioner?identifier={NPI}|1", "Organization?identifier=urn:example:own|h"
ROOM, TUBE = "Location?identifier=urn:example:own|r", "Specimen?identifier=urn:example:own|s"
PUMP = "Device?identifier=urn:example:own|d"


def to(name):
    return {"reference": f"#{name}"}


@pytest.mark.parametrize(("table", "kind", "given", "told"), [
    ("condition", "Condition", {"asserter": to("doctor"), "recorder": to("role")},
     {"asserter_ref": DOCTOR, "recorder_ref": DOCTOR}),
    ("observation", "Observation", {"performer": [to("nameless"), to("doctor")], "specimen": to("tube"),
                                    "device": to("pump")},
     {"practitioner_ref": DOCTOR, "specimen_ref": TUBE, "device_ref": PUMP}),
    ("procedure", "Procedure", {"performer": [{"actor": to("doctor")}], "location": to("room")},
     {"performer_ref": DOCTOR, "location_ref": ROOM}),
    ("encounter", "Encounter", {"participant": [{"individual": to("role")}], "serviceProvider": to("house"),
                                "location": [{"location": to("room")}]},
     {"practitioner_ref": DOCTOR, "organization_ref": HOUSE, "location_ref": ROOM}),
    ("medication_request", "MedicationRequest", {"requester": to("doctor"), "recorder": to("nameless")},
     {"requester_ref": DOCTOR, "recorder_ref": "Organization#nameless"}),
    ("imaging_study", "ImagingStudy", {"referrer": to("doctor"), "location": to("room")},
     {"referrer_ref": DOCTOR, "location_ref": ROOM}),
    ("device_use", "DeviceUseStatement", {"source": to("doctor"), "device": to("pump")},
     {"source_ref": DOCTOR, "device_ref": None}),
    ("imaging_series", "ImagingStudy", {"series": [{"uid": "1.2", "performer": [{"actor": to("doctor")}]}]},
     {"performer_ref": DOCTOR}),
])  # fmt: skip
def test_what_stands_inside_is_named_as_it_is_known_elsewhere(table, kind, given, told, fhir_records):
    said = {"resourceType": kind, "id": "1", "subject": to("who"), "contained": INSIDE, **given}
    [row] = importlib.import_module(f"jobs.silver.{table}").build(fhir_records(said)).collect()
    assert {name: row[name] for name in told} == told
    assert row.patient_ref == "Patient?identifier=urn:example:own|p"


def test_a_contained_practitioner_is_the_one_who_has_that_number(fhir_records):
    doctor = {"resourceType": "Practitioner", "id": "d1", "identifier": number("1", NPI)}
    said = {"resourceType": "Condition", "id": "1", "subject": to("who"), "contained": INSIDE, "asserter": to("doctor")}
    people = practitioner.build(fhir_records(doctor))
    conditions = importlib.import_module("jobs.silver.condition").build(fhir_records(said))
    [row] = resolved(conditions, "asserter_ref", people, "practitioner_id", "found").collect()
    assert row.found == people.first().practitioner_id


def test_a_resource_that_two_contained_ones_have_the_id_of_is_read_all_the_same(fhir_records):
    twice = [{"resourceType": "Practitioner", "id": "x", "identifier": number(one)} for one in ("1", "2")]
    said = {"resourceType": "Condition", "id": "1", "subject": to("x"), "contained": twice, "asserter": to("x")}
    [row] = importlib.import_module("jobs.silver.condition").build(fhir_records(said)).collect()
    assert row.asserter_ref == "Practitioner?identifier=urn:example:own|1"
