"""HL7 v2 messages as FHIR: patients and visits that are merged, linked, renumbered and deleted."""

import datetime

import pytest

from jobs.formats.hl7v2_fhir import translate
from tests.jobs.formats.hl7v2_told import FEED, OBR, PID, PV1, bodies, obx, of_type, resources, said


@pytest.mark.parametrize("event", ["A18", "A30", "A34", "A36", "A39", "A40"])
def test_a_merge_says_of_the_lost_number_what_replaced_it(event):
    found = bodies(PID, "MRG|6^^^NORTH^MR||||||Exampel^Ada", kind=f"ADT^{event}")
    assert [(one["type"], one["resource"]["reference"]) for one in found["Linkage/NORTH-6"]["item"]] == [
        ("source", "Patient/NORTH-7"),
        ("alternate", "Patient/NORTH-6"),
    ]
    assert set(found["Patient/NORTH-6"]) == {"identifier", "name"}
    assert found["Patient/NORTH-7"]["name"][0]["family"] == "Example"
    assert "link" not in found["Patient/NORTH-7"]


def test_a_lost_number_without_authority_is_of_the_same_as_the_surviving_one():
    assert set(resources(PID, "MRG|6", kind="ADT^A40")) == {"Patient/NORTH-7", "Patient/NORTH-6", "Linkage/NORTH-6"}


def linkages(*segments, kind):
    """What was said of each Linkage: whom it links, or None where it is taken back."""
    found = {name: one for name, one in resources(*segments, kind=kind).items() if name.startswith("Linkage/")}
    return {
        name: None if one.method else [item["resource"]["reference"] for item in one.body["item"]]
        for name, one in found.items()
    }


def test_patients_linked_are_unlinked_in_whichever_order_they_are_named():
    first, second = PID, "PID|2||6^^^NORTH^MR||Exampel^Ada"
    pair = "Linkage/NORTH-6-with-NORTH-7"
    assert linkages(first, second, kind="ADT^A24") == {pair: ["Patient/NORTH-7", "Patient/NORTH-6"]}
    assert linkages(second, first, kind="ADT^A24") == {pair: ["Patient/NORTH-6", "Patient/NORTH-7"]}
    assert linkages(first, second, kind="ADT^A37")[pair] is None
    assert linkages(second, first, kind="ADT^A37")[pair] is None


def test_an_unlink_takes_back_the_merge_of_either_patient():
    [merged] = linkages(PID, "MRG|6", kind="ADT^A40")
    for pair in ((PID, "PID|2||6^^^NORTH^MR"), ("PID|1||6^^^NORTH^MR", PID)):
        assert linkages(*pair, kind="ADT^A37")[merged] is None


def test_a_patient_merged_into_himself_is_not_replaced():
    assert set(bodies(PID, "MRG|7^^^NORTH^MR", kind="ADT^A40")) == {"Patient/NORTH-7"}


def test_patients_linked_both_live_on():
    found = bodies(PID, "PID|2||6^^^NORTH^MR||Exampel^Ada", kind="ADT^A24")
    assert found["Patient/NORTH-7"]["link"] == [{"other": {"reference": "Patient/NORTH-6"}, "type": "seealso"}]
    assert found["Patient/NORTH-6"]["link"] == [{"other": {"reference": "Patient/NORTH-7"}, "type": "seealso"}]


def test_a_person_deleted_is_taken_back():
    [one] = translate(said("EVN||20260301110000", PID, kind="ADT^A29"), FEED)
    assert (one.resource_type, one.resource_id, one.method, one.body) == ("Patient", "NORTH-7", "DELETE", {})


def test_a_visit_deleted_is_taken_back_and_the_patient_stays():
    found = resources(PID, PV1, kind="ADT^A23")
    assert {name: one.method for name, one in found.items()} == {
        "Patient/NORTH-7": None,
        "Encounter/NORTH-V1": "DELETE",
    }


