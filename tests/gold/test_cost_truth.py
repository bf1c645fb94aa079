"""gold.cost over the demo hospital's claims, X12, extracts and EHR together, against the truth they were made from."""

import collections
import datetime
import gzip
import hashlib
import json
from decimal import Decimal

import pytest

import schemas
from tests.hospital_claims import HOSPITAL, ZONE, csv_records, deliveries, source, told, x12_records

AMOUNTS = {
    "charge": "total_charge", "allowed": "amount_allowed", "paid": "paid_by_payer",
    "deductible": "paid_patient_deductible", "copay": "paid_patient_copay", "coinsurance": "paid_patient_coinsurance",
}  # fmt: skip
WANTED = ("Claim", "ExplanationOfBenefit", "Encounter", "Organization", "Coverage", "MedicationDispense")


def translated(feed, translator, read):
    """Newest version of each resource that a feed's records say, as rows of bronze."""
    from jobs.formats import translation

    declared = source(feed)
    known, number = {}, 0
    for path, day in deliveries(feed):
        for one in read(path, declared):
            number += 1
            record = translation.Said(one.resource_type, one.resource_id, one.payload, one.context, day)
            for kind, name, at, _, text in translator.translate_written(record, declared):
                order = (at is not None, at or day, day, one.position)
                if kind in WANTED and ((kind, name) not in known or known[kind, name][0] <= order):
                    known[kind, name] = (order, record_of(feed, kind, name, text, number, at, day))
    return [row for _, row in known.values()]


def record_of(feed, kind, name, text, number, at, day):
    said_at = at.astimezone(datetime.UTC).replace(tzinfo=None) if at else None
    return {
        "record_id": int.from_bytes(hashlib.sha256(f"{feed} {number}".encode()).digest()[:7]),
        "feed": feed,
        "resource_type": kind,
        "resource_id": name,
        "last_updated": said_at,
        "received_at": day.astimezone(datetime.UTC).replace(tzinfo=None),
        "payload": text,
    }


def of_ehr(truth):
    """The EHR's own words on the claims that the payers' feeds tell of."""
    told = {one["fhir_claim"]: one["visit"] for one in truth if one["told_by"] and one["state"] in ("paid", "denied")}
    day = datetime.datetime(2026, 11, 26, tzinfo=ZONE)
    for kind, wanted in (("ExplanationOfBenefit", None), ("Claim", set(told)), ("Encounter", set(told.values()))):
        with gzip.open(HOSPITAL / "ehr_fhir" / f"{kind}.ndjson.gz", "rt") as lines:
            for number, line in enumerate(lines):
                body = json.loads(line)
                if body["id"] in wanted if wanted else body["claim"]["reference"].partition("/")[2] in told:
                    yield record_of("ehr_fhir", kind, body["id"], line, f"{kind}{number}", None, day)


@pytest.fixture(scope="module")
def truth():
    return told()


@pytest.fixture(scope="module")
def frame(spark):
    from jobs.shell.tables import spark_schema

    def make(table, given):
        schema = spark_schema(schemas.table(table))
        for field in schema.fields:
            field.nullable = True
        return spark.createDataFrame([tuple(one.get(name) for name in schema.names) for one in given], schema)

    return make


@pytest.fixture(scope="module")
def silver(spark, frame, truth):
    """The silver tables that money stands on, each as it is published."""
    from pyspark.sql import functions as F

    from jobs.formats import claims_csv_fhir, x12_fhir
    from jobs.shell.tables import conform
    from jobs.silver import (
        benefit,
        benefit_item,
        claim,
        claim_item,
        claim_state,
        encounter,
        medication_dispense,
        shared_claim,
    )
    from jobs.silver import coverage as coverages
    from jobs.silver import organization as organizations

    said = [*translated("claims_x12", x12_fhir, x12_records), *translated("claims_csv", claims_csv_fhir, csv_records)]
    said += of_ehr(truth)
    same = {"tenant": "demo", "delivery_id": "d", "file_digest": "0" * 64, "length": 1}
    rows = [{**one, **same, "position": place, "payload_hash": place} for place, one in enumerate(said)]
    resources = frame("bronze.ehr_fhir", rows).withColumn("time_zone", F.lit("America/New_York"))
    nothing = frame("silver.superseded", [])

    def built(table, job, **frames):
        found = conform(job.build(**frames), schemas.table(table), extra=("faults",) if table in faulty else ())
        found = found.where(F.size("faults") == 0).drop("faults") if table in faulty else found
        return spark.createDataFrame(found.collect(), found.schema)

    jobs = {"claim": claim, "claim_item": claim_item, "benefit": benefit, "benefit_item": benefit_item,
            "coverage": coverages, "organization": organizations, "encounter": encounter,
            "medication_dispense": medication_dispense}  # fmt: skip
    faulty = {f"silver.{name}" for name in jobs}
    found = {n: built(f"silver.{n}", job, resources=resources, superseded=nothing) for n, job in jobs.items()}
    of = {"claims": found["claim"], "benefits": found["benefit"]}
    found["claim_state"] = built("silver.claim_state", claim_state, **of, encounters=found["encounter"])
    shared = built("silver.shared_claim", shared_claim, **of, states=found["claim_state"])
    return {**found, "shared_claim": shared}


