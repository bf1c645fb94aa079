"""Answers of payers find the claim they are of, by whichever number of who bills both sides know."""

import datetime

from jobs.formats.x12_fhir_codes import OURS

SAME = {"tenant": "demo", "feed": "claims_x12", "record_id": 1, "received_at": datetime.datetime(2026, 3, 1)}
CLINIC, OTHER = ("npi-1", "tin-9"), ("npi-2", "tin-9")


def known_as(kind, billed_by, own):
    return [f"{kind}?identifier={OURS}patient-control-number/{one}|{own}" for one in billed_by]


def claim(number, billed_by, own="C1", payer="p", patient=1, **more):
    name = f"{billed_by[0]}-{own}-{payer}"
    return {
        "claim_id": number, "resource_type": "Claim", "resource_id": name, "status": "active", "use": "claim",
        "aliases": [f"Claim/{name}", *known_as("Claim", billed_by, own)], "insurer_ref": f"Organization/{payer}",
        "patient_id": patient, "patient_ref": f"Patient/{patient}", "replaced_claim_refs": [], **SAME, **more,
    }  # fmt: skip


def answer(billed_by, own="C1", payer="p", patient=1):
    return {
        "benefit_id": 7, "resource_type": "ExplanationOfBenefit", "resource_id": "7",
        "claim_ref": f"Claim/{billed_by[0]}-{own}-{payer}", "insurer_ref": f"Organization/{payer}",
        "aliases": ["ExplanationOfBenefit/7", *known_as("ExplanationOfBenefit", billed_by, own)],
        "patient_id": patient, "patient_ref": f"Patient/{patient}", **SAME,
    }  # fmt: skip


CASES = [
    # The payer knows the tax number only, or the clinic told no NPI.
    (answer(("tin-9",)), [claim(1, CLINIC)], "named_otherwise", 1),
    (answer(CLINIC), [claim(2, ("tin-9",))], "named_otherwise", 2),
    # Named as the claim is.
    (answer(("npi-1",)), [claim(3, CLINIC)], None, None),
    (answer(("tin-9",)), [claim(4, ("tin-9",))], None, None),
    # Two providers of one tax number have given out one number: whose is meant?
    (answer(("tin-9",)), [claim(5, CLINIC), claim(6, OTHER)], None, None),
    (answer(("tin-9",)), [claim(7, CLINIC), claim(8, OTHER, own="C2")], "named_otherwise", 7),
    # Another provider of the same tax number, another payer, another number.
    (answer(OTHER), [claim(9, CLINIC)], None, None),
    (answer(("tin-9",)), [claim(10, CLINIC, payer="q"), claim(11, CLINIC)], "named_otherwise", 11),
    (answer(("tin-9",)), [claim(12, CLINIC, own="C2")], None, None),
    (answer(("tin-8",)), [claim(13, CLINIC)], None, None),
    (answer(("npi-1",)), [claim(14, ("npi-2",))], None, None),
    # What answers a voided claim is void with it.
    (answer(("tin-9",)), [claim(15, CLINIC, status="cancelled")], "voided", 15),
]


def test_an_answer_by_tax_number_is_of_the_only_claim_that_it_can_be_of(rows):
    from jobs.silver.claim_state import build

    feeds = [f"claims_{place}" for place, _ in enumerate(CASES)]
    claims = [{**one, "feed": feed} for feed, case in zip(feeds, CASES, strict=True) for one in case[1]]
    benefits = [
        {**case[0], "feed": feed, "benefit_id": place}
        for place, (feed, case) in enumerate(zip(feeds, CASES, strict=True))
    ]
    built = build(rows("silver.claim", *claims), rows("silver.benefit", *benefits), rows("silver.encounter")).collect()
    found = {row.benefit_id: (row.state, row.by_claim_id) for row in built}
    assert [found.get(place, (None, None)) for place, _ in enumerate(CASES)] == [case[2:] for case in CASES]


def paid(number, status, amount, *segments, icn):
    return f"CLP*{number}*{status}*{amount}*{amount}**MC*{icn}*11*1~NM1*QC*1*DOE*JANE****MI*M1~{''.join(segments)}"


