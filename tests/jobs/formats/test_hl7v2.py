"""HL7 v2 records: exact bytes at their offsets, facts of the header, and every fault by name."""

import gzip
import io
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.formats import hl7v2, hl7v2_checks, hl7v2_split, ndjson
from jobs.formats.hl7v2 import Limits

HEAD = b"MSH|^~\\&|LAB|NORTH|EHR|MAIN|20260301010000+0100||ORU^R01^ORU_R01|M1|P|2.5.1"
PID = b"PID|1||7^^^NORTH^MR||Example^Ada"
OBR = b"OBR|1|P1|F1|24323-8^Panel^LN"


def obx(number, more=b"|||F"):
    return b"OBX|%d|NM|2823-3^K^LN||4.1|mmol/L|3.5-5.1|N%s" % (number, more)


def message(*segments, head=HEAD):
    return b"\r".join([head, *(segments or (PID, OBR, obx(1)))])


def records(data, limits=Limits()):  # noqa: B008 - frozen
    splitter = hl7v2_split.Splitter(limits.record_bytes)
    regions = [*splitter.feed(data), *splitter.close()]
    return [record for region in regions for record in hl7v2.records_of(region)]


def only(data):
    [found] = records(data)
    return found


def test_a_record_says_what_it_is_and_keeps_its_bytes():
    text = message()
    assert only(text + b"\r") == (
        0, len(text), None, "ORU^R01", "M1", None, 1772323200000000, "LAB|NORTH", None, text, (),
    )  # fmt: skip


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
@pytest.mark.parametrize("after", [b"", b"\r", b"\n", b"\r\n\r\n", b"\x1c\r"])
@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"\r\n", b"  "])
def test_line_ends_and_marks_around_a_message_do_not_matter(end, after, before):
    text = message().replace(b"\r", end)
    first, second = records(before + text + after + b"\r" + before + text + after)
    assert (first.payload, first.position, first.faults) == (text, len(before), ())
    assert (second.payload, second.faults) == (text, ())


def test_frames_of_mllp_hold_one_message_each():
    found = records(b"\x0b" + message() + b"\r\x1c\r\x0b" + message() + b"\r\x1c\r")
    assert [(one.payload, one.faults) for one in found] == [(message(), ())] * 2


def test_a_frame_that_is_not_closed_was_cut():
    first, second = records(b"\x0b" + message() + b"\r\x0b" + message() + b"\r\x1c\r")
    assert (first.faults, second.faults) == (("truncated_frame",), ())


def test_files_glued_without_a_line_end_are_two_messages():
    first, second = records(message() + message())
    assert (first.payload, second.payload, second.position) == (message(), message(), len(message()))


def test_a_message_name_inside_a_text_begins_no_message():
    text = message(PID, OBR, b"OBX|1|TX|1^Note^L||seen in MSH||||||F", b"NTE|1||MSH, MSHX| and xMSH| are words")
    assert only(text).payload == text


def test_small_letters_begin_a_message_too():
    text = message(b"pid|1||7", head=HEAD.replace(b"MSH", b"msh"))
    assert [one.faults for one in records(text + b"\r" + text)] == [("truncated_segment",)] * 2
    assert only(message(b"pid|1||7||A", head=HEAD.replace(b"MSH", b"msh"))).faults == ()


def test_lines_of_the_envelope_are_no_part_of_a_message():
    batch = b"FHS|^~\\&|A\rBHS|^~\\&|A\r" + message() + b"\rBTS|1\rFTS|1\r"
    found = only(batch)
    assert (found.payload, found.position, found.faults) == (message(), 22, ())


