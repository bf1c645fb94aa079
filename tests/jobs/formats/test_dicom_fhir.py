"""What a DICOM header says in FHIR: one patient, study, series, image and device each, whatever headers come."""

import datetime
import pathlib
import random
import zoneinfo

import orjson
import pytest

from jobs.formats import dicom, dicom_memory
from jobs.formats.dicom_fhir import translate, translate_written
from jobs.formats.dicom_limits import Limits
from jobs.formats.translation import Said, Source, write

REFERENCE = pathlib.Path(__file__).resolve().parents[4] / "shared" / "reference" / "dicom"
FEED = Source("imaging_dicom", "demo", zoneinfo.ZoneInfo("America/New_York"), {}, {})
AT = datetime.datetime(2026, 3, 1, 6, tzinfo=datetime.UTC)
HEADER = {
    "00080005": ("CS", "ISO_IR 192"),
    "00080016": ("UI", "1.2.840.10008.5.1.4.1.1.2"),
    "00080018": ("UI", "1.2.3.3.1"),
    "00080020": ("DA", "20260301"),
    "00080030": ("TM", "0930"),
    "00080050": ("SH", "A7"),
    "00080060": ("CS", "CT"),
    "00080070": ("LO", "Maker"),
    "00080090": ("PN", {"Alphabetic": "Roe^Rita"}),
    "00081030": ("LO", "CT of the chest"),
    "00081090": ("LO", "Scan 7"),
    "00100010": ("PN", {"Alphabetic": "Doe^Jane^Q"}),
    "00100020": ("LO", "P 1"),
    "00100021": ("LO", "HOSPITAL"),
    "00100030": ("DA", "19700201"),
    "00100040": ("CS", "F"),
    "00180015": ("CS", "Thorax"),
    "00180060": ("DS", "120000"),
    "00181000": ("LO", "SN1"),
    "0020000D": ("UI", "1.2.3"),
    "0020000E": ("UI", "1.2.3.3"),
    "00200011": ("IS", "3"),
    "00200013": ("IS", "1"),
    "00200060": ("CS", "R"),
}


def header(**changes):
    """The elements of an instance; `t00080060=("CS", "MR")` puts another in its place, None takes it out."""
    given = HEADER | {name[1:]: one for name, one in changes.items()}
    return {tag: {"vr": one[0], "Value": [one[1]]} for tag, one in given.items() if one is not None}


def said(tags):
    return Said("DICOM", None, orjson.dumps(tags), None, AT)


def told(**changes):
    """Resource type -> the resource as it is written."""
    found = [orjson.loads(write(one)) for one in translate(said(header(**changes)), FEED)]
    assert len({(one["resourceType"], one["id"]) for one in found}) == len(found)
    return {one["resourceType"]: one for one in found}


def test_a_header_tells_of_patient_people_device_study_series_and_image():
    found = told()
    assert {kind: one["id"] for kind, one in found.items()} == {
        "Patient": "HOSPITAL-P-20-1",
        "Practitioner": "name-Roe-Rita---",
        "Device": "Maker-Scan-20-7-SN1",
        "ImagingStudy": "1.2.3",
        "ImagingSeries": "1.2.3.3",
        "ImagingInstance": "1.2.3.3.1",
    }


def test_a_study_or_series_that_a_query_found_tells_no_more_than_that():
    series = told(t00080018=None)
    assert "ImagingInstance" not in series and series["ImagingSeries"]["series"][0]["uid"] == "1.2.3.3"
    study = told(t00080018=None, t0020000E=None, t00080060=None)
    assert study.keys().isdisjoint({"ImagingInstance", "ImagingSeries"}) and "ImagingStudy" in study


def test_the_patient_is_who_was_examined():
    patient = told()["Patient"]
    assert patient["identifier"][0]["system"] == "HOSPITAL" and patient["identifier"][0]["value"] == "P 1"
    assert patient["name"] == [{"family": "Doe", "given": ["Jane", "Q"]}]
    assert (patient["birthDate"], patient["gender"]) == ("1970-02-01", "female")


