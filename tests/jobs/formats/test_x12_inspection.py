"""Inspection of X12 files, the answers to them, and garbage of every kind."""

import gzip
import io
import random
from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.bench import x12 as made
from jobs.formats import x12, x12_acknowledge, x12_answers
from jobs.formats.x12_delimiters import read
from jobs.formats.x12_inspection import Inspector, inspector

AT = datetime(2026, 3, 2, 9, 30)
LIMITS = x12.Limits()
ISA = "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260301*0800*^*00501*000000001*0*P*:~"
CLAIM = "CLM*C1*100***11:B:1*Y*A*Y*Y~HI*ABK:E119~LX*1~SV1*HC:99213*100*UN*1***1~DTP*472*D8*20260201~"
BODY = (
    "ST*837*0001*005010X222A1~BHT*0019*00*R*20260301*0800*CH~HL*1**20*1~NM1*85*2*CLINIC*****XX*1999999984~"
    "HL*2*1*22*0~SBR*P*18*******MB~NM1*IL*1*DOE*JANE****MI*M1~"
)


def claims_file(claims=CLAIM):
    body = BODY + claims
    count = body.count("~") + 1
    return f"{ISA}GS*HC*S*R*20260301*0800*1*X*005010X222A1~{body}SE*{count}*0001~GE*1*1~IEA*1*000000001~"


def payments_file(paid, *claims):
    body = f"ST*835*0001~BPR*I*{paid}*C*CHK~TRN*1*T1*1~N1*PR*PAYER~N1*PE*CLINIC*XX*1~LX*1~" + "".join(claims)
    count = body.count("~") + 1
    return f"{ISA}GS*HP*S*R*20260301*0800*1*X*005010X221A1~{body}SE*{count}*0001~GE*1*1~IEA*1*000000001~"


def inspect(data, block=1 << 20):
    data = data if isinstance(data, bytes) else data.encode()
    looks = Inspector(LIMITS)
    for at in range(0, len(data), block):
        looks.update(data[at : at + block])
    return looks.finish("")


def test_a_whole_file_is_counted_as_it_will_be_read():
    found = inspect(claims_file(CLAIM * 3))
    assert (found.shape, found.texts, found.resource_type, found.faults) == ("x12", 3, "837P", ())
    assert (
        found.records == len(list(x12.records([claims_file(CLAIM * 3).encode()], LIMITS))) == sum(found.types.values())
    )
    assert found.types["837P"] == 3


def test_control_numbers_and_digests_are_shown():
    [one] = inspect(claims_file()).interchanges
    [sent] = one.groups
    assert (one.sender, one.receiver, one.control_number, sent.control_number) == (
        "SENDER",
        "RECEIVER",
        "000000001",
        "1",
    )
    assert (sent.transactions[0].control_number, sent.transactions[0].claims) == ("0001", 1)
    [again] = inspect(claims_file().replace("000000001", "000000002")).interchanges
    assert one.digest != again.digest
    assert one.content == again.content


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("SE*13", "SE*12", "segment_count_mismatch"),
        ("SE*13*0001", "SE*13*0002", "transaction_control_mismatch"),
        ("GE*1*1", "GE*2*1", "transaction_count_mismatch"),
        ("GE*1*1", "GE*1*2", "group_control_mismatch"),
        ("IEA*1*", "IEA*2*", "group_count_mismatch"),
        ("IEA*1*000000001", "IEA*1*000000002", "interchange_control_mismatch"),
        ("SENDER   ", "SENDER", "bad_isa"),
        ("*0*P*:", "*0*T*:", "test_interchange"),
        ("005010X222A1~ST", "004010X098A1~ST", "version_4010"),
        ("005010X222A1~ST", "005010X999~ST", "unknown_guide"),
    ],
)
def test_each_thing_that_holds_a_delivery_has_its_name(old, new, named):
    data = claims_file()
    assert old in data
    assert inspect(data.replace(old, new)).faults == (named,)


