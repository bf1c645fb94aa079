"""gold.cost: what the answers of payers to a claim come to, and where the money lies."""

import datetime
from decimal import Decimal

import pytest

ORDER = ("total_charge", "amount_allowed", "paid_by_payer", "paid_by_patient")


def day(number):
    return datetime.date(2026, 1, number)


def benefit(number, claim, amounts=(), *, feed="ehr_fhir", status=None, on=5, paid_on=None, **more):
    """An answer: amounts are charge, allowed, paid, and what is left to the patient."""
    from jobs.formats.x12_fhir_codes import CLAIM_STATUS

    charge, allowed, paid, owed = (None if one is None else Decimal(one) for one in (*amounts, *[None] * 4)[:4])
    code = [{"system": CLAIM_STATUS, "code": status, "display": None, "version": None, "user_selected": None}]
    kind = more.pop("kind", "professional")
    return {
        "benefit_id": number,
        "record_id": number,
        "tenant": "demo",
        "feed": feed,
        "resource_type": "ExplanationOfBenefit",
        "resource_id": str(number),
        "patient_id": 1,
        "patient_ref": "Patient/1",
        "received_at": datetime.datetime(2026, 3, 1),
        "aliases": [f"ExplanationOfBenefit/{number}"],
        "status": "active",
        "use": "claim",
        "type_codes": [{**code[0], "system": "t", "code": kind}],
        "encounter_refs": [],
        "claim_ref": claim and f"Claim/{claim}",
        "identifiers": [],
        "sub_type_codes": code if status else [],
        "start_date": day(on),
        "created_date": day(paid_on or 20),
        "submitted_amount": charge,
        "eligible_amount": allowed,
        "payment_amount": paid,
        "member_liability_amount": owed,
        "currency": "USD",
        "payer_name": "Humana",
        **more,
    }


def x12(number, claim, status, amounts, **more):
    return benefit(number, claim, amounts, feed="claims_x12", status=status, **more)


def number_of(kind, value):
    from jobs.formats.x12_fhir_codes import OURS

    return {"use": None, "type_code": None, "type_text": None, "system": f"{OURS}{kind}-number/1", "value": value}


def own_number(kind, value, who="npi-1"):
    from jobs.formats.x12_fhir_codes import OURS

    return f"{kind}?identifier={OURS}patient-control-number/{who}|{value}"