def test_what_stands_outside_of_messages_is_a_record_with_a_fault():
    data = b"hello\rworld\r" + message() + b"\rBTS|1\rPID|9\rOBX|1\r\rBHS|^~\\&\r" + message()
    found = records(data)
    assert [(one.payload, one.faults) for one in found] == [
        (b"hello\rworld", ("outside_message",)),
        (message(), ()),
        (b"PID|9\rOBX|1", ("outside_message",)),
        (message(), ()),
    ]
    assert all(data[one.position : one.position + one.length] == one.payload for one in found)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (message(head=HEAD.replace(b"^~\\&", b"")), ("no_encoding_characters",)),
        (message(head=HEAD.replace(b"^~\\&", b"^~\\")), ("short_encoding_characters",)),
        (message(head=HEAD.replace(b"^~\\&", b"^^\\&")), ("bad_encoding_characters",)),
        (message(head=HEAD.replace(b"^~\\&", b"^~\\a")), ("bad_encoding_characters",)),
        (message(head=HEAD.replace(b"^~\\&", b"^~\\&#")), ()),
        (message(head=HEAD.replace(b"ORU^R01^ORU_R01", b"")), ("no_message_type",)),
        (message(head=HEAD.replace(b"ORU^R01^ORU_R01", b"../etc")), ("bad_message_type",)),
        (message(head=HEAD.replace(b"M1", b"")), ("no_control_id",)),
        (message(head=HEAD.replace(b"2.5.1", b"")), ("no_version",)),
        (message(head=HEAD.replace(b"2.5.1", b"9.9")), ("unknown_version",)),
        (message(head=HEAD.replace(b"2.5.1", b"2.8^USA")), ()),
        (HEAD, ("header_only",)),
        (message(PID, b"and more text of a line before"), ("broken_segment",)),
        (message(PID, OBR, obx(1), b"OB"), ("broken_segment",)),
        (message(PID, OBR, obx(1, b"")), ("truncated_segment",)),
        (message(PID, b"OBR|1|P1"), ("truncated_segment",)),
        (message(PID, OBR, obx(1), obx(3)), ("missing_set_id",)),
        (message(PID, OBR, obx(2)), ("missing_set_id",)),
        (message(PID, OBR, obx(1), obx(2), OBR, obx(2)), ("missing_set_id",)),
        (message(PID, OBR, obx(1), obx(2), OBR, obx(1)), ()),
        (message(PID, OBR, obx(1), obx(2), OBR, obx(3)), ()),
        (message(PID, OBR, obx(1), b"NTE|1||note", obx(2)), ()),
        (message(PID, OBR, obx(1), obx(1), obx(1)), ()),
        (message(PID, obx(27), head=HEAD.replace(b"ORU^R01^ORU_R01", b"ORM^O01")), ()),
        (message(PID, OBR, obx(1), b"DSC|more"), ("fragment",)),
        (message(head=HEAD + b"||pointer"), ("fragment",)),
        (message(PID, OBR + b"\0", obx(1)), ("nul_bytes",)),
        (message(PID + b"\xe9"), ()),
        (message(PID + b"\xe9", head=HEAD + b"||||||UNICODE UTF-8"), ("bad_characters",)),
        (message(PID + b"\xe9", head=HEAD + b"||||||8859/1"), ()),
        (message(PID + b"\xe9", head=HEAD + b"||||||EBCDIC"), ("unknown_character_set",)),
        (b"MSH|^~", ("short_encoding_characters", "no_message_type", "no_control_id", "no_version", "header_only")),
    ],
)
def test_each_fault_of_a_message_has_its_name(text, named):
    first, bad, last = records(message() + b"\r" + text + b"\r" + message())
    assert (bad.faults, bad.payload) == (named, text)
    assert (first.faults, last.faults, last.payload) == ((), (), message())


def test_every_fault_a_record_can_have_is_described():
    for module in (hl7v2, hl7v2_checks):
        named = {value for name, value in vars(module).items() if name.isupper() and isinstance(value, str)}
        assert named <= hl7v2.FAULTS.keys()


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        (b"ORU^R01^ORU_R01", "ORU^R01"), (b"ORU^R01", "ORU^R01"), (b"ORU_R01", "ORU^R01"), (b"oru^r01", "ORU^R01"),
        (b"ACK", "ACK"), (b"ZMR^ZM1", "ZMR^ZM1"),
    ],
)  # fmt: skip
def test_a_message_type_is_told_without_its_structure(sent, kind):
    assert only(message(head=HEAD.replace(b"ORU^R01^ORU_R01", sent))).resource_type == kind


def test_the_event_of_an_old_admission_stands_in_its_own_segment():
    head = b"MSH|^~\\&|A|B|C|D|1990||ADT|5|P|2.1"
    assert only(message(b"EVN|A01|1990", PID, head=head)).resource_type == "ADT^A01"


