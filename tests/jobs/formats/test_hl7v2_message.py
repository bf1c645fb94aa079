"""One HL7 v2 message read: fields and their parts, escapes, character sets, nulls, times and numbers."""

import string
from decimal import Decimal

import hl7
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.formats import hl7v2_escapes, hl7v2_values
from jobs.formats.hl7v2_message import MessageError, parse

HEAD = "MSH|^~\\&|A|B|C|D|20260301010000-0500||ORU^R01^ORU_R01|1|P|2.5"


def read(segment, head=HEAD, codec="utf-8"):
    message = parse(f"{head}\r{segment}\r".encode(codec))
    return message, message.segments[1]


def test_fields_are_numbered_as_the_standard_does():
    message, pid = read("PID|1||7^^^NORTH&1.2.3&ISO^MR~8||Doe^Ada")
    head = message.segments[0]
    assert (head[1], head[2], head[9], message.kind, message.event) == (
        "|",
        "^~\\&",
        "ORU^R01^ORU_R01",
        "ORU^R01",
        "R01",
    )
    assert message.value(pid, 3) == "7"
    assert message.value(pid, 3, 4, 2) == "1.2.3"
    assert message.value(pid, 3, repetition=2) == "8"
    assert message.value(pid, 3, 9) is message.value(pid, 30) is None


def test_a_null_is_not_an_empty_field():
    message, pid = read('PID|1||7||""||')
    assert (message.is_null(pid, 5), message.is_null(pid, 6), message.is_null(pid, 60)) == (True, False, False)
    assert message.value(pid, 5) is None


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (r"a\F\b\S\c\T\d\R\e\E\f", "a|b^c&d~e\\f"),
        (r"\P\ ", "# "),
        (r"\H\high\N\ normal", "high normal"),
        (r"one\.br\two\.sp\three\.sp2\four", "one\ntwo\nthree\n\nfour"),
        (r"\.in+4\\.ti-2\\.fi\\.nf\\.ce\x\.sk3\y", "\nx   y"),
        (r"\X4142\ \XE9\ \XC3A9\ ", "AB é é "),
        (r"\Zsite\ \C2842\ \M824041\ C:\dir", r"\Zsite\ \C2842\ \M824041\ C:\dir"),
        (r"5\10 \T\ x", r"5\10 & x"),
        (r"\X4\ \X\ \.zz\ ", r"\X4\ \X\ \.zz\ "),
    ],
)
def test_escapes_mean_what_the_standard_says_and_others_stay(sent, meant):
    message, nte = read(f"NTE|1||{sent}", HEAD.replace("^~\\&", "^~\\&#"))
    assert message.dialect.text(nte[3]) == meant


@pytest.mark.parametrize(
    ("declared", "codec"),
    [
        ("", "utf-8"), ("", "iso8859_1"), ("UNICODE UTF-8", "utf-8"), ("8859/1", "iso8859_1"),
        ("8859/15", "iso8859_15"), ("unicode  utf-8", "utf-8"), ("ISO-8859-1", "iso8859_1"),
    ],
)  # fmt: skip
def test_a_name_is_read_in_the_character_set_that_is_declared(declared, codec):
    message, pid = read("PID|1||7||Muñoz", f"{HEAD}||||||{declared}", codec)
    assert (message.value(pid, 5), message.charset_fault) == ("Muñoz", None)


def test_japanese_names_switch_character_sets():
    message, pid = read("PID|1||7||ヤマダ^太郎", f"{HEAD}||||||~ISO IR87", "iso2022_jp")
    assert message.value(pid, 5, 2) == "太郎"


def test_bytes_of_another_character_set_are_a_fault_and_still_read():
    message, pid = read("PID|1||7||Muñoz", f"{HEAD}||||||UNICODE UTF-8", "iso8859_1")
    assert (message.value(pid, 5), message.charset_fault) == ("Muñoz", "bad_characters")


@pytest.mark.parametrize("junk", [b"", b"MSH", b"MSH ", b"MSHX|", b"PID|1", b"\x00", b"\xff\xfeM\0S\0H\0"])
def test_what_is_no_message_is_refused(junk):
    with pytest.raises(MessageError):
        parse(junk)


def test_a_message_written_again_is_the_same_message():
    text = HEAD + '\rPID|1||7^^^A&B~8||""|Muñoz\\T\\\rZZZ|\r'
    message = parse(text.encode())
    assert message.encode() == text.encode()


FIELD = st.text(alphabet=string.ascii_letters + string.digits + '^~&\\" .-é', max_size=20)
SEGMENT = st.tuples(st.sampled_from(["PID", "OBX", "NTE", "ZZ1"]), st.lists(FIELD, max_size=8))