def test_a_site_in_its_test_phase_takes_interchanges_in_that_are_tests():
    data = claims_file().replace("*0*P*:", "*0*T*:").encode()
    for wanted, faults in ((True, ()), (False, ("test_interchange",))):
        looks = inspector({}, {"test_interchanges": wanted}, "a.837")
        looks.update(data)
        assert looks.finish("").faults == faults


def test_empty_segments_are_not_counted():
    assert inspect(claims_file().replace("HI*", "~\n~HI*")).faults == ()


@pytest.mark.parametrize("tag", ["CLM*", "SE*", "GE*", "IEA*"])
def test_a_file_that_stops_is_held(tag):
    data = claims_file()
    assert "no_interchange_end" in inspect(data[: data.index(tag)]).faults


def test_the_same_interchange_twice_in_a_file_is_held():
    assert inspect(claims_file() * 2).faults == ("interchange_repeated",)


@pytest.mark.parametrize(("paid", "difference"), [("80", None), ("80.01", Decimal("0.01")), ("100", Decimal(20))])
def test_a_payment_is_the_sum_of_its_claims_less_what_the_provider_owes(paid, difference):
    found = inspect(payments_file(paid, "CLP*C1*1*60*60~", "CLP*C2*1*40*40~", "PLB*1*20261231*WO:X*30*L6:Y*-10~"))
    [one] = found.interchanges[0].groups[0].transactions
    assert (one.imbalance and one.imbalance.difference) == difference
    assert found.faults == (() if difference is None else ("remittance_unbalanced",))


def test_gzip_is_looked_into_and_other_files_are_not_ours():
    assert inspect(gzip.compress(claims_file().encode())).texts == 1
    assert inspect(b"id,name\n1,x\n").faults == ("not_x12",)
    assert inspect(b"").faults == ("empty_file",)


def answers(data, **more):
    return x12_acknowledge.answer([data.encode()], at=AT, number=7, limits=LIMITS, **more)


def read_answer(payload):
    found = {one.resource_type: one for one in x12.records([payload], LIMITS)}
    ta1 = x12_answers.interchange_answer(found["TA1"].payload, read(payload)[0])
    if "999" not in found:
        return ta1, None
    return ta1, x12_answers.functional_answer(found["999"].payload, found["999"].context)


def test_a_good_interchange_is_accepted_in_both_answers():
    [one] = answers(claims_file())
    assert one.payload.decode() == (
        "ISA*00*          *00*          *ZZ*RECEIVER       *ZZ*SENDER         *260302*0930*^*00501*000000007*0*P*:~"
        "TA1*000000001*260301*0800*A*000~GS*FA*R*S*20260302*0930*7*X*005010X231A1~ST*999*0001*005010X231A1~"
        "AK1*HC*1*005010X222A1~AK2*837*0001*005010X222A1~IK5*A~AK9*A*1*1*1~SE*6*0001~GE*1*7~IEA*1*000000007~"
    )


def test_an_error_in_a_claim_is_told_at_its_segment_and_does_not_reject():
    [one] = answers(claims_file(CLAIM.replace("*100*UN", "*1OO*UN").replace("20260201", "20260231")))
    ta1, told = read_answer(one.payload)
    assert (ta1["status"], told["status"], told["accepted"]) == ("A", "E", 1)
    [transaction] = told["transactions"]
    assert [(e["segment"], e["position"], e["code"], e["elements"][0]["element"], e["elements"][0]["code"])
            for e in transaction["errors"]] == [("SV1", 11, "8", "2", "6"), ("DTP", 12, "8", "3", "8")]  # fmt: skip
    assert b"1OO" not in one.payload and b"20260231" not in one.payload


@pytest.mark.parametrize(
    ("old", "new", "group_codes", "codes"),
    [
        ("SE*13", "SE*12", [], ["4"]),
        ("SE*13*0001", "SE*13*0002", [], ["3"]),
        ("005010X222A1~ST", "004010X098A1~ST", ["2"], ["1"]),
    ],
)
def test_a_wrong_envelope_rejects_the_transaction(old, new, group_codes, codes):
    [one] = answers(claims_file().replace(old, new))
    _, told = read_answer(one.payload)
    assert (told["status"], told["codes"], told["accepted"]) == ("R", group_codes, 0)
    assert (told["transactions"][0]["status"], told["transactions"][0]["codes"]) == ("R", codes)