def test_a_merge_takes_nothing_away_from_what_is_known_of_either_patient():
    found = resources(PID, "MRG|6^^^NORTH^MR", kind="ADT^A40")
    assert {name for name, one in found.items() if one.last_updated is None} == {"Patient/NORTH-7", "Patient/NORTH-6"}
    assert found["Linkage/NORTH-6"].last_updated == datetime.datetime(2026, 3, 1, 17, tzinfo=datetime.UTC)


@pytest.mark.parametrize("event", ["A42", "A50"])
def test_a_visit_merged_or_renumbered_says_under_its_old_number_which_one_it_is_now(event):
    found = bodies(PID, "MRG|7^^^NORTH^MR||||V0^^^NORTH", PV1, kind=f"ADT^{event}")
    lost, stays = found["Encounter/NORTH-V0"], found["Encounter/NORTH-V1"]
    assert lost["extension"][1]["valueReference"] == {"reference": "Encounter/NORTH-V1"}
    assert (lost["subject"], lost["identifier"][0]["value"]) == ({"reference": "Patient/NORTH-7"}, "V0")
    # Of the visit itself the old number says nothing more, and whoever survives is given up for nobody.
    unsaid = set(lost["extension"][0]["valueString"].split())
    assert {"status", "start", "diagnosis"} < unsaid and "replaced" not in unsaid
    assert "replaced" not in stays["extension"][0]["valueString"].split()
    assert "status" in stays["extension"][0]["valueString"].split()


@pytest.mark.parametrize("event", ["A42", "A50", "A45"])
def test_a_visit_that_was_another_patients_is_under_its_old_number_of_the_one_who_has_it_now(event):
    found = bodies(PID, "MRG|6^^^NORTH^MR||||V0^^^NORTH", PV1, kind=f"ADT^{event}")
    assert found["Encounter/NORTH-V0"]["subject"] == {"reference": "Patient/NORTH-7"}


def test_a_message_on_a_visit_does_not_take_up_a_number_that_was_given_up():
    for kind in ("ADT^A08", "ADT^A03", "ORU^R01"):
        assert "replaced" in bodies(PID, PV1, kind=kind)["Encounter/NORTH-V1"]["extension"][0]["valueString"].split()


def test_a_number_is_not_given_up_where_no_visit_is_named_that_stays():
    assert not given_up(PID, "MRG|7^^^NORTH^MR||||V0^^^NORTH", "PV1|1|O", kind="ADT^A42")


ALTERNATE = f"PV1|1|O{'|' * 48}A9^^^NORTH"
BEGUN = f"PV1|1|O{'|' * 42}202603010800"


def given_up(*segments, kind):
    told = bodies(*segments, kind=kind)
    return {
        name
        for name, body in told.items()
        if name.startswith("Encounter/") and any("valueReference" in one for one in body.get("extension", ()))
    }


def deleted(*segments, kind):
    return {name for name, one in resources(*segments, kind=kind).items() if one.method == "DELETE"}


@pytest.mark.parametrize("pv1", [PV1, ALTERNATE, BEGUN])
def test_a_visit_deleted_is_the_one_that_was_admitted_whatever_it_is_known_by(pv1):
    admitted = {name for name in resources(PID, pv1, kind="ADT^A01") if name.startswith("Encounter/")}
    assert len(admitted) == 1
    assert deleted(PID, pv1, kind="ADT^A23") == admitted


def test_a_visit_given_up_is_known_by_its_alternate_id_or_by_its_patient_and_admission():
    other = PID.replace("|7^", "|6^")
    [begun] = [name for name in resources(other, BEGUN, kind="ADT^A04") if name.startswith("Encounter/")]
    for event in ("A42", "A45", "A50"):
        assert given_up(PID, "MRG|6", BEGUN, kind=f"ADT^{event}") == {begun}
        assert given_up(PID, "MRG|7^^^NORTH^MR", BEGUN, kind=f"ADT^{event}") == set()
    for event in ("A42", "A50", "A51"):
        assert given_up(PID, "MRG|7|||||A8^^^NORTH", ALTERNATE, kind=f"ADT^{event}") == {"Encounter/NORTH-A8"}
    assert given_up(PID, "MRG|7||||V1^^^NORTH|A8^^^NORTH", PV1, kind="ADT^A51") == {"Encounter/NORTH-A8"}


