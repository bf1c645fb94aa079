"""silver.shared_claim: whose a claim is that several patient records have to do with."""

import datetime

import pytest

from jobs.formats.x12_fhir_codes import OURS
from jobs.silver.shared_claim import build

SAME = {"tenant": "demo", "feed": "claims_x12", "received_at": datetime.datetime(2026, 3, 1), "record_id": 7}


def number(kind, own):
    return f"{kind}?identifier={OURS}patient-control-number/npi-1|{own}"


@pytest.fixture(scope="module")
def key_of(spark):
    from pyspark.sql import functions as F

    from jobs.columns.keys import key

    parts = [F.lit(part) for part in ("demo", "claims_x12", "Claim")]
    return lambda name: spark.range(1).select(key("claim", *parts, F.lit(name))).first()[0]


@pytest.fixture
def found(rows, key_of):
    """`found(claims, benefits, again)`: whose each claim is, by its name and the patient who is named."""

    def make(claims, benefits, again=()):
        names = {key_of(one[0]): one[0] for one in (*claims, *benefits)}
        asked = [
            {"claim_id": key_of(name), "patient_id": who, "patient_ref": f"Patient/{who}", "payer_turn": turn,
             "aliases": [f"Claim/{name}", number("Claim", own)], **SAME}
            for name, own, who, turn in claims
        ]  # fmt: skip
        answers = [
            {"benefit_id": place, "patient_id": who, "claim_ref": f"Claim/{name}",
             "aliases": [number("ExplanationOfBenefit", own)], **SAME}
            for place, (name, own, who) in enumerate(benefits)
        ]  # fmt: skip
        states = [
            {"claim_id": key_of(later), "by_claim_id": key_of(first), "state": "asked_again"} for later, first in again
        ]
        made = build(
            rows("silver.claim", *asked), rows("silver.benefit", *answers), rows("silver.claim_state", *states)
        )
        return {
            (names[row.claim_id], row.patient_id): (row.whose_patient_ref, row.together_with) for row in made.collect()
        }

    return make


def test_a_payment_that_names_the_subscriber_is_of_the_dependent_whose_claim_it_answers(found):
    both = ("Patient/2", [1, 2])
    assert found([("a", "K1", 2, 1), ("b", "K2", 5, 1)], [("a", "K1", 1), ("b", "K2", 5)]) == {
        ("a", 1): both,
        ("a", 2): both,
    }


def test_a_claim_to_a_second_payer_is_of_the_patient_of_the_first(found):
    claims = [("second", "K1", 3, 2), ("first", "K1", 2, 1)]
    assert found(claims, [("second", "K1", 4)], [("second", "first")]) == {
        ("first", 2): ("Patient/2", [2, 3, 4]),
        ("second", 3): ("Patient/2", [2, 3, 4]),
        ("second", 4): ("Patient/2", [2, 3, 4]),
    }


def test_a_payer_whom_another_told_of_the_claim_answers_about_its_patient(found):
    assert found([("first", "K1", 2, 1)], [("nobody sent", "K1", 4)])["nobody sent", 4] == ("Patient/2", [2, 4])


def test_claims_under_a_number_that_is_used_again_keep_their_patients(found):
    assert found([("a", "K1", 2, 1), ("b", "K1", 3, 1)], []) == {
        ("a", 2): ("Patient/2", [2, 3]),
        ("b", 3): ("Patient/3", [2, 3]),
    }


def test_of_a_claim_that_never_came_the_payments_say_whose_it_is(found):
    assert found([], [("a", "K1", 1), ("a", "K1", 2)]) == {("a", 1): (None, [1, 2]), ("a", 2): (None, [1, 2])}
