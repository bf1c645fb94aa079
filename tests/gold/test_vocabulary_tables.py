"""The ten vocabulary tables of gold: the standard's columns, and no row that points to nothing."""

from __future__ import annotations

import csv
import datetime
import pathlib

import pytest

import schemas
from jobs.gold import concept_relationship
from jobs.shell.vocabulary_files import TABLES

FIELDS = (
    pathlib.Path(__file__).resolve().parents[3]
    / "shared/reference/omop-cdm-5.4/CommonDataModel__OMOP_CDMv5.4_Field_Level.csv"
)
DATES = {"valid_start_date": datetime.date(1970, 1, 1), "valid_end_date": datetime.date(2099, 12, 31)}


def spark_type(column, said):
    said = said.lower()
    if said == "integer":
        return "bigint" if column.endswith("_id") or "concept_id_" in column else "int"
    return {"float": "double", "date": "date"}.get(said, "string")


@pytest.mark.skipif(not FIELDS.exists(), reason="the reference is not here")
@pytest.mark.parametrize("name", TABLES)
def test_columns_are_those_of_the_standard_in_order(name):
    with FIELDS.open(encoding="utf-8-sig") as lines:
        fields = [row for row in csv.DictReader(lines) if row["cdmTableName"].lower() == name]
    standard = [
        (
            row["cdmFieldName"].lower(),
            spark_type(row["cdmFieldName"].lower(), row["cdmDatatype"]),
            row["isRequired"] == "Yes",
        )
        for row in fields
    ]
    declared = [(c.name, c.type, c.required) for c in schemas.table(f"gold.{name}").columns.values() if not c.trace]
    assert declared == standard


def test_a_relation_to_a_concept_that_is_not_there_is_left_out(rows):
    concepts = rows("bronze.concept", {"concept_id": 1}, {"concept_id": 2})
    relations = rows(
        "bronze.concept_relationship",
        {"concept_id_1": 1, "concept_id_2": 2},
        {"concept_id_1": 1, "concept_id_2": 9},
        {"concept_id_1": 9, "concept_id_2": 2},
        relationship_id="Maps to",
        origin="load",
        **DATES,
    )
    [row] = concept_relationship.build(relations, concepts).collect()
    assert (row.concept_id_1, row.concept_id_2, row.lw_origin) == (1, 2, "load")
