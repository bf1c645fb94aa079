"""Lines and splits: no line is lost or doubled, wherever a file is cut into ranges."""

import gzip
import io

from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.formats import ndjson
from jobs.formats.ndjson import lines, plan

LONG = 1 << 20


def texts(data, start=0, end=None, longest=LONG):
    return list(lines(io.BytesIO(data), start, end, longest=longest))


def test_a_line_is_without_its_end_and_knows_its_offset():
    assert texts(b"ab\r\n\ncd") == [(0, 2, b"ab"), (4, 0, b""), (5, 2, b"cd")]


def test_a_file_that_ends_with_a_line_end_has_no_empty_last_line():
    assert texts(b"ab\n") == [(0, 2, b"ab")]


def test_a_line_longer_than_the_limit_keeps_its_place_but_not_its_text():
    assert texts(b"ab\n" + b"x" * 50 + b"\ncd\n", longest=20) == [(0, 2, b"ab"), (3, 50, None), (54, 2, b"cd")]


def test_a_long_line_is_not_kept_in_memory_while_it_is_read(monkeypatch):
    monkeypatch.setattr(ndjson, "BLOCK", 16)
    assert texts(b"x" * 1000 + b"\nab\n" + b"y" * 500, longest=20) == [
        (0, 1000, None),
        (1001, 2, b"ab"),
        (1004, 500, None),
    ]


def test_a_range_that_starts_at_a_line_takes_that_line():
    data = b"ab\ncd\nef\n"
    assert texts(data, 3, 6) == [(3, 2, b"cd")]


def test_a_range_inside_one_line_has_none():
    assert texts(b"abcdefgh\nij\n", 2, 6) == []


some_lines = st.lists(st.sampled_from([b"", b"a", b"bc\r", b"def", b"\r", b"x" * 40]), max_size=20)


@settings(max_examples=300, deadline=None)
@given(some_lines, st.booleans(), st.lists(st.integers(0, 400), max_size=6), st.integers(1, 33))
def test_random_ranges_together_give_every_line_once(pieces, ended, points, block):
    data = b"\n".join(pieces) + (b"\n" if ended else b"")
    cuts = sorted({0, len(data), *(point for point in points if point < len(data))})
    before, ndjson.BLOCK = ndjson.BLOCK, block
    try:
        together = [line for a, b in zip(cuts, cuts[1:], strict=False) for line in texts(data, a, b)]
        whole = texts(data)
    finally:
        ndjson.BLOCK = before
    assert together == whole
    expected = data.split(b"\n")
    assert [text for _, _, text in whole] == [
        piece.removesuffix(b"\r") for piece in expected[: -1 if not expected[-1] else None]
    ]
    assert all(data[position : position + length] == text for position, length, text in whole)


@given(st.integers(0, 10_000), st.integers(1, 500))
def test_a_plan_covers_the_file_without_gap(size, target):
    ranges = plan(size, target)
    assert ranges[0][0] == 0 and ranges[-1][1] == size
    assert all(a[1] == b[0] for a, b in zip(ranges, ranges[1:], strict=False))
    assert all(last - first <= target for first, last in ranges)


def test_gzip_is_known_by_its_bytes_and_read_unpacked(tmp_path):
    path = tmp_path / "whatever.txt"
    path.write_bytes(gzip.compress(b"ab\n") + gzip.compress(b"cd\n"))
    with ndjson.open_bytes(str(path)) as stream:
        assert [text for _, _, text in lines(stream, longest=LONG)] == [b"ab", b"cd"]
