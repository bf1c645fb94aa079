"""X12 records: every byte in one of them, what each says of itself, every fault by name."""

import gzip
import os
import pathlib
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.bench import x12 as made
from jobs.formats import ndjson, x12
from jobs.formats.x12 import Limits
from jobs.formats.x12_guides import route

LIMITS = Limits()
REFERENCE = pathlib.Path(os.environ.get("LAKEWARD_REFERENCE", "/work/shared/reference")) / "x12"
SAMPLES = sorted(path for path in REFERENCE.glob("*/*") if path.is_file())
needs_samples = pytest.mark.skipif(not SAMPLES, reason="the public samples are not here")

ISA = "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260301*0800*^*00501*000000001*0*P*:~"
CLAIM = "CLM*C1*100***11:B:1*Y*A*Y*Y~HI*ABK:E119~LX*1~SV1*HC:99213*100*UN*1***1~DTP*472*D8*20260201~"
LEVELS = "HL*1**20*1~NM1*85*2*CLINIC*****XX*1999999984~HL*2*1*22*0~SBR*P*18*******MB~NM1*IL*1*DOE*JANE****MI*M1~"
HEADER = "ST*837*0001*005010X222A1~BHT*0019*00*R*20260301*0800*CH~"


def group(body, guide="005010X222A1", function="HC", count=1):
    return f"GS*{function}*S*R*20260301*0800*1*X*{guide}~{body}GE*{count}*1~"


def claims_file(claims=CLAIM, levels=LEVELS, guide="005010X222A1"):
    body = HEADER + levels + claims
    return ISA + group(f"{body}SE*{body.count('~') + 1}*0001~", guide) + "IEA*1*000000001~"


def payments_file(*claims):
    body = "ST*835*0001~BPR*I*80*C*CHK~TRN*1*T1*1~N1*PR*PAYER~N1*PE*CLINIC*XX*1~LX*1~" + "".join(claims)
    ended = f"{body}SE*{body.count('~') + 1}*0001~"
    return ISA + group(ended, "005010X221A1", "HP") + "IEA*1*000000001~"


def records(data, *, start=0, end=None, limits=LIMITS, block=None):
    data = data if isinstance(data, bytes) else data.encode()
    block = block or max(len(data), 1)
    blocks = [data[at : at + block] for at in range(0, len(data), block)]
    return list(x12.records(blocks, limits, start, end))


def kinds(data):
    return [one.resource_type for one in records(data)]


def faults(data):
    return {fault for one in records(data) for fault in one.faults}


def test_a_claim_says_what_it_is_and_keeps_its_bytes():
    data = claims_file()
    [claim] = [one for one in records(data) if one.resource_type == "837P"]
    assert claim.payload == CLAIM.encode()
    assert claim.position == data.index("CLM*")
    assert claim[1:9] == (
        len(CLAIM), 0, "837P", "SENDER|1999999984|C1", "2026030108000000", None, "SENDER|000000001|1|0001", "1",
    )  # fmt: skip
    assert claim.faults == ()


def test_a_claim_carries_all_that_stands_above_it():
    [claim] = [one for one in records(claims_file()) if one.resource_type == "837P"]
    assert claim.context == (ISA + "GS*HC*S*R*20260301*0800*1*X*005010X222A1~" + HEADER + LEVELS).encode()


def test_the_next_subscriber_replaces_the_one_before_and_a_patient_goes_with_him():
    levels = LEVELS + "HL*3*2*23*0~NM1*QC*1*DOE*TIM~"
    other = "HL*4*1*22*0~SBR*P*18~"
    _, second = [one for one in records(claims_file(CLAIM + other + CLAIM, levels)) if one.resource_type == "837P"]
    assert b"HL*4*" in second.context
    assert b"HL*2*" not in second.context and b"HL*3*" not in second.context


def test_every_part_of_a_file_is_a_record():
    assert kinds(claims_file()) == [
        "interchange", "interchange", "837P.header", "837P.level", "837P.level", "837P", "837P.summary",
        "interchange", "interchange",
    ]  # fmt: skip
    plb = "PLB*1*20261231*FB:X*-20~"
    assert kinds(payments_file("CLP*C1*1*100*60~", plb))[2:6] == ["835.header", "835.level", "835", "835.summary"]


def test_a_reversal_and_its_correction_in_one_payment_are_told_apart():
    data = payments_file("CLP*C1*22*-100*-60~", "CLP*C1*1*100*80~", "CLP*C2*1*1*1~")
    found = [(one.resource_id, one.method, one.entry) for one in records(data) if one.resource_type == "835"]
    assert found == [("SENDER|T1|C1", "22", 0), ("SENDER|T1|C1#2", "1", 1), ("SENDER|T1|C2", "1", 2)]


