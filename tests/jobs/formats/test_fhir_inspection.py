"""Inspection at the door: what a file is, whether it is whole, how much is in it."""

import functools
import gzip
import json
import pathlib
import random
import zlib

import pytest

from jobs.formats.declaration import FormatDeclarationError
from jobs.formats.fhir import Limits, read
from jobs.formats.fhir_inspection import DOCUMENTS, Inspector, inspect, inspector

# The same bytes at each run: the names of tests are made of them.
zipped = functools.partial(gzip.compress, mtime=0)

PATIENT = {"resourceType": "Patient", "id": "p1", "name": [{"family": "Muñoz"}], "multipleBirthInteger": 2}
LINE = json.dumps(PATIENT).encode()
BUNDLE = {
    "resourceType": "Bundle",
    "type": "collection",
    "entry": [{"resource": PATIENT}, {"resource": {**PATIENT, "id": "p2"}}],
}
MANIFEST = {
    "transactionTime": "2026-03-01T00:00:00Z",
    "request": "x",
    "requiresAccessToken": False,
    "output": [],
    "error": [],
}
EVENT = {"exportId": "1", "timestamp": "2026-03-01T00:00:00Z", "eventId": "kickoff", "eventDetail": {}}


@pytest.fixture
def look(tmp_path):
    def at(data, limits=None):
        path = tmp_path / "arrived"
        path.write_bytes(data)
        return inspect(str(path), limits)

    return at


@pytest.mark.parametrize(
    ("data", "shape", "texts"),
    [
        (LINE + b"\n" + LINE + b"\n", "ndjson", 2),
        (LINE + b"\n" + LINE, "ndjson", 2),
        (LINE, "ndjson", 1),
        (b"\n\r\n" + LINE + b"\r\n \t\r\n\n" + LINE + b"\r\n  ", "ndjson", 2),
        (b"\xef\xbb\xbf" + LINE + b"\n", "ndjson", 1),
        (b"oops\n" + LINE + b"\n" + LINE + b"\n", "ndjson", 3),
        (b'{"no":"type"}\n' + LINE + b"\n", "ndjson", 2),
        (LINE + b"\noops\n", "ndjson", 2),
        (LINE + b"\noops", "ndjson", 2),
        (b'{"resourceType":"Patient","id":"1","x":NaN}\n', "resource", 1),
        (json.dumps(PATIENT, indent=1).encode(), "resource", 1),
        (json.dumps(BUNDLE).encode(), "bundle", 2),
        (json.dumps(BUNDLE, indent=1).encode() + b"\n", "bundle", 2),
        ((json.dumps(BUNDLE) + "\n").encode() * 3, "ndjson-of-bundles", 3),
        (json.dumps(MANIFEST).encode(), "manifest", 0),
        (json.dumps(MANIFEST, indent=4).encode(), "manifest", 0),
        (json.dumps({"resourceType": "http://hl7.org/fhir/uv/bulkdata", **MANIFEST}).encode(), "manifest", 0),
        ((json.dumps(EVENT) + "\n").encode() * 2, "log.ndjson", 0),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_file_is_what_its_content_says(look, data, shape, texts, packed):
    found = look(zipped(data) if packed else data)
    assert (found.shape, found.texts, found.faults) == (shape, texts, ())
    assert (found.compressed, found.unpacked) == (packed, len(data))


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "empty_file"),
        (zipped(b""), "empty_file"),
        (b" \n\n", "unknown_format"),
        (b"id,name\n1,x\n", "unknown_format"),
        (b"PK\x03\x04", "unknown_format"),
        (zipped(zipped(LINE)), "unknown_format"),
        (b'[{"resourceType":"Patient"}]', "unknown_format"),
        (b'{"name":"settings"}', "not_fhir"),
        (b"{\n", "truncated"),
        (LINE + b"\n" + LINE[:-1], "truncated"),
        (zipped(LINE)[:-1], "truncated_gzip"),
        (zipped(LINE) + zipped(LINE)[:12], "truncated_gzip"),
        (zipped(LINE) + b"trailing", "bad_gzip"),
        (zipped(LINE)[:-8] + b"\0" * 8, "bad_gzip"),
        (b"\x1f\x8bnonsense", "bad_gzip"),
    ],
)
def test_what_cannot_be_whole_or_ours_is_named(look, data, fault):
    assert look(data).faults == (fault,)


def test_zeros_after_a_gzip_member_are_padding(look):
    assert look(zipped(LINE) + b"\0" * 1000).faults == ()


def test_a_bomb_is_found_while_little_of_it_is_unpacked(look):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(b" " * (1 << 20)) for _ in range(60)) + packer.flush()
    found = look(bomb)
    assert found.faults == ("zip_bomb",)
    assert found.unpacked <= 8 << 20


def test_more_unpacked_than_the_feed_allows_is_named(look):
    lines = b"".join(
        b'{"resourceType":"Patient","id":"%d"}\n' % random.Random(n).getrandbits(300) for n in range(40_000)
    )
    found = look(zipped(lines, 1), Limits(unpacked_bytes=2 << 20))
    assert found.faults == ("unpacked_too_large",)


