"""DICOM records: one for each instance, with its place, its JSON model and its faults by name."""

import functools
import gzip
import json
import pathlib
import random
import time
import tracemalloc

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.bench.dicom import damaged, data_set, file_of, instance, mutated
from jobs.formats import dicom, dicom_record, dicom_rows
from jobs.formats.dicom_limits import Limits

# The same bytes at each run: the names of tests are made of them.
zipped = functools.partial(gzip.compress, mtime=0)

LIMITS = Limits()
REFERENCE = pathlib.Path(__file__).resolve().parents[4] / "shared" / "reference" / "dicom"
IDENTIFIED = {
    "00080018": {"vr": "UI", "Value": ["1.2.3"]},
    "00080060": {"vr": "CS", "Value": ["CT"]},
    "0020000D": {"vr": "UI", "Value": ["1.2.1"]},
    "0020000E": {"vr": "UI", "Value": ["1.2.2"]},
}

TWO_CONTENTS = {"vr": "LO", "Value": ["a"], "InlineBinary": ""}


@pytest.fixture
def read(tmp_path):
    def of(data, *, document=True, limits=LIMITS):
        path = tmp_path / "file"
        path.write_bytes(data)
        return list(dicom.read(str(path), document=document, limits=limits))

    return of


def test_an_instance_is_one_record_of_its_header(read):
    data = instance(7)
    [found] = read(data)
    assert (found.resource_type, found.resource_id, found.faults) == ("DICOM", data_set(7).SOPInstanceUID, ())
    assert (found.position, found.length, found.entry) == (132, data.find(b"\xe0\x7f\x10\0") - 132, None)
    assert found[5:9] == (None, None, None, None)
    assert json.loads(found.payload)["00100020"] == {"vr": "LO", "Value": ["P000007"]}


def test_pixel_data_are_not_in_the_record(read):
    [found] = read(file_of(data_set(1), pixels=b"\x7f" * 5_000_000))
    assert len(found.payload) < 6000
    assert json.loads(found.payload)["7FE00010"]["BulkDataURI"].endswith("length=5000000")


def test_gzip_and_plain_give_the_same_record(read):
    data = instance(1)
    assert read(zipped(data)) == read(data)


@pytest.mark.parametrize(
    ("missing", "fault"),
    [
        ("SOPInstanceUID", "no_sop_instance_uid"),
        ("StudyInstanceUID", "no_study_instance_uid"),
        ("SeriesInstanceUID", "no_series_instance_uid"),
        ("Modality", "no_modality"),
    ],
)
def test_an_instance_must_say_which_it_is(read, missing, fault):
    without = data_set(1)
    delattr(without, missing)
    empty = data_set(1)
    setattr(empty, missing, "")
    assert [read(file_of(made))[0].faults for made in (without, empty)] == [(fault,), (fault,)]


@pytest.mark.parametrize(("uid", "faults"), [("1.2.x", ("bad_uid", "uid_mismatch")), ("1.2.99", ("uid_mismatch",))])
def test_a_uid_that_is_none_or_another_is_named(read, uid, faults):
    data = instance(1).replace(b"\x08\0\x18\0UI", b"\x08\0\x18\0UI")
    made = data_set(1)
    size = len(made.SOPInstanceUID)
    at = data.rfind(made.SOPInstanceUID.encode())
    [found] = read(data[:at] + uid.ljust(size, "\0").encode() + data[at + size :])
    assert (found.resource_id, found.faults) == (uid, faults)


def test_a_faulty_file_is_a_record_too(read):
    for data, faults in [
        (b"", ("empty_file",)),
        (b"Dear colleague, the images follow.\n", ("not_dicom",)),
        (instance(1)[132:], ("no_preamble",)),
        (zipped(instance(1))[:-20], ("truncated_gzip",)),
    ]:
        [found] = read(data)
        assert (found.faults, found.resource_type, found.payload) == (faults, None, None)


def test_what_was_read_before_the_damage_is_kept(read):
    data = instance(1)
    [found] = read(data[: data.find(b"P000001")])
    assert "truncated" in found.faults
    assert json.loads(found.payload)["00080060"]["Value"] == ["CT"]


def test_every_fault_a_record_can_have_is_described():
    from jobs.formats import (
        dicom_charsets,
        dicom_deflate,
        dicom_elements,
        dicom_header,
        dicom_json,
        dicom_tags,
        dicom_values,
        dicom_zip,
    )

    other = {"CHARACTER_SET", "DEFLATED", "PREAMBLE", "PREFIX", "UN", "ZIP"}
    modules = (dicom_record, dicom_charsets, dicom_deflate, dicom_elements, dicom_header, dicom_json, dicom_tags,
               dicom_values, dicom_zip)  # fmt: skip
    named = {
        value
        for module in modules
        for name, value in vars(module).items()
        if name.isupper() and not name.startswith("_") and name not in other and isinstance(value, str)
    }
    assert named - {"DICOM"} - {"xs"} <= dicom.FAULTS.keys()


