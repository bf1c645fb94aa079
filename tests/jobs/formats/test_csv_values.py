"""Values of CSV rows: exact numbers, dates as the feed writes them, and a fault for what is none."""

import datetime
from decimal import Decimal

import pytest

from jobs.formats.csv_columns import Column
from jobs.formats.csv_dates import Pattern
from jobs.formats.csv_numbers import Numbers
from jobs.formats.csv_values import reader, typed

UTC = datetime.UTC


def value(text, **declared):
    return reader(Column("x", **{"decimal": ".", **declared}))(text)


@pytest.mark.parametrize(
    ("text", "declared", "expected"),
    [
        ("4.10", {}, Decimal("4.10")),
        ("-.5", {}, Decimal("-0.5")),
        ("+12", {}, Decimal("12")),
        ("1.234.567,8", {"decimal": ",", "thousands": "."}, Decimal("1234567.8")),
        ("1234567,8", {"decimal": ",", "thousands": "."}, Decimal("1234567.8")),
        ("1 234", {"thousands": " "}, Decimal("1234")),
        ("9" * 38, {}, Decimal("9" * 38)),
    ],
)
def test_a_decimal_is_exact(text, declared, expected):
    found, fault = value(text, type="decimal", **declared)
    assert (found, str(found), fault) == (expected, str(expected), None)


@pytest.mark.parametrize(
    ("text", "declared", "fault"),
    [
        ("1,5", {}, "not_a_number"),
        ("1.23", {"decimal": ",", "thousands": "."}, "not_a_number"),
        ("12.34.567", {"decimal": ",", "thousands": "."}, "not_a_number"),
        ("1.", {}, "not_a_number"),
        ("1e3", {}, "not_a_number"),
        ("٣", {}, "not_a_number"),
        ("Infinity", {}, "not_a_number"),
        ("1.235", {"scale": 2}, "too_many_decimals"),
        (".235", {"scale": 2}, "too_many_decimals"),
        ("9" * 39, {}, "number_out_of_range"),
    ],
)
def test_what_is_no_decimal_is_not_guessed_at(text, declared, fault):
    assert value(text, type="decimal", **declared) == (None, fault)


def test_a_whole_number_has_no_decimal_mark():
    assert value("0042", type="integer") == (42, None)
    assert value("1.0", type="integer") == (None, "not_a_number")
    assert value("1" * 19, type="integer") == (None, "number_out_of_range")


@pytest.mark.parametrize(
    "declared", [{}, {"scale": 2}, {"scale": 0}, {"thousands": ",", "scale": 3}, {"type": "integer"}]
)
def test_many_numbers_at_once_are_good_only_when_each_is(declared):
    column = Column("x", **{"type": "decimal", "decimal": ".", "nulls": ("n/a",), **declared})
    many = Numbers.of(column)
    for text in ["1", "-1", "1.5", ".25", "1,234", "1.234", "n/a", "", "x", "1" * 19, "1" * 40, "1,23", "1..2", "1\n2"]:
        if many.are_in([text]):
            value, fault = (None, None) if text in ("", "n/a") else reader(column)(text)
            assert (many.values([text]), fault) == ([value], None)
    assert many.are_in(["1", "", "n/a", "-2"])
    assert not many.are_in(["1", "x"])


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("%d.%m.%Y", "05.04.2003", datetime.datetime(2003, 4, 5)),
        ("%-m/%-d/%Y", "4/5/2003", datetime.datetime(2003, 4, 5)),
        ("%d-%b-%Y", "05-APR-2003", datetime.datetime(2003, 4, 5)),
        ("%Y%m%d%H%M", "200304052359", datetime.datetime(2003, 4, 5, 23, 59)),
        ("%m/%d/%Y %-I:%M %p", "04/05/2003 12:07 AM", datetime.datetime(2003, 4, 5, 0, 7)),
        ("%Y-%m-%dT%H:%M:%S.%f", "2003-04-05T06:07:08.5", datetime.datetime(2003, 4, 5, 6, 7, 8, 500000)),
        ("%Y-%m-%dT%H:%M%z", "2003-04-05T06:07Z", datetime.datetime(2003, 4, 5, 6, 7, tzinfo=UTC)),
        ("%d.%m.%Y", "5.4.2003", None),
        ("%d.%m.%Y", "05.04.03", None),
        ("%d.%m.%Y", "31.04.2003", None),
        ("%Y-%m-%d %H:%M", "2003-04-05 24:00", None),
        ("%m/%d/%Y %I:%M %p", "04/05/2003 13:07 PM", None),
    ],
)
def test_a_date_is_read_by_its_format_and_by_no_other(pattern, text, expected):
    assert Pattern.of(pattern).read(text) == expected


@pytest.mark.parametrize("pattern", ["%d.%m.%y", "%d.%m", "%Y-%m-%d %I:%M", "%Y-%m-%d %q", "%-d%-m%Y", "%Y-%m-%d %d"])
def test_a_format_that_cannot_name_a_day_for_sure_is_refused(pattern):
    with pytest.raises(ValueError, match="the format of a"):
        Pattern.of(pattern)


OPTIONS = {
    "encoding": "windows-1252",
    "delimiter": ";",
    "nulls": ["NULL"],
    "files": {
        "result": {
            "key": ["id"],
            "columns": {
                "id": {},
                "day": {"type": "date", "formats": ["%d.%m.%Y", "%Y%m%d"]},
                "at": {"type": "datetime", "formats": ["%Y-%m-%dT%H:%M%z"]},
                "note": {"max_length": 5},
            },
        }
    },
}


def test_a_row_is_typed_by_the_columns_of_its_file():
    row = typed("café; r1 ;x;20030405".encode("cp1252"), b"note,id,,day", "result", OPTIONS)
    assert row == ({"id": "r1", "day": datetime.date(2003, 4, 5), "at": None, "note": "café"}, ())


def test_a_moment_with_its_zone_is_given_in_utc():
    row = typed(b"r1;2003-04-05T06:07+02:00", b"id,at", "result", OPTIONS)
    assert row.values["at"] == datetime.datetime(2003, 4, 5, 4, 7, tzinfo=UTC)


def test_null_words_and_blanks_are_nothing_but_not_in_a_required_column():
    row = typed(b"NULL; ;NULL;", b"id,day,at,note", "result", OPTIONS)
    assert row == ({"id": None, "day": None, "at": None, "note": None}, ("missing:id",))


def test_the_faults_of_a_row_name_its_columns():
    row = typed(b"r1;5.4.2003;soon;too long", b"id,day,at,note", "result", OPTIONS)
    assert row.faults == ("not_a_date:day", "not_a_date:at", "too_long:note")
    assert row.values["id"] == "r1"


@pytest.mark.parametrize(
    ("payload", "fault"),
    [(b"r1;1", "wrong_cell_count"), (b'r1;;;"a', "unclosed_quote"), (b'r1;;;"a"b', "text_after_quote"),
     (b"r1;;;\x81", "bad_encoding")],
)  # fmt: skip
def test_a_row_that_cannot_be_cut_has_no_values(payload, fault):
    row = typed(payload, b"id,day,at,note", "result", OPTIONS)
    assert (set(row.values.values()), row.faults) == ({None}, (fault,))
