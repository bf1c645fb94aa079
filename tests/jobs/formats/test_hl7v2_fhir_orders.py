"""Orders of HL7 v2 messages as FHIR: what is asked for, by whom, and how it stands after each word on it."""

import pytest

from jobs.formats.hl7v2_message import parse
from jobs.formats.hl7v2_order import orders
from tests.jobs.formats.hl7v2_told import LOINC, PID, PV1, bodies, codes, of_type, resources, said

TEST = "OBR|1|P1^EHR||24323-8^Panel^LN"
ORDER = "ServiceRequest/NORTH-7-EHR-P1"


def order(*segments, kind="ORM^O01", **how):
    return of_type("ServiceRequest", PID, PV1, *segments, kind=kind, **how)


def test_a_new_order_says_what_is_asked_for_whom_by_whom_when_and_why():
    orc = "ORC|NW|P1^EHR|F1^LAB|G1^EHR|||||20260301080000|||99^Doe^Jane^^^^^^NPI"
    obr = f"{TEST}{'|' * 20}LAB{'|' * 7}R51^Headache^I10"
    found = bodies(PID, PV1, orc, obr, "NTE|1||fasting~please", kind="ORM^O01")
    body = found[ORDER]
    assert (body["status"], body["intent"], codes(body["code"])) == ("active", "order", [(LOINC, "24323-8")])
    assert [(codes(one["type"])[0][1], one["system"], one["value"]) for one in body["identifier"]] == [
        ("PLAC", "EHR", "P1"), ("FILL", "LAB", "F1"),
    ]  # fmt: skip
    assert (body["requisition"]["value"], body["authoredOn"]) == ("G1", "2026-03-01T08:00:00-05:00")
    assert (body["subject"], body["encounter"]) == (
        {"reference": "Patient/NORTH-7"},
        {"reference": "Encounter/NORTH-V1"},
    )
    assert body["requester"]["reference"] in found
    assert (codes(body["category"][0])[0][1], codes(body["reasonCode"][0])[0][1]) == ("LAB", "R51")
    assert body["note"] == [{"text": "fasting\nplease"}]
    assert "Patient/NORTH-7" in found


@pytest.mark.parametrize(
    ("orc", "result", "status"),
    [
        ("NW", "", "active"), ("SN", "", "active"), ("CA", "", "revoked"), ("OC", "", "revoked"),
        ("DC", "", "revoked"), ("CA|P1^EHR|||IP", "", "revoked"), ("HD", "", "on-hold"), ("RL", "", "active"),
        ("SC|P1^EHR|||CM", "", "completed"), ("SC|P1^EHR|||HD", "", "on-hold"), ("SC|P1^EHR|||DC", "", "revoked"),
        ("UC|P1^EHR|||IP", "", "active"), ("RE", "F", "completed"), ("RE", "P", "active"), ("XO", "", "active"),
        ("RP", "", "revoked"), ("RO", "", "active"), ("zz", "", "active"), ("", "X", "revoked"),
    ],
)  # fmt: skip
def test_the_order_control_or_else_the_status_says_how_an_order_stands(orc, result, status):
    assert order(f"ORC|{orc}", f"{TEST}{'|' * 21}{result}")["status"] == status


def test_a_cancel_is_the_newest_word_on_the_same_order():
    new = resources(PID, PV1, "ORC|NW|P1^EHR", TEST, kind="ORM^O01")[ORDER]
    later = resources(PID, PV1, "ORC|CA|P1^EHR|||||||20260302", kind="ORM^O01", at="20260302120000-0500")[ORDER]
    assert later.last_updated > new.last_updated
    # An ORC with nothing under it ends an order by its number, and ORC-9 is when it was ended, not when it was written.
    assert (later.body["status"], later.body.get("code"), later.body.get("authoredOn")) == ("revoked", None, None)


@pytest.mark.parametrize(
    ("told", "priority"),
    [(("TQ1|1||||||20260303||S",), "stat"), ((), "routine"), (("TQ1|1||||||20260303||P",), "P")],
)
def test_the_timing_says_how_urgent_it_is_and_for_when(told, priority):
    body = order("ORC|NW|P1^EHR", "OBR|1|P1^EHR||1^X^L|R|20260302", *told)
    assert (body["priority"], body["occurrenceDateTime"]) == (priority, "2026-03-03" if told else "2026-03-02")


def test_the_timing_before_version_2_5_is_read_too():
    body = order("ORC|NW|P1^EHR||||", f"OBR|1|P1^EHR||1^X^L|{'|' * 22}^^^20260304^^A")
    assert (body["priority"], body["occurrenceDateTime"]) == ("asap", "2026-03-04")


def test_a_diagnosis_under_an_order_is_its_reason_and_a_condition():
    found = bodies(PID, PV1, "ORC|NW|P1^EHR", TEST, "DG1|1||I10^High^I10", "ORC|NW|P2^EHR", "OBR|2|P2^EHR||2^Y^L",
                   kind="ORM^O01")  # fmt: skip
    [reason] = found[ORDER]["reasonReference"]
    assert reason["reference"] in found
    assert "reasonReference" not in found["ServiceRequest/NORTH-7-EHR-P2"]