def test_an_unknown_limit_is_refused_by_name():
    with pytest.raises(ValueError, match="record_size"):
        Limits.of({"record_size": 5})


# The samples


# What a reader must refuse, and why; the others are whole.
FAULTY = {
    "Anonymized.dcm": ("no_study_instance_uid", "no_series_instance_uid", "no_modality"),
    "Invalid-String-Format.dcm": ("no_study_instance_uid", "no_series_instance_uid", "no_modality"),
    "UnchangedValue.dcm": ("no_study_instance_uid", "no_series_instance_uid", "no_modality"),
    "custom.dcm": ("no_study_instance_uid", "no_series_instance_uid", "no_modality"),
    "I341-newConfig.dcm": ("no_sop_instance_uid", "no_modality"),
    # UIDs that an anonymiser made of hashes.
    "bad_sequence.dcm": ("bad_uid", "uid_mismatch"),
    "HTJ2K_08_RGB.dcm": ("no_study_instance_uid", "no_series_instance_uid", "no_modality"),
}


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference samples are not here")
def test_every_reference_sample_is_accounted_for():
    paths = sorted(REFERENCE.rglob("*.dcm"))
    found = {path.name: list(dicom.read(str(path), document=True, limits=LIMITS)) for path in paths}
    assert (len(found), {len(records) for records in found.values()}) == (26, {1})
    assert {name: records[0].faults for name, records in found.items() if records[0].faults} == FAULTY
    ids = {records[0].resource_id for records in found.values() if not records[0].faults}
    # Three files of the anonymiser are versions of one instance.
    assert len(ids) == 17
    for [record] in found.values():
        rows = dicom_rows.tables(record.payload)
        assert rows["imaging_instance"]["instance_uid"] == record.resource_id


# DICOM JSON


def test_an_array_of_instances_is_one_record_each_with_its_exact_bytes(read):
    other = {**IDENTIFIED, "00080018": {"vr": "UI", "Value": ["1.2.4"]}}
    data = b"\xef\xbb\xbf " + json.dumps([IDENTIFIED, other], indent=1).encode() + b"\n"
    found = read(data)
    assert [(record.resource_id, record.faults) for record in found] == [("1.2.3", ()), ("1.2.4", ())]
    assert all(record.payload == data[record.position : record.position + record.length] for record in found)