@given(st.lists(SEGMENT, max_size=8), st.sampled_from(["\r", "\n", "\r\n"]))
@settings(max_examples=100, deadline=None)
def test_writing_what_was_read_is_stable_and_agrees_with_another_library(segments, end):
    # The last field of a text is not blank: the library strips it.
    lines = [HEAD, *("|".join([name, *fields]) for name, fields in segments), "ZZ9|1"]
    message = parse(end.join(lines).encode())
    again = parse(message.encode())
    assert (again.segments, again.encode()) == (message.segments, message.encode())
    other = hl7.parse("\r".join(lines) + "\r")
    assert [str(segment[0]) for segment in other] == [segment[0] for segment in message.segments]
    for theirs, ours in zip(other[1:], message.segments[1:], strict=True):
        assert [str(field) for field in theirs] == ours


@given(st.text(max_size=60))
@settings(max_examples=100, deadline=None)
def test_a_text_escaped_and_read_again_is_the_same(text):
    usual = ("|", "^", "~", "\\", "&", "")
    sent = hl7v2_escapes.escape_text(text, usual)
    assert not set(sent) & set("|^~&\r\n")
    assert hl7v2_escapes.unescape(sent, usual, "utf-8") == text


@pytest.mark.parametrize(
    ("sent", "precision", "local", "offset"),
    [
        ("1988", "year", "1988-01-01T00:00:00", None),
        ("198807", "month", "1988-07-01T00:00:00", None),
        ("19880704", "day", "1988-07-04T00:00:00", None),
        ("1988070410", "hour", "1988-07-04T10:00:00", None),
        ("198807041015-0500", "minute", "1988-07-04T10:15:00", -300),
        ("19880704101530+0545", "second", "1988-07-04T10:15:30", 345),
        ("19880704101530.1234+0000", "fraction", "1988-07-04T10:15:30.123400", 0),
        ("2025-01-15T14:30:00", "second", "2025-01-15T14:30:00", None),
    ],
)
def test_a_time_is_known_as_exactly_as_it_was_sent(sent, precision, local, offset):
    found = hl7v2_values.timestamp(sent)
    assert (found.precision, found.local.isoformat(), found.offset) == (precision, local, offset)


@pytest.mark.parametrize(
    "sent",
    ["", "20230229", "99999999", "199", "20231301", "2023010125", "202301011060", "20230101+9900", "soon", "２０２３",
     "20230101 1015", "198807041015-0", "0000", "20230101101530."],
)  # fmt: skip
def test_what_is_no_time_is_none(sent):
    assert (hl7v2_values.timestamp(sent), hl7v2_values.iso(sent), hl7v2_values.instant(sent)) == (None, None, None)


@given(st.datetimes(), st.sampled_from(["", "-0500", "+0530", "+0000"]))
@settings(max_examples=100, deadline=None)
def test_the_quick_reading_of_a_time_is_the_careful_one(at, zone):
    text = f"{at.year:04}{at:%m%d%H%M%S}{zone}"
    careful = hl7v2_values.timestamp(text)
    assert hl7v2_values.instant(text) == careful.instant
    offset = f"{zone[:3]}:{zone[3:]}" if zone else ""
    assert hl7v2_values.iso(text) == careful.local.isoformat() + offset
    assert hl7v2_values.iso(text[:14], zone) == careful.local.isoformat() + offset


def test_the_zone_of_the_header_holds_for_times_without_one():
    message, _ = read("PID|1")
    assert message.time("202603011015") == "2026-03-01T10:15:00-05:00"
    assert message.time("202603011015+0100") == "2026-03-01T10:15:00+01:00"
    assert message.time("20260301") == "2026-03-01"


@pytest.mark.parametrize(
    ("sent", "exact"),
    [("4.10", "4.10"), ("-0.5", "-0.5"), ("+3", "3"), (".5", "0.5"), ("5.", "5"), (" 7 ", "7"),
     ("12345678901234567890.123456789", "12345678901234567890.123456789")],
)  # fmt: skip
def test_numbers_are_exact(sent, exact):
    assert hl7v2_values.number(sent) == Decimal(exact)
    assert str(hl7v2_values.number("4.10")) == "4.10"


@pytest.mark.parametrize("sent", ["", "1E5", "1,000", "<5", "1.2.3", "NaN", "٣", "9" * 40, "--1", "0x1"])
def test_what_is_no_number_is_none(sent):
    assert hl7v2_values.number(sent) is None
