"""The demo hospital's claims and payments as FHIR, newest version of each, against the truth it was made from."""

import collections
import datetime
import hashlib
import json
import pathlib
import zoneinfo
from decimal import Decimal

import pytest
import yaml

import schemas
from jobs.formats import (
    claims_csv_fhir,
    csv_rows,
    translation,
    x12,
    x12_balance,
    x12_claim,
    x12_fhir,
    x12_inspection,
    x12_remittance,
)
from jobs.formats.csv_inspection import inspect
from jobs.formats.csv_layout import Layout, Limits

HOSPITAL = pathlib.Path(__file__).parents[3] / "infra" / "hospital"
ZONE = zoneinfo.ZoneInfo("America/New_York")
NEVER = datetime.datetime(1, 1, 2, tzinfo=datetime.UTC)
KINDS = {
    "submitted": "charge", "eligible": "allowed", "benefit": "paid", "deductible": "deductible", "copay": "copay",
    "coinsurance": "coinsurance",
}  # fmt: skip


def source(feed):
    declared = yaml.safe_load((schemas.ROOT / "feeds" / f"{feed}.yaml").read_text())
    return translation.Source(feed, "demo", ZONE, declared.get("options", {}), declared.get("columns", {}))


def deliveries(feed):
    """Every file once, with the day it came."""
    seen = set()
    for path in sorted((HOSPITAL / feed).glob("2*/*")):
        digest = hashlib.sha256(path.read_bytes()).digest()
        if digest not in seen:
            seen.add(digest)
            yield path, datetime.datetime.fromisoformat(path.parent.name).replace(tzinfo=ZONE)


def claims_and_payments(path):
    inspector = x12_inspection.Inspector(x12_inspection.Limits())
    inspector.update(path.read_bytes())
    if inspector.finish(path.name).faults:
        return
    for one in x12.read(str(path), limits=x12.Limits()):
        if one.entry is not None and not one.faults:
            is_payment = one.resource_type == "835"
            read = (x12_remittance if is_payment else x12_claim).parse(one.payload, one.context)
            if read["problems"] or (x12_balance.of_payment if is_payment else x12_balance.of_claim)(read):
                continue
            yield one


def rows(path, layout):
    found = inspect(str(path), layout, Limits(), path.name)
    if not found.faults:
        whole = found.shape == "csv-over-lines"
        read = csv_rows.read(str(path), document=whole, limits=Limits(), layout=layout, kind=found.resource_type)
        yield from (one for one in read if not one.faults)


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
    path = HOSPITAL / "truth" / "claims.jsonl"
    if not path.is_file():
        pytest.skip("the demo hospital's claims are not here")
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture(scope="module")
def of_x12(truth):
    return newest("claims_x12", x12_fhir, lambda path, _: claims_and_payments(path))


@pytest.fixture(scope="module")
def of_csv(truth):
    layout = Layout.of(source("claims_csv").options)
    return newest("claims_csv", claims_csv_fhir, lambda path, _: rows(path, layout))


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