CLAIM = {"tenant": "demo", "feed": "claims_x12", "patient_ref": "Patient/1", "replaced_claim_refs": []}
# Claims of X12 by their name: the encounter of each is called the same.
CLAIMS = ("plain", "corrected", "unheard", "back", "again", "short", "first", "told", "split", "owed")
BENEFITS = [
    x12(1, "plain", "1", ("100", "80", "60", "20")),
    # Paid, taken back, paid anew.
    x12(11, "corrected", "1", ("100", "80", "60", "20"), paid_on=10),
    x12(12, "corrected", "22", ("-100", "-80", "-60", "-20"), paid_on=20),
    x12(13, "corrected", "1", ("120", "90", "65", "25"), paid_on=20),
    # What is taken back was paid before we listened.
    x12(21, "unheard", "22", ("-100", "-80", "-60", "-20"), paid_on=10),
    x12(22, "unheard", "1", ("110", "70", "50", "20"), paid_on=10),
    x12(31, "back", "1", ("100", "80", "60", "20"), paid_on=10),
    x12(32, "back", "22", ("-100", "-80", "-60", "-20"), paid_on=11),
    # Taken back under another number of the claim, under which it is paid anew.
    x12(201, "former", "1", ("100", "80", "60", "20"), paid_on=10),
    x12(202, "anew", "22", ("-100", "-80", "-60", "-20"), paid_on=11),
    x12(203, "anew", "1", ("110", "90", "70", "20"), paid_on=11),
    # The payer left the signs of what it takes back as they were; of a payment below zero it turned them.
    x12(33, "unsigned", "1", ("100", "80", "60", "20"), paid_on=10, encounter_refs=["Encounter/e8"]),
    x12(34, "unsigned", "22", ("100", "80", "60", None), copay_amount=Decimal(20), paid_on=11,
        encounter_refs=["Encounter/e8"]),
    x12(35, "below", "1", ("100", "30", "-20", "50"), paid_on=10, encounter_refs=["Encounter/e8"]),
    x12(36, "below", "22", ("-100", "-30", "20", "-50"), paid_on=11, encounter_refs=["Encounter/e8"]),
    # Denied, asked again, paid: charged once.
    x12(41, "again", "4", ("100", "0", "0", "0"), paid_on=10),
    x12(42, "again", "1", ("100", "80", "60", "20"), paid_on=11),
    # The reversal does not say what the patient owed.
    x12(51, "short", "1", ("100", "80", "60", "30"), paid_on=10),
    x12(52, "short", "22", ("-100", "-80", "-60", None), copay_amount=Decimal(-20), paid_on=11),
    x12(53, "short", "1", ("100", "80", "70", "10"), paid_on=11),
    # A claim that the payer split: two answers in one payment, each with its part of the charge.
    x12(101, "split", "1", ("60", "60", "50", "10"), paid_on=10),
    x12(102, "split", "1", ("40", "40", "30", "10"), paid_on=10),
    # Denied and left to the patient, then paid.
    x12(111, "owed", "4", ("100", "0", "0", "100"), paid_on=10),
    x12(112, "owed", "1", ("100", "80", "60", "20"), paid_on=11),
    # A second payer, to whom the first passed the claim on, tells the charge again; nobody sent it an 837.
    x12(61, "first", "19", ("100", "80", "60", "20"), aliases=[own_number("ExplanationOfBenefit", "first")]),
    x12(62, "second", "2", ("100", "80", "15", "5"), aliases=[own_number("ExplanationOfBenefit", "first")]),
    # The second payer's own claim knows the patient by another number; neither 835 tells of the dependent.
    x12(121, "to first", "1", ("100", "80", "60", "20"), aliases=[own_number("ExplanationOfBenefit", "both")]),
    x12(122, "to second", "2", ("100", "80", "15", "5"), aliases=[own_number("ExplanationOfBenefit", "both")],
        patient_id=3, patient_ref="Patient/3"),
    # The second payer denies it, and says so as a first one would.
    x12(131, "asked", "1", ("100", "80", "60", "20"), aliases=[own_number("ExplanationOfBenefit", "denied")]),
    x12(132, "denied", "4", ("100", "0", "0", "20"), aliases=[own_number("ExplanationOfBenefit", "denied")],
        patient_id=3, patient_ref="Patient/3"),
    # By a tax number, under which two providers gave out one number.
    x12(151, "tin-9-K9", "1", ("9", "9", "9", "0"), aliases=[own_number("ExplanationOfBenefit", "K9", "tin-9")]),
    # Told by the 835, by an extract and by the EHR, who all know another sum.
    x12(71, "told", "1", ("70", "60", "50", "10"), identifiers=[number_of("payer-claim", "P7")], insurer_ref="o"),
    benefit(72, "c7", ("71", "60", "51", "9"), feed="claims_csv", identifiers=[number_of("payer-claim", "P7")],
            insurer_ref="o", encounter_refs=["Encounter/c7"]),
    benefit(73, "e7", ("70", "60", "55", "5"), encounter_refs=["Encounter/told"]),
    # The same charge of the same visit, but not the same claim: an EHR tells both.
    benefit(81, "e8", ("30", "20", "20", "0"), encounter_refs=["Encounter/e8"]),
    benefit(82, "e9", ("30", "20", "20", "0"), encounter_refs=["Encounter/e8"]),
    benefit(90, "v", ("10", "9", "8", "1"), encounter_refs=["Encounter/e8"]),
    benefit(95, "drug", ("12", "11", "8", "3"), feed="claims_csv", kind="pharmacy", on=7,
            ingredient_cost_amount=Decimal(9), dispensing_fee_amount=Decimal(2)),
    benefit(96, "e96", ("12", "11", "9", "2"), kind="pharmacy", on=7, encounter_refs=["Encounter/e8"]),
    benefit(97, None, ("5", "4", "4", "0"), encounter_refs=["Encounter/nowhere"]),
    # Of the prescription that the claim names, of one that the answer names, of one that nobody knows.
    benefit(141, "rx", ("12", "11", "8", "3"), kind="pharmacy", encounter_refs=["Encounter/e8"]),
    benefit(142, None, ("12", "11", "8", "3"), kind="pharmacy", encounter_refs=["Encounter/e8"],
            prescription_ref="MedicationRequest/2"),
    benefit(143, None, ("12", "11", "8", "3"), kind="pharmacy", encounter_refs=["Encounter/e8"],
            prescription_ref="MedicationRequest/nowhere"),
]  # fmt: skip


def of_request(spark, number):
    from pyspark.sql import functions as F

    from jobs.columns.keys import key

    parts = [F.lit(one) for one in ("demo", "ehr_fhir", "MedicationRequest", str(number))]
    return spark.range(1).select(key("medication_request", *parts)).first()[0]