ST = "ST*837*0001*005010X222A1~"


@pytest.mark.parametrize(
    ("old", "new", "ta1", "group_codes"),
    [
        ("SENDER   ", "SENDER", ("R", "022"), None),
        ("IEA*1*", "IEA*2*", ("R", "021"), None),
        ("IEA*1*000000001", "IEA*1*000000002", ("R", "001"), None),
        ("IEA*1*000000001~", "", ("R", "023"), None),
        ("GE*1*1~", "NTE*1~GE*1*1~", ("A", "000"), []),
        (ST, f"NTE*1~{ST}", ("R", "024"), None),
        ("GS*HC", "REF*1~GS*HC", ("R", "022"), None),
        ("GS*HC*S*R*20260301*0800*1*X*005010X222A1~", "", ("R", "022"), None),
        (ST, "SE*1*0001~" + ST, ("R", "022"), None),
        ("GE*1*1", "GE*2*1", ("A", "000"), ["5"]),
        ("GE*1*1", "GE*1*2", ("A", "000"), ["4"]),
        ("GE*1*1~", "", ("A", "000"), ["3"]),
        ("005010X222A1~ST", "005010X999~ST", ("A", "000"), ["2"]),
        ("SE*13*0001~", "", ("A", "000"), []),
        ("IEA*1*000000001~", "IEA*1*000000001~garbage", ("R", "022"), None),
        # Nothing of it is wrong: it waits for another reason.
        ("IEA", "IEA", ("R", "024"), None),
    ],
)
def test_what_is_held_is_refused_by_the_code_of_its_fault(old, new, ta1, group_codes):
    data = claims_file().replace(old, new, 1)
    [one] = answers(data, held=inspect(data).faults or ("manifest_disagrees",))
    told, functional = read_answer(one.payload)
    assert (told["status"], told["code"]) == ta1
    assert (functional and (functional["status"], functional["accepted"], functional["codes"])) == (
        group_codes if group_codes is None else ("R", 0, group_codes)
    )


def test_of_two_groups_that_are_held_neither_is_taken_and_the_wrong_one_has_the_code():
    group = claims_file().partition("~")[2].partition("IEA")[0]
    wrong = group.replace("*0800*1*X*", "*0800*2*X*").replace("GE*1*1~", "GE*9*2~")
    data = f"{ISA}{group}{wrong}IEA*2*000000001~"
    [one] = answers(data, held=inspect(data).faults)
    assert [part for part in one.payload.decode().split("~") if part.startswith(("TA1", "AK9"))] == [
        "TA1*000000001*260301*0800*A*000", "AK9*R*1*1*0", "AK9*R*1*1*0*5",
    ]  # fmt: skip


def test_answers_that_are_held_get_a_ta1_and_no_999_and_a_ta1_gets_nothing():
    [ours] = answers(claims_file())
    [one] = answers(ours.payload.decode().replace("AK1*", "AK1*X"), held=("manifest_disagrees",))
    assert read_answer(one.payload)[0]["code"] == "024" and read_answer(one.payload)[1] is None
    [refusal] = answers(claims_file(), seen={("SENDER", "000000001")})
    assert answers(refusal.payload.decode(), held=("manifest_disagrees",)) == []


def test_a_claim_whose_lines_do_not_add_up_is_taken_by_a_999():
    [one] = answers(claims_file(CLAIM.replace("CLM*C1*100*", "CLM*C1*90*")))
    ta1, told = read_answer(one.payload)
    assert (ta1["status"], told["status"], told["accepted"], told["transactions"][0]["errors"]) == ("A", "A", 1, [])


def test_a_duplicate_or_broken_interchange_gets_its_ta1_only():
    [one] = answers(claims_file(), seen={("SENDER", "000000001")})
    assert (read_answer(one.payload)[0]["code"], read_answer(one.payload)[1]) == ("025", None)
    [cut] = answers(claims_file()[:-20])
    assert (cut.status, read_answer(cut.payload)[0]["code"]) == ("R", "023")


