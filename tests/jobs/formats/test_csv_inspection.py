"""CSV files at the door: kind, counts, control totals, and what holds a delivery."""

import gzip
import random

import pytest

from jobs.formats.csv_inspection import DOCUMENTS, Inspector, inspect, inspector
from jobs.formats.csv_layout import Layout, Limits
from jobs.formats.csv_rows import read

LIMITS = Limits()
COLUMNS = {"id": {"names": ["ResultNo"]}, "value": {"type": "decimal"}, "note": {"may_lack": True}}
PLAIN = {"key": ["id"], "columns": COLUMNS}
TOTALLED = {**PLAIN, "trailer": {"mark": "T", "count": 2, "totals": {"value": 3}}}
HEADER = b"id,value,note\n"
ROWS = b"r1,4.10,a\nr2,,b\nr3,-0.35,c\n"


def layout(kind=PLAIN, **options):
    return Layout.of({"files": {"result": kind}, **options})


@pytest.fixture
def look(tmp_path):
    def at(data, kind=PLAIN, name=None, limits=LIMITS, **options):
        path = tmp_path / "arrived"
        path.write_bytes(data)
        return inspect(str(path), options.pop("layout", None) or layout(kind, **options), limits, name)

    return at


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("data", "texts", "records"),
    [
        (HEADER + ROWS, 3, 3),
        (HEADER + ROWS.strip(), 3, 3),
        (b"\xef\xbb\xbf" + HEADER + ROWS, 3, 3),
        (HEADER + b"\n" + ROWS + b" \n", 3, 5),
        (HEADER, 0, 0),
        (HEADER.strip(), 0, 0),
        ((HEADER + ROWS).replace(b"\n", b"\r\n"), 3, 3),
        ((HEADER + ROWS).replace(b"\n", b"\r"), 3, 3),
    ],
)
def test_rows_are_counted_as_the_sender_and_as_the_reader_counts(look, data, texts, records, packed):
    found = look(gzip.compress(data) if packed else data)
    assert (found.shape, found.resource_type, found.faults) == ("csv", "result", ())
    assert (found.texts, found.records, found.types) == (texts, records, {"result": texts})
    assert (found.compressed, found.unpacked) == (packed, len(data))


@pytest.mark.parametrize(
    ("data", "faults"),
    [
        (b"", ("empty_file",)),
        (b"\xef\xbb\xbf \r\n", ("empty_file",)),
        (b"\n" + HEADER + ROWS, ("unknown_header",)),
        (b"Dear team, please find attached\nthe file.\n", ("not_csv",)),
        (b"PK\x03\x04\0\0id,value\n", ("not_csv",)),
        ((HEADER + ROWS).decode().encode("utf-16"), ("other_encoding",)),
        (b"id;value;note\nr1;4,10;a\n", ("wrong_delimiter",)),
        (b"id,value,id\nr1,4.1,a\n", ("duplicated_header",)),
        (b"id,note\nr1,a\n", ("unknown_header",)),
        (b"id,value,note,ward\nr1,4.1,a,W1\n", ("unknown_header",)),
        (HEADER + b"r1,4.1,a\nr2,4", ("truncated",)),
        (HEADER + b'r1,4.1,a\nr2,4,"a', ("truncated",)),
        (gzip.compress(HEADER + ROWS * 99, mtime=0)[:-20], ("truncated_gzip",)),
        (gzip.compress(HEADER + b"\n" * 5_000_000, mtime=0), ("zip_bomb",)),
    ],
)
def test_what_holds_a_file_has_its_name(look, data, faults):
    assert look(data).faults == faults


def test_a_byte_order_mark_of_another_encoding_than_declared_is_told(look):
    assert look(b"\xef\xbb\xbf" + HEADER + ROWS, encoding="windows-1252").faults == ("other_encoding",)


def test_an_unknown_header_says_which_declared_columns_are_missing_and_how_many_are_not_declared(look):
    [finding] = look(b"id,PATIENT_SSN\nr1,a\n").findings
    assert (finding.fault, finding.kind, finding.columns, finding.extra) == ("unknown_header", "result", ("value",), 1)


@pytest.mark.parametrize(
    ("trailer", "faults", "differences"),
    [
        (b"T,3,3.75", (), []),
        (b"T,0003,3.7500,x\n", (), []),
        (b' "T" ,3,3.75\n', ("missing_trailer",), []),
        (b'"T",3,"3.75"\n', (), []),
        (b"T,4,3.75\n", ("count_mismatch",), ["-1"]),
        (b"T,3,3.74\n", ("total_mismatch",), ["0.01"]),
        (b"T,3\n", ("bad_trailer",), [None]),
        (b"T,three,3.75\n", ("bad_trailer",), [None]),
        (b"", ("missing_trailer",), [None]),
        (b"T,3,3.75\nr4,1,d\n", ("missing_trailer",), [None]),
    ],
)
def test_the_trailer_is_held_against_the_rows(look, trailer, faults, differences):
    found = look(HEADER + ROWS + trailer, TOTALLED)
    assert found.faults == faults
    if differences or not faults:
        assert [finding.difference for finding in found.findings] == differences


