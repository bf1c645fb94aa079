"""Zips of DICOM instances: each member accounted for, each trick refused by name."""

import io
import pathlib
import random
import stat
import struct
import zipfile

import pydicom
import pytest

from infra.bench.dicom import data_set, file_of, instance, mutated
from jobs.formats import dicom, dicom_zip
from jobs.formats.dicom_inspection import inspect
from jobs.formats.dicom_limits import Limits

LIMITS = Limits()
DEFLATED, STORED = zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED


def packed(members, how=DEFLATED):
    """A zip of (name or ZipInfo, bytes)."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", how) as archive:
        for name, data in members:
            archive.writestr(name, data, how)
    return written.getvalue()


@pytest.fixture
def stored(tmp_path):
    def at(data):
        path = tmp_path / "arrived.zip"
        path.write_bytes(data)
        return str(path)

    return at


@pytest.mark.parametrize("how", [STORED, DEFLATED])
def test_each_member_is_a_record(stored, how):
    data = packed([(f"a/IM{n}", instance(n)) for n in range(5)], how)
    path = stored(data)
    found = list(dicom.read(path, limits=LIMITS))
    assert [(record.resource_id, record.entry, record.faults) for record in found] == [
        (data_set(n).SOPInstanceUID, n, ()) for n in range(5)
    ]
    assert inspect(path).records == 5


def test_the_place_of_a_stored_member_is_its_header_and_of_a_packed_one_the_member(stored):
    whole = instance(1)
    header = whole[132 : whole.find(b"\xe0\x7f\x10\0")]
    for how in (STORED, DEFLATED):
        data = packed([("IM1", whole), ("IM2", instance(2))], how)
        first = next(dicom.read(stored(data), limits=LIMITS))
        piece = data[first.position : first.position + first.length]
        assert piece == header if how == STORED else piece.startswith(b"PK\3\4")


def test_a_note_of_pixel_data_counts_from_the_start_of_the_zip(stored):
    data = packed([("IM1", instance(1)), ("IM2", file_of(data_set(2), pixels=b"\5" * 512))], STORED)
    _, second = dicom.read(stored(data), limits=LIMITS)
    assert f"offset={data.find(bytes([5]) * 512)}&length=512".encode() in second.payload


def test_a_large_member_gives_the_same_record_however_it_is_packed(stored):
    pixels = pydicom.encaps.encapsulate([random.Random(1).randbytes(40_000)])
    made = data_set(1)
    made.ImageComments = "word " * 2000
    whole = file_of(made, "1.2.840.10008.1.2.4.50", pixels=pixels)
    payloads = []
    for how in (STORED, DEFLATED):
        [found] = dicom.read(stored(packed([("IM1", whole)], how)), limits=LIMITS)
        assert found.faults == ()
        payloads.append({k: v for k, v in __import__("json").loads(found.payload).items() if k != "7FE00010"})
    assert payloads[0] == payloads[1]


def test_ranges_of_a_zip_give_each_member_once(stored):
    data = packed([(f"IM{n}", instance(n)) for n in range(20)])
    path = stored(data)
    parts = [r for s, e in [(0, 3000), (3000, 9000), (9000, len(data))] for r in dicom.read(path, s, e, limits=LIMITS)]
    assert parts == list(dicom.read(path, limits=LIMITS))
    assert len(parts) == 20


def test_places_are_unique_and_cover_the_zip(stored):
    data = packed([(f"IM{n}", instance(n)) for n in range(9)])
    found = dicom_zip.members(data, LIMITS)
    assert [one.start for one in found[1:]] == [one.end for one in found[:-1]]
    assert found[0].start == 0 and data[found[-1].end :].startswith(b"PK\1\2")


def test_a_zip_written_as_a_stream_or_with_long_sizes_is_read(stored):
    class Stream(io.BytesIO):
        def seekable(self):
            return False

        def tell(self):
            raise OSError

        def seek(self, *_):
            raise OSError

    written = Stream()
    with zipfile.ZipFile(written, "w", DEFLATED) as archive:
        archive.writestr("IM1", instance(1))
        with archive.open("IM2", "w", force_zip64=True) as member:
            member.write(instance(2))
    path = stored(written.getvalue())
    assert [record.faults for record in dicom.read(path, limits=LIMITS)] == [(), ()]
    assert inspect(path).faults == ()


def test_members_that_are_no_instances_are_faulty_when_they_claim_to_be_and_left_out_when_not(stored):
    path = stored(
        packed([
            ("viewer/start.exe", b"MZ"), ("README.txt", b"Open the viewer."), ("folder/", b""),
            ("IM1", instance(1)), ("IM2.dcm", b"no image"), ("IM3", instance(3)[132:]),
        ])
    )  # fmt: skip
    found = list(dicom.read(path, limits=LIMITS))
    assert [record.faults for record in found] == [(), ("not_dicom",), ("no_preamble",)]
    seen = inspect(path)
    assert (seen.shape, seen.records, seen.types) == ("dicom-zip", 3, {"DICOM": 3, "not DICOM": 2})
    assert inspect(stored(packed([("README.txt", b"text")]))).faults == ("not_dicom",)


def linked():
    info = zipfile.ZipInfo("IM1")
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return packed([(info, b"/etc/passwd")])


def renamed(old, new):
    return packed([(old, instance(1))]).replace(old.encode(), new.encode())


def overlapping():
    data = bytearray(packed([("IM1", instance(1)), ("IM2", instance(1))], STORED))
    second = data.rfind(b"PK\1\2")
    data[second + 42 : second + 46] = bytes(4)
    first = data.find(b"PK\1\2")
    data[second + 46 : second + 49] = data[first + 46 : first + 49]
    return bytes(data)


def quoted():
    """Two entries of one kernel: the second begins inside the first, as in zip bombs without recursion."""
    inner = packed([("B", instance(1))], STORED)
    local = inner[: inner.find(b"PK\1\2")]
    data = packed([("A", local)], STORED)
    at = data.find(b"PK\1\2")
    start = data.find(b"PK\3\4", 4)
    second = bytearray(inner[inner.find(b"PK\1\2") : inner.find(b"PK\5\6")])
    second[42:46] = struct.pack("<I", start)
    end = bytearray(data[data.find(b"PK\5\6") :])
    directory = data[at : data.find(b"PK\5\6")] + bytes(second)
    end[8:12], end[12:16] = struct.pack("<2H", 2, 2), struct.pack("<I", len(directory))
    return data[:at] + directory + bytes(end)


def patched(data, signature, at, value):
    place = data.find(signature) + at
    return data[:place] + value + data[place + len(value) :]


ONE = packed([("IM1", instance(1))])
REFUSED = {
    "a link": (linked(), "link_in_zip"),
    "up": (renamed("aa/IM1", "../IM1"), "unsafe_member_name"),
    "up by backslash": (renamed("aa/IM1", "..\\IM1"), "unsafe_member_name"),
    "absolute": (renamed("aIM1", "/IM1"), "unsafe_member_name"),
    "drive": (renamed("aa/IM1", "c:/IM1"), "unsafe_member_name"),
    "the same name": (renamed("IM1", "IM1")[:0] + packed([("IM1", b"1"), ("im1", b"2")]), "repeated_member_name"),
    "the same bytes twice": (overlapping(), "repeated_member_name"),
    "one inside the other": (quoted(), "overlapping_members"),
    "encrypted": (patched(ONE, b"PK\1\2", 8, b"\1\0"), "encrypted_zip"),
    "bzip2": (patched(ONE, b"PK\1\2", 10, b"\x0c\0"), "unknown_compression"),
    "other sizes before the member": (patched(ONE, b"PK\3\4", 22, b"\1\0\0\0"), "bad_zip"),
    "other name before the member": (patched(ONE, b"PK\3\4", 30, b"XX1"), "bad_zip"),
    "wrong checksum": (patched(patched(ONE, b"PK\1\2", 16, b"abcd"), b"PK\3\4", 14, b"abcd"), "bad_zip"),
    "cut": (ONE[:-30], "bad_zip"),
    "bytes before": (b"PK\3\4" + b"\0" * 40 + ONE, "bad_zip"),
    "bytes after": (ONE + b"more", "bad_zip"),
    "a zip inside": (packed([("more.zip", ONE)]), "nested_archive"),
    "gzip inside": (packed([("IM1.dcm.gz", b"\x1f\x8b" + b"\0" * 50)]), "nested_archive"),
    "a bomb": (packed([("IM1", b"\0" * (20 << 20))]), "zip_bomb"),
}


@pytest.mark.parametrize("trick", REFUSED)
def test_each_trick_is_refused_by_name(stored, trick):
    data, fault = REFUSED[trick]
    path = stored(data)
    assert inspect(path).faults == (fault,)
    found = list(dicom.read(path, limits=LIMITS))
    assert all(set(record.faults) <= dicom.FAULTS.keys() for record in found)


def test_a_bomb_that_lies_about_its_size_is_found_while_it_is_unpacked(stored):
    data = packed([("IM1", b"\0" * (20 << 20))])
    small = struct.pack("<I", 1000)
    data = patched(patched(data, b"PK\1\2", 24, small), b"PK\3\4", 22, small)
    assert inspect(stored(data)).faults == ("bad_zip",)


def test_bytes_that_belong_to_no_member_are_refused(stored):
    data = packed([("IM1", instance(1)), ("IM2", instance(2))])
    at = data.find(b"PK\1\2")
    hidden = b"hidden"
    end = data.find(b"PK\5\6")
    place = struct.unpack("<I", data[end + 16 : end + 20])[0] + len(hidden)
    moved = data[:at] + hidden + data[at : end + 16] + struct.pack("<I", place) + data[end + 20 :]
    assert inspect(stored(moved)).faults == ("bytes_outside_members",)


def test_limits_of_members_and_of_bytes_hold(stored):
    path = stored(packed([(f"IM{n}", instance(n)) for n in range(5)]))
    assert inspect(path, Limits(members=4)).faults == ("too_many_members",)
    assert inspect(path, Limits(unpacked_bytes=4000)).faults == ("unpacked_too_large",)


def test_an_empty_zip_is_none_of_ours(stored):
    assert inspect(stored(packed([]))).faults == ("not_dicom",)


def test_spoilt_zips_give_only_named_faults(tmp_path, spoilt):
    chance = random.Random(11)
    whole = packed([(f"IM{n}", instance(n)) for n in range(3)])
    path = pathlib.Path(tmp_path) / "damaged"
    for _ in range(spoilt(3000, share=10)):
        data = mutated(whole, chance)
        at = chance.randrange(len(data))
        data = data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]
        path.write_bytes(data)
        seen = inspect(str(path))
        found = list(dicom.read(str(path), document=seen.shape in ("dicom", "dicom-json"), limits=LIMITS))
        assert all(set(record.faults) <= dicom.FAULTS.keys() for record in found)
        assert seen.faults or len(found) == seen.records