def test_answers_are_not_answered():
    [one] = answers(claims_file())
    assert answers(one.payload.decode()) == []


def test_pyx12_finds_no_fault_in_our_answers():
    from pyx12.x12file import X12Reader

    for data in (
        claims_file(),
        claims_file(CLAIM.replace("*100*UN", "*1OO*UN")),
        claims_file().replace("SE*13", "SE*1"),
    ):
        [one] = answers(data)
        reader = X12Reader(io.StringIO(one.payload.decode()))
        assert [one.get_seg_id() for one in reader][-1] == "IEA"
        assert reader.pop_errors() == []
        assert inspect(one.payload).faults == ()


TAGS = [
    "ST", "GS", "GE", "SE", "IEA", "ISA", "TA1", "HL", "CLM", "CLP", "LX", "PLB", "SV1", "SV2", "SV3", "SVC", "CAS",
    "HI", "NM1", "REF", "DTP", "DTM", "AMT", "QTY", "SBR", "SVD", "LIN", "CTP", "MIA", "MOA", "BPR", "TRN", "N1", "N3",
    "N4", "PER", "DMG", "PAT", "CL1", "CRC", "HCP", "PWK", "AK1", "AK2", "IK3", "IK4", "IK5", "AK9", "STC", "TOO",
    "FRM", "LQ", "TS3", "ZZZ",
]  # fmt: skip


@pytest.mark.parametrize("kind", ["837*1*005010X222A1", "835*1", "999*1", "277*1"])
@pytest.mark.parametrize(
    "before", ["", "HL*1**20*1~", "CLM*1*1~", "CLP*1*1*1*1~", "CLM*1*1~LX*1~SVD~", "AK2~IK3~", "HL*1**PT~"]
)
def test_a_segment_that_is_only_its_tag_is_read_wherever_it_stands(kind, before):
    guide = {"837": "005010X222A1", "835": "005010X221A1", "999": "005010X231A1", "277": "005010X214"}[kind[:3]]
    for tag in TAGS:
        made.survive(
            f"{ISA}GS*HC*S*R*20260301*0800*1*X*{guide}~ST*{kind}~{before}{tag}~SE*1*1~GE*1*1~IEA*1*1~".encode()
        )


SEEDS = [
    claims_file(CLAIM * 2).encode(),
    payments_file("80", "CLP*C1*1*100*80~CAS*CO*45*20~", "PLB*1*20261231*WO:X*0~").encode(),
    made.claims(3), made.payments(3), claims_file().encode() + b"\r\n" + claims_file().replace("*", "|").encode(),
    x12_acknowledge.answer([claims_file().encode()], at=AT, number=1, limits=LIMITS)[0].payload,
]  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_spoilt_files_give_faults_and_nothing_else(seed, spoilt):
    chance = random.Random(seed)
    for _ in range(spoilt(1200, share=4)):
        made.survive(made.mutated(chance.choice(SEEDS), chance))


VALUES = ["", "1", "-5.5", "20260201", "D8", "HC:99213:25", "ABK:E119", "::::::::", "837", "835"]
element = st.one_of(st.sampled_from(VALUES), st.text(max_size=6))
segment = st.builds(lambda tag, rest: "*".join([tag, *rest]), st.sampled_from(TAGS), st.lists(element, max_size=22))


@settings(max_examples=250, deadline=None)
@given(st.lists(segment, max_size=15), st.sampled_from(["837*1*005010X222A1", "835*1", "999*1", "277*1"]))
def test_any_segments_in_any_order_give_faults_and_nothing_else(segments, head):
    guide = {"837": "005010X222A1", "835": "005010X221A1", "999": "005010X231A1", "277": "005010X214"}[head[:3]]
    text = f"{ISA}GS*HC*S*R*20260301*0800*1*X*{guide}~ST*{head}~" + "~".join(segments) + "~SE*1*1~GE*1*1~IEA*1*1~"
    made.survive(text.encode("utf-8", "replace"))