@pytest.fixture(scope="module")
def costs(frame, truth, silver):
    """The rows of gold.cost, all of them, beside the claim of the truth that each is of."""
    from jobs.gold import cost

    visit_of = {one["claim"]: one["visit"] for one in truth} | {one["payer_claim"]: one["visit"] for one in truth}
    person_of = {one["visit"]: one["person"] for one in truth}
    visits, people = collections.defaultdict(list), {}
    for row in silver["encounter"].collect():
        visit = visit_of.get(row.resource_id.removeprefix("npi-1999999984-"), row.resource_id)
        visits[visit].append(row.encounter_id)
        people[row.patient_id] = person_of[visit]
    for row in silver["benefit"].collect():
        number = row.resource_id.removesuffix("R")
        people.setdefault(row.patient_id, person_of.get(visit_of.get(number)))
    visit_rows = [
        {"visit_occurrence_id": place, "person_id": person_of[visit], "lw_told_by": told}
        for place, (visit, told) in enumerate(sorted(visits.items()), 1)
    ]
    dispensed = [
        {"drug_exposure_id": row.medication_dispense_id, "lw_record_ids": [row.record_id],
         "lw_source": f"silver.medication_dispense|{row.medication_dispense_id}"}
        for row in silver["medication_dispense"].collect() if row.status != "cancelled"
    ]  # fmt: skip
    found = cost.build(
        benefits=silver["benefit"],
        items=silver["benefit_item"],
        claims=silver["claim"],
        requests=frame("silver.medication_request", []),
        states=silver["claim_state"],
        shared_claims=silver["shared_claim"],
        patients=frame("silver.patient", []),
        links=frame("silver.person_link", [{"patient_id": k, "person_id": v} for k, v in people.items()]),
        people=frame("gold.person", [{"person_id": one} for one in {*people.values()} - {None}]),
        encounters=silver["encounter"],
        organizations=silver["organization"],
        visits=frame("gold.visit_occurrence", visit_rows),
        details=frame("gold.visit_detail", []),
        drugs=frame("gold.drug_exposure", dispensed),
        devices=frame("gold.device_exposure", []),
        periods=frame("gold.payer_plan_period", []),
        concept_map=frame("silver.concept_map", []),
    )
    return found.collect()


@pytest.fixture(scope="module")
def claim_of(truth, silver):
    """The number of the truth's claim, by the benefits that answer it."""
    names = {f"npi-1999999984-{one['claim']}-{one['payer']}": one["claim"] for one in truth}
    names |= {key: one["claim"] for one in truth for key in (one["payer_claim"], one["fhir_claim"]) if key}
    found = {row.benefit_id: row.claim_ref.partition("/")[2] for row in silver["benefit"].collect()}
    return {key: names.get(name, name) for key, name in found.items()}


def own_claim(row, claim_of):
    return claim_of[int(row.lw_source.partition("|")[2])]


def decided(truth):
    return {one["claim"]: one for one in truth if one["state"] in ("paid", "denied")}


def test_each_claim_costs_what_is_true_to_the_cent_and_is_there_once(truth, costs, claim_of):
    true, seen = decided(truth), collections.Counter()
    for row in costs:
        claim = own_claim(row, claim_of)
        seen[claim] += 1
        # An 835 tells no share that is nothing.
        found = {name: row[column] or 0 for name, column in AMOUNTS.items()}
        assert found == {name: Decimal(true[claim][name]) for name in AMOUNTS}, claim
    assert seen == collections.Counter(true.keys())


def test_all_of_it_adds_up(truth, costs):
    for name, column in AMOUNTS.items():
        assert sum(row[column] or 0 for row in costs) == sum(Decimal(one[name]) for one in decided(truth).values())


def test_nothing_waits_and_every_cost_is_of_a_visit_or_of_a_drug(truth, costs):
    assert [row.faults for row in costs if row.faults] == []
    kinds = collections.Counter(row.cost_domain_id for row in costs)
    pharmacy = sum(one["kind"] == "pharmacy" for one in decided(truth).values())
    assert kinds == {"Drug": pharmacy, "Visit": len(decided(truth)) - pharmacy}


def test_every_benefit_is_a_cost_or_is_left_out_by_name(silver, costs):
    from jobs.gold import cost

    judged = cost.judged(silver["benefit"], silver["claim_state"]).collect()
    left_out = {row.benefit_id: row.excluded for row in judged if row.excluded}
    told = [key for row in costs for key in row.lw_told_by]
    assert sorted([*told, *left_out]) == sorted(row.benefit_id for row in judged)
    assert set(left_out.values()) == {"claim_voided"}


def test_a_claim_that_several_feeds_tell_of_knows_all_of_them(truth, silver, costs, claim_of):
    feeds = {row.benefit_id: row.feed for row in silver["benefit"].collect()}
    told = {own_claim(row, claim_of): {feeds[key] for key in row.lw_told_by} for row in costs}
    assert told == {name: {"ehr_fhir", *one["told_by"]} for name, one in decided(truth).items() if one["told_by"]}


def test_lines_that_come_by_themselves_are_lines_of_their_claim(silver):
    claims = {row.claim_id for row in silver["claim"].collect()}
    items = [row for row in silver["claim_item"].collect() if row.feed == "claims_csv"]
    assert {row.claim_id for row in items} <= claims
    lines = {row.claim_item_id for row in silver["claim_item"].collect()}
    answers = [row for row in silver["benefit_item"].collect() if row.feed == "claims_csv"]
    over = {row.benefit_id for row in silver["claim_state"].collect()}
    assert len(answers) > 100
    assert {row.claim_item_id for row in answers if row.benefit_id not in over} <= lines
    assert {row.benefit_id for row in answers} <= {row.benefit_id for row in silver["benefit"].collect()}
