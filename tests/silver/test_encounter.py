"""silver.encounter: meetings of a patient with care."""

from __future__ import annotations

import datetime

import pytest

from jobs.silver.encounter import build
from tests.hl7v2_messages import all_translated, message

PATIENT = {"reference": "Patient/1"}


def encounter(id="1", subject=PATIENT, **given):
    return {"resourceType": "Encounter", "id": id, "status": "finished", "subject": subject, **given}


def taking_part(who, role):
    return {"individual": {"reference": who}, "type": [{"coding": [{"code": role}]}]}


def test_a_night_in_hospital_has_local_dates_and_utc_instants(only):
    row = only(encounter(period={"start": "2024-04-10T02:00:00+00:00", "end": "2024-04-10T14:00:00Z"}))
    assert (row.start_date, row.end_date) == (datetime.date(2024, 4, 9), datetime.date(2024, 4, 10))
    assert row.start_at == datetime.datetime(2024, 4, 10, 2, 0)


def test_the_class_is_kept_with_its_code_system(only):
    system = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
    row = only(encounter(**{"class": {"system": system, "code": "IMP"}}))
    assert (row.class_code, row.class_codes[0].system) == ("IMP", system)


def test_the_attender_is_responsible_before_the_primary_performer(only):
    row = only(encounter(participant=[taking_part("Practitioner/1", "PPRF"), taking_part("Practitioner/2", "ATND")]))
    assert row.practitioner_ref == "Practitioner/2"
    assert [p.practitioner_ref for p in row.participants] == ["Practitioner/1", "Practitioner/2"]


def test_a_relative_who_takes_part_is_never_responsible(only):
    row = only(encounter(participant=[taking_part("RelatedPerson/1", "PPRF"), taking_part("Practitioner/2", "CON")]))
    assert row.practitioner_ref == "Practitioner/2"


def test_where_from_and_where_to_are_kept(only):
    stay = {
        "admitSource": {"coding": [{"code": "emd"}]},
        "dischargeDisposition": {"coding": [{"code": "snf"}]},
    }
    row = only(encounter(hospitalization=stay))
    assert ([c.code for c in row.admit_source_codes], [c.code for c in row.discharge_codes]) == (["emd"], ["snf"])


def test_places_reasons_and_diagnoses_keep_their_order(only):
    row = only(
        encounter(
            location=[{"location": {"reference": "Location/ward"}}, {"location": {"reference": "Location/bed"}}],
            reasonCode=[{"coding": [{"code": "a"}]}, {"coding": [{"code": "b"}]}],
            diagnosis=[{"condition": {"reference": "Condition/1"}, "rank": 2}],
        )
    )
    assert (row.location_ref, [c.code for c in row.reason_codes]) == ("Location/ward", ["a", "b"])
    assert (row.diagnoses[0].condition_ref, row.diagnoses[0].rank) == ("Condition/1", 2)


def test_the_places_that_say_since_when_are_moves(only):
    def place(name, *span):
        return {
            "location": {"reference": f"Location/{name}"},
            "period": dict(zip(("start", "end"), span, strict=False)),
        }

    days = ["2024-04-10T02:00:00Z", "2024-04-11T02:00:00Z", "2024-04-12T02:00:00Z"]
    row = only(
        encounter(location=[place("icu", *days[1:]), place("ward", *days[:2]), place("hall"), place("home", days[2])])
    )
    assert [(move.location_ref, move.start_at.day, move.end_at and move.end_at.day) for move in row.moves] == [
        ("Location/ward", 10, 11), ("Location/icu", 11, 12), ("Location/home", 12, None)
    ]  # fmt: skip


def test_a_conditional_reference_has_a_text_but_no_key(only):
    row = only(encounter(subject={"reference": "Patient?identifier=http://mrn|7"}))
    assert (row.patient_ref, row.patient_id) == ("Patient?identifier=http://mrn|7", None)


def test_faults_have_names(fhir_records):
    backwards = {"start": "2024-04-10T02:00:00Z", "end": "2024-04-09T02:00:00Z"}
    rows = build(
        fhir_records(
            encounter("1", period=backwards),
            encounter("2", subject=None),
            encounter("3", period={"start": "yesterday"}),
            encounter("4", period={"start": "2024-04-09T22:00:00-04:00", "end": "2024-04-10T02:00:00Z"}),
        )
    ).collect()
    assert {row.resource_id: row.faults for row in rows} == {
        "1": ["bad_period"],
        "2": ["no_subject"],
        "3": ["malformed_date"],
        "4": [],
    }


PID = "PID|1||100^^^H^MR||Roe^Jane||19700102|F"
TOMBSTONE = message("ADT^A23", 12, PID, "PV1|1||" + "|" * 16 + "V1^^^H")


def pv1(start="", end="", kind="I", place="4W^12^1^H"):
    return f"PV1|1|{kind}|{place}{'|' * 16}V1^^^H{'|' * 25}{start}|{end}"