def test_delimiters_are_those_the_header_names():
    found = only(b"MSH@~&#\\@S@F@R@G@20260419@@ADT~A01~ADT_A01@M9@P@2.5\rPID@1@@7~~~H@@Doe~John")
    assert (found.resource_type, found.resource_id, found.full_url, found.faults) == ("ADT^A01", "M9", "S|F", ())


def test_a_time_without_zone_waits_for_the_zone_of_the_feed():
    assert only(message(head=HEAD.replace(b"+0100", b""))).last_updated is None


def test_a_message_above_the_limit_is_a_record_without_bytes():
    large = message(PID, OBR, *[obx(n) for n in range(1, 100)])
    first, second, third = records(message() + b"\r" + large + b"\r" + message(), Limits(record_bytes=1000))
    assert (second.payload, second.faults, second.position) == (None, ("too_large",), len(message()) + 1)
    assert (second.length, third.payload) == (len(large) + 1, message())


STREAM = (
    b"\xef\xbb\xbfFHS|^~\\&\r\x0b" + message() + b"\r\x1c\r" + message() + b"\n\nBTS|2\njunk\n  "
    + message() + message() + b"\rMSH|^~\rmsh" + message()[3:] + b"\rFTS|1\r"
)  # fmt: skip


def test_byte_ranges_of_a_file_give_every_record_once(tmp_path):
    path = tmp_path / "f"
    path.write_bytes(STREAM)
    whole = list(hl7v2.read(str(path), limits=Limits()))
    assert len(whole) == 7
    for cut in range(1, len(STREAM)):
        halves = [list(hl7v2.read(str(path), a, b, limits=Limits())) for a, b in ((0, cut), (cut, len(STREAM)))]
        assert halves[0] + halves[1] == whole, cut
    pieces = itertools.pairwise([*range(0, len(STREAM), 7), len(STREAM)])
    assert [one for a, b in pieces for one in hl7v2.read(str(path), a, b, limits=Limits())] == whole


@pytest.mark.parametrize("size", [1, 2, 7, 64])
def test_blocks_of_any_size_give_the_same_records(tmp_path, monkeypatch, size):
    path = tmp_path / "f"
    path.write_bytes(STREAM)
    whole = list(hl7v2.read(str(path), limits=Limits()))
    monkeypatch.setattr(ndjson, "BLOCK", size)
    assert list(hl7v2.read(str(path), limits=Limits())) == whole


def test_packed_files_give_the_same_records(tmp_path):
    plain, packed = tmp_path / "f", tmp_path / "f.gz"
    plain.write_bytes(STREAM)
    packed.write_bytes(gzip.compress(STREAM))
    assert list(hl7v2.read(str(packed), limits=Limits())) == list(hl7v2.read(str(plain), limits=Limits()))


PIECES = st.sampled_from([
    message(), HEAD, b"MSH|^~", b"\r", b"\n", b"\r\n", b"\x0b", b"\x1c\r", b"\xef\xbb\xbf", b" ", b"FHS|^~\\&",
    b"BTS|2", b"BHS|^~\\&\r", b"\rFTS|1\r", b"junk", PID, b"\0", b"msh|^~\\&|", b"MSH",
])  # fmt: skip


@given(st.lists(PIECES, max_size=12).map(b"".join))
@settings(max_examples=150, deadline=None)
def test_every_byte_is_in_a_record_or_in_the_envelope(data):
    splitter = hl7v2_split.Splitter(1 << 20)
    regions = [*splitter.feed(data), *splitter.close()]
    assert sum(region.length for region in regions) == len(data)
    covered = bytearray(len(data))
    for region in regions:
        for record in hl7v2.records_of(region):
            assert data[record.position : record.position + record.length] == record.payload
            covered[record.position : record.position + record.length] = b"\1" * record.length
        for line in hl7v2_split.take_apart(region).envelope:
            covered[line.position : line.position + len(line.data)] = b"\1" * len(line.data)
    rest = bytes(byte for byte, seen in zip(data, covered, strict=True) if not seen)
    assert rest.replace(hl7v2_split.BOM, b"").strip(b"\r\n\x0b\x1c\0 \t") == b""


def test_reading_asks_for_no_more_than_a_block_at_a_time():
    class Watched(io.BytesIO):
        largest = 0

        def read(self, size=-1):
            assert size >= 0
            return super().read(size)

    stream = Watched(message() * 10)
    assert len(list(hl7v2._regions(stream, 0, None, 1 << 20))) == 11
