"""bronze.ehr_fhir: what the parser gives is what the table holds, and every byte of a file has one fate."""

import datetime
import gzip
import json

import pytest
from pyspark.sql import functions as F

from jobs.bronze.ehr_fhir import SPLITS, build
from jobs.formats import ndjson
from jobs.shell.tables import conform
from schemas import table

AT = datetime.datetime(2026, 3, 1, 6, 0)
LIMITS = {"record_bytes": 5000, "depth": 100, "document_bytes": 100_000}


@pytest.fixture
def records(spark):
    """`records(path, ranges)`: the rows built from byte ranges of one file."""

    def make(path, ranges=((0, None),), *, document=False, digest="a" * 64, options=None):
        stamp = ("demo", "ehr_fhir", "d1", AT, None, digest, str(path))
        rows = [(*stamp, *span, document, LIMITS, options) for span in ranges]
        return build(spark.createDataFrame(spark.sparkContext.parallelize(rows, len(rows)), SPLITS))

    return make


def test_every_line_becomes_one_row_whatever_the_ranges(records, tmp_path):
    whole = tmp_path / "whole"
    good = [
        {"resourceType": "Patient", "id": f"p{n}", "meta": {"lastUpdated": "2026-02-01T00:00:00+01:00"}, "x": "é" * n}
        for n in range(40)
    ]
    bad = [
        b"",
        b"oops",
        b'{"resourceType":"Patient","id":"\xff"}',
        b'{"resourceType":"Patient","x":"%s"}' % (b"y" * 6000),
    ]
    texts = [json.dumps(one, ensure_ascii=False).encode() for one in good]
    texts[10:10] = bad
    data = b"\n".join(texts)
    whole.write_bytes(data)
    found = records(whole, ndjson.plan(len(data), 700)).orderBy("position").collect()
    assert [data[row.position : row.position + row.length] for row in found] == texts
    assert [row.faults for row in found if row.faults] == [["empty_line"], ["not_json"], ["bad_utf8"], ["too_large"]]
    assert [bytes(row.payload) if row.payload is not None else None for row in found[10:14]] == [*bad[:3], None]
    assert len({row.record_id for row in found}) == len(found) and all(row.record_id > 0 for row in found)
    assert found[0].last_updated.timestamp() == datetime.datetime(2026, 1, 31, 23, tzinfo=datetime.UTC).timestamp()
    assert (found[0].received_at, found[0].exported_at, found[0].entry) == (AT, None, None)


def test_rows_without_fault_fit_the_declaration_and_a_delete_is_a_tombstone(records, tmp_path):
    path = tmp_path / "bundle"
    inner = {"resourceType": "Patient", "id": "p1", "meta": {"versionId": "2"}}
    entries = [
        {"fullUrl": "urn:uuid:1", "request": {"method": "PUT", "url": "Patient/p1"}, "resource": inner},
        {"request": {"method": "DELETE", "url": "Patient/p2"}},
        {"fullUrl": "urn:uuid:3"},
    ]
    bundle = {"resourceType": "Bundle", "type": "history", "entry": entries}
    path.write_bytes(gzip.compress(json.dumps(bundle, indent=1).encode()))
    built = records(path, document=True)
    kept = (
        conform(built.where(F.size("faults") == 0).drop("faults"), table("bronze.ehr_fhir")).orderBy("entry").collect()
    )
    assert [(r.entry, r.resource_type, r.resource_id, r.version_id, r.full_url, r.method) for r in kept] == [
        (0, "Patient", "p1", "2", "urn:uuid:1", "PUT"),
        (1, "Patient", "p2", None, None, "DELETE"),
    ]
    assert [json.loads(row.payload) for row in kept] == [inner, entries[1]]
    assert [row.faults for row in built.where(F.size("faults") > 0).collect()] == [["no_resource"]]


def test_a_records_id_follows_from_where_it_lies_and_its_hash_from_its_bytes(records, tmp_path):
    path = tmp_path / "twice"
    line = b'{"resourceType":"Patient","id":"p1"}\n'
    path.write_bytes(line * 2)
    first, second = records(path).orderBy("position").collect()
    again = records(path).orderBy("position").first()
    [elsewhere, _] = records(path, digest="b" * 64).orderBy("position").collect()
    assert (first.record_id == again.record_id, first.payload_hash == second.payload_hash) == (True, True)
    assert len({first.record_id, second.record_id, elsewhere.record_id}) == 3


def test_a_feed_says_whether_it_takes_test_data(records, tmp_path):
    path = tmp_path / "labelled"
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}
    path.write_text(json.dumps({"resourceType": "Patient", "id": "p1", "meta": {"security": [label]}}))
    told = [records(path, options=options).first().faults for options in (None, '{"test_resources": true}')]
    assert told == [["test_resource"], []]
