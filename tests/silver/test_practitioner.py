"""silver.practitioner: people who treat, with their roles."""

from __future__ import annotations

import pytest

from jobs.silver.practitioner import build

NPI = "http://hl7.org/fhir/sid/us-npi"
NUCC = "http://nucc.org/provider-taxonomy"
TED = {
    "resourceType": "Practitioner",
    "id": "ted",
    "identifier": [{"system": NPI, "value": "9999984591"}],
    "name": [{"family": "Reilly", "given": ["Ted"], "prefix": ["Dr."]}],
}


def role(id, npi="9999984591", specialty="208D00000X", organization="Organization/9", **given):
    return {
        "resourceType": "PractitionerRole",
        "id": id,
        "practitioner": {"identifier": {"system": NPI, "value": npi}, "display": "Dr. Ted Reilly"},
        "organization": {"reference": organization},
        "specialty": [{"coding": [{"system": NUCC, "code": specialty, "display": specialty.lower()}]}],
        "location": [{"identifier": {"system": "http://places", "value": "5"}}],
        **given,
    }


@pytest.fixture
def only(fhir_records):
    def make(*resources):
        [row] = build(fhir_records(*resources)).collect()
        return row

    return make


def test_a_role_that_names_its_practitioner_by_npi_is_joined_to_them(only):
    row = only(TED, role("r1"))
    assert (row.resource_type, row.npi, row.name_text) == ("Practitioner", "9999984591", "Dr. Ted Reilly")
    assert [code.code for code in row.specialty_codes] == ["208D00000X"]
    assert (row.organization_ref, row.location_ref) == ("Organization/9", "Location?identifier=http://places|5")


def test_a_practitioner_is_known_by_their_roles_too_and_stands_on_their_records(only):
    row = only(TED, role("r1"))
    assert row.aliases == ["Practitioner/ted", f"Practitioner?identifier={NPI}|9999984591", "PractitionerRole/r1"]
    assert row.record_ids == [1, 2]


def test_the_first_role_in_use_says_the_organization_and_all_roles_their_specialties(only):
    ended = role("a", specialty="207R00000X", organization="Organization/old", active=False)
    row = only(TED, role("b"), ended)
    assert row.organization_ref == "Organization/9"
    assert [code.code for code in row.specialty_codes] == ["207R00000X", "208D00000X"]


def test_a_role_whose_practitioner_was_not_sent_stands_alone_with_what_it_knows(only):
    row = only(role("r1"))
    assert (row.resource_type, row.resource_id, row.npi) == ("PractitionerRole", "r1", "9999984591")
    assert (row.name_text, row.organization_ref, row.record_ids) == ("Dr. Ted Reilly", "Organization/9", [1])


def test_a_practitioner_without_a_role_is_there(only):
    row = only(TED)
    assert (row.roles, row.specialty_codes, row.organization_ref) == (None, [], None)


def named(id, family, npi="1999999984", **given):
    known_as = [{"system": NPI, "value": npi}] if npi else []
    return {"resourceType": "Practitioner", "id": id, "identifier": known_as, "name": [{"family": family}], **given}


@pytest.fixture
def provider(fhir_records):
    def make(*resources):
        return {row.resource_id: row.provider_id for row in build(fhir_records(*resources)).collect()}

    return make


def test_records_of_one_npi_are_one_provider_also_where_the_name_is_left_out_or_spelt_in_capitals(provider):
    found = provider(named("a", "O'Hara12"), named("b", "OHARA"), {**named("c", ""), "name": []})
    assert len(set(found.values())) == 1


def test_a_number_that_is_given_for_several_people_does_not_make_them_one(provider):
    found = provider(named("a", "Marsh"), named("b", "Keeling"), named("c", "MARSH"), {**named("d", ""), "name": []})
    assert found["a"] == found["c"]
    assert len(set(found.values())) == 3


@pytest.mark.parametrize("npi", ["9999999999", "12345", None])
def test_who_has_no_number_or_one_that_is_none_is_a_provider_of_their_own(provider, npi):
    assert len(set(provider(named("a", "Marsh", npi), named("b", "Marsh", npi)).values())) == 2
