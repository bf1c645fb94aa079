"""gold.person: whom a record says somebody to be."""

import inspect

import schemas
from jobs.gold.person import build

# (sex at birth, gender) -> (concept, word).
SEX = {
    ("F", "female"): (8532, "female"),
    ("M", "female"): (8507, "M"),
    ("UNK", "male"): (8507, "male"),
    ("ASKU", "other"): (0, "other"),
    ("UNK", None): (0, "UNK"),
    (None, "female"): (8532, "female"),
    ("F", None): (8532, "F"),
    (None, None): (0, None),
}


RACE = {"system": "urn:oid:2.16.840.1.113883.6.238", "code": "2106-3"}
NOT_HISPANIC = {"system": "urn:oid:2.16.840.1.113883.6.238", "code": "2186-5"}


def made(rows, patients, survivor):
    """The people of these patient records, who are all one."""
    table = schemas.table("gold.person")
    same = {"tenant": "demo", "race_codes": [], "ethnicity_codes": [], "addresses": []}
    held = {
        "patients": [{**same, "resource_id": f"p{one['patient_id']}", "record_id": 100 + one["patient_id"], **one}
                     for one in patients],
        "links": [{"patient_id": one["patient_id"], "person_id": 7, "is_survivor": one["patient_id"] == survivor}
                  for one in patients],
    }  # fmt: skip
    frames = {p: rows(table.built_from[p], *held.get(p, [])) for p in inspect.signature(build).parameters}
    return build(**frames).collect()


def test_what_the_surviving_record_does_not_say_the_others_tell_of_a_person(rows):
    home = {"lines": ["1 Main St"], "city": "Springfield", "state": "MA", "postal_code": "01101"}
    patients = [
        {"patient_id": 1, "feed": "claims_csv", "year_of_birth": 1971, "gender": "male"},
        {"patient_id": 2, "feed": "ehr_fhir", "year_of_birth": 1970, "month_of_birth": 1, "day_of_birth": 2,
         "gender": "female", "race_codes": [RACE], "ethnicity_codes": [NOT_HISPANIC], "addresses": [home]},
        {"patient_id": 3, "feed": "lab_hl7v2", "year_of_birth": 1970, "gender": "unknown", "race_text": "W"},
    ]  # fmt: skip
    [row] = made(rows, patients, survivor=3)
    assert (row.year_of_birth, row.month_of_birth, row.day_of_birth) == (1970, 1, 2)
    assert (row.gender_concept_id, row.gender_source_value) == (8532, "female")
    assert (row.race_concept_id, row.race_source_value, row.ethnicity_concept_id) == (8527, "2106-3", 38003564)
    assert row.location_id is not None
    assert (row.person_source_value, row.lw_source) == ("lab_hl7v2|p3", "silver.patient|3")
    assert (row.lw_record_ids, row.faults) == ([101, 102, 103], [])


def test_what_the_surviving_record_says_counts(rows):
    patients = [
        {"patient_id": 1, "feed": "ehr_fhir", "year_of_birth": 1980, "month_of_birth": 5, "day_of_birth": 5,
         "gender": "male"},
        {"patient_id": 2, "feed": "claims_csv", "year_of_birth": 1970, "month_of_birth": 1, "day_of_birth": 2,
         "gender": "female"},
    ]  # fmt: skip
    [row] = made(rows, patients, survivor=2)
    assert (row.year_of_birth, row.gender_concept_id) == (1970, 8532)


def test_without_a_year_of_birth_in_any_record_a_person_waits(rows):
    patients = [{"patient_id": 1, "feed": "ehr_fhir"}, {"patient_id": 2, "feed": "lab_hl7v2"}]
    [row] = made(rows, patients, survivor=1)
    assert row.faults == ["no_year_of_birth"]


def test_sex_at_birth_counts_where_it_is_known_and_the_word_is_the_one_that_counts(rows):
    table = schemas.table("gold.person")
    patients = [
        {"patient_id": n, "feed": "ehr_fhir", "tenant": "demo", "resource_id": f"p{n}", "year_of_birth": 1970,
         "birth_sex": birth, "gender": gender, "race_codes": [], "ethnicity_codes": [], "addresses": []}
        for n, (birth, gender) in enumerate(SEX)
    ]  # fmt: skip
    held = {
        "patients": patients,
        "links": [{"patient_id": n, "person_id": n, "is_survivor": True} for n in range(len(SEX))],
    }
    frames = {p: rows(table.built_from[p], *held.get(p, [])) for p in inspect.signature(build).parameters}
    made = build(**frames).orderBy("person_id").select("gender_concept_id", "gender_source_value").collect()
    assert [tuple(row) for row in made] == list(SEX.values())
