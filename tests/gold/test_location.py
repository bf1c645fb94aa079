"""gold.location: an address is one row, however many feeds spell it in however many ways."""

import decimal

from jobs.gold.location import build

LATITUDE, LONGITUDE = decimal.Decimal("42.5"), decimal.Decimal("-70.9")


def address(*lines, city=None, state=None, postal=None, country=None, at=(None, None)):
    return (None, None, list(lines), city, None, state, postal, country, *at, None, None)


def told(rows, *patients, organizations=()):
    people = [
        {"patient_id": n, "record_id": n * 10, "feed": feed, "addresses": [one]}
        for n, (feed, one) in enumerate(patients, 1)
    ]
    sites = [
        {"organization_id": n, "record_id": n * 100, "feed": feed, "addresses": [one]}
        for n, (feed, one) in enumerate(organizations, 1)
    ]
    made = build(rows("silver.patient", *people), rows("silver.organization", *sites), rows("silver.location"))
    return made.collect()


def test_capitals_points_the_long_postal_code_and_the_country_make_no_other_address(rows):
    [row] = told(
        rows,
        ("claims_x12", address("12 OAK LANE", city="SALEM", state="MA", postal="019701234")),
        ("ehr_fhir", address("12 Oak Lane.", city="Salem", state="MA", postal="01970", at=(LATITUDE, LONGITUDE))),
        organizations=[("adt_hl7v2", address("12 Oak Lane", city="Salem", state="MA", postal="01970", country="US"))],
    )
    assert (row.address_1, row.city, row.zip, row.lw_source) == ("12 Oak Lane.", "Salem", "01970", "silver.patient|2")
    assert (row.latitude, row.longitude, row.country_source_value, row.country_concept_id) == (42.5, -70.9, "US", 0)
    assert row.lw_record_ids == [10, 20, 100]


def test_another_number_another_flat_and_another_town_are_other_addresses(rows):
    given = [address("12 Oak Lane", city="Salem"), address("13 Oak Lane", city="Salem")]
    given += [address("12 Oak Lane", "Flat 2", city="Salem"), address("12 Oak Lane", city="Lynn")]
    assert len(told(rows, *[("ehr_fhir", one) for one in given])) == 4


def test_of_an_address_that_is_a_country_alone_the_country_is_known(rows):
    found = told(rows, ("ehr_fhir", address(country="US")), ("ehr_fhir", address(country="CA")))
    assert sorted(row.country_source_value for row in found) == ["CA", "US"]


def test_whose_address_says_no_country_has_no_country_concept(rows):
    [row] = told(rows, ("ehr_fhir", address("1 Bay", city="Salem")))
    assert (row.country_concept_id, row.latitude) == (None, None)