def test_adjustments_of_a_payment_are_told_apart():
    data = payments_file("CLP*C1*1*100*60~", "PLB*1*20261231*FB:X*-20~PLB*1*20261231*FB:X*-20~")
    found = [one.resource_id for one in records(data) if one.resource_type == "835.summary"]
    assert found == ["SENDER|T1|PLB#1", "SENDER|T1|PLB#2", None]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (("837", "005010X222A1", ""), "837P"),
        (("837", "005010X222A2", ""), "837P"),
        (("837", "005010X223A3", ""), "837I"),
        (("837", "005010X224A2", ""), "837D"),
        (("835", "005010X221A1", ""), "835"),
        (("999", "005010X231A1", ""), "999"),
        (("277", "005010X214", ""), "277CA"),
        (("837", "", "005010X223A2"), "837I"),
    ],
)
def test_guides_are_told_by_st01_and_ten_characters_of_gs08(said, kind):
    assert route(*said) == (kind, ())


def test_an_old_version_and_an_unknown_guide_are_kept_with_that_reason():
    claims = [one for one in records(claims_file(guide="004010X098A1")) if one.resource_type == "837"]
    assert [one.faults for one in claims] == [("version_4010",)]
    assert "unknown_guide" in faults(claims_file(guide="005010X999"))


@pytest.mark.parametrize("mark", ["", "\ufeff", "\r\n\r\n", "\ufeff  \n"])
@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n    "])
def test_marks_before_and_line_ends_after_change_no_claim(mark, end):
    data = (mark + claims_file().replace("~", "~" + end)).encode()
    assert b"".join(one.payload for one in records(data)) == data
    [claim] = [one for one in records(data) if one.resource_type == "837P"]
    assert claim.resource_id == "SENDER|1999999984|C1"
    assert claim.context.startswith(b"ISA*00*")
    assert not faults(data)


@pytest.mark.parametrize("delimiters", ["|:~", "*>~", "*:\n", ">+\r", "\x1d\x1f\x1c", "*|'"])
def test_delimiters_are_what_the_isa_says(delimiters):
    new = dict(zip("*:~", delimiters, strict=True))
    data = "".join(new.get(one, one) for one in claims_file())
    [claim] = [one for one in records(data) if one.resource_type == "837P"]
    assert claim.resource_id == "SENDER|1999999984|C1"
    assert not faults(data)


def test_several_interchanges_groups_and_transactions_in_one_file():
    body = HEADER + LEVELS + CLAIM
    transaction = f"{body}SE*{body.count('~') + 1}*0001~"
    one = ISA + group(transaction * 2, count=2) + group(transaction) + "IEA*2*000000001~"
    other = claims_file().replace("*", "|").replace("~", "!")
    data = one + "\r\n" + other
    assert kinds(data).count("837P") == 4
    assert not faults(data)


@pytest.mark.parametrize(
    ("cut", "named"),
    [
        ("LX*1", {"no_transaction_end", "no_group_end", "no_interchange_end"}),
        ("SE*", {"no_transaction_end", "no_group_end", "no_interchange_end"}),
        ("GE*", {"no_group_end", "no_interchange_end"}),
        ("IEA*", {"no_interchange_end"}),
    ],
)
def test_a_file_that_stops_is_found(cut, named):
    data = claims_file()
    assert faults(data[: data.index(cut)]) == named


def test_a_good_interchange_glued_to_one_that_was_cut_is_read():
    whole = claims_file()
    found = records(whole[: whole.index("SV1*") + 6] + whole)
    claims = [one for one in found if one.resource_type == "837P"]
    assert [one.faults for one in claims] == [("no_transaction_end", "no_group_end", "no_interchange_end"), ()]


def test_a_short_isa_is_read_and_named():
    data = claims_file().replace("SENDER         ", "SENDER")
    assert faults(data) == {"bad_isa"}
    assert kinds(data).count("837P") == 1


@pytest.mark.parametrize(
    ("data", "named"),
    [
        ("ISA*00*oops~" + claims_file(), "unreadable_isa"),
        (claims_file().replace("RECEIVER       *2", "RECEIVER       2").replace("~", "~\n"), "unreadable_isa"),
        ("hello" + claims_file(), "outside_interchange"),
        (claims_file() + "tail", "outside_interchange"),
        (claims_file().replace("GE*1*1~", "GE*1*1~CLM*LOST*5~"), "stray_segments"),
        (ISA + HEADER + "SE*3*0001~IEA*0*000000001~", "no_group"),
        (claims_file().replace("GE*1", "SE*9*9~GE*1"), "outside_transaction"),
        (claims_file(levels=LEVELS.replace("HL*2*1*", "HL*2*7*")), "bad_hierarchy"),
        (claims_file(levels="HL*1**20*1~"), "no_subscriber"),
        (claims_file(CLAIM.replace("C1", "")), "no_id"),
        (claims_file().replace("ST*837", "ST*8X7"), "bad_transaction_type"),
    ],
)
def test_each_fault_has_its_name(data, named):
    assert named in faults(data)
    assert b"".join(one.payload for one in records(data)) == data.encode()


