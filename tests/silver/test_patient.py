"""silver.patient: what an EHR says of a patient, typed."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest

from jobs.silver.patient import build
from tests.hl7v2_messages import message, translated

US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition"
CDC_RACE = "urn:oid:2.16.840.1.113883.6.238"


def patient(id="1", **given):
    return {"resourceType": "Patient", "id": id, **given}


@pytest.fixture
def only(fhir_records):
    def make(resource, **same):
        [row] = build(fhir_records(resource, **same)).collect()
        return row

    return make


def origin(kind, *codes, text):
    inner = [{"url": "ombCategory", "valueCoding": {"system": CDC_RACE, "code": code}} for code in codes]
    return {"url": f"{US_CORE}/us-core-{kind}", "extension": [*inner, {"url": "text", "valueString": text}]}


def test_a_full_birth_date_is_a_date_and_its_parts(only):
    row = only(patient(birthDate="2010-01-25"))
    assert row.birth_date == datetime.date(2010, 1, 25)
    assert (row.year_of_birth, row.month_of_birth, row.day_of_birth, row.birth_precision) == (2010, 1, 25, "day")


def test_a_year_alone_gives_a_year_but_no_date(only):
    row = only(patient(birthDate="1970"))
    assert (row.year_of_birth, row.month_of_birth, row.birth_date, row.faults) == (1970, None, None, [])


def test_a_month_gives_year_and_month_but_no_day(only):
    row = only(patient(birthDate="1970-05"))
    assert (row.year_of_birth, row.month_of_birth, row.day_of_birth) == (1970, 5, None)


def test_a_birth_date_that_is_no_date_is_a_fault_and_none_at_all_is_not(fhir_records):
    rows = build(fhir_records(patient("1", birthDate="1970-02-30"), patient("2"))).collect()
    assert {row.resource_id: row.faults for row in rows} == {"1": ["malformed_birth_date"], "2": []}


def test_the_hour_of_birth_is_kept_as_an_instant(only):
    time = [
        {
            "url": "http://hl7.org/fhir/StructureDefinition/patient-birthTime",
            "valueDateTime": "2010-01-25T01:00:00+01:00",
        }
    ]
    row = only(patient(birthDate="2010-01-25", _birthDate={"extension": time}))
    assert row.birth_at == datetime.datetime(2010, 1, 25, 0, 0)


def test_a_death_in_the_evening_has_the_local_date_and_the_utc_instant(only):
    row = only(patient(deceasedDateTime="2024-04-09T22:00:00-04:00"))
    assert (row.is_deceased, row.deceased_date) == (True, datetime.date(2024, 4, 9))
    assert row.deceased_at == datetime.datetime(2024, 4, 10, 2, 0)


def test_death_without_a_date_is_known_as_death(only):
    row = only(patient(deceasedBoolean=True))
    assert (row.is_deceased, row.deceased_date) == (True, None)


def test_two_races_are_both_kept(only):
    row = only(patient(extension=[origin("race", "2106-3", "2054-5", text="Mixed")]))
    assert ([code.code for code in row.race_codes], row.race_text) == (["2106-3", "2054-5"], "Mixed")


def test_ethnicity_and_sex_at_birth_come_from_us_core(only):
    sex = {"url": f"{US_CORE}/us-core-birthsex", "valueCode": "F"}
    row = only(patient(gender="male", extension=[origin("ethnicity", "2186-5", text="Not Hispanic"), sex]))
    assert ([code.code for code in row.ethnicity_codes], row.birth_sex, row.gender) == (["2186-5"], "F", "male")


def test_an_address_keeps_its_coordinates_exactly(only):
    parts = [{"url": "latitude", "valueDecimal": 42.416130828036884}, {"url": "longitude", "valueDecimal": -71.5}]
    place = {"url": "http://hl7.org/fhir/StructureDefinition/geolocation", "extension": parts}
    [address] = only(patient(address=[{"line": ["1 Bay"], "postalCode": "02451", "extension": [place]}])).addresses
    assert (address.lines, address.postal_code) == (["1 Bay"], "02451")
    assert (address.latitude, address.longitude) == (Decimal("42.416130828036884"), Decimal("-71.5"))


def test_a_patient_is_known_by_id_by_bundle_url_and_by_each_identifier(only):
    row = only(patient(identifier=[{"system": "http://mrn", "value": "7"}]), full_url="urn:uuid:abc")
    assert row.aliases == ["Patient/1", "Patient/abc", "Patient?identifier=http://mrn|7"]


def test_the_preferred_language_comes_first(only):
    spoken = [
        {"language": {"coding": [{"code": "en-US"}]}},
        {"language": {"coding": [{"code": "es"}]}, "preferred": True},
    ]
    assert [code.code for code in only(patient(communication=spoken)).language_codes] == ["es", "en-US"]


def test_the_general_practitioner_is_a_person_even_when_a_practice_is_named_first(only):
    named = [{"reference": "Organization/9"}, {"reference": "Practitioner/5"}]
    row = only(patient(generalPractitioner=named))
    assert (row.general_practitioner_ref, row.general_practitioner_refs) == (
        "Practitioner/5",
        ["Organization/9", "Practitioner/5"],
    )


WHOLE = "PID|1||100^^^H^MR||Roe^Jane||19700102|F||2106-3^White^CDCREC|1 Main St^^Springfield^MA^01101"
SHORT = "PID|1||100^^^H^MR||Roe^Jane"


@pytest.mark.parametrize(
    "later",
    [
        message("ORU^R01", 9, SHORT, "OBR|1|P1|F1|24323-8^Panel^LN"),
        message("MDM^T02", 9, SHORT),
        message("ADT^A03", 9, SHORT),
        message("ADT^A08", 9, SHORT),
        message("ADT^A31", 9, SHORT),
        message("ADT^A40", 9, SHORT, "MRG|200^^^H^MR"),
        message("ADT^A40", 9, "PID|1||200^^^H^MR||Roe^J", "MRG|100^^^H^MR"),
    ],
    ids=["result", "document", "discharge", "update", "person update", "survivor", "lost"],
)
def test_a_short_word_on_a_patient_takes_nothing_away_from_a_whole_one(rows, fhir_records, later):
    told = translated(rows, message("ADT^A28", 8, WHOLE), later)
    found = {row.resource_id: row for row in build(fhir_records(), told).collect()}
    row = found["H-100"]
    assert (row.birth_sent, row.gender, row.race_text) == ("1970-01-02", "female", "White")
    assert row.addresses[0].city == "Springfield"


def test_a_short_word_is_all_that_is_known_until_a_whole_one_comes(rows, fhir_records):
    result = message("ORU^R01", 9, SHORT, "OBR|1|P1|F1|24323-8^Panel^LN")
    [before] = build(fhir_records(), translated(rows, result)).collect()
    [after] = build(fhir_records(), translated(rows, result, message("ADT^A28", 8, WHOLE))).collect()
    assert (before.names[0].family, before.gender, after.gender) == ("Roe", None, "female")


def pid(name="Roe^Jane", birth="", address="", social="", dead=""):
    return f"PID|1||100^^^H^MR||{name}||{birth}||||{address}{'|' * 8}{social}{'|' * 10}{dead}".rstrip("|")


WITH_ALL = pid(birth="19700102", address="1 Main St^^Springfield", social="900010001", dead="20260301")
FIRST = message("ADT^A28", 8, WITH_ALL)
MOVED = message("ADT^A08", 10, pid(address="2 High St^^Shelbyville"))
EMPTIED = message("ADT^A31", 11, pid(address='""', social='""', dead='""'))
MARRIED = message("ADT^A08", 12, pid(name="Doe^Jane"))
DELETED = message("ADT^A29", 9, "PID|1||100^^^H^MR||Roe^Jane")


@pytest.mark.parametrize(
    ("messages", "told"),
    [
        ([FIRST, MARRIED], ("Doe", "1970-01-02", ["Springfield"], ["900010001"], "2026-03-01")),
        ([FIRST, MOVED, MARRIED], ("Doe", "1970-01-02", ["Shelbyville"], ["900010001"], "2026-03-01")),
        ([MARRIED, MOVED, FIRST], ("Doe", "1970-01-02", ["Shelbyville"], ["900010001"], "2026-03-01")),
        ([FIRST, MOVED, EMPTIED, MARRIED], ("Doe", "1970-01-02", [], [], None)),
        ([FIRST, DELETED, MARRIED], ("Doe", None, [], [], None)),
    ],
    ids=["named", "moved", "out of order", "null", "deleted before"],
)
def test_each_field_is_what_a_message_said_of_it_last(rows, fhir_records, messages, told):
    [row] = build(fhir_records(), translated(rows, *messages)).collect()
    social = [one.value for one in row.identifiers if one.type_code == "SS"]
    cities = [one.city for one in row.addresses or ()]
    assert (row.names[0].family, row.birth_sent, cities, social, row.deceased_sent) == told
    assert [one.value for one in row.identifiers if one.type_code == "MR"] == ["100"]
