"""The gold declarations against the control files of OMOP CDM 5.4, where those are at hand."""

import csv
import os
import pathlib
import re

import pytest

import schemas

REFERENCE = pathlib.Path(os.environ.get("LAKEWARD_REFERENCE", "/work/shared/reference")) / "omop-cdm-5.4"
FIELDS = REFERENCE / "CommonDataModel__OMOP_CDMv5.4_Field_Level.csv"
QUALITY = REFERENCE / "DataQualityDashboard__OMOP_CDMv5.4_Field_Level.csv"
needs_reference = pytest.mark.skipif(not FIELDS.is_file(), reason="the OMOP control files are not here")
# The standard writes float; money is decimal in this house (ADR on keys and types).
MONEY = "decimal(19,4)"


def _bare(name):
    return name.strip('"').lower()


def _facts(path):
    found = {}
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            found.setdefault(_bare(row["cdmTableName"]), {})[_bare(row["cdmFieldName"])] = row
    return found


def _standard_tables():
    return {t.name: t for t in schemas.tables("gold") if (t.standard or "").startswith("OMOP CDM 5.4")}


def _standard_columns(table):
    return {c.name: c for c in table.columns.values() if not c.trace}


@needs_reference
def test_all_39_tables_are_there_with_the_standards_columns_in_its_order():
    declared = {name: list(_standard_columns(table)) for name, table in _standard_tables().items()}
    assert declared == {name: list(fields) for name, fields in _facts(FIELDS).items()}


@needs_reference
def test_required_is_what_the_standard_requires():
    required = {
        (name, column.name)
        for name, table in _standard_tables().items()
        for column in _standard_columns(table).values()
        if column.required
    }
    facts = _facts(FIELDS)
    assert required == {
        (t, c) for t, fields in facts.items() for c, row in fields.items() if row["isRequired"] == "Yes"
    }


def _type_of(given):
    kind = given.lower()
    if kind in ("integer", "bigint"):
        return {"int", "bigint"}
    if kind == "float":
        return {"double", MONEY}
    return {"date": {"date"}, "datetime": {"timestamp"}}.get(kind, {"string"})


@needs_reference
def test_every_type_is_the_standards_with_64_bits_for_ids():
    tables = _standard_tables()
    wrong = [
        f"{t}.{c}: {tables[t].columns[c].type}"
        for t, fields in _facts(FIELDS).items()
        for c, row in fields.items()
        if tables[t].columns[c].type not in _type_of(row["cdmDatatype"])
        or (tables[t].columns[c].type == MONEY and t != "cost")
    ]
    assert wrong == []


@needs_reference
def test_every_length_is_the_standards():
    tables = _standard_tables()
    wrong = []
    for t, fields in _facts(FIELDS).items():
        for c, row in fields.items():
            length = re.fullmatch(r"varchar\((\d+)\)", row["cdmDatatype"].lower())
            if tables[t].columns[c].max_length != (int(length[1]) if length else None):
                wrong.append(f"{t}.{c}")
    assert wrong == []


@needs_reference
def test_every_foreign_key_of_the_standard_is_declared():
    tables = _standard_tables()
    missing = [
        f"{t}.{c}"
        for t, fields in _facts(FIELDS).items()
        for c, row in fields.items()
        if row["isForeignKey"] == "Yes" and tables[t].columns[c].refers_to != f"gold.{row['fkTableName'].lower()}"
    ]
    assert missing == []


@needs_reference
def test_domains_and_standard_concepts_are_those_that_the_quality_dashboard_asks_for():
    tables = _standard_tables()
    wrong = []
    for t, fields in _facts(QUALITY).items():
        for c, row in fields.items():
            column = tables[t].columns[c]
            asked = (row["fkDomain"] or None, row["isStandardValidConcept"] == "Yes")
            if (column.concept, column.standard) != asked:
                wrong.append(f"{t}.{c}")
    assert wrong == []


def test_trace_columns_come_last_and_say_so_by_their_name():
    for table in schemas.tables("gold"):
        marks = [column.trace for column in table.columns.values()]
        assert marks == sorted(marks), table.table
        assert all(c.name.startswith("lw_") == c.trace for c in table.columns.values()), table.table


def test_every_person_scoped_table_has_the_column_it_is_replaced_by():
    for table in schemas.tables("gold"):
        if table.scope == "person":
            assert table.scoped_by in table.columns
            assert table.columns[table.scoped_by].type == "bigint"


def test_concept_ids_are_never_taken_for_surrogate_keys():
    clinical = [t for t in schemas.tables("gold") if t.name != "concept" and t.scope == "person"]
    for table in clinical:
        kinds = {c.type for c in table.columns.values() if c.name.endswith("_concept_id")}
        assert kinds <= {"int"}, table.table
