"""DICOM headers: every transfer syntax and character set, pydicom as oracle, every damage by name."""

import contextlib
import pathlib
import struct
import warnings
import zlib

import pydicom
import pydicom.config
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from infra.bench.dicom import data_set, file_of
from jobs.formats import dicom_header
from jobs.formats.dicom_charsets import decoder
from jobs.formats.dicom_dictionary import vr_of
from jobs.formats.dicom_elements import MoreNeededError
from jobs.formats.dicom_limits import Limits
from jobs.formats.dicom_tags import EXPLICIT as FORM

LIMITS = Limits()
CHECKOUT = pathlib.Path(__file__).resolve().parents[3]
REFERENCE = CHECKOUT.parent / "shared" / "reference" / "dicom"
OF_PYDICOM = pathlib.Path(pydicom.__file__).parent / "data"
IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
BIG, DEFLATED, JPEG = "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.50"
PIXELS = ("7FE00008", "7FE00009", "7FE00010")


def header(data, limits=LIMITS):
    return dicom_header.read(data, len(data), limits)


def values(data, tag):
    return header(data).tags[tag].get("Value")


def explicit(number, vr, value, length=None):
    length = len(value) if length is None else length
    tag = struct.pack("<HH", number >> 16, number & 0xFFFF) + vr.encode()
    return (
        tag
        + (struct.pack("<HI", 0, length) if vr in ("SQ", "UN", "OB", "OW", "UT") else struct.pack("<H", length))
        + value
    )


def meta(syntax=EXPLICIT):
    uid = syntax.encode() + b"\0" * (len(syntax) % 2)
    said = explicit(0x00020010, "UI", uid)
    return b"\0" * 128 + b"DICM" + explicit(0x00020000, "UL", struct.pack("<I", len(said))) + said


# pydicom as oracle


def same(ours, theirs):
    """Both sides with what is written in two ways made one: numbers, fill, emptiness, values that are left out."""
    ours, theirs = _plain(ours), _plain(theirs)
    return {
        tag: (ours.get(tag), theirs.get(tag))
        for tag in ours.keys() | theirs.keys()
        if ours.get(tag) != theirs.get(tag) and not _may_differ(ours.get(tag), theirs.get(tag))
    }


def _may_differ(ours, theirs):
    if ours is None or theirs is None:
        return False
    if "BulkDataURI" in ours:
        return True
    if ours["vr"] == "SQ" == theirs["vr"] and len(ours.get("Value", [])) == len(theirs.get("Value", [])):
        return all(not same(a, b) for a, b in zip(ours["Value"], theirs["Value"], strict=True))
    # pydicom knows the private elements of some manufacturers, which say UN or nothing of their kind.
    return ours["vr"] == "UN" != theirs["vr"]


def _plain(tags):
    return {
        tag: {**element, "Value": [_value(element["vr"], one) for one in element["Value"]]}
        if any(_value(element["vr"], one) is not None for one in element.get("Value", []))
        else {name: content for name, content in element.items() if name != "Value"}
        for tag, element in tags.items()
        if not tag.endswith("0000") and tag[:4] != "0002" and tag not in PIXELS
    }


def _value(vr, one):
    if vr == "PN" and isinstance(one, dict):
        return {group: text.strip() for group, text in one.items() if text.strip()} or None
    if vr in ("DS", "IS") and one not in (None, ""):
        with contextlib.suppress(ValueError):
            return float(one)
    return (one.strip(" \0") or None) if isinstance(one, str) else one


def samples():
    found = sorted(REFERENCE.rglob("*.dcm")) + sorted(OF_PYDICOM.rglob("*"))
    return [path for path in found if path.is_file() and not path.suffix.startswith(".py")]


def test_pydicom_reads_the_same_from_every_sample(monkeypatch):
    monkeypatch.setattr(pydicom.config.settings, "reading_validation_mode", pydicom.config.IGNORE)
    different, agreed, refused = {}, 0, 0
    for path in samples():
        found = header(path.read_bytes())
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                theirs = pydicom.dcmread(path, stop_before_pixels=True)
                theirs = theirs.to_json_dict(1 << 30, lambda _: "", suppress_invalid_tags=True)
        except pydicom.errors.InvalidDicomError:
            refused += 1
            assert set(found.faults) <= {"no_preamble", "not_dicom"} and found.faults
            continue
        if set(found.faults) & {"truncated", "bad_deflate"}:
            continue
        # What pydicom cannot write as a number it leaves out; here it is a text as it was sent.
        wrong = {tag: pair for tag, pair in same(found.tags, theirs).items() if pair[1] is not None}
        if wrong:
            different[path.name] = sorted(wrong)
        agreed += not wrong
    assert different == {}
    assert agreed >= 150 and refused >= 5