def test_each_visit_that_moves_to_another_patient_is_told_of_him_and_none_is_lost():
    pairs = ("MRG|6||||V1^^^NORTH", PV1, "MRG|6||||V2^^^NORTH", PV1.replace("V1^", "V2^"))
    assert given_up(PID, *pairs, kind="ADT^A45") == set()
    assert {"Encounter/NORTH-V1", "Encounter/NORTH-V2"} < set(resources(PID, *pairs, kind="ADT^A45"))


def test_a_visit_that_moves_to_another_patient_stands_as_it_stood():
    found = bodies(PID, "MRG|8^^^NORTH^MR||||V1^^^NORTH^VN", PV1, kind="ADT^A45")
    assert "status" in found["Encounter/NORTH-V1"]["extension"][0]["valueString"].split()


ACCOUNTS = FEED._replace(options={"account_is_visit": True})


def with_account(number):
    return f"PID|1||7^^^NORTH^MR||Example^Ada||19700102|F{'|' * 10}{number}^^^NORTH"


def visits(*segments, kind, feed=ACCOUNTS):
    return {name for name in resources(*segments, kind=kind, feed=feed) if name.startswith("Encounter/")}


def test_a_visit_without_a_number_is_that_of_the_account_where_the_feed_says_that_each_has_its_own():
    pid, thin = with_account("C1"), "PV1|1|I|4W^12^1^NORTH"
    assert visits(pid, thin, kind="ADT^A08") == {"Encounter/NORTH-C1"}
    assert visits(pid, thin, kind="ADT^A08", feed=FEED) == set()
    assert visits(pid, PV1, kind="ADT^A08") == {"Encounter/NORTH-V1"}
    told = bodies(pid, thin, kind="ADT^A01", feed=ACCOUNTS)["Encounter/NORTH-C1"]
    assert [one["value"] for one in told["identifier"]] == ["C1"]
    # Without a PV1 a result still lies in the visit.
    result = of_type("Observation", pid, OBR, obx("4.1"), feed=ACCOUNTS)
    assert result["encounter"] == {"reference": "Encounter/NORTH-C1"}
    assert "encounter" not in of_type("Observation", pid, OBR, obx("4.1"))


@pytest.mark.parametrize("event", ["A35", "A36", "A41", "A49"])
@pytest.mark.parametrize("pv1", [[], ["PV1|1|I"]])
def test_an_account_that_is_given_up_is_the_visit_of_the_one_that_stays(event, pv1):
    mrg = "MRG|7^^^NORTH^MR||C0^^^NORTH"
    found = bodies(with_account("C1"), mrg, *pv1, kind=f"ADT^{event}", feed=ACCOUNTS)
    lost, stays = found["Encounter/NORTH-C0"], found["Encounter/NORTH-C1"]
    assert lost["extension"][1]["valueReference"] == {"reference": "Encounter/NORTH-C1"}
    assert (lost["identifier"][0]["value"], stays["identifier"][0]["value"]) == ("C0", "C1")
    assert "replaced" not in stays["extension"][0]["valueString"].split()
    # Elsewhere an account is not a visit.
    assert not visits(with_account("C1"), mrg, *pv1, kind=f"ADT^{event}", feed=FEED)


def test_an_account_that_moves_to_another_patient_stays_the_visit_that_it_was():
    found = bodies(with_account("C1"), "MRG|6^^^NORTH^MR||C1^^^NORTH", "PV1|1|I", kind="ADT^A44", feed=ACCOUNTS)
    assert {name for name in found if name.startswith("Encounter/")} == {"Encounter/NORTH-C1"}
    assert found["Encounter/NORTH-C1"]["subject"] == {"reference": "Patient/NORTH-7"}
