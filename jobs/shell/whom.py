"""Whom or what a row is about, as 64-bit ids: by these a change in one table finds the rows of the next."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

import schemas
from jobs.columns.keys import key

DELIVERY_DIGITS = 15


def kinds(table: schemas.Table) -> dict[str, Column]:
    """Whom or what a row of this table touches, as columns of 64-bit ids by kind.

    person and patient are surrogate ids; resource and alias are hashes of a source's own ids, by which
    later tables find the rows that stand on a record or refer to it.
    """
    found: dict[str, Column] = {}
    for name in ("person_id", "lw_person_id"):
        if name in table.columns:
            found["person"] = F.array(F.col(name))
    if "patient_id" in table.columns:
        found["patient"] = F.array(F.col("patient_id"))
    if "resource_id" in table.columns:
        found["resource"] = F.array(resource_key())
    if "aliases" in table.columns:
        found["alias"] = F.transform(F.col("aliases"), alias_key)
    return found


def resource_key() -> Column:
    """The hash that stands for one resource of one feed, over its versions."""
    return key("resource", F.col("feed"), F.col("resource_type"), F.col("resource_id"))


def delivery_key() -> Column:
    """The number that stands for a delivery: its id is the beginning of a digest, this the beginning of that."""
    return F.conv(F.substring("delivery_id", 1, DELIVERY_DIGITS), 16, 10).cast("bigint")


def alias_key(alias: Column) -> Column:
    """The hash of a normalised reference."""
    return key("alias", alias)
