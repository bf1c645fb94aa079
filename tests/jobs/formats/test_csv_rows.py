"""Rows of CSV files: exact bytes at their places, every fault by name, the same rows however the file is cut."""

import ast
import csv
import functools
import gzip
import io
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.formats import csv_faults, csv_head, csv_rows, csv_split
from jobs.formats.csv_layout import Layout, Limits
from jobs.formats.csv_rows import read

LIMITS = Limits()
OPTIONS = {
    "files": {
        "result": {
            "key": ["id"],
            "columns": {
                "id": {"names": ["ResultNo"], "max_length": 8},
                "day": {"type": "date"},
                "value": {"type": "decimal", "scale": 2},
                "flag": {"one_of": ["H", "L"]},
                "note": {},
            },
        }
    }
}
HEADER = b"id,day,value,flag,note\n"
GOOD = b"r1,2026-03-01,4.1,H,fine"


def layout(**options):
    return _layout(repr({**OPTIONS, **options}))


@functools.cache
def _layout(options):
    return Layout.of(ast.literal_eval(options))


@pytest.fixture
def rows(tmp_path):
    def of(data, start=0, end=None, limits=LIMITS, document=True, kind=None, **options):
        path = tmp_path / "file"
        path.write_bytes(data)
        known = layout(**options)
        return list(read(str(path), start, end, document=document, limits=limits, layout=known, kind=kind))

    return of


def test_a_row_keeps_its_bytes_its_place_and_its_columns(rows):
    [found] = rows(HEADER + GOOD + b"\n")
    columns = b"id,day,value,flag,note"
    assert found == (len(HEADER), len(GOOD), None, "result", "r1", None, None, None, None, GOOD, (), columns)


@pytest.mark.parametrize(
    ("row", "faults"),
    [
        (b"", ("empty_line",)),
        (b" \t", ("empty_line",)),
        (b",,,,", ("empty_line",)),
        (b"r2,2026-03-01,4.1,H", ("wrong_cell_count",)),
        (b"r2,2026-03-01,4.1,H,a,b", ("wrong_cell_count",)),
        (b'r2,2026-03-01,4.1,H,"open', ("unclosed_quote",)),
        (b'r2,2026-03-01,4.1,H,"a"b', ("text_after_quote",)),
        (b"r2,2026-03-01,4.1,H,\xe9", ("bad_encoding",)),
        (b"r2,2026-03-01,4.1,H,\0", ("nul",)),
        (b"r2,2026-03-01,4.1,H,a\rb", ("stray_line_end",)),
        (b"r2,2026-03-01,4.1,H,a\r", ("stray_line_end",)),
        (HEADER.strip(), ("repeated_header",)),
        (b",2026-03-01,4.1,H,a", ("missing:id",)),
        (b"r23456789,2026-03-01,4.1,H,a", ("too_long:id",)),
        (b"r2,2026-02-30,4.1,H,a", ("not_a_date:day",)),
        (b"r2,2026-3-01,4.1,H,a", ("not_a_date:day",)),
        (b"r2,2026-03-01,4.123,H,a", ("too_many_decimals:value",)),
        (b"r2,2026-03-01,1e5,H,a", ("not_a_number:value",)),
        (b"r2,2026-03-01," + b"1" * 39 + b",H,a", ("number_out_of_range:value",)),
        (b"r2,2026-03-01,NaN,h,a", ("not_a_number:value", "not_allowed:flag")),
    ],
)
def test_each_fault_of_a_row_has_its_name(rows, row, faults):
    first, bad, last = rows(HEADER + GOOD + b"\n" + row + b"\n" + GOOD + b"\n")
    assert (bad.faults, bad.payload, bad.position) == (faults, row, len(HEADER) + len(GOOD) + 1)
    assert first.faults == last.faults == ()


def test_every_fault_a_row_can_have_is_described():
    named = {value for name, value in vars(csv_faults).items() if name.isupper() and isinstance(value, str)}
    assert named == csv_rows.FAULTS.keys()


def test_a_row_longer_than_the_limit_leaves_its_bytes_in_landing(rows):
    long = b"r2,,,," + b"x" * 5_000_000
    found = rows(HEADER + GOOD + b"\n" + long + b"\n" + GOOD)
    assert [(one.length, one.faults, one.payload is None) for one in found] == [
        (len(GOOD), (), False), (len(long), ("too_large",), True), (len(GOOD), (), False)
    ]  # fmt: skip
    [short] = rows(HEADER + b"r2,,,," + b"x" * 200, limits=Limits(record_bytes=100))
    assert (short.faults, short.payload) == (("too_large",), None)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_any_line_end_will_do_when_it_is_the_same_throughout(rows, end):
    data = HEADER.strip() + end + GOOD + end + GOOD + end
    assert [(one.payload, one.position, one.faults) for one in rows(data)] == [
        (GOOD, 22 + len(end), ()), (GOOD, 22 + 2 * len(end) + len(GOOD), ())
    ]  # fmt: skip
    assert rows(data[: -len(end)]) == rows(data)