FAULTY_SAMPLES = {
    "MR_truncated.dcm": ("truncated_pixel_data",),
    "rtplan_truncated.dcm": ("truncated",),
    "DICOMDIR-nooffset": ("truncated",),
    "SC_rgb_jpeg.dcm": ("other_than_transfer_syntax",),
    "meta_missing_tsyntax.dcm": ("no_transfer_syntax",),
    "winter.dcm": ("tags_out_of_order",),
    "rtstruct.dcm": ("no_preamble",),
    "ExplVR_LitEndNoMeta.dcm": ("no_preamble",),
    "no_meta.dcm": ("not_dicom",),
    "ExplVR_BigEndNoMeta.dcm": ("not_dicom",),
}


def test_the_samples_with_faults_are_known_one_by_one():
    found = {}
    for path in samples():
        seen = header(path.read_bytes())
        if (
            seen.faults
            and path.suffix not in (".txt", ".json", ".dump", ".gz", ".icc", ".md")
            and path.name != "README"
        ):
            found[path.name] = seen.faults
    assert found == FAULTY_SAMPLES


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG, DEFLATED, JPEG])
def test_every_transfer_syntax_gives_the_same_elements(syntax):
    pixels = pydicom.encaps.encapsulate([b"\xff\xd8" + b"x" * 98]) if syntax == JPEG else b"\0" * 512
    made = data_set(1)
    found = header(file_of(made, syntax, pixels=pixels))
    assert found.faults == ()
    assert same(found.tags, data_set(1).to_json_dict()) == {}
    assert [tag for tag in found.tags if tag in PIXELS] == ["7FE00010"]


def test_pixel_data_are_a_note_of_their_place_and_length():
    data = file_of(data_set(1), pixels=b"\1" * 512)
    found = header(data)
    assert found.tags["7FE00010"] == {"vr": "OW", "BulkDataURI": f"?offset={len(data) - 512}&length=512"}
    assert (found.start, found.end) == (132, len(data) - 512 - 12)


def test_a_header_is_found_in_the_first_bytes_of_a_file_that_goes_on():
    data = file_of(data_set(1), pixels=b"\1" * 100_000)
    assert dicom_header.read(data[:16384], 16384, LIMITS, size=len(data)) == header(data)
    with pytest.raises(MoreNeededError):
        dicom_header.read(data[:900], 900, LIMITS, size=len(data))


def test_decimals_are_kept_as_they_were_sent():
    made = data_set(1, SliceThickness="5.0000", RescaleSlope="1E-1", InstanceNumber="007")
    data = file_of(made)
    assert (values(data, "00180050"), values(data, "00281053")) == (["5.0000"], ["1E-1"])


def test_private_elements_and_nested_sequences_are_kept():
    inner = Dataset()
    inner.CodeValue = "1"
    middle = Dataset()
    middle.PurposeOfReferenceCodeSequence = Sequence([inner, Dataset()])
    made = data_set(1)
    made.SourceImageSequence = Sequence([middle])
    block = made.private_block(0x0011, "OWNER", create=True)
    block.add_new(0x02, "SQ", [inner])
    for syntax in (EXPLICIT, IMPLICIT):
        found = header(file_of(made, syntax)).tags
        purpose = found["00082112"]["Value"][0]["0040A170"]
        assert purpose == {"vr": "SQ", "Value": [{"00080100": {"vr": "SH", "Value": ["1"]}}, {}]}
        assert (found["00090010"]["Value"], found["00110010"]["Value"]) == (["MADE UP DEVICES 1.0"], ["OWNER"])
    assert header(file_of(made)).tags["00111002"]["Value"] == [{"00080100": {"vr": "SH", "Value": ["1"]}}]


@pytest.mark.parametrize("undefined", [False, True])
def test_sequences_end_by_length_or_by_delimiter(undefined):
    made = data_set(1)
    made["ProcedureCodeSequence"].is_undefined_length = undefined
    made.ProcedureCodeSequence[0].is_undefined_length_sequence_item = undefined
    assert same(header(file_of(made)).tags, data_set(1).to_json_dict()) == {}


