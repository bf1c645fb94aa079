"""The outbox: each delivery is answered once, whenever and however often a run was killed."""

import datetime
import gzip
import os
import pathlib
import signal
import subprocess
import sys

import pytest

import schemas
from jobs.formats import hl7v2, x12
from jobs.shell import outbox
from jobs.shell.deliveries import land
from jobs.shell.lake import Lake
from jobs.shell.settings import Settings

CHECKOUT = pathlib.Path(__file__).resolve().parents[3]
AT = datetime.datetime(2026, 3, 1, 6, 0, tzinfo=datetime.UTC)
MESSAGE = (
    "MSH|^~\\&|LIS|LAB|LW|DEMO|20260301050000||ORU^R01|{}|P|2.5.1\rPID|1||7^^^H^MR||Roe^Jane\r"
    "OBR|1|||K^Potassium^L\rOBX|1|NM|K^Potassium^L||4.1|mmol/L|||||F\r"
)
CLAIM = (
    "ISA*00*          *00*          *ZZ*SENDER         *ZZ*LAKEWARD       *260301*0600*^*00501*{number:09}*0*P*:~"
    "GS*HC*SENDER*LAKEWARD*20260301*0600*1*X*005010X222A1~ST*837*{set:04}*005010X222A1~"
    "BHT*0019*00*B1*20260301*0600*CH~HL*1**20*1~NM1*85*2*CLINIC*****XX*1234567893~"
    "HL*2*1*22*0~SBR*P*18*******CI~NM1*IL*1*ROE*JANE****MI*M1~"
    "CLM*{claim}*10***11:B:1*Y*A*Y*Y~LX*1~SV1*HC:99213*10*UN*1***1~"
    "SE*{count}*{set:04}~GE*1*1~IEA*1*{number:09}~"
)


def claim(number=1, *, set_number=1, name="C1", count=11):
    return CLAIM.format(number=number, set=set_number, claim=name, count=count).encode()


@pytest.fixture
def settings(tmp_path):
    return Settings(str(tmp_path / "lake"))


@pytest.fixture
def deliver(settings, tmp_path):
    """`deliver(feed, data)`: the delivery of one file with these bytes."""

    def one(feed, data, at=AT):
        path = tmp_path / "delivered"
        path.write_bytes(data)
        return land(feed, [path], settings, received_at=at)

    return one


@pytest.fixture
def answer(settings):
    """`answer(delivery, ...)`: answer as the run does once these are in bronze; how many were answered."""

    def these(feed, *taken):
        return outbox.answer(Lake(None, settings), schemas.feed(feed), [one.delivery_id for one in taken])

    return these


def answers(settings, delivery):
    folder = pathlib.Path(outbox.folder(delivery.feed, settings), delivery.delivery_id)
    return [path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix != ".json"]


def test_every_message_gets_its_acknowledgement_in_the_order_of_the_file(deliver, answer, settings, tmp_path):
    messages = [MESSAGE.format("m1"), MESSAGE.format("m2").replace("|2.5.1", "|9.9"), MESSAGE.format("m3")]
    found = deliver("lab_hl7v2", "".join(messages).encode())
    assert answer("lab_hl7v2", found) == 1
    [made] = answers(settings, found)
    (tmp_path / "acks").write_bytes(made)
    acks = list(hl7v2.read(str(tmp_path / "acks"), limits=hl7v2.Limits()))
    assert [(ack.resource_type, ack.faults) for ack in acks] == [("ACK^R01", ())] * 3
    assert [line for line in made.decode().split("\r") if line.startswith("MSA")] == [
        "MSA|AA|m1", "MSA|AR|m2", "MSA|AA|m3",
    ]  # fmt: skip
    assert made.startswith(b"MSH|^~\\&|LW|DEMO|LIS|LAB|20260301010000-0500||ACK^R01^ACK|")