def test_a_line_feed_within_a_row_of_a_crlf_file_is_a_fault_of_that_row(rows):
    """Else the row's last cell would end there, short, and nobody would know."""
    data = HEADER.strip() + b"\r\nr1,2026-03-01,4.1,H,part one\npart two\r\n" + GOOD + b"\r\n"
    assert [one.faults for one in rows(data)] == [("stray_line_end",), ("wrong_cell_count",), ()]


def test_a_cell_over_lines_belongs_to_its_row_when_that_is_declared(rows):
    data = HEADER + b'r1,,,,"one\ntwo ""2"""\r\n'.replace(b"\r", b"") + GOOD + b"\n"
    first, second = rows(data, quoted_newlines=True)
    assert (first.payload, first.faults, second.payload) == (b'r1,,,,"one\ntwo ""2"""', (), GOOD)
    assert [one.faults for one in rows(data)] == [("unclosed_quote",), ("wrong_cell_count",), ()]


def test_a_quote_that_is_never_closed_costs_its_own_line_only(rows):
    found = rows(HEADER + b'r1,,,,"one\n' + (GOOD + b"\n") * 3, quoted_newlines=True)
    assert [one.faults for one in found] == [("unclosed_quote",), (), (), ()]
    held = rows(
        HEADER + b'r1,,,,"one\n' + (GOOD + b"\n") * 5 + b'","\n', quoted_newlines=True, limits=Limits(record_lines=3)
    )
    assert [one.faults for one in held[:6]] == [("unclosed_quote",), (), (), (), (), ()]


def test_columns_come_in_any_order_and_under_any_declared_name(rows):
    [found] = rows(b"NOTE, flag ,ResultNo,value,day\nfine,H,r1,4.1,2026-03-01\n")
    assert (found.resource_id, found.context, found.faults) == ("r1", b"note,flag,id,value,day", ())


def test_columns_that_are_not_declared_stay_in_the_payload_when_they_may_come(rows):
    data = b"id,ward,day,value,flag,note\nr1,W2,2026-03-01,4.1,H,x\n"
    [found] = rows(data, extra_columns=True)
    assert (found.context, found.faults) == (b"id,,day,value,flag,note", ())
    assert [one.faults for one in rows(data)] == [("unknown_header",)]


def test_a_file_without_header_has_the_declared_columns(rows):
    [found] = rows(b"\xef\xbb\xbf" + GOOD, header=False)
    assert (found.position, found.resource_id, found.faults) == (3, "r1", ())


def test_a_byte_order_mark_and_a_preamble_are_no_rows(rows):
    [found] = rows(b"\xef\xbb\xbfsep=,\n" + HEADER + GOOD + b"\n", preamble=1)
    assert (found.resource_id, found.faults) == ("r1", ())


def test_quotes_are_characters_where_none_are_declared(rows):
    [found] = rows(HEADER + b'r1,,,,5" tube\n', quote=None)
    assert found.faults == ()


def test_a_trailer_before_the_end_is_a_faulty_row(rows):
    kind = {**OPTIONS["files"]["result"], "trailer": {"mark": "T", "count": 2}}
    files = {"result": kind}
    assert [one.faults for one in rows(HEADER + GOOD + b"\nT,1\n\n", files=files)] == [(), ("empty_line",)]
    found = rows(HEADER + b"T,1\n" + GOOD + b"\nT,1\n", files=files)
    assert [one.faults for one in found] == [("trailer_inside",), ()]


