"""Public samples of HL7 v2, every message accounted for; and messages spoilt at random, only named faults."""

import collections
import datetime
import pathlib
import random
import re

import hl7
import pytest

from infra.bench import hl7v2 as bench
from jobs.formats import hl7v2, hl7v2_ack, hl7v2_extract, hl7v2_inspection
from jobs.formats.hl7v2_message import MessageError, parse

SAMPLES = pathlib.Path(__file__).parents[4] / "shared" / "reference" / "hl7v2"
FILES = sorted(SAMPLES.glob("*/*"))
LIMITS = hl7v2.Limits()
needs_samples = pytest.mark.skipif(not FILES, reason="the public samples are not here")
# How many messages lie in a file, by whoever listed the samples: `| file | messages | ...`.
_ROW = re.compile(r"\| `([^`]+)` \| (\d+) \|")


@needs_samples
def test_every_sample_message_is_counted():
    listed = {name: int(count) for name, count in _ROW.findall((SAMPLES / "README.md").read_text()) if "/" in name}
    read = {str(path.relative_to(SAMPLES)): len(list(hl7v2.read(str(path), limits=LIMITS))) for path in FILES}
    assert read == listed
    seen = {path: hl7v2_inspection.inspect(str(path)) for path in FILES}
    assert {str(path.relative_to(SAMPLES)): found.records for path, found in seen.items()} == listed
    held = {path.name: found.faults for path, found in seen.items() if found.faults}
    assert held == {"batch__count-mismatch.hl7": ("batch_count_mismatch",)}


@needs_samples
def test_the_faulty_sample_messages_are_those_that_are_faulty():
    faulty = collections.Counter()
    for path in FILES:
        for record in hl7v2.read(str(path), limits=LIMITS):
            faulty.update((path.name, fault) for fault in record.faults if fault in ("no_version", "header_only"))
            if record.faults:
                assert path.name in (
                    "phlip-flu-batch.txt", "batch__malformed-mid-batch.hl7", "stream__malformed-mid-stream.hl7",
                    "Lyme_WithMissingMSH212.txt",
                )  # fmt: skip
    assert faulty[("phlip-flu-batch.txt", "no_version")] == 1


@needs_samples
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_library_reads_the_same_fields_of_the_samples(path):
    for record in hl7v2.read(str(path), limits=LIMITS):
        message = parse(record.payload)
        assert parse(message.encode()).segments == message.segments
        if record.faults:
            continue
        # It needs CR as the end of segments, and names in capitals.
        text = message.encode().decode(message.dialect.codec)
        theirs = hl7.parse(text)
        assert len(theirs) == len(message.segments)
        for their, our in zip(theirs, message.segments, strict=True):
            assert [str(field) for field in their] == our


@needs_samples
def test_every_observation_of_the_samples_becomes_a_row():
    for path in FILES:
        for record in hl7v2.read(str(path), limits=LIMITS):
            message = parse(record.payload)
            rows = hl7v2_extract.extract(message)
            if "lab_result" in rows:
                sent = [n for n, segment in enumerate(message.segments) if segment[0] == "OBX"]
                assert sorted({row.segment for row in rows["lab_result"]}) == sent
            if "patient" in rows:
                assert len(rows["patient"]) == sum(segment[0] == "PID" for segment in message.segments)


@pytest.mark.parametrize("seed", range(4))
def test_spoilt_messages_give_named_faults_and_nothing_else(seed, spoilt):
    chance = random.Random(seed)
    sources = bench.messages(20, seed) + [path.read_bytes()[:20_000] for path in FILES[::5]]
    at = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    for _ in range(spoilt(600, share=4)):
        data = bench.spoil(b"".join(chance.sample(sources, 2)), chance)
        for record in bench.records(data):
            assert set(record.faults) <= hl7v2.FAULTS.keys()
            assert data[record.position : record.position + record.length] == record.payload
            hl7v2_ack.acknowledge(record, at=at)
            try:
                message = parse(record.payload)
            except MessageError:
                assert record.faults
                continue
            assert parse(message.encode()).segments == message.segments
            for rows in hl7v2_extract.extract(message).values():
                assert all(0 <= row.segment < len(message.segments) for row in rows)