def test_nobody_is_answered_before_his_delivery_is_in_bronze_nor_twice(deliver, answer, settings):
    found = deliver("lab_hl7v2", MESSAGE.format("m1").encode())
    assert answer("lab_hl7v2") == 0
    assert answer("lab_hl7v2", found) == 1
    assert answer("lab_hl7v2", found) == 0


def test_an_interchange_gets_its_ta1_and_999_and_numbers_go_on(deliver, answer, settings):
    first, second = deliver("claims_x12", claim(1)), deliver("claims_x12", claim(2, set_number=2, name="C2"))
    assert answer("claims_x12", first) == 1
    assert answer("claims_x12", first, second) == 1
    [one], [two] = answers(settings, first), answers(settings, second)
    assert b"TA1*000000001*260301*0600*A*000~" in one and b"AK9*A*1*1*1~" in one
    assert (one[90:99], two[90:99]) == (b"000000001", b"000000002")


def test_an_interchange_is_known_again_by_number_and_by_content(deliver):
    assert deliver("claims_x12", claim(1)).state == "landed"
    again = deliver("claims_x12", claim(1).replace(b"~", b"~\r\n"))
    assert (again.state, again.reasons) == ("held", ("interchange_number_reused",))
    again = deliver("claims_x12", claim(1) + b"\n")
    assert (again.state, again.reasons) == ("held", ("interchange_landed_before",))
    again = deliver("claims_x12", claim(7))
    assert (again.state, again.reasons) == ("held", ("interchange_content_landed_before",))
    again = deliver("claims_x12", claim(1, name="C9"))
    assert (again.state, again.reasons) == ("held", ("interchange_number_reused",))


def test_a_held_interchange_may_be_sent_again_under_its_number(deliver):
    assert deliver("claims_x12", claim(1, count=99)).reasons == ("segment_count_mismatch",)
    assert deliver("claims_x12", claim(1)).state == "landed"


def test_each_interchange_of_what_is_held_is_refused(deliver, answer, settings):
    wrong = deliver("claims_x12", claim(1, count=99))
    both = deliver("claims_x12", claim(2, set_number=2) + claim(3, set_number=3, count=99))
    assert answer("claims_x12") == 2
    [refused] = answers(settings, wrong)
    assert b"IK5*R*4~AK9*R*1*1*0~" in refused
    beside, refused = answers(settings, both)
    assert b"TA1*000000002*260301*0600*R*024~IEA*0*" in beside
    assert b"TA1*000000003*260301*0600*A*000~" in refused and b"IK5*R*4~AK9*R*1*1*0~" in refused


def test_a_test_is_held_and_answered_as_one_as_what_it_tests_would_be(deliver, answer, settings):
    test = deliver("claims_x12", claim(1).replace(b"*0*P*:", b"*0*T*:"))
    assert (test.state, test.reasons) == ("held", ("test_interchange",))
    assert answer("claims_x12") == 1
    [made] = answers(settings, test)
    assert b"*0*T*:~" in made and b"TA1*000000001*260301*0600*A*000~" in made and b"AK9*A*1*1*1~" in made
    # In production it may have the same number and content.
    assert deliver("claims_x12", claim(1)).state == "landed"


def test_what_waits_with_a_test_is_refused(deliver, answer, settings):
    both = deliver("claims_x12", claim(1).replace(b"*0*P*:", b"*0*T*:") + claim(2, set_number=2, name="C2"))
    assert answer("claims_x12") == 1
    test, beside = answers(settings, both)
    assert b"TA1*000000001*260301*0600*A*000~" in test
    assert b"TA1*000000002*260301*0600*R*024~IEA*0*" in beside


def test_what_came_before_is_refused_by_its_number_or_its_content(deliver, answer, settings):
    first = deliver("claims_x12", claim(1))
    later = AT + datetime.timedelta(hours=1)
    number, content = deliver("claims_x12", claim(1, name="C9"), later), deliver("claims_x12", claim(7), later)
    assert answer("claims_x12", first) == 3
    [by_number], [by_content] = answers(settings, number), answers(settings, content)
    assert b"TA1*000000001*260301*0600*R*025~IEA*0*" in by_number
    assert b"TA1*000000007*260301*0600*R*024~IEA*0*" in by_content


