"""silver.specimen: samples taken."""

from __future__ import annotations

import datetime
from decimal import Decimal

from jobs.silver.specimen import build


def test_a_sample_has_its_material_its_collection_and_its_names(fhir_records):
    sent = {
        "resourceType": "Specimen",
        "id": "1",
        "accessionIdentifier": {"system": "http://lab", "value": "A7"},
        "type": {"coding": [{"system": "http://snomed.info/sct", "code": "119297000"}]},
        "subject": {"reference": "Patient/1"},
        "receivedTime": "2024-04-10T13:00:00Z",
        "collection": {
            "collectedDateTime": "2024-04-10T02:00:00Z",
            "collector": {"reference": "Practitioner/5"},
            "quantity": {"value": 2.5, "unit": "mL"},
            "bodySite": {"coding": [{"code": "368208006"}]},
        },
    }
    [row] = build(fhir_records(sent)).collect()
    assert (row.codes[0].code, row.body_site_codes[0].code) == ("119297000", "368208006")
    assert (row.collected_date, row.arrived_at) == (datetime.date(2024, 4, 9), datetime.datetime(2024, 4, 10, 13, 0))
    assert (row.quantity, row.quantity_unit, row.practitioner_ref) == (Decimal("2.5"), "mL", "Practitioner/5")
    assert (row.aliases, row.faults) == (["Specimen/1", "Specimen?identifier=http://lab|A7"], [])


def test_a_sample_collected_backwards_is_a_fault(fhir_records):
    period = {"start": "2024-04-10T02:00:00Z", "end": "2024-04-10T01:00:00Z"}
    sent = {"resourceType": "Specimen", "id": "1", "collection": {"collectedPeriod": period}}
    [row] = build(fhir_records(sent)).collect()
    assert row.faults == ["bad_period"]
