"""Records of bronze: how the splits of landed files become rows, once for every format.

A job says which parser reads a split; here the parser's records are carried through Arrow, a batch at a time, and get
the columns that every bronze table has. A table takes of them what means something in its format.
"""

from __future__ import annotations

import functools
import gc
import json
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.keys import key

# One row per byte range of a landed file, as the shell plans them; `last` is null to read to the end.
SPLITS = (
    "tenant string, feed string, delivery_id string, received_at timestamp, exported_at timestamp,"
    " file_digest string, path string, first bigint, last bigint, document boolean, limits map<string, bigint>"
)
# Of formats of which a feed says how it takes them: its options as JSON.
SPLITS_WITH_OPTIONS = f"{SPLITS}, options string"
# Of formats that a feed lays out as it likes: what kind of file it is, and the feed's options as JSON.
SPLITS_WITH_LAYOUT = f"{SPLITS}, kind string, options string"
RECORDS = (
    "tenant string, feed string, delivery_id string, file_digest string, position bigint, length int, entry int,"
    " received_at timestamp, exported_at timestamp, resource_type string, resource_id string, version_id string,"
    " last_updated timestamp, full_url string, method string, payload binary, context binary, faults array<string>"
)
# A batch goes to the JVM as one piece; its largest buffer must stay far below the 2 GiB of Arrow's string type.
BATCH_BYTES = 32 << 20
BATCH_RECORDS = 10_000

Split = dict[str, Any]
Read = Callable[[Split], Iterator[Any]]
Part = tuple[Split, list[Any]]

_INSTANT = pa.timestamp("us", tz="UTC")
_SAME = ("tenant", "feed", "delivery_id", "file_digest", "received_at", "exported_at")
_LONGEST = (1 << 31) - 1
# In the order of a record's fields; a format that has no context has one field less.
_TYPES = {
    "position": pa.int64(),
    "length": pa.int64(),
    "entry": pa.int32(),
    "resource_type": pa.string(),
    "resource_id": pa.string(),
    "version_id": pa.string(),
    "last_updated": _INSTANT,
    "full_url": pa.string(),
    "method": pa.string(),
    "payload": pa.binary(),
    "faults": pa.list_(pa.string()),
    "context": pa.binary(),
}
_PAYLOAD, _CONTEXT = 9, 11
_COLUMNS = [column.split()[0] for column in RECORDS.split(", ")]


def of(splits: DataFrame, table: str, read: Read, *, without: Sequence[str] = ()) -> DataFrame:
    """The records in some byte ranges of landed files, with what every bronze table says of a record.

    `without`: fields of a record that mean nothing in this format.

    `payload` is binary, as received; `faults` is empty for a record that is kept. A record larger than the feed's
    limit has no payload: its bytes stay in landing.
    """

    def carry(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return _carried(batches, read)

    records = splits.mapInArrow(carry, RECORDS)
    record_id = key(table, F.col("tenant"), F.col("feed"), F.col("file_digest"), F.col("position"))
    return records.withColumns({"record_id": record_id, "payload_hash": F.xxhash64("payload")}).drop(*without)


def ranges(form: ModuleType) -> Read:
    """How a parser of jobs/formats reads a split."""
    return lambda split: _read(form, split)


def opted(form: ModuleType) -> Read:
    """The same of a format of which a feed says how it takes it."""
    return lambda split: _read(form, split, options=_declared(form.Options, split["options"] or "{}"))


def laid_out(form: ModuleType) -> Read:
    """The same of a format that a feed lays out as it likes."""
    return lambda split: _read(form, split, layout=_declared(form.Layout, split["options"]), kind=split["kind"])


def _read(form: ModuleType, split: Split, **more: Any) -> Iterator[Any]:
    limits = form.Limits.of(dict(split["limits"]))
    found: Iterator[Any] = form.read(
        split["path"], split["first"], split["last"], document=split["document"], limits=limits, **more
    )
    return found


@functools.lru_cache(8)
def _declared(kind: Any, options: str) -> Any:
    return kind.of(json.loads(options))


def _carried(batches: Iterator[pa.RecordBatch], read: Read) -> Iterator[pa.RecordBatch]:
    # Records hold no cycles, and millions of them are made: looking for cycles takes a tenth of the time.
    gc.disable()
    try:
        for parts in _gathered((split for batch in batches for split in batch.to_pylist()), read):
            yield _arrow(parts)
    finally:
        gc.enable()


def _gathered(splits: Iterator[Split], read: Read) -> Iterator[list[Part]]:
    """Records of one or several splits that make up a batch: a file may be one record, or millions."""
    parts: list[Part] = []
    count = size = 0
    for split in splits:
        records: list[Any] = []
        parts.append((split, records))
        for record in read(split):
            records.append(record)
            size += len(record[_PAYLOAD] or b"") + (len(record[_CONTEXT] or b"") if len(record) > _CONTEXT else 0)
            if size >= BATCH_BYTES or count + len(records) >= BATCH_RECORDS:
                yield parts
                records = []
                parts, count, size = [(split, records)], 0, 0
        count += len(records)
    if any(records for _, records in parts):
        yield parts


def _arrow(parts: list[Part]) -> pa.RecordBatch:
    columns = list(zip(*[record for _, records in parts for record in records], strict=True))
    count = len(columns[0])
    arrays: dict[str, Any] = {}
    for number, (name, kind) in enumerate(_TYPES.items()):
        arrays[name] = pa.array(columns[number], kind) if number < len(columns) else pa.nulls(count, kind)
    # What is dropped as too large may be longer than an int; where it begins still says which it was.
    arrays["length"] = pc.min_element_wise(arrays["length"], _LONGEST).cast(pa.int32())
    for name in _SAME:
        kind = _INSTANT if name.endswith("_at") else pa.string()
        arrays[name] = pa.concat_arrays(
            [pa.repeat(pa.scalar(split[name], kind), len(records)) for split, records in parts]
        )
    return pa.RecordBatch.from_pydict({name: arrays[name] for name in _COLUMNS})