def test_the_second_file_of_a_delivery_that_has_the_number_of_the_first_is_the_duplicate(answer, settings, tmp_path):
    for place in (1, 2):
        (tmp_path / f"{place}.x12").write_bytes(claim(5, name=f"C{place}"))
    held = land("claims_x12", [tmp_path / "1.x12", tmp_path / "2.x12"], settings, received_at=AT)
    assert (held.reasons, answer("claims_x12")) == (("interchange_number_reused",), 1)
    told = sorted((made[90:99], made[made.index(b"TA1") :].split(b"~")[0][-5:]) for made in answers(settings, held))
    assert told == [(b"000000001", b"R*024"), (b"000000002", b"R*025")]


def test_each_message_of_what_is_held_is_answered_with_what_holds_it(deliver, answer, settings):
    one, other = MESSAGE.format("m1"), MESSAGE.format("m2").replace("|2.5.1", "|9.9")
    batch = f"BHS|^~\\&|LIS|LAB|LW|DEMO|20260301050000\r{one}{other}BTS|5\r"
    held = deliver("lab_hl7v2", batch.encode())
    assert (held.state, held.reasons) == ("held", ("batch_count_mismatch",))
    assert (answer("lab_hl7v2"), answer("lab_hl7v2")) == (1, 0)
    [made] = answers(settings, held)
    lines = made.decode().split("\r")
    assert [line for line in lines if line.startswith("MSA")] == ["MSA|AE|m1", "MSA|AR|m2"]
    assert sum("batch_count_mismatch" in line for line in lines if line.startswith("ERR")) == 2


def test_of_what_cannot_be_unpacked_there_is_nobody_to_answer_to(deliver, answer, settings):
    held = deliver("lab_hl7v2", gzip.compress(MESSAGE.format("m1").encode() * 50)[:-9])
    assert (held.reasons, answer("lab_hl7v2"), answers(settings, held)) == (("truncated_gzip",), 1, [])


def test_what_partners_answer_is_kept_and_not_answered(deliver, answer, settings):
    ours = deliver("claims_x12", claim(1))
    answer("claims_x12", ours)
    theirs = deliver("claims_x12", answers(settings, ours)[0])
    assert (theirs.state, theirs.data[0].types) == (
        "landed",
        {"999": 1, "999.summary": 1, "TA1": 1, x12.INTERCHANGE: 4},
    )
    answer("claims_x12", ours, theirs)
    assert answers(settings, theirs) == []


def test_a_feed_of_a_format_that_is_not_answered_has_no_outbox(answer, settings):
    assert answer("ehr_fhir") == 0
    assert not os.path.exists(outbox.folder("ehr_fhir", settings))


KILLED = """
import sys
import schemas
from jobs.shell import outbox
from jobs.shell.lake import Lake
from jobs.shell.settings import Settings
outbox.answer(Lake(None, Settings(sys.argv[1])), schemas.feed("claims_x12"), sys.argv[2:])
"""


@pytest.mark.parametrize("point", ["answers-made", "answers-written"])
def test_a_run_killed_while_it_answers_leaves_all_answers_or_none(deliver, answer, settings, point):
    first = deliver("claims_x12", claim(1))
    second = deliver("claims_x12", claim(2, set_number=2), AT + datetime.timedelta(hours=1))
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, settings.home, first.delivery_id, second.delivery_id],
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), "LAKEWARD_KILL_AT": point},
    )
    assert killed.returncode == -signal.SIGKILL
    answer("claims_x12", first, second)
    [one], [two] = answers(settings, first), answers(settings, second)
    assert (one[90:99], two[90:99]) == (b"000000001", b"000000002")
    assert sorted(os.listdir(outbox.folder("claims_x12", settings))) == sorted([first.delivery_id, second.delivery_id])