def test_an_element_whose_vr_its_writer_did_not_know_is_read_when_the_standard_knows_it():
    unknown = explicit(0x00100010, "UN", b"Roe^Jane")
    sequence = b"\xfe\xff\0\xe0\x10\0\0\0" + struct.pack("<HHI", 8, 0x100, 8) + b"CODE    "
    unknown_sequence = explicit(0x00321064, "UN", sequence + b"\xfe\xff\xdd\xe0\0\0\0\0", 0xFFFFFFFF)
    found = header(meta() + unknown + unknown_sequence)
    assert found.faults == ()
    assert found.tags["00100010"] == {"vr": "PN", "Value": [{"Alphabetic": "Roe^Jane"}]}
    assert found.tags["00321064"] == {"vr": "SQ", "Value": [{"00080100": {"vr": "SH", "Value": ["CODE"]}}]}


def test_a_large_binary_value_is_left_out_with_a_note():
    made = data_set(1)
    made.ICCProfile = b"\1" * 4000
    made.EncapsulatedDocument = b"\2" * 100_000
    data = file_of(made)
    found = header(data).tags
    assert found["00282000"] == {"vr": "OB", "BulkDataURI": f"?offset={data.find(bytes([1]) * 4000)}&length=4000"}
    assert found["00420011"]["BulkDataURI"].endswith("length=100000")


def test_signed_words_are_told_by_the_pixel_representation():
    for representation, expected in ((0, 65535), (1, -1)):
        made = data_set(1, PixelRepresentation=representation)
        made.add_new(0x00280106, "SS" if representation else "US", expected)
        assert values(file_of(made, IMPLICIT), "00280106") == [expected]


def test_numbers_that_json_does_not_have_are_texts():
    data = meta() + explicit(0x00189345, "FD", struct.pack("<2d", float("nan"), float("-inf")))
    assert values(data, "00189345") == ["NaN", "-Infinity"]


# Character sets


@pytest.mark.parametrize(
    ("declared", "raw", "text"),
    [
        ([], b"Roe", "Roe"),
        (["ISO_IR 100"], "Müller".encode("latin-1"), "Müller"),
        (["ISO_IR 144"], "Люкceмбypг".encode("iso8859_5"), "Люкceмбypг"),
        (["ISO_IR 192"], "山田".encode(), "山田"),
        (["GB18030"], "王^小东".encode("gb18030"), "王^小东"),
        (["GBK"], "王".encode("gbk"), "王"),
        (["", "ISO 2022 IR 87"], b"Yamada=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B", "Yamada=山田^太郎"),
        (["ISO 2022 IR 13", "ISO 2022 IR 87"], b"\xd4\xcf\xc0\xde=\x1b$B;3ED\x1b(J", "ﾔﾏﾀﾞ=山田"),
        (["", "ISO 2022 IR 149"], b"Hong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7", "Hong=洪^吉洞"),
        (["", "ISO 2022 IR 58"], b"Wang=\x1b$)A\xcd\xf5", "Wang=王"),
        (["ISO 2022 IR 100", "ISO 2022 IR 144"], b"M\xfc\x1b-L\xbb^\xfc", "MüЛ^ü"),
        (["iso-ir 100"], b"\xfc", "ü"),
    ],
)
def test_text_is_read_in_its_declared_character_set(declared, raw, text):
    assert decoder(declared)[0](raw) == (text, None)


@pytest.mark.parametrize(
    ("declared", "raw", "fault"),
    [
        ([], b"M\xfc", "undeclared_characters"),
        ([], b"\x1b$B;3ED\x1b(B", "undeclared_characters"),
        (["ISO_IR 192"], b"M\xfc", "bad_text"),
        (["", "ISO 2022 IR 87"], b"\x1b$Z;3", "bad_text"),
    ],
)
def test_text_that_is_not_of_its_character_set_is_kept_and_named(declared, raw, fault):
    assert decoder(declared)[0](raw)[1] == fault


def test_an_item_may_have_its_own_character_set():
    item = Dataset()
    item.SpecificCharacterSet, item.PatientName = "ISO_IR 192", "山田"
    made = data_set(1)
    made.ReferencedPatientSequence = Sequence([item])
    found = header(file_of(made)).tags
    assert found["00081120"]["Value"][0]["00100010"]["Value"] == [{"Alphabetic": "山田"}]
    assert found["00100010"]["Value"] == [{"Alphabetic": "Müller^Anna"}]