def test_lines_of_instances_are_records_and_can_be_read_in_ranges(tmp_path):
    lines = [json.dumps({**IDENTIFIED, "00080018": {"vr": "UI", "Value": [f"1.2.{n}"]}}) for n in range(50)]
    path = tmp_path / "lines"
    path.write_text("\n".join(lines))
    size = path.stat().st_size
    whole = list(dicom.read(str(path), limits=LIMITS))
    parts = [r for s, e in [(0, size // 3), (size // 3, size)] for r in dicom.read(str(path), s, e, limits=LIMITS)]
    assert parts == whole
    assert [record.resource_id for record in whole] == [f"1.2.{n}" for n in range(50)]


def test_a_single_instance_may_stand_alone(read):
    [found] = read(json.dumps(IDENTIFIED, indent=2).encode())
    assert (found.resource_id, found.faults) == ("1.2.3", ())


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (b"", ("empty_line",)),
        (b'{"00080018"', ("not_json",)),
        (b'{"resourceType":"Patient"}', ("not_dicom",)),
        (b"[]", ("not_dicom",)),
        (json.dumps({**IDENTIFIED, "PatientID": {"vr": "LO"}}).encode(), ("bad_element",)),
        (json.dumps({**IDENTIFIED, "00100020": "P1"}).encode(), ("bad_element",)),
        (json.dumps({**IDENTIFIED, "00100020": {"Value": ["P1"]}}).encode(), ("bad_element",)),
        (json.dumps({**IDENTIFIED, "00100020": {"vr": "LO", "Value": "P1"}}).encode(), ("bad_element",)),
        (json.dumps({**IDENTIFIED, "00100020": TWO_CONTENTS}).encode(), ("bad_element",)),
        (b"\xef\xbb\xbf" + json.dumps(IDENTIFIED).encode(), ("byte_order_mark",)),
        (json.dumps(IDENTIFIED).encode()[:-1] + b',"00080018":{"vr":"UI"}}', ("duplicate_key", "no_sop_instance_uid")),
        (json.dumps({k: v for k, v in IDENTIFIED.items() if k != "00080060"}).encode(), ("no_modality",)),
        (b'{"00081032":' * 500 + b"1" + b"}" * 500, ("too_deep",)),
    ],
)  # fmt: skip
def test_each_fault_of_a_line_has_its_name(read, value, named):
    good = json.dumps(IDENTIFIED).encode()
    first, bad, last = read(good + b"\n" + value + b"\n" + good, document=False)
    assert bad.faults[: len(named)] == named
    assert bad.payload == value
    assert first.faults == last.faults == ()


@pytest.mark.parametrize(
    ("uids", "more", "resource_id", "faults"),
    [
        ({"0020000D"}, {"00201208": "IS"}, "1.2.1", ()),
        ({"0020000D", "0020000E", "00080060"}, {"00201209": "IS"}, "1.2.2", ()),
        ({"0020000D", "0020000E"}, {"00201209": "IS"}, "1.2.2", ("no_modality",)),
        ({"0020000E"}, {"00201208": "IS"}, None, ("no_sop_instance_uid", "no_study_instance_uid", "no_modality")),
        # Not the answer to a query: an instance that does not say which it is.
        ({"0020000D", "0020000E", "00080060"}, {}, None, ("no_sop_instance_uid",)),
    ],
)
def test_a_query_answers_with_studies_and_series_too(read, uids, more, resource_id, faults):
    row = {name: IDENTIFIED[name] for name in uids} | {name: {"vr": vr, "Value": [4]} for name, vr in more.items()}
    [found] = read(json.dumps([row]).encode())
    assert (found.resource_id, found.faults) == (resource_id, faults)


def test_a_cut_array_is_one_faulty_record_and_never_a_part(read):
    data = json.dumps([IDENTIFIED] * 3).encode()
    assert [record.faults for record in read(data[:-5])] == [("not_json",)]


def test_an_instance_above_the_limit_keeps_its_place_but_not_its_bytes(read):
    large = {**IDENTIFIED, "00104000": {"vr": "LT", "Value": ["x" * 900]}}
    found = read(json.dumps([IDENTIFIED, large]).encode(), limits=Limits(record_bytes=800))
    assert [(record.faults, record.payload is None) for record in found] == [((), False), (("too_large",), True)]


# Garbage


NO_JSON = {"nan", "number_out_of_range", "byte_order_mark", "too_deep"}


def check(found):
    for record in found:
        assert set(record.faults) <= dicom.FAULTS.keys()
        assert record.resource_id or record.faults
        # Of what is no JSON nobody makes rows; of every other payload rows can be made.
        if record.payload and record.resource_type and not NO_JSON & set(record.faults):
            dicom_rows.tables(record.payload)


def test_damaged_files_give_only_named_faults_in_time_and_without_filling_the_memory(tmp_path):
    path = tmp_path / "damaged"
    slowest = 0.0
    tracemalloc.start()
    for data in damaged(400, seed=7):
        path.write_bytes(data)
        began = time.perf_counter()
        check(dicom.read(str(path), document=True, limits=LIMITS))
        slowest = max(slowest, time.perf_counter() - began)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert slowest < 2
    assert most < 60 << 20


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=60), st.integers(0, 400))
def test_whatever_the_bytes_only_named_faults_come_out(head, middle, at):
    from jobs.formats import dicom_header

    whole = instance(1)
    for data in (head, b"\0" * 128 + b"DICM" + head, whole[: 132 + at] + middle + whole[132 + at :]):
        found = dicom_header.read(data, len(data), LIMITS)
        assert set(found.faults) <= dicom.FAULTS.keys()
        assert orjson.dumps(found.tags)


WORDS = st.sampled_from([*IDENTIFIED, "00100010", "00080005", "52009229", "Value", "vr", "Alphabetic", "PN", "SQ", ""])
json_like = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | WORDS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=250, deadline=None)
@given(st.lists(json_like, max_size=3))
def test_json_of_any_shape_gives_only_named_faults_and_rows(values):
    lines = [json.dumps(value).encode() for value in values]
    check(dicom.records([(0, len(line), line) for line in lines], LIMITS))
    for value in values:
        if isinstance(value, dict):
            dicom_rows.tables(orjson.dumps(value))


def test_spoilt_json_gives_only_named_faults(spoilt):
    chance = random.Random(3)
    whole = json.dumps([IDENTIFIED] * 2).encode()
    for _ in range(spoilt(300)):
        text = mutated(whole, chance)
        check(dicom.records(dicom_lines(text), LIMITS))


@pytest.mark.parametrize("seed", range(4))
def test_spoilt_headers_give_only_named_faults(seed, spoilt):
    from jobs.formats import dicom_header

    chance = random.Random(seed)
    whole = [instance(seed), file_of(data_set(seed), pixels=None)]
    for _ in range(spoilt(1200, share=4)):
        data = mutated(chance.choice(whole), chance)
        found = dicom_header.read(data, len(data), LIMITS)
        assert set(found.faults) <= dicom.FAULTS.keys()
        dicom_rows.tables(orjson.dumps(found.tags))


def dicom_lines(text):
    from jobs.formats import dicom_json

    return dicom_json.elements_of(text)