def test_a_study_has_its_uid_its_accession_number_and_its_begin_in_the_feeds_zone():
    study = told()["ImagingStudy"]
    assert study["subject"] == {"reference": "Patient/HOSPITAL-P-20-1"}
    assert study["identifier"][0] == {"system": "urn:dicom:uid", "value": "urn:oid:1.2.3"}
    assert study["identifier"][1]["type"]["coding"][0]["code"] == "ACSN" and study["identifier"][1]["value"] == "A7"
    assert study["started"] == "2026-03-01T09:30:00-05:00"
    assert (study["modality"][0]["code"], study["description"]) == ("CT", "CT of the chest")
    assert study["referrer"] == {"reference": "Practitioner/name-Roe-Rita---"}
    assert "series" not in study


def test_the_offset_that_a_header_says_goes_before_the_feeds_zone():
    assert told(t00080201=("SH", "+0100"))["ImagingStudy"]["started"] == "2026-03-01T09:30:00+01:00"
    assert told(t00080030=None)["ImagingStudy"]["started"] == "2026-03-01"
    assert told(t00080020=("DA", "20261399"))["ImagingStudy"]["started"] == "20261399"


def test_what_was_cleaned_stands_beside_what_was_sent():
    [series] = told(t00080060=("CS", "MR"))["ImagingSeries"]["series"]
    assert (series["modality"]["code"], series["bodySite"]["code"], series["laterality"]["code"]) == (
        "CT",
        "CHEST",
        "R",
    )
    assert series["extension"][0] == {
        "url": "https://lakeward.dev/fhir/dicom-raw",
        "extension": [
            {"url": "modality", "valueString": "MR"},
            {"url": "body_part", "valueString": "Thorax"},
        ],
    }
    assert series["performer"] == [{"actor": {"reference": "Device/Maker-Scan-20-7-SN1"}}]


def test_a_coded_region_goes_before_the_term():
    region = {
        name: {"vr": "SH", "Value": [value]}
        for name, value in (("00080100", "51185008"), ("00080102", "SCT"), ("00080104", "Thorax"))
    }
    [series] = told(t00082218=("SQ", region))["ImagingSeries"]["series"]
    assert series["bodySite"] == {"system": "http://snomed.info/sct", "code": "51185008", "display": "Thorax"}


def test_an_image_says_how_it_was_made_with_units():
    [series] = told()["ImagingInstance"]["series"]
    [image] = series["instance"]
    assert (series["uid"], image["uid"], image["number"]) == ("1.2.3.3", "1.2.3.3.1", 1)
    assert image["sopClass"]["code"] == "urn:oid:1.2.840.10008.5.1.4.1.1.2"
    [facts] = image["extension"]
    assert facts["extension"][0] == {
        "url": "kvp",
        "valueQuantity": {"value": 120, "unit": "kV", "system": "http://unitsofmeasure.org", "code": "kV"},
        "extension": [{"url": "raw", "valueString": "120000"}],
    }


def test_headers_of_a_series_tell_the_same_study_and_series_and_each_its_image():
    one = {(r.resource_type, r.resource_id): write(r) for r in translate(said(header()), FEED)}
    other = {(r.resource_type, r.resource_id): write(r) for r in
             translate(said(header(t00080018=("UI", "1.2.3.3.2"), t00200013=("IS", "2"))), FEED)}  # fmt: skip
    assert one.keys() ^ other.keys() == {("ImagingInstance", "1.2.3.3.1"), ("ImagingInstance", "1.2.3.3.2")}
    assert {key: one[key] for key in one.keys() & other.keys()} == {
        key: other[key] for key in one.keys() & other.keys()
    }


def test_texts_are_the_resources_as_written():
    record = said(header())
    assert translate_written(record, FEED) == [(*one[:4], write(one)) for one in translate(record, FEED)]


def test_what_is_remembered_of_a_series_is_not_taken_for_a_header_that_differs():
    before = told()["ImagingSeries"]["series"][0]
    after = told(t0008103E=("LO", "late arterial"))["ImagingSeries"]["series"][0]
    assert (before.get("description"), after["description"]) == (None, "late arterial")


