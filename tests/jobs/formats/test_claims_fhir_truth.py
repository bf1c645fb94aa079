"""The demo hospital's claims and payments as FHIR, newest version of each, against the truth it was made from."""

import collections
import datetime
import json
from decimal import Decimal

import pytest

from jobs.formats import claims_csv_fhir, translation, x12_fhir
from tests.hospital_claims import csv_records, deliveries, source, told, x12_records

NEVER = datetime.datetime(1, 1, 2, tzinfo=datetime.UTC)
KINDS = {
    "submitted": "charge", "eligible": "allowed", "benefit": "paid", "deductible": "deductible", "copay": "copay",
    "coinsurance": "coinsurance",
}  # fmt: skip


def newest(feed, translator, read):
    """The newest version of each resource, as silver takes it."""
    known = {}
    declared = source(feed)
    for path, day in deliveries(feed):
        for one in read(path, declared):
            record = translation.Said(one.resource_type, one.resource_id, one.payload, one.context, day)
            for kind, name, at, _, text in translator.translate_written(record, declared):
                order = (at or NEVER, day, one.position)
                if (kind, name) not in known or known[kind, name][0] <= order:
                    known[kind, name] = (order, json.loads(text, parse_float=Decimal, parse_int=Decimal))
    return {key: body for key, (_, body) in known.items()}


@pytest.fixture(scope="module")
def truth():
    return told()


@pytest.fixture(scope="module")
def of_x12(truth):
    return newest("claims_x12", x12_fhir, x12_records)


@pytest.fixture(scope="module")
def of_csv(truth):
    return newest("claims_csv", claims_csv_fhir, csv_records)


def summed(benefits):
    found = collections.Counter()
    for one in benefits:
        for said in one["total"]:
            name = KINDS.get(said["category"]["coding"][0]["code"])
            if name:
                found[name] += said["amount"]["value"]
    return {name: found[name] for name in KINDS.values()}


def answers(resources):
    found = collections.defaultdict(list)
    for (kind, _), body in resources.items():
        if kind == "ExplanationOfBenefit" and "claim" in body:
            found[body["claim"]["reference"]].append(body)
    return found


def name_of(one):
    return f"npi-1999999984-{one['claim']}-{one['payer']}"


def test_what_was_paid_reversed_and_corrected_adds_up_to_what_is_true(truth, of_x12):
    decided = answers(of_x12)
    checked = 0
    for one in truth:
        benefits = decided.get(f"Claim/{name_of(one)}", [])
        if one["state"] in ("paid", "denied") and benefits:
            assert summed(benefits) == {name: Decimal(one[name]) for name in KINDS.values()}, one["claim"]
            checked += 1
    assert checked > 50


def test_a_replaced_claim_has_its_last_charge_and_a_void_one_is_cancelled_and_costs_nothing(truth, of_x12):
    decided, states = answers(of_x12), collections.Counter()
    for one in truth:
        claim = of_x12.get(("Claim", name_of(one)))
        if claim is None:
            continue
        states[one["state"]] += 1
        assert (claim["status"] == "cancelled") == (one["state"] == "void")
        assert claim["total"]["value"] == Decimal(one["charge"])
        if one["state"] == "void":
            assert summed(decided[f"Claim/{name_of(one)}"])["paid"] == 0
    assert states["void"] >= 1


def test_every_paid_line_is_a_line_of_its_claim_and_every_payment_the_claims_patient(truth, of_x12):
    for ref, benefits in answers(of_x12).items():
        claim = of_x12.get(("Claim", ref.removeprefix("Claim/")))
        if claim is not None:
            numbers = {line["sequence"]: line["productOrService"] for line in claim["item"]}
            for benefit in benefits:
                assert benefit["patient"] == claim["patient"]
                assert all(numbers[line["sequence"]] == line["productOrService"] for line in benefit["item"])


def test_an_extract_says_of_a_claim_what_is_true_and_its_lines_add_up(truth, of_csv):
    wholes, parts = {}, collections.defaultdict(Decimal)
    for (kind, name), body in of_csv.items():
        said = {one["url"].rpartition("/")[2]: one["valueReference"]["reference"] for one in body.get("extension", ())}
        if kind == "ExplanationOfBenefit" and "part-of" in said:
            parts[said["part-of"].partition("/")[2]] += body["item"][0]["net"]["value"]
        elif kind == "ExplanationOfBenefit" and "encounter" in said:
            wholes[name] = body
    told = {one["payer_claim"]: one for one in truth if one["state"] in ("paid", "denied")}
    for name, body in wholes.items():
        assert summed([body]) == {kind: Decimal(told[name][kind]) for kind in KINDS.values()}
    whole = [name for name in wholes if parts[name] == Decimal(told[name]["charge"])]
    # Of some claims a line file was held or a line waits.
    assert len(whole) > 0.8 * len(wholes) > 10