def test_a_json_text_above_the_document_limit_is_named(look):
    assert look(json.dumps(BUNDLE, indent=1).encode(), Limits(document_bytes=50)).faults == ("document_too_large",)


@pytest.mark.parametrize(
    "whole",
    [
        b"\n".join([LINE] * 20) + b"\n",
        json.dumps(BUNDLE).encode(),
        json.dumps(BUNDLE, indent=2, ensure_ascii=False).encode(),
        (json.dumps(BUNDLE) + "\n").encode() * 3,
        json.dumps(MANIFEST, indent=2).encode(),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_file_cut_anywhere_is_never_silently_whole(look, whole, packed):
    data = zipped(whole) if packed else whole
    points = random.Random(7).sample(range(len(data)), 50)
    for end in points:
        found = look(data[:end])
        if not packed and _stands_between_lines(data, end):
            assert found.faults == ()
        else:
            assert found.faults, f"cut at {end} of {len(data)} is not seen"


def _stands_between_lines(data, end):
    """Lines are left whole by such a cut: only a count that the sender gave can tell."""
    last = data[:end].rstrip(b"\n").rpartition(b"\n")[2]
    return last in data.split(b"\n") and last.startswith(b'{"resourceType"') and last.endswith(b"}")


def test_the_way_bytes_arrive_in_blocks_changes_nothing(tmp_path):
    data = b"\n" + LINE + b"\r\n\r\n \n" + LINE + b"\n\n" + LINE + b"\n  \n"
    for packed in (data, zipped(data)):
        path = tmp_path / "arrived"
        path.write_bytes(packed)
        whole = inspect(str(path))
        for size in (1, 2, 3, 7, 50):
            inspector = Inspector(Limits())
            for at in range(0, len(packed), size):
                inspector.update(packed[at : at + size])
            assert inspector.finish(str(path)) == whole
        assert (whole.texts, whole.records) == (3, 8)


def test_a_first_line_of_many_megabytes_is_still_a_line(look):
    line = json.dumps({**PATIENT, "text": {"div": "x" * (5 << 20)}}).encode()
    assert look(line + b"\n" + LINE + b"\n").texts == 2


def test_real_exports_are_seen_as_what_they_are():
    folder = pathlib.Path(__file__).parents[3] / "infra" / "hospital" / "ehr_fhir"
    for path in sorted(folder.glob("*.ndjson.gz")):
        found = inspect(str(path))
        with gzip.open(path) as stream:
            assert (found.shape, found.faults, found.records) == ("ndjson", (), sum(1 for _ in stream))
        assert found.resource_type == path.name.split(".")[0]


DELETE = {"request": {"method": "DELETE", "url": "Patient/1"}}
TWICE = json.dumps(BUNDLE).encode().replace(b'"entry"', b'"entry": [], "entry"')


@pytest.mark.parametrize(
    "data",
    [
        LINE + b"\n\n \r\n" + LINE,
        LINE + b"\n" + LINE + b"\n  ",
        b"oops\n" + LINE + b"\n",
        LINE + b"\n" + json.dumps(BUNDLE).encode() + b"\n" + LINE + b"\n",
        json.dumps(BUNDLE).encode() + b"\n" + LINE + b"\n\n" + TWICE + b"\n",
        json.dumps({**BUNDLE, "entry": [DELETE, {}, 5, {"resource": PATIENT}]}, indent=1).encode(),
        json.dumps({**BUNDLE, "entry": []}).encode(),
        json.dumps({**BUNDLE, "type": "document", "id": "1"}).encode(),
        TWICE,
        b'{"resourceType":"Patient","id":"1",\n"x":NaN}\n',
        json.dumps(PATIENT, indent=1).encode(),
        b"\xef\xbb\xbf" + json.dumps(BUNDLE).encode() + b"\n",
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_as_many_records_are_counted_at_the_door_as_the_parser_gives(look, tmp_path, data, packed):
    found = look(zipped(data) if packed else data)
    given = list(read(str(tmp_path / "arrived"), document=found.shape in DOCUMENTS, limits=Limits()))
    assert (found.records, found.faults) == (len(given), ())


def test_a_bundle_is_noticed_where_blocks_meet(tmp_path):
    data = LINE + b"\n" + json.dumps(BUNDLE).encode() + b"\n"
    path = tmp_path / "arrived"
    path.write_bytes(data)
    for size in (1, 3, 5, 64):
        inspector = Inspector(Limits())
        for at in range(0, len(data), size):
            inspector.update(data[at : at + size])
        assert inspector.finish(str(path)).records == 3


def test_a_feed_whose_option_cannot_be_takes_nothing_in():
    inspector({}, {"test_resources": True})
    with pytest.raises(FormatDeclarationError, match="^options: unknown key test_data$"):
        inspector({}, {"test_data": True})
