"""HL7 v2 messages as FHIR: patients and visits, under which id, since when, and what is taken back."""

import datetime

import pytest

from jobs.formats.hl7v2_fhir import translate
from jobs.formats.translation import Said
from tests.jobs.formats.hl7v2_told import FEED, OBR, PID, PV1, RECEIVED, bodies, codes, obx, of_type, resources


def test_all_messages_of_a_feed_speak_of_the_same_patient_by_authority_and_number():
    names = set()
    for kind, listed in (
        ("ADT^A08", "7^^^NORTH^MR"),
        ("ORU^R01", "123^^^SSA^SS~7^^^NORTH^MR"),
        ("MDM^T02", "7^^^NORTH"),
    ):
        found = resources(f"PID|1||{listed}||Example^Ada", kind=kind)
        names |= {name for name in found if name.startswith("Patient/")}
    assert names == {"Patient/NORTH-7"}


def test_a_patient_says_who_he_is():
    pid = (
        "PID|1||7^^^NORTH&2.16.840.1.113883.19.5&ISO^MR||Example^Ada^Q^Jr^Dr~Maiden^Ada^^^^^M|Elder|197001020304|F||"
        "2106-3^White^HL70005~W2^Local^L|1 Main St^Flat 2^Springfield^MA^01101^USA^H^^Hampden||"
        "^PRN^PH^^1^413^5550100|^NET^Internet^ada@example.org|en^English^ISO639|M|||999-99-9999|S1^MA|"
        "|H^Hispanic^HL70189|||2||||20260228101500|Y"
    )
    body = of_type("Patient", pid, "PD1|||North Practice^^77^^^NPI|99^Doe^Jane^^^^^^NPI", kind="ADT^A31")
    assert body["identifier"][0] == {
        "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]},
        "system": "urn:oid:2.16.840.1.113883.19.5",
        "value": "7",
    }
    assert [(one.get("system"), one["value"]) for one in body["identifier"][1:]] == [
        ("http://hl7.org/fhir/sid/us-ssn", "999-99-9999"),
        ("MA", "S1"),
    ]
    assert body["name"] == [
        {"family": "Example", "given": ["Ada", "Q"], "prefix": ["Dr"], "suffix": ["Jr"]},
        {"use": "maiden", "family": "Maiden", "given": ["Ada"]},
    ]
    assert (body["gender"], body["birthDate"]) == ("female", "1970-01-02")
    assert body["_birthDate"]["extension"][0]["valueDateTime"] == "1970-01-02T03:04:00-05:00"
    race, ethnicity, mother = body["extension"]
    assert [(part["url"], part.get("valueCoding", {}).get("code")) for part in race["extension"]] == [
        ("ombCategory", "2106-3"), ("detailed", "W2"), ("text", None),
    ]  # fmt: skip
    assert ethnicity["extension"][0]["valueCoding"]["code"] == "2135-2"
    assert mother["valueString"] == "Elder"
    assert body["address"] == [
        {"use": "home", "line": ["1 Main St", "Flat 2"], "city": "Springfield", "district": "Hampden", "state": "MA",
         "postalCode": "01101", "country": "USA"}
    ]  # fmt: skip
    assert body["telecom"] == [
        {"system": "phone", "value": "+1 413 5550100", "use": "home"},
        {"system": "email", "value": "ada@example.org", "use": "work"},
    ]
    assert codes(body["communication"][0]["language"]) == [("urn:ietf:bcp:47", "en")]
    assert codes(body["maritalStatus"]) == [("http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "M")]
    assert (body["multipleBirthInteger"], body["deceasedDateTime"]) == (2, "2026-02-28T10:15:00-05:00")
    assert [one["reference"] for one in body["generalPractitioner"]] == ["Practitioner/NPI-99", "Organization/NPI-77"]


def test_a_birth_date_that_is_none_is_passed_on_for_silver_to_name():
    assert of_type("Patient", "PID|1||7^^^NORTH^MR||Example||19701301")["birthDate"] == "19701301"


def test_numbers_without_authority_are_those_of_the_feed():
    feed = FEED._replace(options={"assigning_authority": "NORTH"})
    assert "Patient/NORTH-7" in resources("PID|1||7||Example^Ada", feed=feed)
    assert "Patient/-7" in resources("PID|1||7||Example^Ada")


@pytest.mark.parametrize(
    ("sent", "recorded", "at"),
    [
        ("20260301120000-0500", "20260301110000", "2026-03-01T16:00:00+00:00"),
        ("20260301120000", "20260301110000", "2026-03-01T16:00:00+00:00"),
        ("20260701120000", "", "2026-07-01T16:00:00+00:00"),
        ("20260301120000+0000", "20260228", "2026-03-01T12:00:00+00:00"),
        ("20260301", "", "2026-03-01T05:00:00+00:00"),
        ("yesterday", "soon", None),
    ],
)
def test_it_was_said_when_the_event_was_recorded_else_when_it_was_sent(sent, recorded, at):
    found = resources(f"EVN||{recorded}", PID, kind="ADT^A08", at=sent)["Patient/NORTH-7"].last_updated
    assert (found and found.isoformat()) == at


@pytest.mark.parametrize(
    ("event", "ended", "status", "end"),
    [
        ("A01", "", "in-progress", None), ("A02", "", "in-progress", None), ("A04", "", "in-progress", None),
        ("A05", "", "planned", None), ("A03", "20260303", "finished", "2026-03-03"),
        ("A03", "", "finished", "2026-03-01T12:00:00-05:00"), ("A08", "20260303", "finished", "2026-03-03"),
        ("A08", "", "in-progress", None), ("A11", "", "cancelled", None), ("A12", "", "in-progress", None),
        ("A13", "20260303", "in-progress", None), ("A38", "", "cancelled", None), ("A21", "", "onleave", None),
        ("A22", "", "in-progress", None),
    ],
)  # fmt: skip
def test_the_event_says_how_a_visit_stands(event, ended, status, end):
    body = bodies(PID, f"{PV1}{'|' * 25}20260227|{ended}", kind=f"ADT^{event}")["Encounter/NORTH-V1"]
    assert (body["status"], body["period"]) == (status, {"start": "2026-02-27", **({"end": end} if end else {})})


def test_two_patients_who_swap_their_beds_are_both_moved():
    other = (PID.replace("7^^^", "8^^^"), PV1.replace("V1^^^", "V2^^^").replace("4W^12^1", "4W^12^2"))
    found = bodies(PID, PV1, *other, kind="ADT^A17")
    beds = [found[f"Encounter/NORTH-{visit}"]["location"][0]["location"]["reference"] for visit in ("V1", "V2")]
    assert beds == ["Location/NORTH-4W-12-1", "Location/NORTH-4W-12-2"]


def test_who_was_not_discharged_after_all_went_nowhere():
    pv1 = f"{PV1}{'|' * 17}01"
    assert "hospitalization" in bodies(PID, pv1, kind="ADT^A03")["Encounter/NORTH-V1"]
    body = bodies(PID, pv1, kind="ADT^A13")["Encounter/NORTH-V1"]
    assert "hospitalization" not in body
    assert "disposition" not in body["extension"][0]["valueString"].split()


@pytest.mark.parametrize(("event", "side"), [("A01", "start"), ("A04", "start"), ("A03", "end")])
def test_a_visit_begins_and_ends_when_the_event_happened_not_when_it_was_recorded(event, side):
    evn = f"EVN|{event}|202603021000-0500||||202602281500-0500"
    body = bodies(evn, PID, PV1, kind=f"ADT^{event}")["Encounter/NORTH-V1"]
    assert body["period"] == {side: "2026-02-28T15:00:00-05:00"}


def test_an_update_of_who_is_expected_does_not_bring_him_in():
    assert of_type("Encounter", PID, PV1.replace("|I|", "|P|"), kind="ADT^A08")["status"] == "planned"


def test_a_visit_says_where_who_and_why():
    pv1 = (
        "PV1|1|I|4W^12^1^NORTH|E|P5^^^NORTH|3E^^^NORTH|99^Doe^Jane^^^^^^NPI|98^Roe||MED|||R|7||||IP|V1^^^NORTH^VN"
        + "|" * 17
        + "01"
    )
    found = bodies(PID, pv1, "PV2|||R07.9^Chest pain^I10", kind="ADT^A02")
    body = found["Encounter/NORTH-V1"]
    assert body["class"] == {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"}
    assert body["subject"] == {"reference": "Patient/NORTH-7"}
    assert [one["value"] for one in body["identifier"]] == ["V1", "P5"]
    stay = body["hospitalization"]
    assert (codes(stay["admitSource"]), codes(stay["dischargeDisposition"]), codes(stay["reAdmission"])) == (
        [("http://terminology.hl7.org/CodeSystem/v2-0023", "7")],
        [("http://terminology.hl7.org/CodeSystem/v2-0112", "01")],
        [("http://terminology.hl7.org/CodeSystem/v2-0092", "R")],
    )
    assert [(codes(one["type"][0])[0][1], one["individual"]["reference"]) for one in body["participant"]] == [
        ("ATND", "Practitioner/NPI-99"), ("REF", "Practitioner/-98"),
    ]  # fmt: skip
    assert [(one["location"]["reference"], one["status"]) for one in body["location"]] == [
        ("Location/NORTH-4W-12-1", "active"), ("Location/NORTH-3E--", "completed"), ("Location/NORTH-4W--", "active"),
    ]  # fmt: skip
    assert codes(body["reasonCode"][0]) == [("http://hl7.org/fhir/sid/icd-10-cm", "R07.9")]
    assert found["Practitioner/NPI-99"]["identifier"] == [{"system": "http://hl7.org/fhir/sid/us-npi", "value": "99"}]
    beds = [found[f"Location/NORTH-{name}"] for name in ("4W-12-1", "4W--", "3E--")]
    assert [(one["name"], codes(one["physicalType"])[0][1]) for one in beds] == [
        ("4W 12 1", "bd"), ("4W", "wa"), ("3E", "wa")
    ]  # fmt: skip
    assert found[body["serviceProvider"]["reference"]] == {"name": "NORTH"}


@pytest.mark.parametrize(
    ("event", "since"),
    [
        ("A01", "2026-02-27"),
        ("A02", "2026-02-28T10:00:00-05:00"),
        ("A12", None),
        ("A08", "no ward"),
        ("A05", "no ward"),
    ],
)
def test_the_events_that_move_a_patient_say_to_which_ward_and_since_when(event, since):
    evn = f"EVN|{event}|202603010800||||202602281000"
    body = of_type("Encounter", evn, PID, f"{PV1}{'|' * 25}20260227", kind=f"ADT^{event}")
    told = [one.get("period") for one in body["location"] if "physicalType" in one]
    assert told == ([] if since == "no ward" else [since and {"start": since}])


def test_codes_of_the_uniform_bill_are_such_only_where_the_feed_says_so():
    pv1 = f"{PV1}{'|' * 17}01"
    for options, url in (({}, "http://terminology.hl7.org/CodeSystem/v2-0112"),
                         ({"uniform_billing": True}, "http://www.nubc.org/patient-discharge")):  # fmt: skip
        body = of_type("Encounter", PID, pv1, kind="ADT^A03", feed=FEED._replace(options=options))
        assert codes(body["hospitalization"]["dischargeDisposition"]) == [(url, "01")]


def test_a_visit_without_a_number_is_known_by_another_or_by_when_it_began():
    alternate = f"PV1|1|O{'|' * 48}A9^^^NORTH"
    begun = f"PV1|1|O{'|' * 42}202603010800"
    assert "Encounter/NORTH-A9" in resources(PID, alternate, kind="ADT^A08")
    names = [set(resources(PID, begun, kind=kind)) for kind in ("ADT^A04", "ADT^A03")]
    assert [name for name in names[0] if name.startswith("Encounter/")] == [
        "Encounter/NORTH-7-at-2026-2d-03-2d-01T08-3a-00-3a-00-2d-05-3a-00"
    ]
    assert names[0] == names[1]
    assert not [name for name in resources(PID, "PV1|1|O", kind="ADT^A08") if name.startswith("Encounter/")]


def test_a_visit_that_a_result_tells_in_passing_never_outranks_what_adt_said():
    found = resources(PID, PV1, OBR, obx("4.1"))
    assert found["Encounter/NORTH-V1"].last_updated is None
    admitted = resources(PID, PV1, kind="ADT^A01")["Encounter/NORTH-V1"]
    assert admitted.last_updated == datetime.datetime(2026, 3, 1, 17, tzinfo=datetime.UTC)


SHORT = "PID|1||7^^^NORTH^MR||Example^Ada"


@pytest.mark.parametrize(
    ("kind", "pid", "is_subject"),
    [
        *((f"ADT^{event}", SHORT, True) for event in ("A01", "A04", "A05", "A08", "A28", "A31")),
        *((f"ADT^{event}", PID, True) for event in ("A02", "A03", "A06", "A07", "A11", "A13", "A21")),
        *((f"ADT^{event}", SHORT, False) for event in ("A02", "A03", "A06", "A07", "A11", "A13", "A23", "A24")),
        *((kind, PID, False) for kind in ("ORU^R01", "DFT^P03", "MDM^T02", "ORM^O01", "ADT^A40", "ADT^A23")),
    ],
)
def test_a_patient_is_told_in_passing_by_a_message_about_something_else(kind, pid, is_subject):
    patient = resources(pid, PV1, OBR, obx("4.1"), "MRG|6^^^NORTH^MR", kind=kind)["Patient/NORTH-7"]
    assert (patient.last_updated is not None) is is_subject


@pytest.mark.parametrize("payload", [b"", b"no message", b"MSH|^~\\&|LAB", b"MSH|^~\\&|||||||ACK|1|P|2.5\rMSA|AA|1"])
def test_what_is_no_message_or_of_no_mapped_type_tells_nothing(payload):
    assert translate(Said(None, None, payload, None, RECEIVED), FEED) == []


def test_a_time_without_zone_has_that_of_the_message_else_that_of_the_feed():
    obr = OBR.replace("20260301080000-0500", "20260301080000")
    sent = [of_type("Observation", PID, obr, obx("1"), at=at)["effectiveDateTime"]
            for at in ("20260301120000+0100", "20260301120000")]  # fmt: skip
    assert sent == ["2026-03-01T08:00:00+01:00", "2026-03-01T08:00:00-05:00"]


def test_a_licence_that_is_taken_back_is_none():
    [given] = of_type("Patient", f'{PID}{"|" * 12}""', kind="ADT^A31")["identifier"]
    assert given["value"] == "7"
