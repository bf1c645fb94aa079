"""Whom or what a row is about, as 64-bit ids: by these a change in one table finds the rows of the next."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash
from pyspark.sql import Column
from pyspark.sql import functions as F

import schemas
from jobs.columns.keys import MISSING, POSITIVE, key
from jobs.identity.person_ids import spark_xxhash64

DELIVERY_DIGITS = 15
PEOPLE = ("person_id", "lw_person_id")
RESOURCE = ("feed", "resource_type", "resource_id")


def kinds(table: schemas.Table) -> dict[str, Column]:
    """Whom or what a row of this table touches, as columns of 64-bit ids by kind.

    person and patient are surrogate ids; resource and alias are hashes of a source's own ids, by which
    later tables find the rows that stand on a record or refer to it.
    """
    found: dict[str, Column] = {}
    if person := person_column(table):
        found["person"] = F.array(F.col(person))
    if "patient_id" in table.columns:
        found["patient"] = F.array(F.col("patient_id"))
    if "resource_id" in table.columns:
        found["resource"] = F.array(resource_key())
    if "aliases" in table.columns:
        found["alias"] = F.transform(F.col("aliases"), alias_key)
    return found


def person_column(table: schemas.Table) -> str | None:
    """The column that says whose a row is; None where no person is named."""
    return next((name for name in PEOPLE if name in table.columns), None)


def resource_key() -> Column:
    """The hash that stands for one resource of one feed, over its versions."""
    return key("resource", *[F.col(name) for name in RESOURCE])


def resource_keys(rows: pa.Table) -> np.ndarray:
    """The same of each row that is on the driver."""
    found = np.empty(rows.num_rows, dtype=np.int64)
    feeds, kinds = (pc.fill_null(rows[name].cast(pa.string()), MISSING) for name in RESOURCE[:2])
    ids = rows["resource_id"].cast(pa.binary()).combine_chunks()
    for pair in pa.table([feeds, kinds], names=RESOURCE[:2]).group_by(RESOURCE[:2]).aggregate([]).to_pylist():
        both = pc.and_(pc.equal(feeds, pair["feed"]), pc.equal(kinds, pair["resource_type"]))
        places = np.flatnonzero(both.to_numpy())
        found[places] = _keys(("resource", *pair.values()), ids.take(pa.array(places)).to_pylist())
    return found


def delivery_key() -> Column:
    """The number that stands for a delivery: its id is the beginning of a digest, this the beginning of that."""
    return F.conv(F.substring("delivery_id", 1, DELIVERY_DIGITS), 16, 10).cast("bigint")


def alias_key(alias: Column) -> Column:
    """The hash of a normalised reference."""
    return key("alias", alias)


def alias_keys_of(column: schemas.Column) -> Column:
    """The hashes of what a column refers to: of one normalised reference, or of a list of them."""
    said = F.col(column.name)
    if column.type.startswith("array"):
        return F.coalesce(F.transform(said, alias_key), F.array().cast("array<bigint>"))
    return F.array(alias_key(said))


def alias_keys(aliases: pa.ChunkedArray) -> list[int]:
    """The same of texts that are on the driver."""
    return _keys(("alias",), aliases.cast(pa.binary()).to_pylist())


def _keys(parts: Iterable[str], last: Iterable[bytes | None]) -> list[int]:
    """The keys (jobs.columns.keys) of many that share all but the last part, given as UTF-8."""
    seed = spark_xxhash64(*parts)
    digest, missing = xxhash.xxh64_intdigest, MISSING.encode()
    return [digest(missing if one is None else one, seed) & POSITIVE for one in last]