BEGUN = message("ADT^A01", 8, PID, pv1("202603010730"))
ENDED = message("ADT^A03", 10, PID, pv1("", "202603010945"))
UPDATED = message("ADT^A08", 11, PID, pv1(kind="", place=""))
RESULT = message("ORU^R01", 13, PID, pv1(kind="", place=""), "OBR|1|P1|F1|24323-8^Panel^LN")
NOT_ENDED = message("ADT^A13", 12, PID, pv1())
LATER = message("ADT^A08", 14, PID, pv1(kind="", place=""))
START, END = datetime.datetime(2026, 3, 1, 12, 30), datetime.datetime(2026, 3, 1, 14, 45)


WHOLE = f"PV1|1|I|4W^12^1^H|E|||99^Doe^Jane|||MED||||7||||IP|V1^^^H{'|' * 17}01{'|' * 8}202603010730|202603010945"
SHORT = [
    message("ADT^A03", 8, PID, WHOLE, "PV2|||R07.9^Chest pain^I10", "DG1|1||I21.4^MI^I10|||F"),
    message("ADT^A08", 14, PID, pv1(kind="", place="")),
]
# What messages on a visit say of how it stands, when and of which class it is.
STATES = {
    "ended": ([BEGUN, ENDED], ("finished", START, END, "IMP")),
    "updated": ([BEGUN, ENDED, UPDATED, RESULT], ("finished", START, END, "IMP")),
    "out of order": ([UPDATED, ENDED, BEGUN], ("finished", START, END, "IMP")),
    "not ended after all": ([BEGUN, ENDED, UPDATED, NOT_ENDED, LATER], ("in-progress", START, None, "IMP")),
    "null": ([BEGUN, ENDED, message("ADT^A08", 11, PID, pv1('""', '""'))], ("in-progress", None, None, "IMP")),
    "cancelled": ([BEGUN, message("ADT^A11", 9, PID, pv1()), UPDATED], ("cancelled", None, None, "IMP")),
    "deleted before": ([BEGUN, ENDED, TOMBSTONE, LATER], ("in-progress", None, None, None)),
}


def at(event, hour, place, **more):
    """An event on a visit, on a ward."""
    return message(f"ADT^{event}", hour, PID, pv1(place=f"{place}^12^1^H", **more))


ADMITTED, TO_ICU = at("A01", 8, "4W", start="202603010730"), at("A02", 20, "ICU")
# And the wards in turn.
MOVES = {
    "one ward": ([ADMITTED], ["4W"]),
    "told backwards": ([TO_ICU, ADMITTED], ["4W", "ICU"]),
    # From bed to bed on a ward, and what the day brings besides.
    "bed to bed": ([ADMITTED, at("A02", 15, "4W"), at("A08", 16, "5E"), TO_ICU, RESULT], ["4W", "ICU"]),
    "there and back": ([ADMITTED, TO_ICU, at("A02", 30, "4W"), at("A03", 40, "4W")], ["4W", "ICU", "4W"]),
    "called off": ([ADMITTED, TO_ICU, at("A12", 30, "4W")], ["4W"]),
    "called off to nowhere": ([ADMITTED, at("A12", 30, "5E")], ["4W"]),
    "deleted and moved": ([ADMITTED, TOMBSTONE, TO_ICU], ["ICU"]),
    "no move": ([at("A08", 16, "5E")], []),
}


@pytest.fixture(scope="module")
def visits(rows, fhir_records):
    """The visit of each of these stories: each of them is another tenant's."""
    stories = {name: messages for name, (messages, _) in (STATES | MOVES).items()}
    built = build(fhir_records(), all_translated(rows, short=SHORT, **stories)).collect()
    assert len(built) == len(stories) + 1
    return {row.tenant: row for row in built}


@pytest.mark.parametrize("story", STATES)
def test_what_a_later_message_leaves_out_holds_on_until_it_is_taken_back(visits, story):
    messages, told = STATES[story]
    row = visits[story]
    assert (row.status, row.start_at, row.end_at, row.class_code) == told
    assert (row.location_ref is None) is (TOMBSTONE in messages)


def test_a_short_message_takes_away_nothing_of_a_visit_that_it_does_not_speak_of(visits):
    row = visits["short"]
    assert (row.practitioner_ref, row.organization_ref) == ("Practitioner/-99", "Organization/name-H")
    said = (row.admit_source_codes, row.discharge_codes, row.priority_codes, row.service_type_codes, row.type_codes)
    assert [one[0].code for one in said] == ["7", "01", "E", "MED", "IP"]
    assert (row.reason_codes[0].code, len(row.diagnoses)) == ("R07.9", 1)


@pytest.mark.parametrize("story", MOVES)
def test_messages_on_a_visit_tell_together_where_the_patient_was_in_turn(visits, story):
    moves, (_, wards) = visits[story].moves, MOVES[story]
    assert [move.location_ref for move in moves] == [f"Location/H-{ward}--" for ward in wards]
    assert [move.end_at for move in moves] == [*[move.start_at for move in moves[1:]], None][: len(wards)]
