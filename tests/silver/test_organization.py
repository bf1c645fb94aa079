"""silver.organization: hospitals, practices, payers."""

from __future__ import annotations

from jobs.silver.organization import build


def test_an_organization_has_its_name_kind_and_owner(fhir_records):
    kind = {
        "coding": [{"system": "http://terminology.hl7.org/CodeSystem/organization-type", "code": "prov"}],
        "text": "Provider",
    }
    sent = {
        "resourceType": "Organization",
        "id": "9",
        "name": "Clinic",
        "type": [kind],
        "partOf": {"identifier": {"system": "http://orgs", "value": "1"}},
    }
    [row] = build(fhir_records(sent)).collect()
    assert (row.name, [code.code for code in row.type_codes], row.type_text) == ("Clinic", ["prov"], "Provider")
    assert row.part_of_ref == "Organization?identifier=http://orgs|1"


def test_an_organization_that_nothing_tells_apart_is_a_fault(fhir_records):
    [row] = build(fhir_records({"resourceType": "Organization", "id": "9"})).collect()
    assert row.faults == ["nameless"]
