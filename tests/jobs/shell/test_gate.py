"""The gate on small tables: what each rule counts, what stops, what is told and what never is."""

import datetime
import json

import pytest

import schemas
from jobs.shell import gate
from jobs.shell.lookups import Lookups

AS_OF = "2026-03-01"
DAY = datetime.date(2020, 5, 17)
CONCEPTS = [
    (0, "Metadata", "S"), (8507, "Gender", "S"), (8532, "Gender", "S"), (32817, "Type Concept", "S"),
    (201826, "Condition", "S"), (26662, "Condition", "S"), (44820047, "Condition", None), (1127433, "Drug", "S"),
    (3004249, "Measurement", "S"), (8876, "Unit", "S"), (8840, "Unit", "S"),
]  # fmt: skip


@pytest.fixture
def lake(rows):
    """Other tables that the gates look into; a test may put its own in their place."""
    people = [
        {"person_id": i, "gender_concept_id": gender, "year_of_birth": 1950, "race_concept_id": 0,
         "ethnicity_concept_id": 0}
        for i, gender in ((1, 8507), (2, 8532))
    ]  # fmt: skip
    concepts = [
        {"concept_id": one, "domain_id": domain, "concept_class_id": "x", "standard_concept": standard}
        for one, domain, standard in CONCEPTS
    ]
    visit = {"visit_occurrence_id": 5, "person_id": 1, "visit_start_date": DAY, "visit_end_date": DAY}
    return {
        "gold.person": rows("gold.person", *people),
        "gold.concept": rows("gold.concept", *concepts),
        "gold.visit_occurrence": rows("gold.visit_occurrence", visit),
        "gold.death": rows("gold.death", {"person_id": 2, "death_date": datetime.date(2019, 1, 1)}),
    }


@pytest.fixture(params=["duckdb", "spark"])
def judge(spark, rows, lake, request):
    """`judge("gold.condition_occurrence", {...}, ...)`: the judgement of a table of these rows, by either engine."""

    def run(table, *given, previous=None, accounting=None, accepted=frozenset(), changes=None):
        lookups = Lookups(spark, lake.get)
        made = rows(table, *given)
        context = gate.GateContext(
            lookups,
            as_of=AS_OF,
            at_hand=made.toArrow() if request.param == "duckdb" else None,
            previous=previous or {},
            accounting=accounting or {},
            accepted=accepted,
            changes=changes or {},
        )
        try:
            return gate.judge(schemas.table(table), made, context)
        finally:
            lookups.close()

    return run


def _condition(key=1, **given):
    return {
        "condition_occurrence_id": key, "person_id": 1, "condition_concept_id": 201826, "condition_start_date": DAY,
        "condition_type_concept_id": 32817, **given,
    }  # fmt: skip


def _of(judged, check, column=None):
    return [v for v in judged.verdicts if v.check == check and column in (None, v.column)]


def _counts(judged, check, column):
    [verdict] = _of(judged, check, column)
    return verdict.outcome, verdict.failed, verdict.rows


def test_a_good_table_passes_every_stop_and_may_be_published(judge):
    judged = judge("gold.condition_occurrence", _condition(), _condition(2))
    assert judged.stopped == []
    judged.enforce()


