"""bronze.ehr_fhir: one row per FHIR record an EHR delivered, verbatim, with where it came from."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.keys import key
from jobs.formats import fhir

# One row per byte range of a landed file, as the shell plans them; `last` is null to read to the end.
SPLITS = (
    "tenant string, feed string, delivery_id string, received_at timestamp, exported_at timestamp,"
    " file_digest string, path string, first bigint, last bigint, document boolean, limits map<string, bigint>"
)
RECORDS = (
    "tenant string, feed string, delivery_id string, file_digest string, position bigint, length int, entry int,"
    " received_at timestamp, exported_at timestamp, resource_type string, resource_id string, version_id string,"
    " last_updated timestamp, full_url string, method string, payload binary, faults array<string>"
)
# A batch goes to the JVM as one piece; its largest buffer must stay far below the 2 GiB of Arrow's string type.
BATCH_BYTES = 32 << 20
BATCH_RECORDS = 10_000

_INSTANT = pa.timestamp("us", tz="UTC")
_SAME = ("tenant", "feed", "delivery_id", "file_digest", "received_at", "exported_at")
_TYPES = {
    "position": pa.int64(),
    "length": pa.int32(),
    "entry": pa.int32(),
    "resource_type": pa.string(),
    "resource_id": pa.string(),
    "version_id": pa.string(),
    "last_updated": _INSTANT,
    "full_url": pa.string(),
    "method": pa.string(),
    "payload": pa.binary(),
    "faults": pa.list_(pa.string()),
}


def build(splits: DataFrame) -> DataFrame:
    """The records in some byte ranges of landed files.

    `payload` is binary, since faulty records may be no text; `faults` is empty for a record that is kept.
    A record larger than the feed's limit has no payload: its bytes stay in landing.
    """
    records = splits.mapInArrow(_read, RECORDS)
    record_id = key("bronze.ehr_fhir", F.col("tenant"), F.col("feed"), F.col("file_digest"), F.col("position"))
    return records.withColumns({"record_id": record_id, "payload_hash": F.xxhash64("payload")})


def _read(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    # Records hold no cycles, and millions of them are made: looking for cycles takes a tenth of the time.
    gc.disable()
    try:
        for batch in batches:
            for split in batch.to_pylist():
                yield from _records_of(split)
    finally:
        gc.enable()


def _records_of(split: dict[str, Any]) -> Iterator[pa.RecordBatch]:
    found = fhir.read(
        split["path"],
        split["first"],
        split["last"],
        document=split["document"],
        limits=fhir.Limits.of(dict(split["limits"])),
    )
    for records in _batches(found):
        yield _arrow(split, records)


def _batches(found: Iterator[fhir.Record]) -> Iterator[list[fhir.Record]]:
    records: list[fhir.Record] = []
    size = 0
    for record in found:
        records.append(record)
        size += record.length
        if size >= BATCH_BYTES or len(records) >= BATCH_RECORDS:
            yield records
            records, size = [], 0
    if records:
        yield records


def _arrow(split: dict[str, Any], records: list[fhir.Record]) -> pa.RecordBatch:
    columns = dict(zip(fhir.Record._fields, zip(*records, strict=True), strict=True))
    arrays = {name: pa.array(columns[name], kind) for name, kind in _TYPES.items()}
    for name in _SAME:
        kind = _INSTANT if name.endswith("_at") else pa.string()
        arrays[name] = pa.repeat(pa.scalar(split[name], kind), len(records))
    names = [column.split()[0] for column in RECORDS.split(", ")]
    return pa.RecordBatch.from_pydict({name: arrays[name] for name in names})
