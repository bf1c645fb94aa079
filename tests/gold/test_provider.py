"""gold.provider: one row for one person who gives care, whichever feeds tell of them."""

from jobs.gold.provider import build


def practitioner(number, feed, **given):
    plain = {"practitioner_id": number, "provider_id": 7, "tenant": "demo", "feed": feed, "resource_id": f"p{number}"}
    return {**plain, "record_ids": [number * 10], "npi": "1999999984", **given}


def told(rows, *practitioners, **also):
    made = build(
        rows("silver.practitioner", *practitioners),
        rows("silver.organization", *also.get("organizations", [])),
        rows("silver.concept_map"),
    )
    return made.collect()


def test_what_feeds_tell_of_one_professional_is_one_row_of_the_first_that_says_each_thing(rows):
    of_claim = practitioner(1, "claims_x12", name_text="ANN MARSH", specialty_text="Surgery")
    of_record = practitioner(2, "ehr_fhir", name_text="Dr. Ann Marsh", gender="female", year_of_birth=1980)
    [row] = told(rows, of_claim, of_record)
    assert (row.provider_id, row.provider_name, row.npi) == (7, "Dr. Ann Marsh", "1999999984")
    assert (row.specialty_source_value, row.gender_source_value, row.year_of_birth) == ("Surgery", "female", 1980)
    assert (row.provider_source_value, row.lw_source) == ("ehr_fhir|p2", "silver.practitioner|2")
    assert (row.lw_record_ids, row.lw_told_by) == ([10, 20], [1, 2])


def test_professionals_who_are_not_one_stay_apart(rows):
    assert len(told(rows, practitioner(1, "ehr_fhir"), practitioner(2, "ehr_fhir", provider_id=8))) == 2


def test_who_is_employed_by_a_payer_has_no_site_of_care(rows):
    known = {"tenant": "demo", "feed": "ehr_fhir"}
    payer = {**known, "organization_id": 3, "aliases": ["Organization/3"], "type_codes": [(None, "pay", *[None] * 3)]}
    site = {**known, "organization_id": 4, "aliases": ["Organization/4"], "type_codes": []}
    people = [practitioner(n, "ehr_fhir", provider_id=n, organization_ref=f"Organization/{n + 2}") for n in (1, 2)]
    assert {r.provider_id: r.care_site_id for r in told(rows, *people, organizations=[payer, site])} == {1: None, 2: 4}