def test_every_row_rule_counts_its_rows_and_no_others(judge):
    judged = judge(
        "gold.condition_occurrence",
        _condition(1),
        _condition(2, condition_start_date=None),
        _condition(3, condition_start_date=datetime.date(1949, 12, 31)),
        _condition(4, condition_start_date=datetime.date(2026, 3, 3), person_id=2),
        _condition(5, condition_end_date=DAY - datetime.timedelta(days=1)),
        _condition(6, person_id=77),
        _condition(7, visit_occurrence_id=5),
        _condition(8, visit_occurrence_id=5, condition_start_date=DAY + datetime.timedelta(days=9)),
        _condition(9, visit_occurrence_id=6),
        _condition(10, visit_occurrence_id=5, person_id=2),
        _condition(11, condition_source_value="x" * 51),
    )
    start = "condition_start_date"
    assert _counts(judged, "isRequired", start) == ("failed", 1, 11)
    assert _counts(judged, "plausibleValueLow", start) == ("failed", 1, 10)
    assert _counts(judged, "plausibleValueHigh", start) == ("failed", 1, 10)
    assert _counts(judged, "plausibleStartBeforeEnd", start) == ("failed", 1, 11)
    assert _counts(judged, "isForeignKey", "person_id") == ("failed", 1, 11)
    assert _counts(judged, "isForeignKey", "visit_occurrence_id") == ("failed", 1, 11)
    assert _counts(judged, "visit_of_person", "visit_occurrence_id") == ("failed", 1, 3)
    assert _counts(judged, "withinVisitDates", start) == ("failed", 1, 3)
    assert _counts(judged, "plausibleAfterBirth", start) == ("failed", 1, 10)
    # Only person 2 has died: two rows of hers, both long after.
    assert _counts(judged, "plausibleBeforeDeath", start) == ("failed", 2, 2)
    assert _counts(judged, "max_length", "condition_source_value") == ("failed", 1, 1)


def test_what_fills_a_source_value_may_have_been_cut_and_is_counted(judge):
    judged = judge("gold.condition_occurrence", *[_condition(n, condition_source_value="x" * n) for n in (48, 49, 50)])
    [verdict] = _of(judged, "cut", "condition_source_value")
    assert (verdict.outcome, verdict.severity, verdict.failed, verdict.rows) == ("failed", "warn", 1, 3)
    assert judged.stopped == []


def test_concepts_are_looked_up_and_zero_is_no_concept_of_a_wrong_domain(judge):
    concepts = (201826, 0, 1127433, 44820047, 1999999999)
    given = [_condition(i, condition_concept_id=one) for i, one in enumerate(concepts)]
    judged = judge("gold.condition_occurrence", *given)
    column = "condition_concept_id"
    assert _counts(judged, "isForeignKey", column) == ("failed", 1, 5)
    assert _counts(judged, "fkDomain", column) == ("failed", 1, 5)
    assert _counts(judged, "isStandardValidConcept", column) == ("failed", 1, 5)
    assert _counts(judged, "standardConceptRecordCompleteness", column) == ("failed", 1, 5)


def test_every_row_of_a_doubled_key_counts(judge):
    judged = judge("gold.condition_occurrence", _condition(1), _condition(1), _condition(2))
    assert _counts(judged, "isPrimaryKey", "condition_occurrence_id") == ("failed", 2, 3)


def test_a_concept_of_men_in_a_woman_is_implausible(judge):
    given = [_condition(i, condition_concept_id=26662, person_id=1 + (i > 7)) for i in range(10)]
    judged = judge("gold.condition_occurrence", *given)
    assert _counts(judged, "plausibleGender", "condition_concept_id=26662") == ("failed", 2, 10)


def test_concepts_that_do_not_occur_are_told_in_one_verdict(judge):
    judged = judge("gold.condition_occurrence", _condition())
    [verdict] = _of(judged, "plausibleGender")
    assert (verdict.outcome, verdict.message) == ("not_applicable", "205 concepts do not occur")


def _pressure(key, unit, sent="mm[Hg]", value=120.0):
    return {
        "measurement_id": key, "person_id": 1, "measurement_concept_id": 3004249, "measurement_date": DAY,
        "measurement_type_concept_id": 32817, "value_as_number": value, "unit_concept_id": unit,
        "unit_source_value": sent,
    }  # fmt: skip


def test_a_missing_unit_is_missing_and_not_implausible(judge):
    # DQD issue 602. Ion: 3006315 (basophils) may be in 8848 and others, not in mg/dL.
    given = [{**_pressure(i, unit), "measurement_concept_id": 3006315} for i, unit in enumerate([8848, 8840, None])]
    judged = judge("gold.measurement", *given)
    assert _counts(judged, "plausibleUnitConceptIds", "measurement_concept_id=3006315") == ("failed", 1, 3)


