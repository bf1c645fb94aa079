"""HL7 v2 files at the door: what they are, whether they are whole, whether their batches agree."""

import functools
import gzip
import random
import zlib

import pytest

from jobs.formats.hl7v2 import Limits, read
from jobs.formats.hl7v2_inspection import Inspector, inspect

# The same bytes at each run: the names of tests are made of them.
zipped = functools.partial(gzip.compress, mtime=0)

ONE = b"MSH|^~\\&|A|B|C|D|2026||ADT^A01|1|P|2.5\rEVN|A01|2026\rPID|1||7||Doe\r"
RESULT = b"MSH|^~\\&|A|B|C|D|2026||ORU^R01|2|P|2.5\rOBR|1|||K\rOBX|1|NM|K||4||||||F\r"
FHS, BHS = b"FHS|^~\\&|A\r", b"BHS|^~\\&|A\r"


@pytest.fixture
def look(tmp_path):
    def at(data, limits=None):
        path = tmp_path / "arrived"
        path.write_bytes(data)
        return inspect(str(path), limits)

    return at


def test_messages_are_counted_by_type(look):
    found = look(ONE + ONE + RESULT)
    assert (found.shape, found.texts, found.records, found.types) == ("hl7v2", 3, 3, {"ADT^A01": 2, "ORU^R01": 1})
    assert (found.resource_type, found.faults) == (None, ())
    assert look(ONE).resource_type == "ADT^A01"


@pytest.mark.parametrize("packed", [False, True])
def test_the_count_of_records_is_that_of_the_reader(look, tmp_path, packed):
    data = b"junk\r" + ONE + BHS + b"MSH|^~\r" + RESULT + b"BTS|2\rmore junk\r" + ONE
    found = look(zipped(data) if packed else data)
    assert (found.records, found.texts) == (6, 4)
    assert len(list(read(str(tmp_path / "arrived"), limits=Limits()))) == 6
    assert (found.compressed, found.unpacked) == (packed, len(data))


@pytest.mark.parametrize(
    ("data", "faults"),
    [
        (BHS + ONE + ONE + b"BTS|2\r", ()),
        (BHS + ONE + ONE + b"BTS|3\r", ("batch_count_mismatch",)),
        (BHS + ONE + b"MSH|^~\r" + ONE + b"BTS|3\r", ()),
        (BHS + ONE + b"BTS\r", ()),
        (BHS + ONE + b"BTS||all\r", ()),
        (BHS + ONE + b"BTS|two\r", ("malformed_count",)),
        (BHS + b"BTS|0\r", ()),
        (ONE + b"BTS|2\r", ("batch_count_mismatch",)),
        (BHS + ONE, ("no_batch_trailer",)),
        (BHS + ONE + BHS + ONE + b"BTS|1\r", ("no_batch_trailer",)),
        (FHS + BHS + ONE + b"BTS|1\r" + BHS + ONE + b"BTS|1\rFTS|2\r", ()),
        (FHS + BHS + ONE + b"BTS|1\rFTS|2\r", ("file_count_mismatch",)),
        (FHS + BHS + ONE + b"BTS|1\r", ("no_file_trailer",)),
        (FHS + BHS + ONE + b"FTS|1\r", ("no_batch_trailer",)),
        (FHS + ONE + ONE + b"FTS|2\r", ()),
        (FHS + ONE + ONE + b"FTS|5\r", ("file_count_mismatch",)),
        (FHS + b"FTS|0\r", ()),
        (FHS.replace(b"|", b"@") + BHS + ONE + b"BTS@1\rFTS@1\r", ()),
    ],
)
def test_batches_agree_with_their_trailers_or_the_delivery_waits(look, data, faults):
    found = look(data)
    assert (found.shape, found.faults) == ("hl7v2", faults)


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "empty_file"),
        (zipped(b""), "empty_file"),
        (b"\r\n \r\n", "unknown_format"),
        (b'{"resourceType":"Patient"}', "unknown_format"),
        (b"ISA*00*          *00*", "unknown_format"),
        (ONE.decode().encode("utf-16"), "unsupported_encoding"),
        (ONE.decode().encode("utf-16-le"), "unsupported_encoding"),
        (zipped(ONE)[:-1], "truncated_gzip"),
        (zipped(ONE) + b"trailing", "bad_gzip"),
        (ONE + RESULT[:-5], "truncated"),
        (ONE + b"MSH|^~\\&|A|B", "truncated"),
        (ONE + ONE[:-25] + b"\rPI", "truncated"),
        (b"\x0b" + ONE, "truncated"),
    ],
)
def test_what_cannot_be_whole_or_ours_is_named(look, data, fault):
    assert look(data).faults == (fault,)


def test_a_message_without_its_last_line_end_is_whole(look):
    assert look(ONE[:-1]).faults == look(RESULT[:-1]).faults == ()


def test_a_bad_message_before_the_last_holds_nothing(look):
    assert look(RESULT[:-5] + b"\r" + ONE).faults == ()


def test_a_bomb_is_found_while_little_of_it_is_unpacked(look):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(ONE + b" " * (1 << 20)) for _ in range(60)) + packer.flush()
    found = look(bomb)
    assert (found.shape, found.faults) == ("unknown", ("zip_bomb",))
    assert found.unpacked <= 8 << 20


def test_more_unpacked_than_the_feed_allows_is_named(look):
    noise = b"".join(b"NTE|1||%x\r" % random.Random(n).getrandbits(600) for n in range(20_000))
    assert look(zipped(ONE + noise, 1), Limits(unpacked_bytes=1 << 20)).faults == ("unpacked_too_large",)


@pytest.mark.parametrize("size", [1, 3, 64])
def test_blocks_of_any_size_find_the_same(tmp_path, size):
    data = FHS + BHS + ONE + RESULT + b"BTS|3\rFTS|1\r"
    path = tmp_path / "f"
    path.write_bytes(data)
    inspector = Inspector(Limits())
    for at in range(0, len(data), size):
        inspector.update(data[at : at + size])
    assert inspector.finish(str(path)) == inspect(str(path))
    assert inspect(str(path)).faults == ("batch_count_mismatch",)
