"""Shapes against the last publication, on measures written by hand."""

import math

import pytest

from expectations.shape import CHECKS, findings


def _found(rule, now, before=None, above=0):
    return list(findings(rule, now, before or {}, above))


def _fails(rule, now, before=None):
    """Whether any check of this rule fails."""
    checks = [check for check in CHECKS if check.rule == rule]
    assert checks
    return any(share > c.threshold for c in checks for _, share, _ in findings(rule, now, before or {}, c.above))


def test_half_the_rows_lost_is_half():
    assert _found("lost", {"rows": 500}, {"rows": 1000}) == [("", 0.5, 1000)]


def test_more_rows_are_no_loss():
    assert _found("lost", {"rows": 1100}, {"rows": 1000}) == [("", 0.0, 1000)]


def test_losing_more_than_half_stops_and_losing_a_tenth_warns():
    stop, warn = [check for check in CHECKS if check.rule == "lost"]
    assert (stop.severity, stop.threshold, warn.severity, warn.threshold) == ("stop", 0.5, "warn", 0.1)


def test_a_first_publication_has_lost_nothing():
    assert _found("lost", {"rows": 5}) == [("", 0.0, 0)]
    assert _found("lost", {"rows": 5}, above=100) == []


def test_a_column_that_loses_its_values_is_named():
    now, before = {"rows": 100, "filled": {"unit": 40, "day": 100}}, {"rows": 100, "filled": {"unit": 90, "day": 100}}
    assert _found("filled", now, before) == [("unit", 0.5, 100), ("day", 0.0, 100)]


def test_a_check_that_fails_more_often_than_before_is_named():
    now, before = {"checks": {"outside_visit|d": [40, 100]}}, {"checks": {"outside_visit|d": [10, 100]}}
    [(column, share, rows)] = _found("faults", now, before)
    assert (column, round(share, 6), rows) == ("outside_visit|d", 0.3, 100)


@pytest.mark.parametrize(("factor", "fails"), [(1.0, False), (1.05, False), (10.0, True), (0.4536, True)])
def test_another_unit_or_decimal_moves_the_mean_of_logarithms(factor, fails):
    before = {"values": {"3025315/9529": [400, 4.3, 0.3]}}
    now = {"values": {"3025315/9529": [400, 4.3 + math.log(factor), 0.3]}}
    assert _fails("values", now, before) is fails


def test_a_tenth_of_the_values_with_a_moved_decimal_is_seen():
    before = {"values": {"c/u": [2000, 1.4, 0.1]}}
    now = {"values": {"c/u": [2000, 1.4 + 0.1 * 2.302585, 0.7]}}
    assert _fails("values", now, before)


def test_a_few_values_may_scatter():
    before, now = {"values": {"c/u": [20, 1.0, 0.8]}}, {"values": {"c/u": [21, 1.3, 0.8]}}
    assert not _fails("values", now, before)


def test_rows_that_leave_their_unit_are_told():
    before = {"values": {"3004501/8840": [100, 4, 1]}}
    now = {"values": {"3004501/8840": [60, 4, 1], "3004501/8753": [40, 4, 1]}}
    [(concept, share, rows)] = _found("units", now, before)
    assert (concept, round(share, 6), rows) == ("3004501", 0.4, 100)


def test_a_calendar_twenty_years_off_is_another_calendar():
    before, now = {"rows": 1000, "days": {"d": [1000, 18000, 2000]}}, {"rows": 1000, "days": {"d": [1000, 10700, 2000]}}
    assert _fails("days", now, before)


def test_a_month_of_new_rows_moves_the_mean_day_only_a_little():
    before, now = {"rows": 1000, "days": {"d": [1000, 18000, 2000]}}, {"rows": 1010, "days": {"d": [1010, 18025, 2010]}}
    assert not _fails("days", now, before)


def test_a_frequent_concept_that_is_gone_is_counted():
    before, now = {"concepts": {"c": {"1": 500, "2": 300, "3": 30}}}, {"concepts": {"c": {"1": 800}}}
    assert _found("gone", now, before) == [("c", 0.5, 2)]


def test_one_value_everywhere_is_constant():
    assert _fails("constant", {"values": {"c/u": [100, 0.0, 0.0]}})
    assert not _fails("constant", {"values": {"c/u": [100, 0.0, 0.2]}})


def test_what_was_always_constant_stays_quiet():
    was = {"values": {"c/u": [100, 0.0, 0.0]}}
    assert not _fails("constant", {"values": {"c/u": [110, 0.0, 0.0]}}, was)


def test_everything_on_one_day_is_told_when_it_is_of_several_people():
    assert _fails("one_day", {"persons": 9, "days": {"d": [100, 18000, 0.0]}})
    assert not _fails("one_day", {"persons": 1, "days": {"d": [100, 18000, 0.0]}})


def test_one_person_with_a_third_of_all_rows_is_told():
    assert _fails("one_person", {"persons": 50, "busiest": 40, "rows": 100})
    assert not _fails("one_person", {"persons": 50, "busiest": 5, "rows": 100})


def test_repeated_rows_count_above_what_was_usual():
    assert _fails("repeated", {"rows": 100, "repeated": 10})
    assert not _fails("repeated", {"rows": 100, "repeated": 10}, {"rows": 100, "repeated": 9})


def test_a_default_year_of_birth_stands_out():
    assert _fails("mode", {"rows": 100, "mode": ["year_of_birth", 30]})
    assert not _fails("mode", {"rows": 100, "mode": ["year_of_birth", 5]})


def test_concepts_of_women_that_become_concepts_of_men_are_told():
    before, now = {"genders": {"4": [98, 100]}}, {"genders": {"4": [2, 100]}}
    assert _fails("genders", now, before)


def test_a_build_that_rewrites_most_of_a_table_is_told():
    assert _fails("rewritten", {"rows": 1000, "updated": 700, "deleted": 0}, {"rows": 1000})
    assert not _fails("rewritten", {"rows": 1000, "updated": 10, "deleted": 5}, {"rows": 1000})
