"""Whom HL7 v2 messages name: professionals by several identifiers, and who assigned those."""

import pytest

from jobs.formats.hl7v2_fhir_codes import assigner_system
from tests.jobs.formats.hl7v2_told import OBR, PID, PV1, bodies, obx, of_type

LOCAL, NATIONAL = "E1^Doe^Jane^^^^^^EPIC^^^^PROV", "1234567893^DOE^JANE^^^^^^NPI^^^^NPI"
NPI = "Practitioner/NPI-1234567893"


def attending(*people):
    pv1 = PV1.replace("99^Doe^Jane^^^^^^NPI", "~".join(people))
    found = of_type("Encounter", PID, pv1, kind="ADT^A01")["participant"]
    return [one["individual"]["reference"] for one in found]


@pytest.mark.parametrize("people", [(LOCAL, NATIONAL), (NATIONAL, LOCAL)])
def test_one_doctor_with_two_identifiers_is_one_by_the_national_one(people):
    assert attending(*people) == [NPI]
    body = of_type("Observation", PID, OBR, obx("4", more=f"|||||{'~'.join(people)}"))
    assert body["performer"] == [{"reference": NPI, "display": body["performer"][0]["display"]}]


@pytest.mark.parametrize(
    "other",
    ["E2^Doe^Jane^^^^^^EPIC^^^^PROV", "E2^Roe^Jane^^^^^^LAB", "E2^^^^^^^^LAB"],
    ids=["another number of the same assigner", "another name", "no name"],
)
def test_two_doctors_are_two(other):
    assert len(attending(LOCAL, other)) == 2


def test_a_national_identifier_may_be_named_by_its_register():
    doe = "1234567893^Doe^Jane^^^^^^NPPES&2.16.840.1.113883.4.6&ISO"
    found = bodies(PID, PV1.replace("99^Doe^Jane^^^^^^NPI", doe), kind="ADT^A01")
    assert found[NPI]["identifier"] == [{"system": "http://hl7.org/fhir/sid/us-npi", "value": "1234567893"}]


def test_who_is_known_to_the_whole_country_is_known_by_name_and_by_number():
    ssn = "http://hl7.org/fhir/sid/us-ssn"
    number = "2.16.840.1.113883.4.1"
    assert {assigner_system(*one) for one in (("SSA",), (number,), ("SSADM", number), (None, number))} == {ssn}


def test_a_number_is_what_stands_before_its_subcomponents_in_the_name_of_the_patient_too():
    [patient] = [
        name for name in bodies("PID|1||77&5^^^MAIN^MR||Roe^Jane", kind="ADT^A31") if name.startswith("Patient")
    ]
    assert patient == "Patient/MAIN-77"
    assert not [name for name in bodies("PID|1||&^^^MAIN^MR", kind="ADT^A31") if name.startswith("Patient")]
