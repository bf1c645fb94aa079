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
