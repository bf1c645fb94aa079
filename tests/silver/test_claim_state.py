"""silver.claim_state: claims and benefits that do not count in the end."""

import datetime
from decimal import Decimal

import pytest

from jobs.formats.x12_fhir_codes import CLAIM_STATUS
from jobs.silver.claim_state import build

OWN = "Claim?identifier=https://lakeward.dev/fhir/patient-control-number/npi-1"
PAYERS = "identifier=https://lakeward.dev/fhir/payer-claim-number/p"

ON_A_DAY = dict.fromkeys(("start_date", "end_date"), datetime.date(2026, 1, 7))


def claim(number, status="active", replaces=(), **more):
    return {
        "claim_id": key_of("claim", number),
        "tenant": "demo",
        "feed": "claims_x12",
        "resource_type": "Claim",
        "resource_id": number,
        "record_id": 1,
        "received_at": datetime.datetime(2026, 3, 1),
        "patient_id": 1,
        "aliases": [f"Claim/{number}"],
        "status": status,
        "use": "claim",
        "replaced_claim_refs": list(replaces),
        "created_date": datetime.date(2026, 1, 1),
        **more,
    }


def asks(number, own, turn, *, on=7, **more):
    """A claim to the payer whose turn it is, under the provider's own number."""
    days = ON_A_DAY if on == 7 else dict.fromkeys(ON_A_DAY, datetime.date(2026, 1, on))
    return claim(number, aliases=[f"Claim/{number}", f"{OWN}|{own}"], payer_turn=turn, **{**days, **more})


def visit(number, **more):
    return {
        "encounter_id": int(number),
        "tenant": "demo",
        "feed": "claims_x12",
        "resource_type": "Encounter",
        "resource_id": number,
        "record_id": 3,
        "received_at": datetime.datetime(2026, 3, 1),
        "patient_id": 1,
        "aliases": [f"Encounter/{number}", f"Encounter?identifier=of|{number}"],
        **more,
    }


def benefit(number, claim, payers=None, **more):
    also = [f"ExplanationOfBenefit?{PAYERS}|{payers}"] if payers else []
    return {
        "benefit_id": int(number),
        "tenant": "demo",
        "feed": "claims_x12",
        "resource_type": "ExplanationOfBenefit",
        "resource_id": number,
        "record_id": 2,
        "received_at": datetime.datetime(2026, 3, 1),
        "patient_id": 1,
        "aliases": [f"ExplanationOfBenefit/{number}", *also],
        "claim_ref": f"Claim/{claim}",
        **more,
    }


KEYS = {}


def key_of(thing, number):
    return KEYS[number]


def drug(amount, kind="pharmacy", **more):
    money = {"submitted_amount": Decimal(amount), "payment_amount": Decimal(amount)}
    kind = [{"system": "t", "code": kind, "display": None, "version": None, "user_selected": None}]
    return {**money, "type_codes": kind, "patient_ref": "Patient/1", "insurer_ref": "o", "start_date": DAY, **more}


def service(amount):
    return drug(amount, kind="professional")


ANSWER = [{"system": CLAIM_STATUS, "code": "1", "display": None, "version": None, "user_selected": None}]
DAY = datetime.date(2026, 1, 7)
NAMES = ("first", "second", "own", "a", "b", "voided", "void", "cancelled", "fill", "refill", "back", "draft", "asked")
NAMES += (
    "to first",
    "to second",
    "to third",
    "another day",
    "first gone",
    "second alone",
    "first replaced",
    "second of it",
    "anew",
    "of a record",
    "care",
    "care reversed",
    "other care",
    "numberless",
    "numberless second",
)
ASKED_AGAIN = {
    "to second": ("asked_again", "to first"),
    "to third": ("asked_again", "to first"),
    "second of it": ("asked_again", "first replaced"),
}