def ranges(size, pieces):
    return [(size * i // pieces, size * (i + 1) // pieces) for i in range(pieces)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_a_file_read_in_ranges_gives_each_row_once(rows, end):
    kind = {**OPTIONS["files"]["result"], "trailer": {"mark": "T", "count": 2}}
    body = [GOOD, b"", b"T,1", b"r2,2026-03-01,x,H,b", b'r3,,,,"q"', GOOD, b"T,6", b""]
    data = end.join([HEADER.strip(), *body])
    whole = rows(data, files={"result": kind})
    assert len(whole) == 6
    for pieces in (2, 3, 5, 11, 40, len(data)):
        split = [one for start, stop in ranges(len(data), pieces)
                 for one in rows(data, start, stop, document=False, files={"result": kind})]  # fmt: skip
        assert split == whole


def test_a_packed_file_reads_as_a_plain_one(rows):
    data = HEADER + GOOD + b"\n"
    assert rows(gzip.compress(data)) == rows(data)


CELL = st.text(st.sampled_from('ab";,\r\n é\t'), max_size=6)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(CELL, min_size=5, max_size=5), min_size=1, max_size=6), st.sampled_from([";", ","]))
def test_what_the_standard_library_writes_is_cut_into_the_same_rows_and_cells(table, delimiter):
    out = io.StringIO(newline="")
    # Its writer leaves a bare CR unquoted, which no reader takes for a part of a cell.
    quoting = csv.QUOTE_ALL if any("\r" in cell for row in table for cell in row) else csv.QUOTE_MINIMAL
    csv.writer(out, quoting=quoting, delimiter=delimiter, lineterminator="\n").writerows(
        [["id", "day", "value", "flag", "note"], *table]
    )
    data = out.getvalue().encode()
    known = layout(delimiter=delimiter, quoted_newlines=True)
    head = csv_head.read(data, known, whole=True)
    body = csv_split.Body(head, known, LIMITS, head.start, multiline=True)
    cut = [row for run in [*body.feed(data[head.start :]), *body.close()] for row in run.rows]
    cells = [next(csv.reader(io.StringIO(row.decode(), newline=""), delimiter=delimiter), [""]) for row in cut]
    assert cells == table
    found, faults = csv_rows.Cutter(known).cut([row.decode() for row in cut])
    assert (found, faults) == (table, {})


def cut(data, size, multiline, end):
    """(position, length, row or None where it is too long) of rows of 25 bytes at most, read in blocks of a size."""
    known = layout(quoted_newlines=True)
    head = csv_head.Head(0, end, None, known.files[0])
    body = csv_split.Body(head, known, Limits(record_bytes=25, record_lines=4), 0, multiline=multiline)
    runs = [run for at in range(0, len(data), size) for run in body.feed(data[at : at + size])]
    runs += body.close()
    return [(p, len(row), row if len(row) <= 25 else None) for run in runs
            for p, row in zip(run.positions, run.rows or [b"x" * run.dropped], strict=True)]  # fmt: skip


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("after", [b"", b"\r", b"\n", b"\r\n", b"\r\nb", b"\rb", b"\r\r\n"])
def test_a_row_as_long_as_it_may_be_is_the_same_in_whatever_blocks_it_comes(end, after):
    for length in (24, 25, 26, 27, 60):
        data = b"a" * length + after
        for multiline in (False, True):
            whole = cut(data, len(data), multiline, end)
            assert [cut(data, block, multiline, end) for block in range(1, 9)] == [whole] * 8, length


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from([b"a", b",", b'"', b"\n", b"\r", b"\r\n", b'""', b"T", b"\xe9", b"\0"]), max_size=60),
    st.integers(1, 7),
    st.booleans(),
    st.sampled_from([b"\n", b"\r\n", b"\r"]),
)
def test_rows_do_not_depend_on_blocks_and_cover_every_byte(pieces, block, multiline, end):
    data = b"".join(pieces)
    whole = cut(data, len(data) or 1, multiline, end)
    assert cut(data, block, multiline, end) == whole
    assert all(data[p : p + n] == row for p, n, row in whole if row is not None)
    last = 0
    for position, length, _ in whole:
        assert data[last:position].strip(b"\r\n") == b""
        last = position + length
    assert data[last:].strip(b"\r\n") == b""


def test_spoilt_files_give_rows_with_named_faults_and_nothing_else(rows, spoilt):
    chance = random.Random(20260301)
    good = HEADER + b'r1,2026-03-01,4.1,H,"a ""b"" c"\nr2,2026-03-02,-.5,L,\n' * 4
    bits = [b'"', b",", b"\n", b"\r", b"\0", b"\xff", b"\xef\xbb\xbf", b"9" * 50, b"id", b'""', b" "]
    for _ in range(spoilt(600)):
        data = bytearray(good)
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(data) + 1)
            data[at : at + chance.choice([0, 0, 1, 9])] = chance.choice(bits)
        newlines = chance.random() < 0.5
        found = rows(bytes(data), quoted_newlines=newlines, limits=Limits(record_bytes=90, record_lines=3))
        assert {csv_faults.name(fault) for one in found for fault in one.faults} <= csv_rows.FAULTS.keys()
        assert all(one.payload in (None, data[one.position : one.position + one.length]) for one in found)
