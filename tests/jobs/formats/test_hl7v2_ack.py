"""Acknowledgements: who is answered what, in which version, and that no value of the message is in it."""

import datetime

import hl7
import pytest

from jobs.formats import hl7v2, hl7v2_answers, hl7v2_split
from jobs.formats.hl7v2_ack import acknowledge, code, is_wanted

AT = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)
HEAD = "MSH|^~\\&|LAB^1.2^ISO|NORTH|EHR|MAIN|20260301||ORU^R01^ORU_R01|M\\T\\1|T|2.5.1"
BODY = "\rPID|1||SECRET^^^NORTH^MR||Example^Ada\rOBR|1|||K\rOBX|1|NM|K||4||||||F\r"


def record(text):
    splitter = hl7v2_split.Splitter(1 << 20)
    regions = [*splitter.feed(text.encode()), *splitter.close()]
    [found] = [one for region in regions for one in hl7v2.records_of(region)]
    return found


def test_a_sound_message_is_accepted_by_its_control_id():
    answer = acknowledge(record(HEAD + BODY), at=AT)
    head, msa = answer.decode().rstrip("\r").split("\r")
    fields = head.split("|")
    assert fields[:9] == [
        "MSH",
        "^~\\&",
        "EHR",
        "MAIN",
        "LAB^1.2^ISO",
        "NORTH",
        "20260301120000+0000",
        "",
        "ACK^R01^ACK",
    ]
    assert fields[10:] == ["T", "2.5.1"]
    assert msa == "MSA|AA|M\\T\\1"


def test_the_same_question_gets_the_same_answer():
    assert acknowledge(record(HEAD + BODY), at=AT) == acknowledge(record(HEAD + BODY), at=AT)


def test_a_fault_of_content_is_an_error_and_one_of_the_header_a_rejection():
    assert (code(()), code(("broken_segment",)), code(("no_version",))) == ("AA", "AE", "AR")
    assert code(("broken_segment", "no_version")) == "AR"


def test_an_error_names_segment_field_and_fault():
    answer = acknowledge(record(HEAD.replace("2.5.1", "9.9") + BODY), at=AT).decode()
    assert "MSA|AR|M\\T\\1\r" in answer
    assert "ERR||MSH^1^12|203^Unsupported version id^HL70357|E|unknown_version|||" in answer


def test_older_versions_get_the_answer_of_their_time():
    answer = acknowledge(record(HEAD.replace("2.5.1", "2.3") + BODY + "junk\r"), at=AT).decode()
    assert "|ACK^R01|" in answer
    assert "MSA|AE|M\\T\\1|broken_segment\r" in answer
    assert "ERR|^^^100&Segment sequence error&HL70357\r" in answer


def test_faults_found_later_are_told_too():
    answer = acknowledge(record(HEAD + BODY), at=AT, faults=("malformed_birth",)).decode()
    assert "MSA|AE|" in answer and "|malformed_birth|" in answer


@pytest.mark.parametrize("text", [HEAD + BODY, HEAD.replace("2.5.1", "9.9") + BODY + "junk SECRET\r", "MSH|^~\r"])
def test_no_value_of_the_message_is_in_an_answer_and_a_library_reads_it(text):
    answer = acknowledge(record(text), at=AT).decode()
    assert "SECRET" not in answer and "Example" not in answer
    assert str(hl7.parse(answer).segment("MSA")(1)) in ("AA", "AR")


def test_delimiters_of_the_sender_are_not_those_of_the_answer():
    answer = acknowledge(record("MSH@~&#\\@S|X@F@R@G@2026@@ADT~A01@M^9@P@2.5\rPID@1@@7@@Doe\r"), at=AT).decode()
    assert "|R|G|S\\F\\X|F|" in answer
    assert "MSA|AA|M\\S\\9\r" in answer


def test_what_is_no_message_is_not_answered():
    assert acknowledge(record("PID|1||7\r"), at=AT) is None


@pytest.mark.parametrize(("asked", "wanted"), [("AL", True), ("", True), ("NE", False), ("ER", False), ("SU", True)])
def test_the_sender_says_whether_he_wants_an_answer(asked, wanted):
    assert is_wanted(record(f"{HEAD}||||{asked}{BODY}")) is wanted


@pytest.mark.parametrize(
    "answer",
    [
        "MSH|^~\\&|R|G|X|F|20260301||ACK^A01^ACK|7|P|2.5\rMSA|AA|M1\r",
        "MSH|^~\\&|R|G|X|F|20260301||ACK|7|P|2.3\rMSA|AE|M1\r",
        "MSH|^~\\&|R|G|X|F|20260301||ACK^A01^ACK|7|P|2.5||||AL\r",
        "MSH|^~\\&|R|G|X|F|20260301||ORR^O02^ORR_O02|7|P|2.5||||AL\nMSA|AA|M1\nORC|OK|1\n",
        "MSH|^~\rMSA|AA|M1\r",
    ],
)
def test_an_answer_is_never_answered(answer, tmp_path):
    assert not is_wanted(record(answer))
    file = tmp_path / "answers.hl7"
    file.write_text(answer, newline="")
    limits = hl7v2.Limits()
    assert list(hl7v2_answers.of_file(str(file), 0, None, limits=limits, at=AT)) == []


def test_an_answer_among_messages_with_the_same_header_is_left_out(tmp_path):
    file = tmp_path / "mixed.hl7"
    file.write_text(f"{HEAD}{BODY}{HEAD}\rMSA|AA|M1{BODY}{HEAD}{BODY}", newline="")
    limits = hl7v2.Limits()
    assert len(list(hl7v2_answers.of_file(str(file), 0, None, limits=limits, at=AT))) == 2
