"""The data dictionary: what a page says of a table is what is declared and checked."""

import re

import pytest

import schemas
from jobs.shell import dictionary


def page(name):
    return dictionary._table(schemas.table(name), None)


def below(page, title):
    """The text of what a page says under a heading."""
    return re.sub(r"<[^>]+>", " ", page.split(f"<h2>{title}</h2>")[1])


def test_a_check_that_stops_and_one_of_its_name_that_warns_are_both_told():
    told = below(page("gold.measurement"), "Expected of the table")
    assert re.search(r"volume +at most 50 % · stops", told)
    assert re.search(r"volume +at most 10 % ", told)


def test_a_key_of_several_columns_is_told_with_them():
    told = below(page("gold.fact_relationship"), "Expected of the table")
    [keys] = re.findall(r"unique +of ([a-z_0-9, ]+?) +none may fail · stops", told)
    assert keys == ", ".join(schemas.table("gold.fact_relationship").key)


def test_a_small_share_is_told_as_it_is_declared():
    shares = re.findall(r"at most ([0-9.]+) %", "".join(page(name) for name in schemas.names("silver")))
    assert shares and min(map(float, shares)) > 0


@pytest.mark.parametrize(
    ("name", "words"),
    [("bronze.ehr_fhir", {"from the delivery", "from the delivered file"}),
     ("bronze.concept", {"from the vocabulary that was loaded"})],
)  # fmt: skip
def test_each_column_of_bronze_says_where_it_comes_from(name, words):
    columns = re.findall(r'<div class="from">([^<]+)</div>', page(name))
    assert (set(columns), len(columns)) == (words, len(schemas.table(name).columns))


def test_no_name_of_a_check_is_told_as_a_warning_to_readers():
    assert "Mind:" not in page("bronze.concept")
