"""Judging a part: when the bound of faults may speak for the whole, and when only a full count can."""

import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from expectations.check import Rows
from jobs.shell.findings import Found
from jobs.shell.slices import IN_A_ROW, SMALLEST, _bound, worth_it


def _found(failed, rows, threshold=0.0, severity="stop"):
    return Found(Rows("rule", "c", threshold, severity), "c", failed, rows)


def test_a_faultless_part_of_a_faultless_table_passes():
    whole = _bound(_found(0, 100), {"rule|c": [0, 100_000]}, 0)
    assert (whole.failed, whole.rows) == (0, 100_000)


def test_one_orphan_in_the_part_calls_for_the_whole():
    assert _bound(_found(1, 100), {"rule|c": [0, 100_000]}, 100) is None


def test_faults_of_the_part_are_added_to_those_known():
    known = {"rule|c": [50, 100_000]}
    whole = _bound(_found(3, 1_000, 0.01, "warn"), known, 0)
    assert (whole.failed, whole.rows) == (53, 100_000)
    assert known == {"rule|c": [53, 100_000]}


@pytest.mark.parametrize(
    ("known", "gone", "calls"), [(994, 0, False), (996, 0, True), (984, 1_000, False), (990, 1_000, True)]
)
def test_where_the_whole_might_fail_it_is_counted(known, gone, calls):
    whole = _bound(_found(5, 1_000, 0.01, "warn"), {"rule|c": [known, 100_000]}, gone)
    assert (whole is None) is calls


def test_rows_that_the_part_had_before_count_no_longer():
    assert _bound(_found(0, 10, 0.01, "warn"), {"rule|c": [995, 100_000]}, 1_000) is None


def test_what_failed_before_and_only_warns_needs_no_new_count():
    whole = _bound(_found(10, 1_000, 0.01, "warn"), {"rule|c": [40_000, 100_000]}, 0)
    assert whole.failed == 40_010


def test_what_may_fail_for_every_row_needs_no_new_count():
    whole = _bound(_found(7, 7, 1.0, "warn"), {"rule|c": [100, 100]}, 7)
    assert (whole.failed, whole.rows) == (93, 93)


def test_a_check_without_rows_before_starts_from_nothing():
    assert _bound(_found(0, 7), {}, 0).rows == 7


@pytest.mark.parametrize(
    ("part", "rows", "before", "worth"),
    [
        (10, SMALLEST + 1, {"checks": {}}, True),
        (SMALLEST, SMALLEST + 1, {"checks": {}}, False),
        (10, SMALLEST, {"checks": {}}, False),
        (10, SMALLEST + 1, {}, False),
        (10, SMALLEST + 1, {"checks": {}, "slices": IN_A_ROW}, False),
    ],
)
def test_a_part_is_judged_alone_when_it_is_small_and_the_table_is_large_and_known(part, rows, before, worth):
    given = pa.table({"a": pa.nulls(part)})
    assert [worth_it(one, rows, before) for one in (given, ds.dataset(given))] == [worth, worth]
