"""silver.observation: results, one row each, whatever kind of value they have."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest

from jobs.silver._event_observation import of_observations
from jobs.silver.observation import build
from jobs.silver.practitioner import build as practitioners
from tests.hl7v2_messages import message, translated

UCUM = "http://unitsofmeasure.org"


def code(value):
    return {"coding": [{"system": "http://loinc.org", "code": value}]}


def observation(id="1", **given):
    return {
        "resourceType": "Observation",
        "id": id,
        "status": "final",
        "subject": {"reference": "Patient/1"},
        "code": code("2823-3"),
        **given,
    }


def millimetres(value):
    return {"value": value, "unit": "mmHg", "system": UCUM, "code": "mm[Hg]"}


@pytest.fixture
def results(fhir_records):
    """Rows in the order of observation and component."""

    def make(*resources):
        return build(fhir_records(*resources)).orderBy("resource_id", "component_index").collect()

    return make


@pytest.fixture
def only(results):
    def make(**given):
        [row] = results(observation(**given))
        return row

    return make


def test_a_quantity_keeps_its_unit_and_its_code(only):
    row = only(valueQuantity={"value": 4.1, "unit": "mmol/L", "system": UCUM, "code": "mmol/L"})
    assert (row.value_kind, row.value_number) == ("quantity", Decimal("4.1"))
    assert (row.value_unit, row.value_unit_code, row.value_unit_system) == ("mmol/L", "mmol/L", UCUM)


def test_a_number_of_more_digits_than_a_double_holds_is_exact(fhir_records):
    from pyspark.sql import functions as F

    sent = fhir_records(observation(valueQuantity={"value": 7}))
    exact = "12345678901234567.123456789012345678"
    [row] = build(sent.withColumn("payload", F.replace("payload", F.lit(":7"), F.lit(f":{exact}")))).collect()
    assert (row.value_sent, row.value_number) == (exact, Decimal(exact))


def test_a_comparator_stays_beside_its_number(only):
    row = only(valueQuantity={"value": 5, "comparator": "<"})
    assert (row.value_comparator, row.value_number) == ("<", Decimal(5))


def test_blood_pressure_is_a_panel_and_two_results(results):
    parts = [
        {"code": code("8480-6"), "valueQuantity": millimetres(120)},
        {"code": code("8462-4"), "valueQuantity": millimetres(80)},
    ]
    panel, systolic, diastolic = results(observation(component=parts, category=[code("vital-signs")]))
    assert (panel.component_index, panel.has_value, panel.is_panel) == (None, False, True)
    assert [(r.component_index, r.codes[0].code, r.value_number) for r in (systolic, diastolic)] == [
        (0, "8480-6", Decimal(120)),
        (1, "8462-4", Decimal(80)),
    ]
    assert (diastolic.is_panel, diastolic.category_codes[0].code) == (False, "vital-signs")


def test_results_of_one_resource_have_keys_of_their_own(results):
    rows = results(observation(component=[{"code": code("a")}, {"code": code("b")}]))
    assert len({row.observation_id for row in rows}) == 3


def test_a_value_beside_components_is_a_result_too(results):
    total, part = results(observation(valueInteger=7, component=[{"code": code("a"), "valueString": "calm"}]))
    assert (total.has_value, total.is_panel, total.value_number) == (True, False, Decimal(7))
    assert (part.value_kind, part.value_string) == ("string", "calm")


def test_a_panel_of_members_names_them(only):
    row = only(hasMember=[{"reference": "Observation/2"}, {"reference": "urn:uuid:3"}])
    assert (row.is_panel, row.member_refs) == (True, ["Observation/2", "Observation/3"])


def test_an_observation_without_a_value_says_why(only):
    row = only(dataAbsentReason={"coding": [{"code": "unknown"}]})
    assert (row.has_value, row.is_panel, [c.code for c in row.absent_codes], row.faults) == (
        False,
        False,
        ["unknown"],
        [],
    )


KINDS = {
    "concept": ({"valueCodeableConcept": {"coding": [{"code": "LA32-8"}], "text": "No"}}, "LA32-8"),
    "string": ({"valueString": "yellow"}, "yellow"),
    "boolean": ({"valueBoolean": False}, "false"),
    "integer": ({"valueInteger": 3}, "3"),
    "range": ({"valueRange": {"low": {"value": 2}, "high": {"value": 4}}}, "2 - 4"),
    "ratio": ({"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 128}}}, "1:128"),
    "sampled_data": (
        {"valueSampledData": {"origin": {"value": 0}, "period": 10, "dimensions": 1, "data": "1 2"}},
        None,
    ),
    "time": ({"valueTime": "08:30:00"}, "08:30:00"),
    "datetime": ({"valueDateTime": "2024-04-09"}, "2024-04-09"),
    "period": ({"valuePeriod": {"start": "2024-04-09", "end": "2024-04-10"}}, "2024-04-09"),
}


def test_every_kind_of_value_is_known_and_kept_as_sent(results):
    rows = results(*[observation(kind, **given) for kind, (given, _) in KINDS.items()])
    assert {row.resource_id: (row.value_kind, row.value_sent) for row in rows} == {
        kind: (kind, sent) for kind, (_, sent) in KINDS.items()
    }


def test_the_parts_of_ranges_ratios_periods_and_samples_are_typed(results):
    rows = {row.resource_id: row for row in results(*[observation(kind, **KINDS[kind][0]) for kind in KINDS])}
    assert (rows["range"].value_low, rows["range"].value_high) == (Decimal(2), Decimal(4))
    assert (rows["ratio"].value_low, rows["ratio"].value_high) == (Decimal(1), Decimal(128))
    assert (rows["period"].value_date, rows["period"].value_end_date) == (
        datetime.date(2024, 4, 9),
        datetime.date(2024, 4, 10),
    )
    assert (rows["sampled_data"].value_samples.data, rows["sampled_data"].value_samples.period_ms) == (
        "1 2",
        Decimal(10),
    )


def test_the_normal_range_is_the_one_without_a_type(only):
    ranges = [
        {"low": {"value": 1}, "high": {"value": 9}, "type": {"coding": [{"code": "critical"}]}},
        {"low": {"value": 3.5}, "high": {"value": 5.1, "unit": "mmol/L"}, "text": "adults"},
    ]
    row = only(valueQuantity={"value": 4}, referenceRange=ranges)
    assert (row.reference_low, row.reference_high, row.reference_unit) == (Decimal("3.5"), Decimal("5.1"), "mmol/L")
    assert len(row.reference_ranges) == 2


def test_of_normal_ranges_of_several_kinds_of_people_none_is_guessed(results):
    def span(low, **given):
        return {"low": {"value": low}, "high": {"value": low + 1}, **given}

    women, men = ({"appliesTo": [{"coding": [{"code": sex}]}]} for sex in ("female", "male"))
    ranges = {
        "alone": [span(1, **women)],
        "everybody": [span(1, **women), span(2)],
        "several": [span(1, **women), span(2, **men)],
        "ages": [span(1, age={"low": {"value": 0}}), span(2, age={"low": {"value": 18}})],
        "words": [span(1, type={"text": "Critical"}), span(2)],
    }
    sent = [observation(id=name, valueQuantity={"value": 4}, referenceRange=some) for name, some in ranges.items()]
    found = {row.resource_id: row.reference_low for row in results(*sent)}
    assert found == {"alone": 1, "everybody": 2, "several": None, "ages": None, "words": 2}


def test_what_was_not_measured_or_asked_is_no_result(rows, fhir_records):
    def absent(name, code, **given):
        reason = {"dataAbsentReason": {"coding": [{"code": code}]}}
        return observation(id=name, effectiveDateTime="2024-04-10", **reason, **given)

    reasons = [absent(one, one) for one in ("not-performed", "not-asked", "unknown", "error")]
    built = build(fhir_records(*reasons, absent("valued", "not-performed", valueString="seen")))
    events = of_observations(built, rows("silver.concept_map"))
    named = events.join(built, events.source_row_id == built.observation_id, how="inner")
    found = {row.resource_id: row.excluded for row in named.select("resource_id", "excluded").collect()}
    assert found == {
        **{"not-performed": "not_done", "not-asked": "not_done"},
        **dict.fromkeys(("unknown", "error", "valued")),
    }


def test_a_period_is_true_from_its_start_to_its_end(only):
    row = only(effectivePeriod={"start": "2024-04-10T02:00:00Z", "end": "2024-04-10T14:00:00Z"})
    assert (row.effective_date, row.effective_end_date) == (datetime.date(2024, 4, 9), datetime.date(2024, 4, 10))


@pytest.mark.parametrize(
    ("timing", "began", "ended"),
    [
        ({"event": ["2024-04-10T02:00:00Z", "2024-04-12T02:00:00Z"]}, datetime.date(2024, 4, 9), None),
        ({"repeat": {"boundsPeriod": {"start": "2024-04-10", "end": "2024-04-12"}}}, datetime.date(2024, 4, 10),
         datetime.date(2024, 4, 12)),
        ({"code": {"text": "nightly"}}, None, None),
    ],
)  # fmt: skip
def test_what_was_done_on_a_schedule_began_with_it(only, timing, began, ended):
    row = only(effectiveTiming=timing)
    assert (row.effective_date, row.effective_end_date, row.faults) == (began, ended, [])
    assert only(effectiveTiming={"event": ["2024-04-31"]}).faults == ["malformed_date"]


def test_the_performer_who_is_a_person_is_taken(only):
    row = only(performer=[{"reference": "Organization/9"}, {"reference": "PractitionerRole/5"}])
    assert (row.practitioner_ref, row.performer_refs) == (
        "PractitionerRole/5",
        ["Organization/9", "PractitionerRole/5"],
    )


def test_who_ordered_a_laboratorys_result_is_known_and_is_told(rows, fhir_records):
    told = translated(
        rows,
        message("ORU^R01", 8, "PID|1||7^^^H^MR", f"ORC|RE{'|' * 11}97^Roe^Rae^^^^^^NPI", "OBR|1||F1^LAB|1^Panel^L",
                "OBX|1|NM|2823-3^Potassium^LN||4.1||||||F"),
    )  # fmt: skip
    [row] = build(fhir_records(), told).collect()
    [doctor] = practitioners(fhir_records(), told).collect()
    assert (row.requester_ref, row.practitioner_ref) == ("Practitioner/NPI-97", None)
    assert row.requester_ref in doctor.aliases


def test_extensions_of_others_say_nothing_of_who_ordered(only):
    others = [{"url": "http://example.org/x", "valueReference": {"reference": "Practitioner/1"}}, {"url": "y"}]
    assert only(extension=others).requester_ref is None


def test_an_event_is_of_who_made_the_result_or_else_of_who_ordered_it(rows):
    said = [("Practitioner/1", "Practitioner/2"), (None, "Practitioner/2"), ("Practitioner/1", None), (None, None)]
    results = rows(
        "silver.observation",
        *[
            {"observation_id": n, "practitioner_ref": made, "requester_ref": asked}
            for n, (made, asked) in enumerate(said)
        ],
    )
    found = of_observations(results, rows("silver.concept_map")).orderBy("source_row_id").collect()
    assert [row.practitioner_ref for row in found] == ["Practitioner/1", "Practitioner/2", "Practitioner/1", None]


def test_a_result_about_a_device_has_no_patient_key_and_no_fault(only):
    row = only(subject={"reference": "Device/1"}, valueInteger=1)
    assert (row.patient_ref, row.patient_id, row.faults) == ("Device/1", None, [])


def test_faults_have_names_and_an_unknown_code_is_none(results):
    rows = results(
        observation("1", valueQuantity={"value": "high"}),
        observation("2", code={}),
        observation("3", effectiveDateTime="2024-02-30T10:00:00Z"),
        observation("4", subject=None),
        observation("5", effectivePeriod={"start": "2024-02-02", "end": "2024-02-01"}),
        observation("6", code=code("never seen")),
    )
    assert {row.resource_id: row.faults for row in rows} == {
        "1": ["value_not_a_number"],
        "2": ["no_code"],
        "3": ["malformed_date"],
        "4": ["no_subject"],
        "5": ["bad_period"],
        "6": [],
    }


def test_a_faulty_component_leaves_the_others_in_peace(results):
    parts = [{"valueQuantity": millimetres(1)}, {"code": code("8462-4"), "valueQuantity": millimetres(80)}]
    assert [row.faults for row in results(observation(component=parts))] == [[], ["no_code"], []]
