"""What a feed may declare about its CSV files, and what it may not."""

import pytest

from jobs.formats.csv_layout import Layout, Limits
from jobs.formats.declaration import FormatDeclarationError

KIND = {"columns": {"id": {}, "value": {"type": "decimal"}, "day": {"type": "date"}}}


def declare(kind=None, **options):
    return Layout.of({"files": {"result": {**KIND, **(kind or {})}}, **options})


def test_columns_take_from_the_feed_what_they_do_not_say_themselves():
    own = {"id": {}, "value": {"type": "decimal", "decimal": "."}, "day": {"type": "date", "nulls": ["0"]}}
    [kind] = declare({"columns": own, "key": ["id"]}, decimal=",", nulls=["-"], dates=["%d.%m.%Y"]).files
    identifier, value, day = kind.columns
    assert (identifier.required, identifier.formats, identifier.nulls) == (True, (), ("-",))
    assert (value.decimal, value.required) == (".", False)
    assert (day.formats, day.nulls) == (("%d.%m.%Y",), ("0",))


@pytest.mark.parametrize(
    ("kind", "options", "told"),
    [
        ({}, {"encoding": "utf-16"}, "encoding is not one of"),
        ({}, {"delimiter": "||"}, "delimiter must be one ASCII character"),
        ({}, {"delimiter": '"'}, "delimiter and quote must differ"),
        ({}, {"quote": None, "quoted_newlines": True}, "there are no quoted_newlines"),
        ({}, {"delimeter": ";"}, "unknown key delimeter"),
        ({}, {"nulls": [None]}, "nulls must be a list, each a text"),
        ({}, {"nulls": "NULL"}, "nulls must be a list"),
        ({}, {"header": "yes"}, "header must be true or false"),
        ({}, {"decimal": ",", "thousands": ","}, "must be two different characters"),
        ({}, {"dates": ["%d.%m.%y"]}, "result: day: the format of a date knows only"),
        ({}, {"dates": ["%d/%m/%Y", "%m/%d/%Y"]}, "two different moments"),
        ({}, {"dates": ["%Y-%m-%d %H:%M"]}, "that of a date has neither"),
        ({"columns": {}}, {}, "result: must name its columns"),
        ({"columns": {"id": {"type": "text"}}}, {}, "result: id: type is not one of"),
        ({"columns": {"id": {"max_length": "40"}}}, {}, "max_length must be a whole number or null"),
        ({"columns": {"id": {"scale": 2}}}, {}, "scale is of a decimal"),
        ({"columns": {"id": {"required": True, "may_lack": True}}}, {}, "a required column may not lack"),
        ({"columns": {"id": {"names": ["No"]}, "b": {"names": ["NO"]}}}, {}, "b shares a name"),
        ({"columns": {"a,b": {}}}, {}, "letters, digits and underscores"),
        ({"columns": {"flag": {"one_of": [True, False]}}}, {}, "one_of must be a list, each a text"),
        ({"columns": {"at": {"type": "datetime", "formats": ["%Y%m%d%H%M", "%Y%m%d%H%M%z"]}}}, {}, "%z or none"),
        ({"key": ["nr"]}, {}, "nr of the key is no column"),
        ({"trailer": {"mark": "T", "totals": {"id": 2}}}, {}, "id is no column of numbers"),
        ({"trailer": {"mark": "T", "count": 1}}, {}, "a cell of its own"),
        ({"trailer": {"mark": " "}}, {}, "needs a mark"),
        ({"trailer": {"count": 2}}, {}, "missing key mark"),
    ],
)  # fmt: skip
def test_a_declaration_that_cannot_be_is_refused_with_its_place(kind, options, told):
    with pytest.raises(FormatDeclarationError, match=told):
        declare(kind, **options)


def test_kinds_of_file_without_header_need_names():
    with pytest.raises(FormatDeclarationError, match="b without header needs file_names"):
        Layout.of({"header": False, "files": {"a": {**KIND, "file_names": ["a*"]}, "b": KIND}})


def test_a_feed_without_kinds_of_file_is_refused():
    with pytest.raises(FormatDeclarationError, match="at least one kind of file"):
        Layout.of({})


def test_limits_are_whole_numbers_by_their_names():
    assert Limits.of({"record_bytes": 10}) == Limits(record_bytes=10)
    with pytest.raises(FormatDeclarationError, match="unknown key rows"):
        Limits.of({"rows": 10})
    with pytest.raises(FormatDeclarationError, match="whole number"):
        Limits.of({"record_bytes": "many"})
