"""The money of the demo hospital: every claim of the truth to the cent in gold.cost, once, whoever tells of it."""

import collections
import decimal
import functools

from jobs.shell import state
from tests.journeys import test_hospital
from tests.journeys.test_hospital import faults, of_ours, truth

site = test_hospital.site
pytestmark = test_hospital.PATIENCE
# Column of gold.cost by what the truth calls it.
AMOUNTS = {
    "charge": "total_charge",
    "allowed": "amount_allowed",
    "paid": "paid_by_payer",
    "deductible": "paid_patient_deductible",
    "copay": "paid_patient_copay",
    "coinsurance": "paid_patient_coinsurance",
}


def decided():
    return [one for one in truth("claims") if one["state"] in ("paid", "denied")]


@functools.cache
def costs_of_claims(site):
    """Claim -> its rows of gold.cost, with the feeds whose benefits they stand on."""
    claim_of = {one["claim"]: one["claim"] for one in truth("claims")}
    claim_of |= {one["payer_claim"]: one["claim"] for one in truth("claims")}
    found = collections.defaultdict(dict)
    for cost_id, numbers, feeds, *amounts in site.ask(
        "WITH told AS (SELECT c.cost_id, b.feed, unnest(list_transform(b.identifiers, lambda x: x.value)) AS number"
        " FROM (SELECT cost_id, unnest(lw_told_by) AS benefit_id FROM cost) c"
        " JOIN silver.benefit b USING (benefit_id) WHERE b.feed <> 'ehr_fhir')"
        f" SELECT cost_id, list(DISTINCT number), list(DISTINCT feed), {', '.join(AMOUNTS.values())}"
        " FROM told JOIN cost USING (cost_id) GROUP BY ALL"
    ):
        for claim in {claim_of[number] for number in numbers if number in claim_of}:
            found[claim][cost_id] = (set(feeds), dict(zip(AMOUNTS, amounts, strict=True)))
    return dict(found)


def amounts_of(one):
    return {name: decimal.Decimal(one[name]) for name in AMOUNTS}


def test_each_claim_that_was_decided_is_one_cost_and_no_other_claim_is(site):
    rows = {claim: len(costs) for claim, costs in costs_of_claims(site).items()}
    assert rows == {one["claim"]: 1 for one in decided()}
    assert len(rows) == of_ours(159)


def test_every_amount_of_every_claim_is_right_to_the_cent(site):
    wrong = {}
    for one in decided():
        for _, amounts in costs_of_claims(site).get(one["claim"], {}).values():
            got = {name: amounts[name] if amounts[name] is not None else decimal.Decimal(0) for name in AMOUNTS}
            if got != amounts_of(one):
                wrong[one["claim"]] = {n: (str(got[n]), one[n]) for n in AMOUNTS if got[n] != amounts_of(one)[n]}
    assert wrong == {}


def test_all_claims_together_come_to_what_the_hospital_and_its_payers_booked(site):
    costs = {cost: amounts for each in costs_of_claims(site).values() for cost, (_, amounts) in each.items()}
    total = {name: sum(amounts[name] or 0 for amounts in costs.values()) for name in AMOUNTS}
    assert total == {name: sum(amounts_of(one)[name] for one in decided()) for name in AMOUNTS}


def test_a_cost_carries_all_feeds_that_told_of_its_claim(site):
    found = {claim: feeds for claim, each in costs_of_claims(site).items() for feeds, _ in each.values()}
    assert found == {one["claim"]: set(one["told_by"]) for one in decided()}


def test_the_cost_of_a_claim_is_also_what_the_record_of_care_says_of_it(site):
    """The EHR's own statement of the claim is evidence of the same cost, not a second one."""
    of_ehr = dict(
        site.ask(
            "SELECT replace(b.claim_ref, 'Claim/', ''), c.cost_id FROM silver.benefit b"
            " JOIN (SELECT cost_id, unnest(lw_told_by) AS benefit_id FROM cost) c USING (benefit_id)"
            " WHERE b.feed = 'ehr_fhir'"
        )
    )
    # Two drugs of one visit at one price cannot be told apart by what they cost.
    told, meant = collections.defaultdict(set), collections.defaultdict(set)
    for one in decided():
        alike = (one["person"], one["kind"], one["visit"], one["charge"])
        told[alike].add(of_ehr.get(one["fhir_claim"]))
        meant[alike].update(costs_of_claims(site).get(one["claim"], {}))
    assert {alike for alike in told if told[alike] != meant[alike]} == set()


def test_nothing_costs_twice(site):
    told = "SELECT benefit_id, count(*) FROM (SELECT unnest(lw_told_by) AS benefit_id FROM cost) GROUP BY 1"
    assert [row for row in site.ask(told) if row[1] > 1] == []
    # Every claim is also in the EHR's export, but for those that were sent by mistake and voided.
    [(statements,)] = site.ask("SELECT count(*) FROM silver.benefit WHERE feed = 'ehr_fhir'")
    assert site.ask("SELECT count(*) FROM cost") == [(statements,)] == [(of_ours(1828),)]


# What a claim may give rows of.
TABLES = ("visit_occurrence", "condition_occurrence", "procedure_occurrence", "drug_exposure", "observation", "cost")


def test_claims_that_were_sent_by_mistake_and_voided_give_nothing_by_a_named_rule(site):
    void = sorted({one["id"].removesuffix("R") for one in faults("cancelled", kind="void_claim")})
    assert len(void) == of_ours(4)
    for number in void:
        told = site.ask(
            "SELECT DISTINCT record_id FROM silver.translated WHERE feed IN ('claims_x12', 'claims_csv')"
            " AND contains(payload, ?)",
            f'"{number}',
        )
        assert len(told) >= 2, number
        for table in TABLES:
            rows = site.ask(
                f"SELECT {table} FROM {table} WHERE list_has_any(lw_record_ids, ?)", [row[0] for row in told]
            )
            assert rows == [], (number, table)
    answers = (
        "SELECT feed, count(*) FROM silver.claim_state WHERE benefit_id IS NOT NULL AND state = 'voided' GROUP BY 1"
    )
    assert dict(site.ask(answers)) == {"claims_x12": of_ours(4), "claims_csv": of_ours(4)}
    assert state.read(site.settings, "gold.cost").accounting["excluded"]["claim_voided"] == of_ours(8)


def test_claims_not_yet_answered_cost_what_the_record_of_care_says(site):
    waiting = [one for one in truth("claims") if one["state"] in ("submitted", "not_sent")]
    assert len(waiting) == of_ours(9)
    for one in waiting:
        rows = site.ask(
            "SELECT c.total_charge FROM cost c JOIN silver.benefit b ON list_contains(c.lw_told_by, b.benefit_id)"
            " WHERE b.feed = 'ehr_fhir' AND b.claim_ref = ?",
            f"Claim/{one['fhir_claim']}",
        )
        assert rows == [(decimal.Decimal(one["charge"]),)], one["claim"]


def test_each_enrolment_is_a_span_of_coverage_of_its_person(site):
    spans = site.ask("SELECT count(DISTINCT person_id), count(*) FROM payer_plan_period")
    assert spans[0][0] == of_ours(23)
