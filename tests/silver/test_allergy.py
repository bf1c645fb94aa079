"""silver.allergy: allergies and intolerances."""

from __future__ import annotations

import datetime

from jobs.silver.allergy import build

# As Synthea writes one.
MOLD = {
    "resourceType": "AllergyIntolerance",
    "id": "a1",
    "clinicalStatus": {"coding": [{"code": "active"}]},
    "verificationStatus": {"coding": [{"code": "confirmed"}]},
    "type": "allergy",
    "category": ["environment"],
    "criticality": "low",
    "code": {"coding": [{"system": "http://snomed.info/sct", "code": "84489001", "display": "Mold (organism)"}]},
    "patient": {"reference": "Patient/1"},
    "recordedDate": "2009-11-27T02:53:29+00:00",
    "reaction": [{"manifestation": [{"coding": [{"code": "76067001", "display": "Sneezing"}]}], "severity": "mild"}],
}


def allergy(**given):
    return {**MOLD, **given}


def test_an_allergy_with_its_reaction(only):
    row = only(MOLD)
    assert (row.codes[0].code, row.type, row.categories, row.criticality) == (
        "84489001",
        "allergy",
        ["environment"],
        "low",
    )
    assert (row.status, row.clinical_status, row.recorded_date) == ("confirmed", "active", datetime.date(2009, 11, 26))
    [reaction] = row.reactions
    assert (reaction.manifestation_codes[0].code, reaction.manifestation_text) == ("76067001", "Sneezing")
    assert (reaction.severity, row.faults) == ("mild", [])


def test_what_was_entered_in_error_stays_with_its_status(only):
    row = only(allergy(verificationStatus={"coding": [{"code": "entered-in-error"}]}))
    assert (row.status, row.faults) == ("entered-in-error", [])


def test_an_onset_in_each_of_its_forms(fhir_records):
    day = datetime.date(1994, 1, 9)
    forms = {
        "month": {"onsetDateTime": "1994-01"},
        "day": {"onsetDateTime": "1994-01-09"},
        "period": {"onsetPeriod": {"start": "1994-01-09", "end": "1994-02-01"}},
        "words": {"onsetString": "in childhood"},
    }
    rows = build(fhir_records(*[allergy(id=name, **given) for name, given in forms.items()])).collect()
    told = {
        r.resource_id: (r.onset_sent, r.onset_date, r.onset_precision, r.onset_end_date, r.onset_text) for r in rows
    }
    assert told == {
        "month": ("1994-01", None, "month", None, None),
        "day": ("1994-01-09", day, "day", None, None),
        "period": ("1994-01-09", day, "day", datetime.date(1994, 2, 1), None),
        "words": (None, None, None, None, "in childhood"),
    }


def test_an_onset_told_as_an_age_is_a_number_with_its_unit(only):
    row = only(allergy(onsetAge={"value": 12, "unit": "years", "code": "a"}))
    assert (row.onset_age, row.onset_age_unit, row.onset_date) == (12, "a", None)


def test_the_substance_of_a_reaction_can_name_what_is_not_tolerated(only):
    given = allergy(reaction=[{"substance": {"coding": [{"code": "7980"}]}, "onset": "2009-11-27T02:53:29Z"}])
    del given["code"]
    row = only(given)
    assert (row.codes, [code.code for code in row.substance_codes], row.faults) == ([], ["7980"], [])
    assert row.reactions[0].onset_date == datetime.date(2009, 11, 26)


FAULTY = {
    "no_code": {"code": {}, "reaction": []},
    "no_subject": {"patient": {}},
    "malformed_date": {"onsetDateTime": "early"},
    "bad_period": {"onsetPeriod": {"start": "2001-01-02", "end": "2001-01-01"}},
}


def test_what_cannot_be_used_says_why(fhir_records):
    rows = build(fhir_records(*[{**MOLD, **given, "id": fault} for fault, given in FAULTY.items()])).collect()
    assert {row.resource_id: row.faults for row in rows} == {fault: [fault] for fault in FAULTY}
