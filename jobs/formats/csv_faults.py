"""Every fault a row of a CSV file can have, with what it means to the sender.

A fault of one cell stands in a record as `fault:column`, with the column's declared name.
"""

from __future__ import annotations

EMPTY_LINE = "empty_line"
TOO_LARGE = "too_large"
BAD_ENCODING = "bad_encoding"
NUL = "nul"
STRAY_LINE_END = "stray_line_end"
UNCLOSED_QUOTE = "unclosed_quote"
TEXT_AFTER_QUOTE = "text_after_quote"
WRONG_CELL_COUNT = "wrong_cell_count"
REPEATED_HEADER = "repeated_header"
TRAILER_INSIDE = "trailer_inside"
UNKNOWN_HEADER = "unknown_header"
MISSING = "missing"
TOO_LONG = "too_long"
NOT_ALLOWED = "not_allowed"
NOT_A_NUMBER = "not_a_number"
NUMBER_OUT_OF_RANGE = "number_out_of_range"
TOO_MANY_DECIMALS = "too_many_decimals"
NOT_A_DATE = "not_a_date"

FAULTS = {
    EMPTY_LINE: "a row without content",
    TOO_LARGE: "larger than the feed's limit; its bytes are kept in landing only",
    BAD_ENCODING: "bytes that are not of the declared encoding",
    NUL: "a NUL byte",
    STRAY_LINE_END: "a line end within a row that is not quoted, or another one than the file's",
    UNCLOSED_QUOTE: "a quoted cell that is not closed in its row",
    TEXT_AFTER_QUOTE: "text between a closing quote and the next delimiter",
    WRONG_CELL_COUNT: "more or fewer cells than the header has",
    REPEATED_HEADER: "the header again, between rows",
    TRAILER_INSIDE: "a trailer that is not the last row",
    UNKNOWN_HEADER: "a row of a file whose header is of no declared kind",
    MISSING: "no value in a required column",
    TOO_LONG: "more characters than the column may have",
    NOT_ALLOWED: "not one of the texts that the column may have",
    NOT_A_NUMBER: "not a number as the feed writes them",
    NUMBER_OUT_OF_RANGE: "more digits than 38, or 18 of a whole number",
    TOO_MANY_DECIMALS: "more digits after the decimal mark than the column may have",
    NOT_A_DATE: "not a date or time by any declared format",
}


def name(fault: str) -> str:
    """The fault's name in FAULTS.

    >>> name("not_a_date:collected"), name("nul")
    ('not_a_date', 'nul')
    """
    return fault.partition(":")[0]
