"""silver.device: devices."""

from __future__ import annotations

import datetime

# As Synthea writes one.
METER = {
    "resourceType": "Device",
    "id": "d1",
    "udiCarrier": [{"deviceIdentifier": "443365", "carrierHRF": "(01)443365(11)230213(21)30329"}],
    "status": "active",
    "distinctIdentifier": "443365",
    "manufactureDate": "2022-01-31T23:37:28+00:00",
    "expirationDate": "2047-02-15T23:37:28+00:00",
    "lotNumber": "907854",
    "serialNumber": "30329",
    "deviceName": [{"name": "Blood glucose meter", "type": "user-friendly-name"}],
    "type": {"coding": [{"system": "http://snomed.info/sct", "code": "337414009"}]},
    "patient": {"reference": "Patient/1"},
}


def test_a_device_with_its_label(only):
    row = only(METER)
    assert (row.udi, row.udi_device_identifier) == ("(01)443365(11)230213(21)30329", "443365")
    assert (row.serial_number, row.lot_number, row.distinct_identifier) == ("30329", "907854", "443365")
    assert (row.manufactured_date, row.expiration_date) == (datetime.date(2022, 1, 31), datetime.date(2047, 2, 15))
    assert (row.codes[0].code, row.code_text, row.name) == ("337414009", "Blood glucose meter", "Blood glucose meter")
    assert (row.aliases, row.patient_ref, row.faults) == (["Device/d1"], "Patient/1", [])


def test_a_device_of_the_house_has_no_patient(only):
    given = {**METER, "owner": {"reference": "Organization/o1"}}
    del given["patient"]
    row = only(given)
    assert (row.patient_id, row.patient_ref, row.owner_ref, row.faults) == (None, None, "Organization/o1", [])


def test_a_device_without_type_name_or_udi_is_none(only):
    row = only({"resourceType": "Device", "id": "d1", "patient": {"reference": "Patient/1"}})
    assert row.faults == ["no_code"]