def test_a_record_larger_than_the_limit_keeps_its_place_but_not_its_bytes():
    large = CLAIM + "NTE*ADD*" + "x" * 2000 + "~"
    found = records(claims_file(large), limits=Limits(record_bytes=1000), block=64)
    [claim] = [one for one in found if one.resource_type == "837P"]
    assert (claim.payload, claim.length) == (None, len(large))
    assert "too_large" in claim.faults


def test_a_context_larger_than_the_limit_is_not_carried():
    [claim] = [one for one in records(claims_file(), limits=Limits(context_bytes=200)) if one.resource_type == "837P"]
    assert (claim.context, claim.faults) == (None, ("context_too_large",))


def test_every_fault_a_record_can_have_is_described():
    named = {value for name, value in vars(x12).items() if name.isupper() and isinstance(value, str)}
    assert named - {"interchange"} <= x12.FAULTS.keys()


def test_gzip_is_read_as_its_content(tmp_path):
    plain, packed = tmp_path / "a", tmp_path / "b"
    plain.write_bytes(claims_file().encode())
    packed.write_bytes(gzip.compress(claims_file().encode()))
    assert list(x12.read(str(packed), limits=LIMITS)) == list(x12.read(str(plain), limits=LIMITS))


def test_an_endless_run_of_blanks_is_read_in_one_go():
    data = claims_file().replace("HI*", " " * 200_000 + "HI*").encode() + b"\n" * 200_000
    found = records(data, block=1000)
    assert b"".join(one.payload for one in found) == data
    assert [one.resource_type for one in found].count("837P") == 1


MANY = made.claims(40) + b"\r\n" + made.payments(40).replace(b"000000001", b"000000002")
MANY += b"".join(claims_file().encode() for _ in range(5))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, len(MANY)), max_size=5), st.integers(600, 5000))
def test_random_ranges_and_blocks_together_give_every_record_once(points, block):
    cuts = sorted({0, *points})
    ends = [*cuts[1:], None]
    together = [one for a, b in zip(cuts, ends, strict=True) for one in records(MANY, start=a, end=b, block=block)]
    assert together == records(MANY)
    assert b"".join(one.payload for one in together) == MANY


def test_a_planned_file_is_read_from_any_split(tmp_path):
    path = tmp_path / "many"
    path.write_bytes(MANY)
    splits = ndjson.plan(len(MANY), 3000)
    found = [one for a, b in splits for one in x12.read(str(path), a, b, limits=LIMITS)]
    assert found == records(MANY)


def plain_count(data):
    """Claims by looking for the tags alone."""
    end = re.escape(data[data.index(b"ISA") + 105 :][:1]) if b"ISA" in data else b"~"
    return len(re.findall(end + rb"[\r\n\t ]*(?:CLM|CLP)[^A-Za-z0-9]", data))


@needs_samples
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_every_claim_and_byte_of_the_public_samples_is_found(path):
    data = path.read_bytes()
    found = list(x12.read(str(path), limits=LIMITS))
    claims = [one for one in found if one.resource_type in ("837", "837P", "837I", "837D", "835")]
    assert len(claims) == plain_count(data)
    assert b"".join(one.payload for one in found) == data


@needs_samples
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_openx12_counts_the_same_claims(path):
    from openx12 import x835, x837i, x837p

    text = path.read_text("utf-8-sig")
    found = [one for one in x12.read(str(path), limits=LIMITS) if one.entry is not None]
    if found:
        parsers = {"835": (x835,), "837P": (x837p,), "837I": (x837i,)}.get(found[0].resource_type, (x837p, x835))
        assert len(found) in {len(parser.parse(text).claims) for parser in parsers}


@needs_samples
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_pyx12_finds_the_same_segments(path):
    import io

    from pyx12.errors import X12Error
    from pyx12.x12file import X12Reader

    from jobs.formats.x12_inspection import inspect

    try:
        theirs = [one.get_seg_id() for one in X12Reader(io.StringIO(path.read_text("utf-8-sig")))]
    except X12Error:
        pytest.skip("pyx12 does not read it")
    ours = [one for i in inspect(str(path)).interchanges for g in i.groups for one in g.transactions]
    assert theirs.count("ST") == len(ours)
    if ours:
        inside = len([tag for tag in theirs if tag not in ("ISA", "GS", "GE", "IEA", "TA1")])
        assert sum(one.segments for one in ours) == inside
