"""A row of a laboratory's extract as FHIR: who, what was found, in which sample."""

import datetime
import json
import random
import re
import zoneinfo
from decimal import Decimal

import pytest
import yaml

from jobs.formats import lab_csv_fhir, translation

RECEIVED = datetime.datetime(2026, 3, 9, tzinfo=datetime.UTC)
ZONE = zoneinfo.ZoneInfo("America/New_York")
OPTIONS = yaml.safe_load("""
delimiter: ";"
decimal: ","
dates: ["%d.%m.%Y"]
datetimes: ["%d.%m.%Y %H:%M"]
files:
  lab_result:
    key: [result_id]
    columns: {result_id: {}, patient_id: {}, family_name: {}, given_name: {}, birth_date: {type: date}, sex: {},
      order_id: {}, specimen_id: {}, specimen_type: {}, test_code: {}, test_name: {}, loinc: {}, value: {}, unit: {},
      range: {}, flag: {}, status: {}, collected: {type: datetime}, reported: {type: datetime}, note: {},
      performer: {}}
""")
FEED = translation.Source("lab_csv", "demo", ZONE, OPTIONS, {"unit_system": "http://unitsofmeasure.org"})
POTASSIUM = {
    "result_id": "R1", "patient_id": "L7", "family_name": "Muñoz", "given_name": "Ana", "birth_date": "03.05.1970",
    "sex": "F", "order_id": "O1", "specimen_id": "A1", "specimen_type": "Serum", "test_code": "K",
    "test_name": "Potassium", "loinc": "2823-3", "value": "4,10", "unit": "mmol/L", "range": "3.5-5.1", "flag": "N",
    "status": "F", "collected": "01.07.2026 08:30", "reported": "01.07.2026 10:00", "note": "", "performer": "Bay Lab",
}  # fmt: skip


def row(**cells):
    told = {**POTASSIUM, **cells}
    return translation.Said("lab_result", "R1", ";".join(told.values()).encode(), ",".join(told).encode(), RECEIVED)


def said(**cells):
    found = lab_csv_fhir.translate(row(**cells), FEED)
    return {one[0]: json.loads(translation.write(one), parse_float=str, parse_int=str) for one in found}


def test_a_row_is_a_patient_a_specimen_a_result_and_who_measured_it():
    found = said()
    result = found["Observation"]
    assert (result["id"], result["status"], result["subject"]) == ("R1", "final", {"reference": "Patient/L7"})
    assert result["code"] == {
        "coding": [
            {"system": "http://loinc.org", "code": "2823-3"},
            {"system": "https://lakeward.dev/fhir/test/lab-5f-csv", "code": "K"},
        ],
        "text": "Potassium",
    }
    assert result["valueQuantity"] == {
        "value": "4.10", "unit": "mmol/L", "system": "http://unitsofmeasure.org", "code": "mmol/L",
    }  # fmt: skip
    assert result["referenceRange"] == [
        {"low": {"value": "3.5", "unit": "mmol/L"}, "high": {"value": "5.1", "unit": "mmol/L"}, "text": "3.5-5.1"}
    ]
    assert result["interpretation"][0]["coding"][0]["code"] == "N"
    assert (result["effectiveDateTime"], result["issued"]) == ("2026-07-01T08:30:00-04:00", "2026-07-01T10:00:00-04:00")
    assert result["specimen"] == {"reference": "Specimen/A1"}
    assert found["Specimen"]["collection"] == {"collectedDateTime": "2026-07-01T08:30:00-04:00"}
    assert result["performer"] == [{"reference": f"Organization/{found['Organization']['id']}"}]
    patient = found["Patient"]
    assert (patient["birthDate"], patient["gender"], patient["name"][0]["family"]) == ("1970-05-03", "female", "Muñoz")
    assert patient["identifier"][0]["type"]["coding"][0]["code"] == "MR"


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("<0,5", ("<", "0.5")),
        (">= 100", (">=", "100")),
        ("-3,0", (None, "-3.0")),
        ("3.5", (None, "3.5")),
    ],
)
def test_a_number_in_words_is_a_number_with_its_comparator(told, expected):
    value = said(value=told)["Observation"]["valueQuantity"]
    assert (value.get("comparator"), value["value"]) == expected


@pytest.mark.parametrize("told", ["positive", "1:80", "3+", "1.500", "4,1 (repeat)"])
def test_what_is_no_plain_number_stays_as_it_was_written(told):
    found = said(value=told)["Observation"]
    assert found["valueString"] == told
    assert "valueQuantity" not in found


@pytest.mark.parametrize(
    ("told", "low", "high"),
    [("< 5", None, "5"), (">=3,5", "3.5", None), ("negative", None, None), ("10 – 20", "10", "20")],
)
def test_a_range_has_the_limits_it_tells_and_always_its_words(told, low, high):
    [found] = said(range=told)["Observation"]["referenceRange"]
    assert (found.get("low", {}).get("value"), found.get("high", {}).get("value"), found["text"]) == (low, high, told)


@pytest.mark.parametrize(
    ("status", "expected"), [("P", "preliminary"), ("C", "corrected"), ("X", "cancelled"), ("?", "?")]
)
def test_a_status_has_fhirs_word_and_an_unknown_one_its_own(status, expected):
    assert said(status=status)["Observation"]["status"] == expected


def test_a_corrected_result_is_the_same_observation_and_newer():
    first = lab_csv_fhir.translate(row(), FEED)[-1]
    later = lab_csv_fhir.translate(row(status="C", value="4,2", reported="01.07.2026 12:00"), FEED)[-1]
    assert later.resource_id == first.resource_id
    assert later.last_updated > first.last_updated


def test_a_row_without_its_result_number_or_its_patient_says_nothing():
    assert said(result_id="") == {}
    assert said(patient_id="") == {}


def test_digits_of_a_value_are_never_lost():
    assert said(value="0,1234567890123456789")["Observation"]["valueQuantity"]["value"] == "0.1234567890123456789"
    assert Decimal(said(value="7")["Observation"]["valueQuantity"]["value"]) == 7


def test_spoilt_rows_never_raise_and_ids_stay_ids(spoilt):
    chance = random.Random(3)
    whole = row()
    for _ in range(spoilt(800, share=2)):
        data = bytearray(whole.payload)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(data))
            data[at : at + chance.choice((0, 1, 1, 3))] = chance.choice((b";", b'"', b"\xff", b",", b"-", b"<", b""))
        for _, name, _, _, text in lab_csv_fhir.translate_written(whole._replace(payload=bytes(data)), FEED):
            assert re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", name)
            assert json.loads(text)["id"] == name
