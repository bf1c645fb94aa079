"""Events that a complete list of HL7 v2 leaves out."""

import pytest

from jobs.silver import allergy, condition, encounter, patient, procedure
from jobs.silver._event_condition import of_allergies, of_conditions
from jobs.silver._event_procedure import of_procedures
from tests.hl7v2_messages import all_translated, message

PID = "PID|1||7^^^H^MR||Example^Ada||19700102|F"
PV1 = f"PV1|1|I{'|' * 17}V1"
LEFT_OUT = "no_longer_listed"
CODES = {"pain": "R07.9", "gout": "M10.9"}


def said(hour, *diagnoses, kind="ADT^A08", pv1=PV1, sender="ADT", more=()):
    listed = [f"DG1|{n}||{CODES.get(one, one)}^{one}^I10" for n, one in enumerate(diagnoses, 1)]
    return message(kind, hour, PID, pv1, *listed, *more).replace("|ADT|H|", f"|{sender}|H|", 1)


BOTH, PAIN = said(8, "pain", "gout", kind="ADT^A01"), said(10, "pain")
NONE = message("ADT^A08", 10, PID, PV1, 'DG1|""|""|""|""|""')
CODED = message("ADT^A08", 10, PID, PV1, f"DG1|1||R07.9^pain^I10{'|' * 18}A")
# By name: messages in the order they come, and what is left out.
STORIES = {
    "both": ([BOTH], []),
    "one_left_out": ([BOTH, PAIN], ["gout"]),
    "newer_list_comes_first": ([PAIN, BOTH], ["gout"]),
    "silence": ([BOTH, said(10)], []),
    "none": ([BOTH, NONE], ["gout", "pain"]),
    "listed_again": ([BOTH, PAIN, said(12, "gout", "pain")], []),
    "another_visit": ([BOTH, said(10, "pain", pv1=PV1.replace("V1", "V2"))], []),
    "action_code": ([BOTH, CODED], []),
    "another_sender": ([BOTH, said(10, "pain", sender="COD")], []),
    "billed": ([BOTH, said(9, "gout", kind="DFT^P03"), PAIN], []),
    "billed_only": ([said(8, "pain"), said(9, "gout", kind="DFT^P03"), PAIN], []),
}


@pytest.fixture(scope="module")
def told(rows, fhir_records):
    """Translated stories, and their encounters."""
    more = ("PR1|1||0DTJ4ZZ^Cut^I10P||20260301", "PR1|2||0DTK4ZZ^Sew^I10P||20260301")
    allergies = ("AL1|1|DA|1^Penicillin^L", "AL1|2|DA|2^Latex^L")
    lists = {
        "procedures": [said(8, more=more), said(10, more=more[:1])],
        "allergies": [said(8, more=allergies), said(10, more=allergies[:1]), said(11, kind="ADT^A03")],
        "allergies_in_passing": [said(8, more=allergies), said(9, more=allergies[:1], kind="ORM^O01")],
    }
    options = {"snapshots": ["DG1", "PR1", "AL1"]}
    translated = all_translated(rows, options, **lists, **{name: one for name, (one, _) in STORIES.items()}).cache()
    return translated, encounter.build(fhir_records(), translated).cache()


def excluded(events):
    """What events are excluded since a list leaves them out, by tenant; and that nothing else is excluded."""
    found = {}
    for row in events.select("tenant", "code_text", "excluded").collect():
        assert row.excluded in (None, LEFT_OUT)
        found.setdefault(row.tenant, []).extend([row.code_text] if row.excluded else [])
    return {tenant: sorted(words) for tenant, words in found.items()}


def test_a_diagnosis_that_the_newest_list_of_its_sender_leaves_out_is_no_event(told, fhir_records):
    translated, encounters = told
    conditions = condition.build(fhir_records(), translated)
    found = excluded(of_conditions(conditions, encounters))
    assert found == {name: left_out for name, (_, left_out) in STORIES.items()}


def test_so_is_a_procedure(told, fhir_records):
    translated, encounters = told
    found = excluded(of_procedures(procedure.build(fhir_records(), translated), encounters))
    assert found == {"procedures": ["Sew"]}


def test_so_is_an_allergy_that_the_newest_list_of_the_patient_leaves_out(told, fhir_records):
    translated, _ = told
    patients = patient.build(fhir_records(), translated)
    found = excluded(of_allergies(allergy.build(fhir_records(), translated), patients))
    assert found == {"allergies": ["Latex"], "allergies_in_passing": []}
