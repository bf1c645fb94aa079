"""Public samples of HL7 v2 as FHIR, every resource counted; and messages spoilt at random, which never raise."""

import collections
import datetime
import json
import pathlib
import random
import re
import zoneinfo

import orjson
import pytest

from infra.bench import hl7v2 as bench
from jobs.formats import hl7v2, hl7v2_extract, translation
from jobs.formats.hl7v2_fhir import translate, translate_written
from jobs.formats.hl7v2_message import MessageError, parse
from jobs.formats.translation import Said, Source

SAMPLES = pathlib.Path(__file__).parents[4] / "shared" / "reference" / "hl7v2"
FILES = sorted(SAMPLES.glob("*/*"))
FEED = Source("lab_hl7v2", "demo", zoneinfo.ZoneInfo("America/New_York"), {}, {})
RECEIVED = datetime.datetime(2026, 3, 2, tzinfo=datetime.UTC)
needs_samples = pytest.mark.skipif(not FILES, reason="the public samples are not here")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


def said(payload):
    return Said(None, None, payload, None, RECEIVED)


def records(path):
    return [one for one in hl7v2.read(str(path), limits=hl7v2.Limits()) if one.payload is not None]


def check(payload):
    """The resources of a message, each of which is whole: written the same both ways, with an id, and once only."""
    found, written = translate(said(payload), FEED), translate_written(said(payload), FEED)
    for one, text in zip(found, written, strict=True):
        assert one[:4] == text[:4]
        assert _ID.fullmatch(one.resource_id)
        body = json.loads(text.text)
        assert (body.pop("resourceType"), body.pop("id")) == one[:2]
        assert translation.without_nothing(body) == body
        assert translation.write(one) == text.text
        assert (one.method == "DELETE") == (body == {})
    assert len({one[:2] for one in found}) == len(found)
    return found


def references(value):
    """Every reference in a resource."""
    if isinstance(value, dict):
        own = [value["reference"]] if isinstance(value.get("reference"), str) else []
        return own + [ref for one in value.values() for ref in references(one)]
    return [ref for one in value for ref in references(one)] if isinstance(value, list) else []


@needs_samples
def test_the_resources_of_the_samples_are_counted():
    counts = collections.Counter(
        one.resource_type for path in FILES for record in records(path) for one in check(record.payload)
    )
    assert counts == {
        "Patient": 87, "Linkage": 4, "Observation": 2646, "DiagnosticReport": 72, "Specimen": 20, "Organization": 56,
        "Practitioner": 51, "Location": 45, "Encounter": 24, "DocumentReference": 2, "Immunization": 5, "Coverage": 2,
        "Condition": 1, "AllergyIntolerance": 1, "ServiceRequest": 3,
    }  # fmt: skip


@needs_samples
def test_whatever_a_sample_refers_to_it_tells():
    for path in FILES:
        for record in records(path):
            found = {f"{one.resource_type}/{one.resource_id}": one for one in translate(said(record.payload), FEED)}
            for one in found.values():
                assert set(references(orjson.loads(translation.write(one)))) <= found.keys() | _replacing(found)


def _replacing(found):
    return {ref for one in found.values() if "link" in one.body for ref in references(one.body["link"])}


@needs_samples
def test_every_value_of_an_observation_in_the_samples_is_an_observation():
    for path in FILES:
        for record in records(path):
            message = parse(record.payload)
            rows = hl7v2_extract.extract(message).get("lab_result", ())
            told = [one for one in translate(said(record.payload), FEED) if one.resource_type == "Observation"]
            assert len(told) == len(rows)