def test_a_pressure_that_no_body_has_is_counted_in_its_unit_only(judge):
    judged = judge("gold.measurement", _pressure(1, 8876), _pressure(2, 8876, value=1200.0), _pressure(3, 8840))
    label = "measurement_concept_id=3004249, unit=8876"
    assert _counts(judged, "body_high", label) == ("failed", 1, 2)
    assert _counts(judged, "body_low", label) == ("passed", 0, 2)


def test_periods_that_touch_overlap_and_a_gap_of_two_days_does_not(judge):
    def period(key, first, last, person=1):
        return {
            "observation_period_id": key, "person_id": person, "period_type_concept_id": 32817,
            "observation_period_start_date": first, "observation_period_end_date": last,
        }  # fmt: skip

    day = datetime.timedelta(days=1)
    good = judge("gold.observation_period", period(1, DAY, DAY), period(2, DAY + 2 * day, DAY + 3 * day))
    bad = judge("gold.observation_period", period(1, DAY, DAY), period(2, DAY + day, DAY + 3 * day))
    assert _counts(good, "measureObservationPeriodOverlap", "") == ("passed", 0, 2)
    assert _counts(bad, "measureObservationPeriodOverlap", "") == ("failed", 1, 2)
    # Person 2 has no period at all.
    assert _counts(good, "measurePersonCompleteness", "") == ("failed", 1, 2)


def test_an_empty_era_table_fails_where_there_are_conditions(judge, lake, rows):
    # DQD issue 526: empty is not the same as not applicable.
    lake["gold.condition_occurrence"] = rows("gold.condition_occurrence", _condition(), _condition(2, person_id=2))
    assert _counts(judge("gold.condition_era"), "measureConditionEraCompleteness", "") == ("failed", 2, 2)


def test_on_an_empty_table_most_checks_are_not_applicable(judge):
    judged = judge("gold.note_nlp")
    assert {v.outcome for v in _of(judged, "isRequired")} == {"not_applicable"}
    assert judged.stopped == []


def test_a_column_too_few_stops_before_anything_is_counted(spark, rows, lake):
    short = rows("gold.death", {"person_id": 1, "death_date": DAY}).drop("cause_concept_id")
    judged = gate.judge(schemas.table("gold.death"), short, gate.GateContext(Lookups(spark, lake.get), as_of=AS_OF))
    assert [(v.check, v.column) for v in judged.stopped] == [("cdmField", "cause_concept_id")]


def test_the_message_says_which_check_table_share_and_threshold(judge):
    judged = judge("gold.condition_occurrence", _condition(1), _condition(1))
    with pytest.raises(gate.GateFailed) as raised:
        judged.enforce()
    assert str(raised.value) == (
        "gold.condition_occurrence: gate stopped: isPrimaryKey of gold.condition_occurrence.condition_occurrence_id: "
        "2 of 2 rows, 1 of them, at most 0 may (no two rows with one key)"
    )


def test_a_warning_does_not_stop(judge):
    judged = judge("gold.condition_occurrence", _condition(condition_concept_id=0))
    [verdict] = _of(judged, "standardConceptRecordCompleteness", "condition_concept_id")
    assert (verdict.outcome, verdict.severity, verdict.stops) == ("failed", "warn", False)


def test_an_accepted_failure_is_told_and_does_not_stop(judge):
    accepted = frozenset({"gold.condition_occurrence:isPrimaryKey"})
    judged = judge("gold.condition_occurrence", _condition(1), _condition(1), accepted=accepted)
    assert _counts(judged, "isPrimaryKey", "condition_occurrence_id")[0] == "failed"
    assert judged.stopped == []


def test_a_row_that_nobody_can_account_for_stops(judge):
    judged = judge("gold.condition_occurrence", _condition(), accounting={"in": 2, "out": 1, "missing": 1})
    assert [(v.check, v.failed, v.rows) for v in judged.stopped] == [("row_accounting", 1, 2)]