@pytest.fixture(scope="module")
def built(spark, rows):
    from pyspark.sql import functions as F

    from jobs.columns.keys import key
    from jobs.gold import cost
    from jobs.silver import shared_claim

    names = [*CLAIMS, "e8", "c7"]
    claims = [
        {**CLAIM, "claim_id": place, "resource_id": name, "encounter_refs": [f"Encounter/{name}"],
         "aliases": [f"Claim/{name}", own_number("Claim", name),
                     *([own_number("Claim", "K9", "tin-9")] if name in ("plain", "again") else [])]}
        for place, name in enumerate(CLAIMS)
    ]  # fmt: skip
    claims.append(
        {**CLAIM, "claim_id": 99, "feed": "ehr_fhir", "resource_id": "rx", "aliases": ["Claim/rx"],
         "prescription_ref": "MedicationRequest/1"}
    )  # fmt: skip
    encounters, visits = [], []
    for place, name in enumerate(names, 1):
        feeds = ("claims_x12", "ehr_fhir", "claims_csv")
        told = [place * 10 + number for number in range(3)]
        encounters += [
            {"encounter_id": key, "tenant": "demo", "feed": feed, "aliases": [f"Encounter/{name}"]}
            for key, feed in zip(told, feeds, strict=True)
        ]
        visits.append({"visit_occurrence_id": place, "person_id": 7, "lw_told_by": told})
    both = {"tenant": "demo", "feed": "claims_x12", "encounter_refs": ["Encounter/plain"], "record_id": 1}
    parts = [F.lit(one) for one in ("demo", "claims_x12", "Claim")]
    states = [{"benefit_id": 90, "state": "voided"}]
    states.append({"benefit_id": 202, "state": "named_otherwise", "by_claim_id": 12345, "by_claim_ref": "Claim/former"})
    for own, names in (("both", ("to first", "to second")), ("denied", ("asked", "denied"))):
        for turn, (name, whose) in enumerate(zip(names, (2, 3), strict=True), 1):
            [number] = spark.range(1).select(key("claim", *parts, F.lit(name))).first()
            claims.append(
                {**both, "claim_id": number, "resource_id": name, "payer_turn": turn, "patient_id": whose,
                 "aliases": [f"Claim/{name}", own_number("Claim", own)], "patient_ref": f"Patient/{whose}",
                 "replaced_claim_refs": []}
            )  # fmt: skip
        first, second = (one["claim_id"] for one in claims[-2:])
        states.append({"claim_id": second, "by_claim_id": first, "state": "asked_again"})
    benefits, states = rows("silver.benefit", *BENEFITS), rows("silver.claim_state", *states)
    shared_claims = shared_claim.build(rows("silver.claim", *claims), benefits, states)
    costs = cost.build(
        benefits=benefits,
        items=rows("silver.benefit_item"),
        claims=rows("silver.claim", *claims),
        requests=rows("silver.medication_request", *[
            {"medication_request_id": of_request(spark, number), "record_id": 700 + number} for number in (1, 2)
        ]),
        states=states,
        shared_claims=shared_claims,
        patients=rows("silver.patient"),
        links=rows("silver.person_link", *({"patient_id": n, "person_id": p} for n, p in ((1, 7), (2, 8), (3, 9)))),
        people=rows("gold.person", {"person_id": 7}, {"person_id": 8}),
        encounters=rows("silver.encounter", *encounters),
        organizations=rows("silver.organization"),
        visits=rows("gold.visit_occurrence", *visits),
        details=rows("gold.visit_detail"),
        drugs=rows(
            "gold.drug_exposure",
            {"drug_exposure_id": 500, "lw_record_ids": [95], "lw_source": "silver.medication_dispense|1"},
            {"drug_exposure_id": 501, "lw_record_ids": [701], "lw_source": "silver.medication_request|1"},
        ),
        devices=rows(
            "gold.device_exposure",
            {"device_exposure_id": 600, "lw_record_ids": [702], "lw_source": "silver.medication_request|2"},
        ),
        periods=rows(
            "gold.payer_plan_period",
            {"payer_plan_period_id": 900, "person_id": 7, "payer_source_value": "HUMANA",
             "payer_plan_period_start_date": day(1), "payer_plan_period_end_date": day(6)},
        ),
        concept_map=rows("silver.concept_map"),
    ).collect()  # fmt: skip
    return {key: row for row in costs for key in row.lw_told_by}


def amounts(row):
    return tuple(None if row[name] is None else int(row[name]) for name in ORDER)


def test_one_answer_is_one_cost_of_the_visit_of_its_claim(built):
    row = built[1]
    assert amounts(row) == (100, 80, 60, 20)
    assert (row.cost_event_id, row.cost_domain_id, row.total_paid, row.faults) == (1, "Visit", Decimal(80), [])
    assert (row.payer_plan_period_id, row.lw_source) == (900, "silver.benefit|1")


