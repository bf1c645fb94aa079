"""silver.claim_item: lines of claims."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest

from jobs.silver.claim_item import build
from tests.bills import CLAIM


def claim_of(*items, **given):
    return {**CLAIM, "item": list(items), **given}


def line_of(sequence, **given):
    return {"sequence": sequence, "productOrService": {"text": "a service"}, **given}


@pytest.fixture
def lines(fhir_records):
    def make(resource):
        return sorted(build(fhir_records(resource)).collect(), key=lambda row: (row.line is not None, row.line))

    return make


def test_each_line_of_a_claim_is_a_row(lines):
    rows = lines(CLAIM)
    assert [row.line for row in rows] == [1, 2, 3, 4]
    assert [row.net_amount for row in rows] == [None, Decimal("136.0000"), None, Decimal("431.4000")]
    assert len({row.claim_item_id for row in rows}) == 4
    assert {(row.claim_id, row.patient_ref, row.payer_name) for row in rows} == {
        (rows[0].claim_id, "Patient/1", "Anthem")
    }


def test_a_line_points_to_what_it_charges_for(lines):
    rows = lines(CLAIM)
    assert [row.event_refs for row in rows] == [[], ["Immunization/i1"], [], ["Procedure/p1"]]
    assert [row.condition_refs for row in rows] == [[], [], ["Condition/c1"], []]


def test_lines_belong_to_the_only_encounter_that_the_claim_names(lines):
    assert {row.encounter_ref for row in lines(CLAIM)} == {"Encounter/e1"}


def test_of_two_encounters_none_is_chosen(lines):
    rows = lines(
        claim_of(
            line_of(1, encounter=[{"reference": "Encounter/e1"}]),
            line_of(2, encounter=[{"reference": "Encounter/e2"}]),
            line_of(3),
        )
    )
    assert [row.encounter_ref for row in rows] == ["Encounter/e1", "Encounter/e2", None]


def test_the_key_of_the_claim_is_that_of_its_lines(fhir_records):
    from jobs.silver.claim import build as claims

    records = fhir_records(CLAIM)
    [claim] = claims(records).collect()
    assert {row.claim_id for row in build(records).collect()} == {claim.claim_id}


def test_a_line_has_its_day_its_place_and_its_quantity(lines):
    given = line_of(
        1,
        servicedDate="2020-02-03",
        locationCodeableConcept={"coding": [{"code": "11"}]},
        modifier=[{"coding": [{"code": "25"}]}],
        revenue={"coding": [{"code": "0450"}]},
        quantity={"value": 2, "unit": "units"},
        unitPrice={"value": 10.005, "currency": "USD"},
    )
    [row] = lines(claim_of(given))
    assert (row.start_date, row.place_codes[0].code, row.quantity) == (datetime.date(2020, 2, 3), "11", 2)
    assert (row.modifier_codes[0].code, row.revenue_codes[0].code) == ("25", "0450")
    assert (row.unit_price, row.currency) == (Decimal("10.0050"), "USD")


def test_a_sequence_that_points_nowhere_points_to_nothing(lines):
    [row] = lines(claim_of(line_of(1, procedureSequence=[9])))
    assert (row.event_refs, row.faults) == ([], [])


def test_a_negative_line_is_a_reversal_and_no_fault(lines):
    [row] = lines(claim_of(line_of(1, net={"value": -5, "currency": "USD"})))
    assert (row.net_amount, row.faults) == (Decimal("-5.0000"), [])


def test_a_claim_without_lines_has_no_rows(lines):
    assert lines({k: v for k, v in CLAIM.items() if k != "item"}) == []


def test_two_lines_of_one_number_wait_and_the_third_goes_on(lines):
    rows = lines(claim_of(line_of(1), line_of(1), line_of(2)))
    assert [row.faults for row in rows] == [["repeated_line_number"], ["repeated_line_number"], []]


FAULTY = {
    "no_line_number": {"productOrService": {"text": "a service"}},
    "no_code": {"sequence": 1},
    "malformed_date": line_of(1, servicedDate="2020-02-31"),
    "bad_period": line_of(1, servicedPeriod={"start": "2020-02-02", "end": "2020-02-01"}),
    "mixed_currency": line_of(1, net={"value": 1, "currency": "USD"}, unitPrice={"value": 1, "currency": "EUR"}),
}


def test_a_line_that_cannot_be_used_says_why(fhir_records):
    rows = build(fhir_records(*[claim_of(item, id=fault) for fault, item in FAULTY.items()])).collect()
    assert {row.resource_id: row.faults for row in rows} == {fault: [fault] for fault in FAULTY}


def test_lines_of_a_claim_in_quarantine_wait_with_it(lines):
    period = {"start": "2020-02-02", "end": "2020-02-01"}
    assert [row.faults for row in lines(claim_of(line_of(1), billablePeriod=period))] == [["faulty_header"]]


def part_of(number, whole="k1", **given):
    url = "https://lakeward.dev/fhir/part-of"
    return {
        "resourceType": "Claim",
        "id": f"{whole}-line-{number}",
        "extension": [{"url": url, "valueReference": {"reference": f"Claim/{whole}"}}],
        "item": [line_of(number)],
        **given,
    }


def test_a_line_that_comes_by_itself_is_a_line_of_the_whole_and_may_name_nobody(fhir_records):
    rows = build(fhir_records(part_of(1), part_of(2), claim_of(line_of(3)))).collect()
    by_line = {row.line: row for row in rows}
    assert len({row.claim_id for row in rows}) == 1
    assert len({row.claim_item_id for row in rows}) == 3
    # What the record says of itself stays: by it the row is found again.
    assert (by_line[1].resource_id, by_line[1].patient_ref, by_line[1].faults) == ("k1-line-1", None, [])


def test_a_claim_without_lines_is_left_out_by_name(fhir_records):
    from jobs.silver.claim_item import without_row

    silent = {k: v for k, v in CLAIM.items() if k != "item"}
    reasons = [row[0] for row in fhir_records(CLAIM, silent, {**silent, "item": []}).select(without_row()).collect()]
    assert reasons == [None, "without_lines", "without_lines"]


def test_a_line_names_the_information_that_is_about_it_also_where_that_is_no_reference(lines):
    told = [{"sequence": number, "valueString": "x"} for number in (1, 2)]
    [row] = lines(claim_of(line_of(1, informationSequence=[1, 2]), supportingInfo=told))
    assert (row.information_sequences, row.event_refs) == ([1, 2], [])


def test_a_line_says_how_much_of_its_one_drug_was_given(lines):
    def drug(number):
        ndc = {"coding": [{"system": "http://hl7.org/fhir/sid/ndc", "code": f"0040937960{number}"}]}
        return {"sequence": number, "productOrService": ndc, "quantity": {"value": 1.5, "unit": "ML", "code": "mL"}}

    other = {"sequence": 1, "productOrService": {"text": "a service"}, "quantity": {"value": 3}}
    given = [line_of(n, quantity={"value": 2}, detail=told) for n, told in enumerate([[drug(1)], [other], []], 1)]
    rows = lines(claim_of(*given, line_of(4, detail=[drug(1), drug(2)])))
    assert [(row.quantity, row.drug_quantity, row.drug_quantity_unit_code) for row in rows] == [
        (2, Decimal("1.5"), "mL"), (2, None, None), (2, None, None), (None, None, None),
    ]  # fmt: skip