@pytest.fixture(scope="module")
def found(spark):
    from pyspark.sql import functions as F

    import schemas
    from jobs.columns.keys import key
    from jobs.shell.tables import spark_schema

    parts = [F.lit(part) for part in ("demo", "claims_x12", "Claim")]
    names = spark.createDataFrame([(name,) for name in NAMES], "name string")
    KEYS.update(
        {row.name: row.id for row in names.select("name", key("claim", *parts, F.col("name")).alias("id")).collect()}
    )
    later = {"created_date": datetime.date(2026, 2, 1)}
    claims = [
        claim("first", encounter_refs=["Encounter/11"]),
        # By the payer's number, which only the answer to the first tells.
        claim("second", replaces=[f"Claim?{PAYERS}|P1"], encounter_refs=["Encounter/12"]),
        claim("own", replaces=[f"Claim?{PAYERS}|P3"]),
        claim("a", replaces=["Claim/b"]),
        claim("b", replaces=["Claim/a"], **later),
        claim("voided", encounter_refs=["Encounter/13"]),
        claim("void", status="cancelled", replaces=["Claim/other", "Claim/voided"], encounter_refs=["Encounter/13"]),
        claim("cancelled", status="cancelled", encounter_refs=["Encounter/14"]),
        claim("fill"),
        claim("refill"),
        claim("back", status="cancelled"),
        claim("care"),
        claim("other care"),
        claim("care reversed", status="cancelled"),
        claim("asked", encounter_refs=["Encounter/14"]),
        claim("draft", status="draft", replaces=["Claim/asked"], encounter_refs=["Encounter/13"]),
        # The second payer's claim came first.
        asks("to second", "K1", 2, patient_id=2, created_date=datetime.date(2025, 12, 1)),
        asks("to first", "K1", 1),
        asks("to third", "K1", 3, start_date=None, end_date=None),
        asks("another day", "K1", 2, on=9),
        asks("first gone", "K2", 1, status="cancelled", encounter_refs=["Encounter?identifier=of|15"]),
        asks("second alone", "K2", 2, encounter_refs=["Encounter/15"]),
        asks("first replaced", "K3", 1, encounter_refs=["Encounter/16"]),
        asks("second of it", "K3", 2, encounter_refs=["Encounter/16"]),
        asks("anew", "K4", 1, replaces=["Claim/first replaced"]),
        # Neither is known by a number of the provider's own.
        claim("numberless", **ON_A_DAY),
        claim("numberless second", payer_turn=2, **ON_A_DAY),
        claim("of a record", status="cancelled", feed="ehr_fhir", encounter_refs=["Encounter/17"]),
    ]
    visits = [visit(str(number)) for number in range(11, 17)] + [visit("17", feed="ehr_fhir")]
    benefits = [
        benefit("1", "first", "P1"),
        benefit("2", "second", "P2"),
        benefit("3", "own", "P3"),
        benefit("4", "cancelled"),
        benefit("5", "fill", **drug(10)),
        benefit("6", "refill", **drug(10), created_date=DAY),
        benefit("7", "back", **drug(-10)),
        benefit("8", "nobody knows"),
        benefit("9", "care", **service(20), provider_ref="Organization/1"),
        benefit("10", "other care", **service(20), provider_ref="Organization/2"),
        benefit("11", "care reversed", **service(-20), provider_ref="Organization/1"),
        # An 835 names what it answers.
        benefit("12", "nobody knows", **service(20), provider_ref="Organization/1", sub_type_codes=ANSWER),
    ]

    def frame(table, given):
        schema = spark_schema(schemas.table(table))
        for field in schema.fields:
            field.nullable = True
        return spark.createDataFrame([tuple(one.get(name) for name in schema.names) for one in given], schema)

    given = {"silver.claim": claims, "silver.benefit": benefits, "silver.encounter": visits}
    return build(*[frame(table, rows) for table, rows in given.items()]).collect()


def states(rows, kind):
    names = {number: name for name, number in KEYS.items()}
    return {row.resource_id: (row.state, names[row.by_claim_id]) for row in rows if row.resource_type == kind}


def test_the_claims_that_another_stands_for(found):
    assert states(found, "Claim") == {
        "first": ("replaced", "second"),
        # Of two that name each other the later one stands.
        "a": ("replaced", "b"),
        "voided": ("voided", "void"),
        "fill": ("voided", "back"),
        "first replaced": ("replaced", "anew"),
        "care": ("voided", "care reversed"),
        **ASKED_AGAIN,
    }


def test_what_a_later_payer_is_asked_was_told_to_the_first_whichever_claim_comes_first(found):
    assert {name: was for name, was in states(found, "Claim").items() if was[0] == "asked_again"} == ASKED_AGAIN
    assert {row.patient_id for row in found if row.resource_id == "to second"} == {2}


def test_the_benefits_that_answer_them_or_a_cancelled_claim(found):
    assert states(found, "ExplanationOfBenefit") == {
        "1": ("replaced", "second"),
        "4": ("voided", "cancelled"),
        # One of two like fills is taken back by a reversal that names none.
        "5": ("voided", "back"),
        "7": ("voided", "back"),
        # So is what a flat extract's reversal leaves unnamed.
        "9": ("voided", "care reversed"),
        "11": ("voided", "care reversed"),
    }


def test_the_visits_all_whose_claims_are_over(found):
    assert states(found, "Encounter") == {
        "11": ("replaced", "second"),
        # A draft stands for nothing.
        "13": ("voided", "void"),
        # 14 and 15 have a claim that stands; of 16 a second payer heard as the first; 17 is of a record of care.
        "16": ("replaced", "anew"),
    }


def test_every_row_is_of_one_thing(found):
    assert all([row.claim_id, row.benefit_id, row.encounter_id].count(None) == 2 for row in found)
    assert len({row.claim_state_id for row in found}) == len(found) == 18