def test_what_is_taken_back_under_another_number_is_taken_from_what_was_paid(built):
    assert (amounts(built[201]), built[201].lw_told_by) == ((0, 0, 0, 0), [201, 202])
    assert (amounts(built[203]), built[203].lw_told_by) == ((110, 90, 70, 20), [203])


def test_paid_taken_back_and_paid_anew_is_what_is_true_in_the_end(built):
    assert built[11] == built[12] == built[13]
    assert (amounts(built[13]), built[13].lw_told_by, built[13].lw_record_ids) == (
        (120, 90, 65, 25), [11, 12, 13], [11, 12, 13]
    )  # fmt: skip


def test_when_a_reversal_takes_back_what_we_never_heard_the_last_word_counts(built):
    assert (amounts(built[22]), built[22].lw_told_by) == ((110, 70, 50, 20), [21, 22])


def test_what_was_taken_back_for_good_costs_nothing(built):
    assert amounts(built[31]) == (0, 0, 0, 0)


def test_what_is_taken_back_is_not_paid_twice_whether_its_signs_were_turned_or_not(built):
    assert (built[33].lw_told_by, amounts(built[33])) == ([33, 34], (0, 0, 0, 0))
    assert (built[35].lw_told_by, amounts(built[35])) == ([35, 36], (0, 0, 0, 0))


def test_a_claim_that_is_denied_and_then_paid_is_charged_once(built):
    assert amounts(built[42]) == (100, 80, 60, 20)


def test_the_parts_of_a_claim_that_its_payer_splits_are_one_cost(built):
    assert amounts(built[101]) == amounts(built[102]) == (100, 100, 80, 20)


def test_of_a_claim_that_is_denied_and_then_paid_the_patient_owes_what_is_left_in_the_end(built):
    assert amounts(built[112]) == (100, 80, 60, 20)


def test_a_reversal_need_not_say_what_the_patient_owed(built):
    assert amounts(built[53]) == (100, 80, 70, 10)


def test_of_two_payers_the_first_tells_the_charge_and_the_last_what_is_left_to_the_patient(built):
    assert (amounts(built[61]), amounts(built[62])) == ((100, 80, 60, None), (None, None, 15, 5))
    assert built[62].cost_event_id == built[61].cost_event_id


def test_what_two_payers_pay_for_a_claim_to_each_is_of_the_patient_of_the_first_claim(built):
    assert (amounts(built[121]), amounts(built[122])) == ((100, 80, 60, None), (None, None, 15, 5))
    assert [(row.lw_person_id, row.cost_event_id, row.faults) for row in (built[121], built[122])] == [(8, 1, [])] * 2


def test_what_a_second_payer_denies_is_not_charged_again(built):
    assert (amounts(built[131]), amounts(built[132])) == ((100, 80, 60, None), (None, None, 0, 20))


def test_the_payers_own_answer_goes_before_an_extract_and_both_before_the_ehr(built):
    assert (amounts(built[71]), built[71].lw_told_by) == ((70, 60, 50, 10), [71, 72, 73])


def test_what_one_feed_tells_twice_stays_twice(built):
    assert (built[81].lw_told_by, built[82].lw_told_by) == ([81], [82])


def test_what_answers_a_voided_claim_is_left_out(built):
    assert 90 not in built


def test_a_pharmacys_claim_lies_on_the_drug_that_was_dispensed(built):
    row = built[95]
    assert (row.cost_event_id, row.cost_domain_id, row.lw_told_by) == (500, "Drug", [95, 96])
    assert (row.paid_ingredient_cost, row.paid_dispensing_fee, row.payer_plan_period_id) == (9, 2, None)


def test_a_pharmacys_claim_for_a_prescription_lies_on_what_was_prescribed_else_on_its_visit(built):
    found = [(built[number].cost_event_id, built[number].cost_domain_id) for number in (141, 142, 143)]
    assert found == [(501, "Drug"), (600, "Device"), (built[81].cost_event_id, "Visit")]


def test_an_answer_that_two_claims_may_be_meant_by_is_of_neither(built):
    assert (built[151].cost_event_id, built[151].faults) == (None, ["no_visit"])


def test_a_cost_of_nothing_that_is_known_waits(built):
    assert built[97].faults == ["no_visit"]


def test_the_key_of_a_cost_stays_when_another_answer_comes(spark, built):
    from pyspark.sql import functions as F

    from jobs.columns.keys import key

    own = spark.range(1).select(key("cost", F.lit(81))).first()[0]
    assert built[81].cost_id == own
    assert len({row.cost_id for row in built.values()}) == len({tuple(row.lw_told_by) for row in built.values()})