def test_a_header_without_patient_id_or_study_is_no_reason_to_stop():
    assert "Patient" not in told(t00100020=None) and "subject" not in told(t00100020=None)["ImagingStudy"]
    assert told(t0020000D=None) == {}
    assert set(told(t0020000E=None)) == {"Patient", "Practitioner", "Device", "ImagingStudy"}


def _mutated(rng, value):
    """A value with something of it exchanged: what a parser lets through may be of any shape."""
    odd = [None, "", " ", 7, -1.5, True, [], {}, [None], ["x"], {"vr": "CS"}, {"Value": "x"}, "\0", "é" * 80, 10**400]
    odd += [{"vr": "SQ", "Value": [1]}, {"vr": "PN", "Value": ["A^B"]}, {"vr": "UI", "Value": ["1." * 60]}]
    if type(value) is dict and value and rng.random() < 0.9:
        name = rng.choice(sorted(value))
        return {**value, name: _mutated(rng, value[name])}
    if type(value) is list and value and rng.random() < 0.7:
        return [_mutated(rng, one) for one in value]
    return rng.choice(odd)


@pytest.mark.parametrize("seed", range(4))
def test_no_spoilt_header_whatever_is_in_it_is_an_error(seed, spoilt):
    rng = random.Random(seed)
    for _ in range(spoilt(1600, share=4)):
        tags = header()
        for _ in range(rng.randint(1, 4)):
            tags = _mutated(rng, tags)
            tags = tags if type(tags) is dict else header()
        try:
            record = said(tags)
        except TypeError:
            continue  # a number that is no JSON number never gets here
        dicom_memory.remembered.__globals__["_known"].clear()
        alone = [write(one) for one in translate(record, FEED)]
        assert [write(one) for one in translate(record, FEED)] == alone


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="no reference files here")
def test_every_public_sample_is_told():
    count = 0
    for path in sorted(REFERENCE.rglob("*.dcm")):
        for record in dicom.read(str(path), document=True, limits=Limits()):
            if record.faults:
                continue
            found = translate(Said("DICOM", record.resource_id, record.payload, None, AT), FEED)
            assert [one.resource_type for one in found][-3:] == ["ImagingStudy", "ImagingSeries", "ImagingInstance"]
            count += 1
    assert count >= 15


def series_extension(name, tags):
    [series] = told(**tags)["ImagingSeries"]["series"]
    found = {one["url"].rpartition("/")[2]: one for one in series["extension"]}
    return found.get(f"dicom-{name}")


def test_a_series_tells_who_lay_there_and_what_made_the_images():
    facts = series_extension("acquisition", {"t00101010": ("AS", "006M"), "t00180010": ("LO", "OMNIPAQUE")})
    age, *words = facts["extension"]
    assert (age["url"], age["valueQuantity"]["value"], age["valueQuantity"]["code"]) == ("patient_age_years", 0.5, "a")
    assert age["extension"] == [{"url": "raw", "valueString": "006M"}]
    assert {one["url"]: one["valueString"] for one in words} == {
        "manufacturer": "Maker",
        "model": "Scan 7",
        "contrast_agent": "OMNIPAQUE",
    }


def test_a_series_is_to_be_had_where_the_archive_says():
    address = "https://pacs.example/studies/1.2.3/series/1.2.3.3"
    found = series_extension("retrieve", {"t00081190": ("UR", f"{address}/instances/1.2.3.3.1")})
    assert found["valueUrl"] == address
    assert series_extension("retrieve", {"t00081190": ("UR", "https://pacs.example/studies/1.2.3")}) is None


def test_a_term_that_a_code_overrules_is_kept_as_sent():
    code = {"00080100": {"vr": "SH", "Value": ["80891009"]}, "00080102": {"vr": "SH", "Value": ["SCT"]}}
    tags = {"t00082218": ("SQ", code), "t00180015": ("CS", "CHEST")}
    assert series_extension("raw", tags)["extension"] == [{"url": "body_part", "valueString": "CHEST"}]
