"""Procedures of HL7 v2 messages (PR1) as FHIR: what was done, when and by whom."""

import pytest

from tests.jobs.formats.hl7v2_told import PID, PV1, bodies, codes, of_type, resources

PCI = "PR1|1||027034Z^Dilation^I10P|PCI|202603011000-0500|P|45|55^Bay^Ann|||44^Low^Eve|43^May^Ida|||I21.4^MI^I10"
PCS = "http://www.cms.gov/Medicare/Coding/ICD10"
FT1 = "FT1|1|T1||20260301||%s|92920^Angioplasty^C4"


def procedures(*segments, kind="ADT^A08"):
    found = bodies(PID, PV1, *segments, kind=kind)
    return [body for name, body in found.items() if name.startswith("Procedure/")]


def test_a_procedure_says_what_was_done_when_by_whom_and_why():
    [body] = procedures(PCI, "ROL|1|AD|AS^Assistant^HL70443|77^Fox^Ira")
    assert (body["status"], codes(body["code"])) == ("completed", [(PCS, "027034Z")])
    assert body["performedPeriod"] == {"start": "2026-03-01T10:00:00-05:00", "end": "2026-03-01T10:45:00-05:00"}
    assert [one["actor"]["reference"] for one in body["performer"]] == [
        "Practitioner/-44", "Practitioner/-43", "Practitioner/-77", "Practitioner/-55",
    ]  # fmt: skip
    assert codes(body["performer"][0]["function"]) == [("http://snomed.info/sct", "304292004")]
    assert (codes(body["reasonCode"][0])[0][1], codes(body["category"])[0][1]) == ("I21.4", "P")
    assert (body["subject"], body["encounter"]) == (
        {"reference": "Patient/NORTH-7"}, {"reference": "Encounter/NORTH-V1"},
    )  # fmt: skip


def test_the_classification_may_be_named_beside_the_code_and_is_that_of_procedures():
    [body] = procedures("PR1|1|I10|027034Z|PCI|20260301")
    assert (codes(body["code"]), body["code"]["text"]) == ([(PCS, "027034Z")], "PCI")


@pytest.mark.parametrize(
    ("kind", "day", "status"),
    [
        ("ADT^A08", "20260301", "completed"),
        ("ADT^A04", "20260302", "preparation"),
        ("ADT^A05", "20260301", "preparation"),
        ("ADT^A11", "20260301", "not-done"),
    ],
)
def test_what_is_to_be_done_was_not_done_yet(kind, day, status):
    [body] = procedures(f"PR1|1||92920^Angioplasty^C4||{day}", kind=kind)
    assert body["status"] == status


def test_a_procedure_deleted_by_its_action_is_taken_back():
    found = resources(PID, PV1, f"{PCI}||||PR7^OR|D", kind="ADT^A08")
    assert found["Procedure/NORTH-7-PR1-OR-PR7"].method == "DELETE"


def test_a_procedure_done_twice_is_two():
    one = "PR1|1||92920^Angioplasty^C4||202603010800"
    assert len(procedures(one, one.replace("0800", "0900"))) == 2


@pytest.mark.parametrize(
    ("kind", "pr1", "told"),
    [
        ("CG", "92920^Angioplasty^C4", 0),
        ("CG", "92920^Angioplasty", 1),
        ("CG", "027034Z^Dilation^I10P", 1),
        ("CD", "027034Z^Dilation^I10P", 0),
        ("PY", "027034Z^Dilation^I10P", 0),
        ("", "92920^Angioplasty^C4", 1),
        ("CG", "^Angioplasty", 1),
    ],
)
def test_what_is_charged_is_told_by_its_charge_and_a_credit_tells_of_no_procedure(kind, pr1, told):
    assert len(procedures(FT1 % kind, f"PR1|1||{pr1}||20260301", kind="DFT^P03")) == told


def test_a_charge_below_zero_takes_back_and_tells_of_no_procedure():
    ft1 = f"{FT1 % 'CG'}|||-1"
    assert procedures(ft1, "PR1|1||027034Z^Dilation^I10P||20260301", kind="DFT^P03") == []


def test_a_procedure_that_names_nothing_is_none():
    assert procedures("PR1|1||||20260301") == []
    body = of_type("Procedure", PID, PV1, "PR1|1|||Stitches|20260301", kind="ADT^A08")
    assert body["code"] == {"text": "Stitches"}


def test_what_is_coded_for_the_bill_is_of_the_visit_which_it_tells_in_passing():
    found = resources(PID, PV1, "DG1|1||I21.4^MI^I10|||F", PCI, kind="BAR^P12")
    assert {name.split("/")[0] for name in found if found[name].last_updated} >= {"Condition", "Procedure"}
    assert found["Encounter/NORTH-V1"].last_updated is None
