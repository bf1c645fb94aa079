"""gold.location: one address of a person, a care site or a place."""

from __future__ import annotations

import functools

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.addresses import location_key, main_address, parts


def build(patients: DataFrame, organizations: DataFrame, places: DataFrame) -> DataFrame:
    """OMOP CDM 5.4 LOCATION: each address once, whoever lives or works there."""
    said = [
        _addresses(patients, "patient"),
        _addresses(organizations, "organization"),
        _addresses(places, "location"),
    ]
    every = functools.reduce(DataFrame.unionByName, said)
    return every.groupBy("location_id").agg(
        *[F.first(name).alias(name) for name in _names()],
        F.array_sort(F.collect_set("record_id")).alias("lw_record_ids"),
        F.min("lw_source").alias("lw_source"),
    ).withColumn("country_concept_id", F.lit(None).cast("int"))  # fmt: skip


def _names() -> list[str]:
    return list(parts(F.col("address")))


def _addresses(rows: DataFrame, source: str) -> DataFrame:
    address = F.col("address")
    found = rows.withColumn("address", main_address(F.col("addresses")))
    return found.select(
        location_key(address).alias("location_id"),
        *[column.alias(name) for name, column in parts(address).items()],
        "record_id",
        F.concat_ws("|", F.lit(f"silver.{source}"), F.col(f"{source}_id").cast("string")).alias("lw_source"),
    ).where(F.col("location_id").isNotNull())
