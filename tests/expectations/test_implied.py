"""What a declaration implies, seen on small declarations and on those of the house."""

import dataclasses

import pytest

import schemas
from expectations.check import Columns, Concepts, Rows, Unique
from expectations.implied import implied
from expectations.suite import looks_into, suite
from schemas import Column, Table


def _table(name="silver.thing", **columns):
    made = {n: Column(name=n, doc="x", **{"type": "string", **given}) for n, given in columns.items()}
    return Table(table=name, doc="x", grain="one thing", key=("thing_id",), columns=made)


def _only(checks, name):
    [found] = [check for check in checks if check.name == name]
    return found


def test_every_table_expects_its_columns_and_types_and_its_key():
    checks = implied(_table(thing_id={"type": "bigint"}))
    assert [type(check) for check in checks] == [Columns, Columns, Unique]
    assert {check.severity for check in checks} == {"stop"}


def test_a_required_column_is_never_null_and_stops():
    check = _only(implied(_table(thing_id={}, label={"required": True})), "required")
    assert (check.column, check.fails, check.threshold, check.severity) == ("label", "`label` is null", 0.0, "stop")


def test_a_range_warns_at_each_end_above_one_in_a_hundred():
    checks = implied(_table(thing_id={}, size={"type": "int", "between": (1, 12)}))
    low, high = _only(checks, "low"), _only(checks, "high")
    assert (low.fails, low.among, low.threshold, low.severity) == ("`size` < 1", "`size` is not null", 0.01, "warn")
    assert high.fails == "`size` > 12"


def test_an_open_range_has_one_end():
    checks = implied(_table(thing_id={}, size={"type": "int", "between": (1, None)}))
    assert [check.name for check in checks if check.column == "size"] == ["low"]


def test_bounds_relative_to_the_run_stay_words_until_the_run():
    checks = implied(_table(thing_id={}, born={"type": "date", "between": ("1950-01-01", "tomorrow")}))
    assert _only(checks, "low").fails == "`born` < date'1950-01-01'"
    assert _only(checks, "high").fails == "`born` > _tomorrow"


def test_a_list_of_words_is_quoted():
    check = _only(implied(_table(thing_id={}, kind={"one_of": ("a", "it's")})), "one_of")
    assert check.fails == "`kind` not in ('a', 'it\\'s')"


def test_a_length_stops_since_the_standard_has_no_room():
    check = _only(implied(_table(thing_id={}, text={"max_length": 50})), "max_length")
    assert (check.fails, check.severity) == ("length(`text`) > 50", "stop")


def test_a_source_value_that_fills_its_column_may_be_cut_but_not_a_code_of_just_its_length():
    lengths = {"text_source_value": {"max_length": 50}, "drg_source_value": {"max_length": 3}}
    assert _only(implied(_table(thing_id={}, **lengths)), "cut").column == "text_source_value"


def test_the_declaration_may_let_a_check_warn():
    table = _table(thing_id={}, a={"required": True}, b={"required": True})
    checks = implied(dataclasses.replace(table, warnings=("required:a",)))
    assert {c.column: c.severity for c in checks if c.name == "required"} == {"a": "warn", "b": "stop"}


def test_references_of_silver_are_texts_and_not_checked_as_keys():
    names = {check.name for check in implied(schemas.table("silver.observation"))}
    assert "reference" not in names


def test_concepts_are_looked_up_and_other_references_are_joined():
    checks = [c for c in implied(schemas.table("gold.measurement")) if c.name == "isForeignKey"]
    kinds = {check.column: type(check) for check in checks}
    assert kinds["unit_concept_id"] is Concepts
    assert kinds["visit_occurrence_id"] is Rows


def test_loose_ends_of_the_vocabulary_warn():
    checks = [c for c in implied(schemas.table("gold.concept_ancestor")) if c.name == "isForeignKey"]
    assert {check.severity for check in checks} == {"warn"}


def test_a_drug_strength_speaks_of_drugs_and_ingredients():
    checks = {check.name: check for check in implied(schemas.table("gold.drug_strength"))}
    assert "<> 'Drug'" in checks["fkDomain"].fails
    assert "<> 'Ingredient'" in checks["fkClass"].fails


def test_a_table_looks_into_what_it_refers_to_and_into_deaths():
    assert looks_into(schemas.table("gold.measurement")) == {
        "gold.person", "gold.death", "gold.concept", "gold.provider", "gold.visit_occurrence", "gold.visit_detail",
    }  # fmt: skip
    assert looks_into(schemas.table("gold.death")) == {"gold.person", "gold.concept"}


@pytest.mark.parametrize("layer", ["bronze", "silver", "gold"])
def test_no_table_is_without_a_suite(layer):
    for table in schemas.tables(layer):
        checks = suite(table)
        labels = [(c.name, c.column, c.severity, getattr(c, "concept", 0), getattr(c, "unit", 0)) for c in checks]
        assert len(checks) > 5, table.table
        named = [label for label, c in zip(labels, checks, strict=True) if not hasattr(c, "gender")]
        assert len(named) == len(set(named)), table.table
