"""HL7 v2 messages as FHIR: complete lists of diagnoses, procedures and allergies."""

import pytest

from tests.jobs.formats.hl7v2_told import FEED, PID, PV1, bodies

LISTED = "https://lakeward.dev/fhir/listed"
LISTS = FEED._replace(options={"snapshots": ["DG1", "PR1", "AL1"]})
PAIN, GOUT = "DG1|1||R07.9^Chest pain^I10", "DG1|2||M10.9^Gout^I10"
DONE = "PR1|1||0DTJ4ZZ^Appendectomy^I10P||20260301"
ALLERGY = "AL1|1|DA|1^Penicillin^L"


def lists(*segments, kind="ADT^A08", feed=LISTS):
    """Who lists what, by whose it is and the segment."""
    told = bodies(*segments, kind=kind, feed=feed)
    return {
        (name.split("/")[0], one["url"].removeprefix(f"{LISTED}-")): one["valueString"].split()
        for name, body in told.items()
        for one in body.get("extension", ())
        if one["url"].startswith(f"{LISTED}-")
    }


def listers(*segments, kind="ADT^A08", feed=LISTS):
    """By whom each thing is listed."""
    told = bodies(*segments, kind=kind, feed=feed)
    found = {name: [one["valueString"] for one in body.get("extension", ()) if one["url"] == LISTED]
             for name, body in told.items()}  # fmt: skip
    return {name: one for name, one in found.items() if one}


def test_the_diagnoses_and_procedures_of_a_message_are_the_list_of_the_visit_and_the_allergies_that_of_the_patient():
    segments = (PID, PV1, ALLERGY, PAIN, GOUT, DONE)
    assert lists(*segments) == {
        ("Encounter", "DG1"): ["LAB-NORTH", "NORTH-V1-DG1-I10-R07.9", "NORTH-V1-DG1-I10-M10.9"],
        ("Encounter", "PR1"): ["LAB-NORTH", "NORTH-V1-PR1-I10P-0DTJ4ZZ-2026-2d-03-2d-01"],
        ("Patient", "AL1"): ["LAB-NORTH", "NORTH-7-AL1-L-1"],
    }
    assert listers(*segments) == {
        "Condition/NORTH-V1-DG1-I10-R07.9": ["LAB-NORTH"],
        "Condition/NORTH-V1-DG1-I10-M10.9": ["LAB-NORTH"],
        "Procedure/NORTH-V1-PR1-I10P-0DTJ4ZZ-2026-2d-03-2d-01": ["LAB-NORTH"],
        "AllergyIntolerance/NORTH-7-AL1-L-1": ["LAB-NORTH"],
    }


def test_the_list_names_what_is_told_by_the_id_that_it_is_told_under():
    twice = (PID, PV1, DONE, DONE, PAIN, PAIN + "|||F")
    told = bodies(*twice, kind="ADT^A08", feed=LISTS)
    names = {name.split("/")[1] for name in told if name.startswith(("Condition/", "Procedure/"))}
    assert {name for found in lists(*twice).values() for name in found[1:]} == names
    assert len(names) == 3


def test_a_segment_of_nothing_but_quotes_says_that_there_are_none():
    nothing = '|""|""|""|""|""'
    segments = (PID, PV1, f"AL1{nothing}", f"DG1{nothing}", f"PR1{nothing}")
    assert lists(*segments) == {
        ("Encounter", "DG1"): ["LAB-NORTH"], ("Encounter", "PR1"): ["LAB-NORTH"], ("Patient", "AL1"): ["LAB-NORTH"]
    }  # fmt: skip


@pytest.mark.parametrize(
    "segments",
    [
        # Silence; an action code, of one of several; one that cannot be named; a diagnosis of no visit.
        (PID, PV1),
        (PID, PV1, PAIN, f"{GOUT}{'|' * 18}A"),
        (PID, PV1, PAIN, "DG1|2"),
        (PID, PAIN),
        (PID, PV1, f"{DONE}{'|' * 15}U"),
        (PID, PV1, ALLERGY, "IAM|2|DA|2^Latex^L|||A|A1^EHR"),
        # Of a patient who is told in passing, the list might not be heard.
        ("PID|1||7^^^NORTH^MR", PV1, ALLERGY),
    ],
)
def test_what_is_no_complete_list_takes_nothing_back(segments):
    assert (lists(*segments, kind="ADT^A03"), listers(*segments, kind="ADT^A03")) == ({}, {})


def test_only_messages_on_visits_of_a_feed_that_says_so_have_complete_lists():
    segments = (PID, PV1, ALLERGY, PAIN, DONE)
    assert (lists(*segments, feed=FEED), listers(*segments, feed=FEED)) == ({}, {})
    only = FEED._replace(options={"snapshots": ["AL1"]})
    assert {one for _, one in lists(*segments, feed=only)} == {"AL1"}
    for kind in ("DFT^P03", "BAR^P01", "ORM^O01"):
        assert (lists(*segments, kind=kind), listers(*segments, kind=kind)) == ({}, {})