PID = (
    "PID|1||7^^^NORTH^MR||Example^Ada^Q||19700102|F||2106-3^White^HL70005|1 Main St^^Springfield^MA||^PRN^PH^^1^413^55"
)
PV1 = "PV1|1|I|4W^12^1^NORTH||||99^Doe^Jane^^^^^^NPI||||||||||||V1^^^NORTH^VN|||||||||||||||||||||||||20260301|20260302"
OURS = [
    ("ADT^A08", "EVN||20260301", PID, PV1, "DG1|1||I10^High^I10||20260301|F", "AL1|1|DA|1^Penicillin^L|SV|Hives",
     "PR1|1|I10|027034Z^PCI|x|202603011000|P|45|5^A|||4^B|3^C||1|I21^MI^I10||||PR1^OR", "ROL|1|AD|AS^Aid|7^D",
     "IN1|1|PPO^Gold|60054|Example Health||||G1|||20260101|20261231||||SEL"),
    ("ADT^A40", PID, "MRG|6^^^NORTH^MR"),
    ("ADT^A50", PID, "MRG|7^^^NORTH^MR||||V0^^^NORTH", PV1),
    ("ADT^A24", PID, "PID|2||8^^^NORTH^MR||Other^Bob"),
    ("ADT^A23", PID, PV1),
    ("VXU^V04", PID, "ORC|RE||I7^EHR", "RXA|0|1|20260301||08^H^CVX|0.5|mL||00|97^R|^^^C||||L1|20270101|MSD^M^MVX",
     "RXR|IM|LA", "OBX|1|CE|64994-7^Eligibility^LN|1|V02^VFC^HL70064||||||F"),
    ("RSP^K11", "MSA|AA|M0", "QAK|Q1|OK", "QPD|Z34^Request^CDCPHINVS|Q1|7^^^NORTH^MR", PID, "ORC|RE||I7^IIS",
     "RXA|0|1|20260301||08^H^CVX|0.5|mL||01", "OBX|1|CE|64994-7^Eligibility^LN|1|V02^VFC^HL70064||||||F"),
    ("PPR^PC1", PID, PV1, "PRB|AD|20260301|I10^High^I10|P1^EHR||1|20260301||20260302|||||A^Active|20260301|2025|spring",
     "NTE|1||watch"),
    ("MDM^T02", PID, PV1, "TXA|1|DS|TX|20260301|97^R|20260302||||||D1^E|D0^E||||AU||AV", "OBX|1|TX|1^S||text~more"),
    ("RAS^O17", PID, "ORC|RE|P9^EHR", "RXE|^Q8H|197361^Aml^RXNORM|1|2|TAB|||||30|TAB|2|97^Roe",
     "RXA|0|1|202603010900|202603010930|197361^Aml^RXNORM|5|mg|||97^Roe", "RXR|PO"),
    ("RDE^O11", PID, "ORC|DC|P9^EHR|||DC||||20260302|||97^Roe||||20260303", "RXE|^PRNQ6H^D10^20260301|1^Aml^L|1|2|mg",
     "TQ1|1||BID|||10^d|20260301|20260310|S||as told", "RXR|PO", "ORC|RO|P10^EHR", "RXE||1^Aml^L|1||mg||^Take one"),
    ("RDS^O13", PID, "ORC|RE|P9^EHR", "RXD|1|197361^Aml^RXNORM|202603011000|30|TAB|TAB|RX7"),
    ("ORU^R01", PID, PV1, "OBR|1|P1|F1^L|1^Panel^L|||20260301|20260302||||||20260301|BLD&Blood^^^LA&Arm",
     "OBX|1|SN|2^T^L|1|^1^:^128|mg^^UCUM|1-2|H~L|||C|||20260301|L^Lab|9^A", "NTE|1||note",
     "OBX|2|ED|3^D^L||L^AP^PDF^Base64^AAAA", "SPM|1|^S1&L||BLD^Blood^L|||||||||||||20260301|20260302"),
    ("DFT^P03", PID, PV1, "FT1|1|||20260301||CG|99213^Visit^CPT||||100", "DG1|1||I10^High^I10"),
    ("DFT^P11", PID, PV1, "FT1|1|T1|B1|20260301^20260302|20260302|CD|4711^Film^L|x||-2|100.10&USD|50.05&USD|RAD^Rays"
     "||||||E11.9^^I10~I10^^I10|99^Doe|98^Roe||F1^LAB||71045^X-ray^C4|26~LT|||1^Drug^NDC", "IN1|1|PPO^Gold|60054"),
    ("ORM^O01", PID, PV1, "ORC|NW|P1^EHR|F1^LAB|G1^EHR|IP||1^^^20260302^^S||20260301|||99^Doe||||R51^Ache^I10",
     "OBR|1|P1^EHR||1^Panel^L|||||||||||||||||||LAB|||^^^20260302^^A||||R51^Ache^I10", "NTE|1||fasting",
     "DG1|1||I10^High^I10", "ORC|CA|P2^EHR"),
    ("OML^O21", PID, "ORC|NW|P1^EHR", "OBR|1|P1^EHR||1^Panel^L", "OBX|1|NM|Q^Weeks^L||28|wk", "RXO|1^D^L|1"),
]  # fmt: skip


def ours():
    head = "MSH|^~\\&|LAB|NORTH|EHR|MAIN|20260301120000-0500||{}|M1|P|2.5"
    return ["\r".join([head.format(kind), *segments, ""]).encode() for kind, *segments in OURS]


def test_each_of_our_messages_is_told_whole():
    assert [len(check(payload)) > 1 or b"A50" in payload for payload in ours()] == [True] * len(OURS)


@pytest.mark.parametrize("seed", range(4))
def test_spoilt_messages_never_raise_and_tell_whole_resources(seed, spoilt):
    chance = random.Random(seed)
    sources = ours() + bench.messages(5, seed) + [path.read_bytes()[:8_000] for path in FILES[::9]]
    for _ in range(spoilt(1200, share=4)):
        data = bench.spoil(chance.choice(sources), chance)
        for record in bench.records(data):
            if record.payload is None:
                continue
            try:
                parse(record.payload)
            except MessageError:
                assert record.faults
            check(record.payload)
