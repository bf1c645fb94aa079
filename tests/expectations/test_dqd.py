"""Our checks against the control files of DataQualityDashboard 2.8.4, one for one, where those are at hand."""

import collections
import csv
import os
import pathlib
import re

import pytest

import schemas
from expectations.check import STOP, Genders, Limits, Units
from expectations.suite import suite

REFERENCE = pathlib.Path(os.environ.get("LAKEWARD_REFERENCE", "/work/shared/reference")) / "omop-cdm-5.4"
CONTROL = "DataQualityDashboard__OMOP_CDMv5.4_{}_Level.csv"
needs_reference = pytest.mark.skipif(not REFERENCE.is_dir(), reason="the control files are not here")
YES_NO = (
    "isRequired", "isStandardValidConcept", "measureValueCompleteness", "standardConceptRecordCompleteness",
    "sourceConceptRecordCompleteness", "sourceValueCompleteness", "plausibleTemporalAfter", "plausibleDuringLife",
    "withinVisitDates", "plausibleAfterBirth", "plausibleBeforeDeath", "plausibleStartBeforeEnd", "isPrimaryKey",
    "isForeignKey",
)  # fmt: skip
WITH_A_VALUE = ("fkDomain", "fkClass", "plausibleValueLow", "plausibleValueHigh")
# The file makes cohort_definition point to cohort, which would forbid a definition whose cohort is still empty.
NOT_OURS = {("isForeignKey", "cohort_definition", "cohort_definition_id", 0.0)}


def _control(level):
    with (REFERENCE / CONTROL.format(level)).open(encoding="utf-8", newline="") as lines:
        return [
            {**row, "t": row["cdmTableName"].lower(), "c": row.get("cdmFieldName", "").strip('"').lower()}
            for row in csv.DictReader(lines)
        ]


def _rendered(*kinds):
    """(check, table, column, threshold) of every check of gold; trace columns are ours alone."""
    return {
        (check.name, table.name, check.column, check.threshold)
        for table in schemas.tables("gold")
        for check in suite(table)
        if not isinstance(check, Genders | Units | Limits)
        and not check.column.startswith("lw_")
        and (not kinds or check.name in kinds)
    }


@needs_reference
@pytest.mark.parametrize("name", [*YES_NO, *WITH_A_VALUE])
def test_a_field_check_stands_on_the_same_fields_with_the_same_thresholds(name):
    asked = {
        (name, row["t"], row["c"], float(row[f"{name}Threshold"]) / 100)
        for row in _control("Field")
        if (row[name] == "Yes" if name in YES_NO else row[name])
    }
    assert asked
    ours = _rendered(name)
    assert asked - NOT_OURS <= ours
    # References that the standard describes and does not declare are checked besides.
    extra = {(table, column) for _, table, column, _ in ours - asked}
    assert extra <= {("cost", "payer_plan_period_id"), ("note_nlp", "note_id"), ("episode", "episode_parent_id")}


@needs_reference
@pytest.mark.parametrize(
    "name", ["measurePersonCompleteness", "measureConditionEraCompleteness", "measureObservationPeriodOverlap"]
)
def test_a_table_check_stands_on_the_same_tables_with_the_same_thresholds(name):
    asked = {
        (name, row["t"], "", float(row[f"{name}Threshold"]) / 100) for row in _control("Table") if row[name] == "Yes"
    }
    assert _rendered(name) == asked


@needs_reference
def test_every_concept_has_the_gender_the_control_file_gives_it():
    asked, ours = set(), set()
    for row in _control("Concept"):
        for column, below in (("plausibleGender", False), ("plausibleGenderUseDescendants", True)):
            if row[column]:
                ids = tuple(int(one) for one in re.findall(r"\d+", row["conceptId"]))
                gender = {"Male": 8507, "Female": 8532}[row[column]]
                asked.add((row["t"], row["c"], ids, gender, below, float(row[f"{column}Threshold"]) / 100))
    for table in schemas.tables("gold"):
        for check in suite(table):
            if isinstance(check, Genders):
                ours.add((table.name, check.column, check.concepts, check.gender, check.descendants, check.threshold))
    assert ours == asked
    assert collections.Counter(below for *_, below, _ in ours) == {False: 287, True: 4}


@needs_reference
def test_every_concept_has_the_units_the_control_file_gives_it():
    asked = {
        (int(row["conceptId"]), frozenset(int(one) for one in re.findall(r"-?\d+", row["plausibleUnitConceptIds"])))
        for row in _control("Concept")
        if row["plausibleUnitConceptIdsThreshold"]
    }
    checks = [check for check in suite(schemas.table("gold.measurement")) if isinstance(check, Units)]
    assert {(check.concept, frozenset(check.units)) for check in checks} == asked
    assert len(checks) == 181
    assert {check.threshold for check in checks} == {0.05}


@needs_reference
def test_every_concept_has_the_limits_the_control_file_gives_it():
    asked = {
        tuple(float(row[name]) for name in ("conceptId", "unitConceptId", "plausibleValueLow", "plausibleValueHigh"))
        for row in _control("Concept")
        if row["plausibleValueLow"]
    }
    found = collections.defaultdict(dict)
    for check in suite(schemas.table("gold.observation")):
        if isinstance(check, Limits):
            bound = "low" if check.low is not None else "high"
            found[check.concept, check.unit][bound] = check.low if bound == "low" else check.high
    assert {(*pair, bounds["low"], bounds["high"]) for pair, bounds in found.items()} == asked
    assert len(asked) == 9


@needs_reference
def test_all_27_check_types_are_rendered():
    with (REFERENCE / "DataQualityDashboard__OMOP_CDMv5.4_Check_Descriptions.csv").open(encoding="utf-8") as lines:
        asked = {row["checkName"]: row["severity"] for row in csv.DictReader(lines)}
    assert len(asked) == 27
    ours = {check.name for table in schemas.tables("gold") for check in suite(table)}
    assert asked.keys() <= ours


@needs_reference
def test_what_the_dashboard_calls_fatal_stops():
    with (REFERENCE / "DataQualityDashboard__OMOP_CDMv5.4_Check_Descriptions.csv").open(encoding="utf-8") as lines:
        fatal = {row["checkName"] for row in csv.DictReader(lines) if row["severity"] == "fatal"}
    clinical = [t for t in schemas.tables("gold") if t.scope == "person"]
    severities = {
        (table.name, check.name): check.severity for table in clinical for check in suite(table) if check.name in fatal
    }
    assert severities
    assert set(severities.values()) == {STOP}


def test_domains_stop_and_completeness_warns():
    severities = {check.name: check.severity for check in suite(schemas.table("gold.condition_occurrence"))}
    assert severities["fkDomain"] == "stop"
    assert severities["standardConceptRecordCompleteness"] == "warn"
    assert severities["plausibleAfterBirth"] == "warn"
