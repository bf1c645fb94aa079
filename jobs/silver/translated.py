"""silver.translated: what one record of a feed that does not speak FHIR says of one resource, as FHIR R4."""

from __future__ import annotations

import functools
import gc
import json
import zoneinfo
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.keys import key
from jobs.formats import claims_csv_fhir, dicom_fhir, hl7v2_fhir, lab_csv_fhir, x12_faults, x12_fhir
from jobs.formats.translation import Said, Source

# By the feed's format; of CSV, whose files say what the feed declares, by the kind of row.
FORMATS: dict[str, Any] = {"hl7v2": hl7v2_fhir, "x12": x12_fhir, "dicom": dicom_fhir}
ROWS: dict[str, Any] = {"lab_result": lab_csv_fhir}
OTHER_ROWS = claims_csv_fhir
# What a record says may be wrong though its parser could read it.
CHECKS: dict[str, Callable[[Said], tuple[str, ...]]] = {"x12": x12_faults.faults}

_RECORD = ("tenant", "feed", "delivery_id", "file_digest", "position", "entry", "record_id", "received_at")
_READ = ("resource_type", "resource_id", "payload", "context", "time_zone", "declaration")
# What many records have the same.
_SHARED = ("resource_type", "context", "received_at", "time_zone", "declaration", "feed", "tenant")
_MADE = pa.schema(
    [
        ("resource_type", pa.string()),
        ("resource_id", pa.string()),
        ("last_updated", pa.timestamp("us", tz="UTC")),
        ("method", pa.string()),
        ("payload", pa.string()),
        ("faults", pa.list_(pa.string())),
    ]
)
TRANSLATED = (
    "tenant string, feed string, delivery_id string, file_digest string, position bigint, entry int, record_id bigint,"
    " received_at timestamp, record_type string, resource_type string, resource_id string, last_updated timestamp,"
    " method string, payload string, faults array<string>"
)
# What the columns that Python makes stand on, for lineage.
_SAID = ["payload", "context", "resource_type", "resource_id", "feed"]
STANDS_ON = {
    **{name: [name] for name in _RECORD},
    "record_type": ["resource_type"],
    **dict.fromkeys(("resource_type", "resource_id", "last_updated", "method", "payload", "faults"), _SAID),
}
_NOTHING = (None,) * (len(_MADE) - 1)
Translate = Callable[[Said, Source], list[Any]]


def build(**feeds: DataFrame) -> DataFrame:
    """One row for each resource that a record says; one without a resource for a record that says nothing we map.

    A record whose amounts do not add up has one row with its `faults`, and waits.
    """
    said = functools.reduce(DataFrame.unionByName, map(_translated, feeds.values()))
    same = [F.col(c) for c in ("record_id", "resource_type", "resource_id")]
    return said.withColumns({"translated_id": key("translated", *same), "payload_hash": F.xxhash64("payload")})


def _translated(records: DataFrame) -> DataFrame:
    absent = {c: F.lit(None) for c in ("context", "entry") if c not in records.columns}
    types = {"context": "binary", "entry": "int", "payload": "binary"}
    whole = records.withColumns(absent).select(
        *[F.col(c).cast(types[c]).alias(c) if c in types else F.col(c) for c in dict.fromkeys(_RECORD + _READ)]
    )
    return whole.mapInArrow(_translate, TRANSLATED)


def _translate(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    # As in bronze: millions of small objects without a cycle among them.
    gc.disable()
    try:
        for batch in batches:
            yield _said_by(batch)
    finally:
        gc.enable()


def _said_by(batch: pa.RecordBatch) -> pa.RecordBatch:
    own = [batch.column(name).to_pylist() for name in ("resource_id", "payload")]
    shared = [_repeated(batch.column(name)) for name in _SHARED]
    places: list[int] = []
    made: list[Any] = []
    for place, (name, payload, *said) in enumerate(zip(*own, *shared, strict=True)):
        kind, context, received_at, zone, declaration, feed, tenant = said
        record = Said(kind, name, payload, context, received_at)
        check, translate, source = _ways(kind, zone, declaration, feed, tenant)
        if faults := check(record):
            made.append((*_NOTHING, faults))
            places.append(place)
            continue
        # A record that names a resource twice means the last.
        once = {(one[0], one[1]): (*one, ()) for one in translate(record, source)}
        made += once.values() or [(*_NOTHING, ())]
        places += [place] * max(len(once), 1)
    columns = zip(*made, strict=True) if made else [[] for _ in _MADE]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, _MADE, strict=True)]
    taken = batch.take(pa.array(places, pa.int64()))
    carried = [taken.column(name) for name in (*_RECORD, "resource_type")]
    return pa.RecordBatch.from_arrays([*carried, *arrays], names=[*_RECORD, "record_type", *_MADE.names])


def _repeated(column: pa.Array) -> list[Any]:
    """The values of a column that has few: each is one object, so that looking it up later costs next to nothing."""
    found = column.dictionary_encode()
    known = found.dictionary.to_pylist()
    return [None if place is None else known[place] for place in found.indices.to_pylist()]


@functools.lru_cache(256)
def _ways(
    kind: str, zone: str, declaration: str, feed: str, tenant: str
) -> tuple[Callable[[Said], tuple[str, ...]], Translate, Source]:
    """How a record is checked and translated, and by what of its feed."""
    declared = json.loads(declaration)
    form = declared["format"]
    translator = FORMATS.get(form) or ROWS.get(kind, OTHER_ROWS)
    source = Source(feed, tenant, zoneinfo.ZoneInfo(zone), declared["options"], declared["columns"])
    return CHECKS.get(form, _fine), translator.translate_written, source


def _fine(_: Said) -> tuple[str, ...]:
    return ()