def test_a_specimen_that_was_taken_is_told_with_its_order_and_one_to_be_taken_is_not():
    taken = "SPM|1|S1&EHR||BLD^Blood^HL70487|||||||||||||20260301"
    found = bodies(PID, "ORC|NW|P1^EHR", TEST, taken, kind="OML^O21")
    assert found[ORDER]["specimen"] == [{"reference": "Specimen/NORTH-7-EHR-S1"}]
    assert found["Specimen/NORTH-7-EHR-S1"]["collection"] == {"collectedDateTime": "2026-03-01"}
    found = bodies(PID, "ORC|NW|P1^EHR", TEST, "SPM|1|S1&EHR||BLD^Blood^HL70487", kind="OML^O21")
    assert [name for name in found if name.startswith("Specimen/")] == []


def test_tests_under_one_number_are_orders_of_their_own():
    found = resources(PID, "ORC|NW|P1^EHR", TEST, "OBR|2|||718-7^Hemoglobin^LN", kind="OML^O21")
    assert [name for name in found if name.startswith("ServiceRequest/")] == [ORDER, f"{ORDER}-718-2d-7"]


def test_orders_without_any_number_are_told_apart_by_what_and_when():
    found = resources(PID, "ORC|NW", "OBR|1|||1^X^L||20260302", "ORC|NW", "OBR|2|||2^Y^L||20260302", kind="OMG^O19")
    assert [name for name in found if name.startswith("ServiceRequest/")] == [
        "ServiceRequest/NORTH-7-1-2026-2d-03-2d-02", "ServiceRequest/NORTH-7-2-2026-2d-03-2d-02",
    ]  # fmt: skip


def test_a_drug_ordered_is_no_service_and_a_result_orders_nothing():
    drug = resources(PID, "ORC|NW|P9^EHR", "RXO|1^D^L|1", kind="ORM^O01")
    assert [name for name in drug if name.startswith(("Serv", "Medi"))] == ["MedicationRequest/NORTH-7-EHR-P9"]
    result = resources(PID, "ORC|RE|P1^EHR", TEST, "OBX|1|NM|2823-3^K^LN||4.1||||||F")
    assert [name for name in result if name.startswith("ServiceRequest/")] == []


def test_a_time_that_is_none_is_passed_on_for_silver_to_name():
    body = order("ORC|NW|P1^EHR|||||||soon", "OBR|1|P1^EHR||1^X^L||20261399")
    assert (body["authoredOn"], body["occurrenceDateTime"]) == ("soon", "20261399")
    [row] = orders(parse(said(PID, "ORC|NW|P1^EHR|||||||soon", TEST, kind="ORM^O01").payload))
    assert row.faults == ("malformed_ordered_at",)


@pytest.mark.parametrize(
    ("orc", "obr"),
    [("PP&EHR^FF&LAB", ""), ("", f"{'|' * 25}PP&EHR^FF&LAB"), ("^PP&EHR", "")],
)
def test_an_order_names_the_one_that_it_comes_from(orc, obr):
    found = bodies(PID, f"ORC|CH|P1^EHR||||||{orc}", TEST + obr, kind="OML^O21")
    assert found[ORDER]["basedOn"] == [{"reference": "ServiceRequest/NORTH-7-EHR-PP"}]


def test_an_order_that_replaces_others_names_them():
    pairs = ("RP", "P1"), ("RP", "P2"), ("RO", "P3"), ("RO", "P4"), ("NW", "P5"), ("RP", "P6"), ("RO", "P7")
    orders = [(f"ORC|{control}|{number}^EHR", TEST.replace("P1^", f"{number}^")) for control, number in pairs]
    segments = [one for order in orders for one in order]
    found = bodies(PID, *segments, kind="OML^O21")
    replaced = {name[-2:]: [one["reference"][-2:] for one in body.get("replaces", [])] for name, body in found.items()
                if name.startswith("ServiceRequest/")}  # fmt: skip
    assert replaced == {"P1": [], "P2": [], "P3": ["P1", "P2"], "P4": ["P1", "P2"], "P5": [], "P6": [], "P7": ["P6"]}


@pytest.mark.parametrize("kind", ["ORM^O01", "OML^O21", "OMG^O19", "OMI^O23"])
def test_every_message_that_orders_a_service_is_an_order(kind):
    assert order("ORC|NW|P1^EHR", TEST, kind=kind)["status"] == "active"


def test_a_message_that_ends_an_order_leaves_the_rest_of_it_unsaid():
    said_of = order("ORC|CA|P1^EHR")["extension"][0]["valueString"].split()
    assert {"code", "authored", "requester"} <= set(said_of)
    assert "extension" not in order("ORC|NW|P1^EHR", TEST)
