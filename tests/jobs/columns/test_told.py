"""One event that several feeds tell of is one row, and nothing that was said is lost."""

import datetime
import decimal

from jobs.columns.told import BY_ANOTHER_FEED, told_once

FOUR, FIVE = decimal.Decimal(4), decimal.Decimal(5)
DAY = datetime.date(2026, 3, 1)


def event(number, feed, **given):
    plain = {"event_id": number, "feed": feed, "record_ids": [number * 10], "person_id": 1, "target": "measurement"}
    plain |= {"concept_id": 3023103, "start_date": DAY, "faults": []}
    return {**plain, **given}


def told(rows, *events):
    found = told_once(rows("silver.clinical_event", *events)).collect()
    return {row.event_id: (row.excluded, sorted(row.record_ids)) for row in found}


def test_a_result_in_two_feeds_is_one_row_with_the_records_of_both(rows):
    found = told(rows, event(1, "lab_hl7v2"), event(2, "ehr_fhir"))
    assert found == {2: (None, [10, 20]), 1: (BY_ANOTHER_FEED, [10])}


def test_what_one_feed_tells_twice_stays_twice(rows):
    assert told(rows, event(1, "ehr_fhir"), event(2, "ehr_fhir")) == {1: (None, [10]), 2: (None, [20])}


def test_two_results_in_each_of_two_feeds_are_two_rows(rows):
    events = [event(1, "ehr_fhir"), event(2, "ehr_fhir"), event(3, "lab_hl7v2"), event(4, "lab_hl7v2")]
    assert told(rows, *events) == {
        1: (None, [10, 30]),
        2: (None, [20, 40]),
        3: (BY_ANOTHER_FEED, [30]),
        4: (BY_ANOTHER_FEED, [40]),
    }


def test_a_feed_that_tells_of_more_adds_what_the_first_did_not_tell(rows):
    events = [event(1, "ehr_fhir"), event(2, "lab_hl7v2"), event(3, "lab_hl7v2"), event(4, "lab_csv")]
    assert told(rows, *events) == {
        1: (None, [10, 20, 40]),
        2: (BY_ANOTHER_FEED, [20]),
        3: (None, [30]),
        4: (BY_ANOTHER_FEED, [40]),
    }


def test_another_value_another_person_and_another_day_are_other_events(rows):
    events = [
        event(1, "ehr_fhir", value_as_number=FOUR),
        event(2, "lab_hl7v2", value_as_number=FIVE),
        event(3, "lab_hl7v2", person_id=2, value_as_number=FOUR),
        event(4, "lab_hl7v2", start_date=DAY + datetime.timedelta(1), value_as_number=FOUR),
    ]
    assert {reason for reason, _ in told(rows, *events).values()} == {None}


def test_an_unmapped_event_is_the_same_by_its_code_and_one_without_a_code_is_nobodys(rows):
    events = [
        event(1, "ehr_fhir", concept_id=0, source_code="X1"),
        event(2, "claims_x12", concept_id=0, source_code="X1"),
        event(3, "ehr_fhir", concept_id=0),
        event(4, "claims_x12", concept_id=0),
    ]
    assert [number for number, (reason, _) in sorted(told(rows, *events).items()) if reason] == [2]


def test_what_is_excluded_or_faulty_is_compared_with_nothing(rows):
    events = [event(1, "ehr_fhir", excluded="cancelled"), event(2, "lab_hl7v2", faults=["unknown_patient"])]
    assert told(rows, *events, event(3, "lab_csv")) == {
        1: ("cancelled", [10]),
        2: (None, [20]),
        3: (None, [30]),
    }


def test_what_the_kept_row_leaves_out_the_first_that_knows_it_tells(rows):
    events = [
        event(1, "ehr_fhir", unit_source_value="mmol/L", unit_concept_id=8753),
        event(2, "claims_x12", range_low=FIVE, quantity=FIVE, unit_source_value="mg"),
        event(3, "lab_hl7v2", range_low=FOUR, lot_number="L1"),
        event(4, "lab_csv", range_low=FOUR, range_high=FIVE),
    ]
    [row] = told_once(rows("silver.clinical_event", *events)).where("excluded IS NULL").collect()
    # Of one result low and high are of one teller: the CSV of the laboratory, whose name comes first.
    assert (row.event_id, row.range_low, row.range_high, row.quantity, row.lot_number) == (1, FOUR, FIVE, FIVE, "L1")
    assert (row.unit_source_value, row.unit_concept_id, row.unit_source_concept_id) == ("mmol/L", 8753, None)


def test_what_the_kept_row_says_stays(rows):
    events = [event(1, "ehr_fhir", range_high=FIVE), event(2, "lab_hl7v2", range_low=FOUR, range_high=FOUR)]
    [row] = told_once(rows("silver.clinical_event", *events)).where("excluded IS NULL").collect()
    assert (row.range_low, row.range_high) == (None, FIVE)


def test_who_it_was_by_is_told_by_the_feed_that_knows_it(rows):
    events = [event(1, "ehr_fhir"), event(2, "claims_x12", provider_id=7), event(3, "lab_hl7v2", provider_id=8)]
    found = told_once(rows("silver.clinical_event", *events)).collect()
    assert {row.event_id: row.provider_id for row in found if row.excluded is None} == {1: 8}
