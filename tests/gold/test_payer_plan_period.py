"""gold.payer_plan_period: coverages with a beginning, and what benefits let one think."""

import datetime

import pytest

DAY, LATER = datetime.date(2026, 1, 5), datetime.date(2026, 6, 5)
NOON = datetime.datetime(2026, 7, 1, 12)


def benefit(number, patient, start=DAY, **more):
    same = {"tenant": "demo", "feed": "claims_x12", "status": "active", "record_id": number, "start_date": start}
    return {"benefit_id": number, "patient_id": patient, "patient_ref": f"Patient/{patient}", **same, **more}


def coverage(number, patient, start, **more):
    same = {"tenant": "demo", "feed": "claims_csv", "status": "active", "record_id": number, "received_at": NOON}
    named = {"patient_id": patient, "patient_ref": f"Patient/{patient}", "payer_names": ["Humana"]}
    return {"coverage_id": number, "start_date": start, **same, **named, **more}


@pytest.fixture(scope="module")
def built(rows):
    from jobs.gold import payer_plan_period

    payer = {"organization_id": 1, "tenant": "demo", "feed": "claims_x12", "aliases": ["Organization/p"]}
    return payer_plan_period.build(
        coverages=rows(
            "silver.coverage",
            coverage(1, 1, DAY, end_date=LATER),
            coverage(2, 2, None),
            coverage(4, 4, DAY, end_date=LATER, payer_names=[], payer_refs=["Organization/p"], feed="claims_x12"),
        ),
        benefits=rows(
            "silver.benefit",
            benefit(10, 3, payer_name="Humana"),  # the same person as patient 1
            benefit(20, 2, payer_name="Humana"),
            benefit(21, 2, LATER, payer_name="HUMANA"),
            benefit(22, 2, insurer_ref="Organization/p"),
            benefit(23, 2, insurer_ref="Organization/unknown"),
        ),
        organizations=rows("silver.organization", {**payer, "name": "Aetna"}),
        patients=rows("silver.patient"),
        links=rows(
            "silver.person_link", *({"patient_id": k, "person_id": v} for k, v in ((1, 7), (3, 7), (2, 8), (4, 9)))
        ),
        people=rows("gold.person", {"person_id": 7}, {"person_id": 8}, {"person_id": 9}),
    ).collect()


def spans(rows, person):
    return {
        (row.payer_source_value, row.payer_plan_period_start_date, row.payer_plan_period_end_date)
        for row in rows
        if row.person_id == person
    }


def test_who_is_enrolled_needs_no_guess_whichever_feed_knows_the_enrolment(built):
    assert spans(built, 7) == {("Humana", DAY, LATER)}


def test_a_coverage_without_a_beginning_is_no_enrolment_and_benefits_tell_of_the_payers(built):
    # One payer, written in two ways; another by reference only; a third that nobody names.
    assert spans(built, 8) == {("Humana", DAY, LATER), ("Aetna", DAY, DAY)}


def test_a_payer_that_is_only_referred_to_has_the_name_of_its_organization(built):
    assert spans(built, 9) == {("Aetna", DAY, LATER)}


def test_no_period_waits(built):
    assert len(built) == 4
    assert [row.faults for row in built if row.faults] == []