FORMER = "REF*F8*{}~"
OTHERWISE = [
    # Paid, billed anew under another number, taken back and paid again under that.
    paid("C1", 1, 80, icn="K1"),
    paid("C9", 22, -80, FORMER.format("K1"), icn="K2") + paid("C9", 1, 90, FORMER.format("K1"), icn="K3"),
    # Under its own number, and of what nobody paid.
    paid("C2", 1, 50, icn="K4") + paid("C2", 22, -50, FORMER.format("K4"), icn="K5"),
    paid("C3", 22, -50, FORMER.format("K6"), icn="K7"),
    # Under one number of the payer two claims were paid.
    paid("C4", 1, 10, icn="K8") + paid("C5", 1, 10, icn="K8") + paid("C6", 22, -10, FORMER.format("K8"), icn="K9"),
]


def test_a_reversal_under_another_number_of_the_claim_takes_back_the_payment_that_it_names(rows):
    from pyspark.sql import functions as F

    from jobs.columns.answered import NAMED_OTHERWISE, as_answered
    from jobs.silver import benefit, claim_state
    from tests.remittances import remittance, translated

    files = [remittance(one, trace=f"T{place}") for place, one in enumerate(OTHERWISE)]
    told = translated(rows, *files)
    benefits = benefit.build(rows("bronze.ehr_fhir").withColumn("time_zone", F.lit("UTC")), told).localCheckpoint()
    # No claim came: an 835 names them all the same.
    claims = rows("silver.claim")
    ended = claim_state.build(claims, benefits, rows("silver.encounter")).collect()
    states = rows("silver.claim_state", *[row.asDict() for row in ended])
    answered = as_answered(benefits, states.where(F.col("state") == NAMED_OTHERWISE), claims)
    sums = answered.groupBy("claim_ref").agg(F.sum("payment_amount").cast("int").alias("paid"))
    assert {row.claim_ref.rpartition("-")[0].rpartition("-")[2]: row.paid for row in sums.collect()} == {
        "C1": 0, "C9": 90, "C2": 0, "C3": -50, "C4": 10, "C5": 10, "C6": -10,
    }  # fmt: skip
    assert len(ended) == 1


def test_claims_of_two_providers_are_not_called_by_the_tax_number_that_they_share(rows):
    from jobs.columns.answered import under_own_number

    given = rows("silver.claim", claim(1, CLINIC), claim(2, ("tin-9",)), {**claim(3, OTHER), "aliases": ["Claim/3"]})
    assert {row.claim_id: row.aliases for row in under_own_number(given).select("claim_id", "aliases").collect()} == {
        1: ["Claim/npi-1-C1-p", *known_as("Claim", CLINIC[:1], "C1")],
        2: ["Claim/tin-9-C1-p", *known_as("Claim", ("tin-9",), "C1")],
        3: ["Claim/3"],
    }


def test_an_answer_by_tax_number_costs_what_its_claim_was_for_and_is_of_its_patient(rows):
    from pyspark.sql import functions as F

    from jobs.columns.answered import as_answered
    from jobs.gold.cost import judged
    from jobs.silver import claim_state, shared_claim

    claims, benefits = rows("silver.claim", claim(1, CLINIC, patient=2)), rows("silver.benefit", answer(("tin-9",)))
    ended = claim_state.build(claims, benefits, rows("silver.encounter")).collect()
    states = rows("silver.claim_state", *[row.asDict() for row in ended])
    assert {row.patient_id for row in shared_claim.build(claims, benefits, states).collect()} == {1, 2}
    assert [row.excluded for row in judged(benefits, states).select("excluded").collect()] == [None]
    [row] = as_answered(benefits, states, claims).select("claim_ref", F.get("aliases", F.lit(0)).alias("own")).collect()
    assert (row.claim_ref, row.own) == ("Claim/npi-1-C1-p", *known_as("ExplanationOfBenefit", CLINIC[:1], "C1"))