def test_a_character_set_that_does_not_exist_is_named():
    data = meta() + explicit(0x00080005, "CS", b"KLINGON ")
    assert header(data).faults == ("unknown_character_set",)


# Damage


GOOD = file_of(data_set(1), pixels=None)


def test_a_header_cut_anywhere_inside_an_element_is_found():
    edges = _element_ends(GOOD)
    for end in range(140, len(GOOD)):
        found = header(GOOD[:end])
        assert found.faults or end in edges, end


def _element_ends(data):
    """Where elements at the top end: a file cut there is a shorter file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        read = pydicom.dcmread(pydicom.filebase.DicomBytesIO(data))
    found = [read.get_item(tag) for tag in list(read._dict)]
    starts = {getattr(one, "value_tell", None) or one.file_tell for one in found}
    return {start - size for start in starts for size in (8, 12)} | {len(data)}


def test_a_block_of_zeros_anywhere_in_the_header_is_found():
    unseen = 0
    first = GOOD.find(b"\x08\0\x05\0")
    for at in range(first, len(GOOD) - 200):
        unseen += not header(GOOD[:at] + b"\0" * 200 + GOOD[at + 200 :]).faults
    assert unseen == 0


def test_pydicom_does_not_say_so():
    # The reason for a reader of our own.
    zeroed = GOOD[:500] + b"\0" * 200 + GOOD[700:]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert len(pydicom.dcmread(pydicom.filebase.DicomBytesIO(zeroed))) > 0
    assert header(zeroed).faults


ITEM, ITEM_END, SEQUENCE_END = b"\xfe\xff\0\xe0", b"\xfe\xff\x0d\xe0\0\0\0\0", b"\xfe\xff\xdd\xe0\0\0\0\0"
ENDLESS = b"\xff\xff\xff\xff"
SEQUENCE = 0x00081032
TOO_LONG, NEXT = explicit(0x00080100, "SH", b"ab", 50), explicit(0x00100020, "LO", b"P1")


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (explicit(0x00100020, "LO", b"x", 60_000), "truncated"),
        (explicit(SEQUENCE, "SQ", b"", 0x7FFFFFFF), "truncated"),
        (explicit(0x00420011, "OB", b"", 0xFFFFFFF0), "truncated"),
        (explicit(SEQUENCE, "SQ", ITEM + ENDLESS, 0xFFFFFFFF), "truncated"),
        (explicit(SEQUENCE, "SQ", ITEM + b"\xf0\0\0\0", 8) + NEXT, "length_beyond_its_place"),
        (explicit(SEQUENCE, "SQ", ITEM + b"\x0a\0\0\0" + TOO_LONG, 18) + NEXT, "length_beyond_its_place"),
        (explicit(SEQUENCE, "SQ", b"junkjunk"), "bad_item"),
        (explicit(SEQUENCE, "SQ", SEQUENCE_END), "bad_item"),
        (ITEM_END, "bad_item"),
        (explicit(0x00100020, "ZZ", b"xx"), "bad_vr"),
        (b"\0" * 200, "zeroed_block"),
        (explicit(0x00100020, "LO", b"a\0\0\0\0b"), "zeroed_block"),
        (explicit(0x00280010, "US", b"abc"), "bad_value_length"),
        (explicit(0x00100020, "LO", b"xx") * 2, "tags_out_of_order"),
        (explicit(0x00100020, "LO", b"xx") + explicit(0x00080060, "CS", b"CT"), "tags_out_of_order"),
        (explicit(0x7FE00010, "OW", b"xx", 500), "truncated_pixel_data"),
        (explicit(0x7FE00010, "OB", ITEM + b"\4\0\0\0abcd", 0xFFFFFFFF), "truncated_pixel_data"),
        (explicit(0x7FE00010, "OB", b"notanitem" * 2, 0xFFFFFFFF), "bad_item"),
        (explicit(0x7FE00010, "OW", b"xx") + explicit(0x00080060, "CS", b"CT"), "bytes_after_end"),
    ],
)  # fmt: skip
def test_each_damage_has_its_name(body, fault):
    kept = explicit(0x00080016, "UI", b"1.2.")
    found = header(meta() + kept + body)
    assert found.faults == (fault,)
    assert found.tags["00080016"]["Value"] == ["1.2."]


def test_what_may_follow_pixel_data_is_no_fault():
    padding = explicit(0xFFFCFFFC, "OB", b"\0" * 100)
    assert header(meta() + explicit(0x7FE00010, "OW", b"xx") + padding).faults == ()


def test_the_first_of_two_equal_tags_is_kept():
    data = meta() + explicit(0x00100020, "LO", b"P1") + explicit(0x00100020, "LO", b"P2")
    assert values(data, "00100020") == ["P1"]


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "not_dicom"),
        (b"a text that is long enough to be looked at\n" * 10, "not_dicom"),
        (b"\0" * 4096, "not_dicom"),
        (explicit(0x00080005, "CS", b"ISO_IR 100"), "no_preamble"),
        (GOOD[132:], "no_preamble"),
        (b"\0" * 128 + b"DICM", "no_transfer_syntax"),
    ],
)
def test_what_is_no_dicom_file_is_not_read_by_force(data, fault):
    found = header(data)
    assert (found.faults, found.tags) == ((fault,), {})


def test_a_meta_group_of_another_length_than_it_says_is_named():
    at = GOOD.find(b"\2\0\0\0UL\4\0") + 8
    wrong = struct.pack("<I", int.from_bytes(GOOD[at : at + 4], "little") + 2)
    assert "wrong_meta_length" in header(GOOD[:at] + wrong + GOOD[at + 4 :]).faults


def test_a_meta_group_without_length_is_read():
    at = GOOD.find(b"\2\0\0\0UL\4\0")
    assert header(GOOD[:at] + GOOD[at + 12 :]).faults == ()


@pytest.mark.parametrize(("written", "declared"), [(IMPLICIT, EXPLICIT), (EXPLICIT, IMPLICIT)])
def test_a_data_set_written_otherwise_than_declared_is_read_and_named(written, declared):
    data = file_of(data_set(1), written, pixels=None)
    body = data[data.find(b"\x08\0\x05\0") :]
    found = header(meta(declared) + body)
    assert found.faults == ("other_than_transfer_syntax",)
    assert found.tags["00100020"]["Value"] == ["P000001"]


def test_sequences_nested_too_deep_are_refused():
    body = b""
    for _ in range(500):
        body = explicit(SEQUENCE, "SQ", ITEM + struct.pack("<I", len(body)) + body)
    endless = (struct.pack("<HH", 8, 0x1032) + b"SQ\0\0" + ENDLESS + ITEM + ENDLESS) * 50_000
    assert header(meta() + body).faults == header(meta() + endless).faults == ("too_deep",)


def test_a_header_with_too_many_elements_or_bytes_is_refused():
    many = b"".join(explicit(0x00091000 + n, "LO", b"") for n in range(2000))
    assert header(meta() + many, Limits(elements=3000)).faults == ()
    assert header(meta() + many, Limits(elements=1000)).faults == ("too_large",)
    items = explicit(SEQUENCE, "SQ", (ITEM + b"\0\0\0\0") * 2000)
    assert header(meta() + items, Limits(elements=1000)).faults == ("too_large",)
    text = explicit(0x0040A160, "UT", b"x" * 5000)
    assert header(meta() + text, Limits(record_bytes=1000)).faults == ("too_large",)


def deflated(body, end=b""):
    packer = zlib.compressobj(wbits=-15)
    return meta(DEFLATED) + packer.compress(body) + packer.flush() + end


def test_a_deflated_data_set_is_unpacked_within_limits():
    body = explicit(0x00080060, "CS", b"CT")
    assert header(deflated(body)).tags["00080060"]["Value"] == ["CT"]
    assert header(deflated(body, b"\0")).faults == ()
    assert "bad_deflate" in header(deflated(body)[:-2]).faults
    assert "bad_deflate" in header(deflated(body, b"more bytes")).faults
    assert "bad_deflate" in header(meta(DEFLATED) + b"\xff" * 100).faults
    bomb = deflated(body + explicit(0x7FE00010, "OW", bytes(50 << 20)))
    assert header(bomb).faults == ("deflate_bomb", "truncated_pixel_data")


def test_tags_met_by_the_thousand_do_not_stay():
    for start in (0x00091000, 0x000B1000):
        header(meta() + b"".join(explicit(start + n, "LO", b"") for n in range(12_000)))
    assert len(FORM.known) <= 20_000


def test_the_dictionary_knows_repeating_groups_and_private_creators():
    assert [vr_of(tag) for tag in (0x60023000, 0x00110020, 0x00111001, 0x7FE00010)] == ["OW", "LO", "UN", "OW"]