def test_a_trailer_may_count_all_lines(look):
    kind = {**PLAIN, "trailer": {"mark": "T", "count": 2, "counts": "lines"}}
    assert look(b"extract\n" + HEADER + ROWS + b"T,6\n", kind, preamble=1).faults == ()


def test_control_totals_are_exact_beyond_what_a_double_holds(look):
    rows = b"r1,90071992547409930000.01,a\nr2,0.02,b\n" + b"r3,0.10,c\n" * 10
    assert look(HEADER + rows + b"T,12,90071992547409930001.03\n", TOTALLED).faults == ()


def test_a_sum_counts_rows_that_are_faulty_otherwise_and_not_those_without_a_number(look):
    rows = b",1.5,a\nr2,oops,b\nr3,2.5,c\n"
    [finding] = look(HEADER + rows + b"T,3,5\n", TOTALLED).findings
    assert (finding.expected, finding.found, finding.difference) == ("5", "4.0", "-1.0")


def test_the_name_of_a_file_tells_kinds_of_the_same_header_apart(look):
    columns = {"id": {}, "value": {}}
    files = {
        "old": {"columns": columns, "file_names": ["OLD_*.csv"]},
        "new": {"columns": columns, "file_names": ["new_*.csv"]},
    }
    known = Layout.of({"files": files})
    data = b"id,value\n1,2\n"
    assert look(data, name="export/old_2026.CSV.gz", layout=known).resource_type == "old"
    assert look(data, name="new_1.csv", layout=known).resource_type == "new"
    assert look(data, name="other.csv", layout=known).faults == ("unknown_file_name",)
    assert look(data, layout=known).faults == ("ambiguous_header",)


def test_without_header_the_name_of_the_file_tells_its_kind(look):
    files = {
        "a": {"columns": {"x": {}, "y": {}}, "file_names": ["a*"]},
        "b": {"columns": {"x": {}, "z": {}}, "file_names": ["b*"]},
    }
    known = Layout.of({"header": False, "files": files})
    assert look(b"1,2\n", name="b1.txt", layout=known).resource_type == "b"
    assert look(b"1,2\n", name="c1.txt", layout=known).faults == ("unknown_file_name",)


def test_a_file_whose_rows_run_over_lines_is_read_as_a_whole(look):
    data = HEADER + b'r1,4.1,"a\nb"\nr2,1,c\n'
    assert (look(data, quoted_newlines=True).shape, look(data, quoted_newlines=True).texts) == ("csv-over-lines", 2)
    assert look(HEADER + ROWS, quoted_newlines=True).shape == "csv"
    assert look(data).shape == "csv"


def test_a_quote_left_open_holds_a_file_that_may_quote_newlines(look):
    data = HEADER + b'r1,4.1,"a\n' + ROWS
    assert look(data, quoted_newlines=True).faults == ("unclosed_quote",)
    assert look(data).faults == ()


def test_the_inspector_is_made_from_what_the_feed_declares():
    assert isinstance(inspector({"record_bytes": 1000}, {"files": {"result": PLAIN}}, "a.csv"), Inspector)


def test_the_door_counts_what_the_reader_reads_of_spoilt_files(look, tmp_path, spoilt):
    chance = random.Random(7)
    bits = [b'"', b",", b"\n", b"\r\n", b"\xff", b"9" * 40, b"T,1,1\n", b'"\n"', b" ", b"\n\n"]
    known = [layout(TOTALLED, quoted_newlines=newlines) for newlines in (False, True)]
    limits = Limits(record_bytes=60, record_lines=3)
    for turn in range(spoilt(600)):
        data = bytearray(HEADER + ROWS + b'r4,1,"x ""y"" z"\nT,4,4.75\n')
        for _ in range(chance.randint(0, 4)):
            at = chance.randrange(len(HEADER), len(data) + 1)
            data[at : at + chance.choice([0, 0, 1, 5])] = chance.choice(bits)
        found = look(bytes(data), layout=known[turn % 2], limits=limits)
        whole = found.shape in DOCUMENTS
        made = list(read(str(tmp_path / "arrived"), document=whole, limits=limits, layout=known[turn % 2]))
        assert (found.records, found.resource_type) == (len(made), "result")
        assert found.texts == sum("empty_line" not in one.faults or b"," in (one.payload or b"") for one in made)