def test_no_value_of_a_row_leaves_the_gate(judge):
    secret = "Zebrafinch"
    given = [_condition(i, condition_source_value=secret, stop_reason=secret) for i in range(25)]
    judged = judge("gold.condition_occurrence", *given, _condition(1, condition_source_value=secret * 9))
    told = json.dumps([[vars(v) for v in judged.verdicts], judged.measures, judged.result.to_json_dict()])
    assert secret not in told


def _event(key, code, concept, vocabulary="ICD10CM"):
    return {
        "event_id": key, "target": "condition_occurrence", "source_table": "silver.condition", "source_row_id": key,
        "concept_id": concept, "source_concept_id": concept, "source_vocabulary_id": vocabulary, "source_code": code,
        "type_concept_id": 32817, "start_date": DAY, "tenant": "t", "feed": "f", "record_ids": [key],
    }  # fmt: skip


def test_a_vocabulary_below_nine_in_ten_warns_by_name(judge):
    given = [_event(i, "E11.9", 201826 if i < 8 else 0) for i in range(10)]
    judged = judge("silver.clinical_event", *given, _event(11, "1", 5, "LOINC"))
    outcomes = {v.column: (v.outcome, v.severity, v.failed, v.rows) for v in _of(judged, "coverage")}
    assert outcomes == {"ICD10CM": ("failed", "warn", 2, 10), "LOINC": ("passed", "warn", 0, 1)}


def test_a_vocabulary_that_matched_and_matches_nothing_now_stops(judge):
    previous = {"rows": 30, "coverage": {"ICD10CM": [28, 30]}}
    judged = judge("silver.clinical_event", *[_event(i, "E119", 0) for i in range(30)], previous=previous)
    assert [(v.check, v.column) for v in judged.stopped] == [("coverage_fall", "ICD10CM")]


def test_a_vocabulary_that_matched_and_has_no_row_now_stops(judge):
    given = [_event(i, "E119", 0, None) for i in range(30)]
    previous = {"rows": 30, "coverage": {"ICD10CM": [28, 30], "LOINC": [5, 6]}}
    judged = judge("silver.clinical_event", *given, previous=previous)
    assert [(v.check, v.column, v.failed, v.rows) for v in judged.stopped] == [("coverage_fall", "ICD10CM", 30, 30)]


def test_a_fall_of_ten_points_stops_and_a_smaller_one_does_not(judge):
    def fallen(mapped):
        given = [_event(i, "E11.9", 201826 if i < mapped else 0) for i in range(100)]
        previous = {"rows": 100, "coverage": {"ICD10CM": [95, 100]}}
        return [v.check for v in judge("silver.clinical_event", *given, previous=previous).stopped]

    assert fallen(86) == []
    assert fallen(80) == ["coverage_fall"]


def test_half_the_rows_gone_since_the_last_publication_stops(judge):
    judged = judge("gold.condition_occurrence", _condition(), previous={"rows": 300})
    assert [(v.check, v.severity) for v in judged.stopped] == [("volume", "stop")]


def test_a_row_that_is_missing_stops_a_build_that_changed_nothing():
    table = schemas.table("gold.death")
    [passed] = gate.accounted(table, {"in": 3, "out": 3, "missing": 0}, frozenset())
    assert (passed.check, passed.outcome) == ("row_accounting", gate.PASSED)
    with pytest.raises(gate.GateFailed, match="gold.death: gate stopped: row_accounting"):
        gate.accounted(table, {"in": 3, "out": 2, "missing": 1}, frozenset())


def test_a_build_that_changes_most_of_what_was_there_warns(judge):
    given, before = [_condition(n) for n in range(120)], {"rows": 120}
    most, few = ({"inserted": 0, "updated": n, "deleted": 0} for n in (100, 3))
    assert [
        v.outcome for v in _of(judge("gold.condition_occurrence", *given, previous=before, changes=most), "rewritten")
    ] == ["failed"]
    assert [
        v.outcome for v in _of(judge("gold.condition_occurrence", *given, previous=before, changes=few), "rewritten")
    ] == ["passed"]
