"""Athena's files: what is data, what is null, and what becomes of a row that cannot be read."""

from __future__ import annotations

import datetime
import gzip

import pytest

from jobs.formats import athena
from jobs.formats.athena import Reading, VocabularyFileError, Wanted

COLUMNS = [
    Wanted("concept_id", "bigint", required=True),
    Wanted("concept_name", "string", required=True),
    Wanted("valid_start_date", "date", required=True),
    Wanted("amount", "double"),
    Wanted("box_size", "int"),
    Wanted("invalid_reason", "string"),
]
HEADER = "concept_id\tconcept_name\tvalid_start_date\tamount\tbox_size\tinvalid_reason\n"


@pytest.fixture
def read(tmp_path):
    """The rows and the reading of a file with these lines."""

    def make(*lines, header=HEADER, columns=COLUMNS, name="CONCEPT.csv"):
        path = tmp_path / name
        data = b"".join([header.encode(), *(line if isinstance(line, bytes) else line.encode() for line in lines)])
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        reading = Reading(path, columns)
        rows = [row for block in reading.batches() for row in block.to_pylist()]
        return rows, reading

    return make


def faults(reading):
    return [(fault.line, fault.payload, fault.reasons) for fault in reading.faults]


def test_a_row_is_typed(read):
    [row], _ = read("8507\tMALE\t19700101\t0.5\t30\tD\n")
    assert list(row.values()) == [8507, "MALE", datetime.date(1970, 1, 1), 0.5, 30, "D"]


def test_na_is_data(read):
    [row], reading = read("1\tNA\t20200229\t\t\tNA\n")
    assert (row["concept_name"], row["invalid_reason"], reading.faults) == ("NA", "NA", [])


@pytest.mark.parametrize("nothing", ["", "NULL", " ", "\\N"])
def test_blank_and_the_word_null_are_null_where_a_column_may_be(read, nothing):
    [row], _ = read(f"1\tx\t20200101\t{nothing}\t{nothing}\t{nothing}\n")
    assert (row["amount"], row["box_size"], row["invalid_reason"]) == (None, None, None)


def test_the_word_null_is_a_name_where_a_name_is_required(read):
    [row], _ = read("1\tNULL\t20200101\t\t\t\n")
    assert row["concept_name"] == "NULL"


def test_quotes_are_data(read):
    rows, _ = read('1\t"half\t20200101\t\t\t\n', '2\tit\'s "so"\t20200101\t\t\t\n')
    assert [row["concept_name"] for row in rows] == ['"half', 'it\'s "so"']


def test_windows_line_ends_and_a_byte_order_mark_are_no_matter(read):
    [row], reading = read("1\tx\t20200101\t\t\tU\r\n", header="\ufeff" + HEADER.upper().replace("\n", "\r\n"))
    assert (row["concept_id"], row["invalid_reason"], reading.rows) == (1, "U", 1)


def test_a_date_with_hyphens_is_read_too(read):
    [row], _ = read("1\tx\t2024-02-29\t\t\t\n")
    assert row["valid_start_date"] == datetime.date(2024, 2, 29)


def test_columns_in_another_order_and_columns_more_are_no_matter(read):
    header = "invalid_reason\textra\tvalid_start_date\tconcept_name\tconcept_id\n"
    [row], _ = read("D\t?\t20200101\tx\t7\n", header=header)
    assert (row["concept_id"], row["invalid_reason"], row["amount"]) == (7, "D", None)


def test_a_gzip_file_is_read_as_it_is(read):
    assert read("1\tx\t20200101\t\t\t\n", name="CONCEPT.csv.gz")[0][0]["concept_id"] == 1


def test_a_faulty_row_waits_with_its_line_its_bytes_and_its_reasons(read):
    rows, reading = read(
        "1\tfirst\t20200101\t\t\t\n",
        "2\ttoo short\n",
        "x\tno number\t20200230\t\t\t\n",
        b"4\t\xff\xfe\t20200101\t\t\t\n",
        "5\ttoo\t20200101\t\t\t\tlong\n",
        "\t\t20200101\t\t\t\n",
        "\n",
        "8\tlast\t20200101\t1e3\t99999999999\t\n",
        "9\tlast\t20200101\t1e3\t9\t\n",
    )
    assert [row["concept_id"] for row in rows] == [1, 9]
    assert faults(reading) == [
        (3, b"2\ttoo short", ("wrong_column_count",)),
        (4, b"x\tno number\t20200230\t\t\t", ("concept_id_malformed", "valid_start_date_malformed")),
        (5, b"4\t\xff\xfe\t20200101\t\t\t", ("not_utf8",)),
        (6, b"5\ttoo\t20200101\t\t\t\tlong", ("wrong_column_count",)),
        (7, b"\t\t20200101\t\t\t", ("concept_id_missing", "concept_name_missing")),
        (8, b"\t\t\t\t\t", ("empty_line",)),
        (9, b"8\tlast\t20200101\t1e3\t99999999999\t", ("box_size_malformed",)),
    ]
    assert reading.rows == len(rows) + len(reading.faults)


def test_lines_are_counted_over_blocks(read, monkeypatch):
    monkeypatch.setattr(athena, "BLOCK", 2048)
    good = [f"{i}\tname\t20200101\t\t\t\n" for i in range(500)]
    _, reading = read(*good[:300], "short\n", *good[300:], "x\tname\t20200101\t\t\t\n")
    assert [(fault.line, fault.reasons) for fault in reading.faults] == [
        (302, ("wrong_column_count",)),
        (503, ("concept_id_malformed",)),
    ]


def test_a_file_without_rows_has_none(read):
    assert read()[0] == []


def test_a_file_separated_by_commas_is_refused(read):
    with pytest.raises(VocabularyFileError, match="no tab"):
        read("1,x\n", header="concept_id,concept_name\n")


def test_a_file_without_a_required_column_is_refused_by_name(read):
    with pytest.raises(VocabularyFileError, match="no column concept_name, valid_start_date"):
        read(header="concept_id\tamount\n")


def test_a_file_with_too_many_faulty_rows_is_refused(read):
    with pytest.raises(VocabularyFileError, match="150 faulty rows"):
        read(*["x\tname\t20200101\t\t\t\n"] * 150)
