"""gold.location: one address of a person, a care site or a place."""

from __future__ import annotations

import functools

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.addresses import location_key, main_address, parts
from jobs.columns.concepts import NO_MATCH
from jobs.columns.told import first_said, heard

# Where an address lies is said by both or not at all.
_AT = ("latitude", "longitude")
# Records, since one may tell an address twice.
RECEIVED = """
    WITH said AS (
        SELECT record_id, addresses FROM patients UNION ALL
        SELECT record_id, addresses FROM organizations UNION ALL
        SELECT record_id, addresses FROM places
    ), now AS (
        SELECT record_id, addresses,
            list_filter(addresses, lambda a: a.valid_to IS NULL AND coalesce(a.use, '') <> 'old') AS in_use FROM said
    ), main AS (
        SELECT record_id,
            coalesce(list_filter(in_use, lambda a: a.use IN ('home', 'work'))[1], in_use[1], addresses[1]) AS a FROM now
    )
    SELECT DISTINCT record_id, CASE WHEN a.lines[1] IS NULL AND a.city IS NULL AND a.postal_code IS NULL
        AND a.country IS NULL AND coalesce(length(trim(a.state)), 0) <> 2 THEN 'no_address' END AS excluded FROM main
"""
FOUND_AGAIN = "SELECT count(DISTINCT record_id) FROM (SELECT unnest(lw_record_ids) AS record_id FROM made)"


def build(patients: DataFrame, organizations: DataFrame, places: DataFrame) -> DataFrame:
    """OMOP CDM 5.4 LOCATION: each address once, whoever lives or works there, as the first feed spells it."""
    said = [
        _addresses(patients, "patient"),
        _addresses(organizations, "organization"),
        _addresses(places, "location"),
    ]
    every = functools.reduce(DataFrame.unionByName, said)
    whole = every.groupBy("location_id").agg(
        *[first_said(name, F.col("_order")).alias(name) for name in _names()],
        F.array_sort(F.collect_set("record_id")).alias("lw_record_ids"),
        F.min_by("lw_source", "_order").alias("lw_source"),
    )
    at = {name: F.col("_at")[name] for name in _AT}
    country = F.when(F.col("country_source_value").isNotNull(), NO_MATCH)
    return whole.withColumns({**at, "country_concept_id": country.cast("int")}).drop("_at")


def _names() -> list[str]:
    return [*(name for name in parts(F.col("address")) if name not in _AT), "_at"]


def _addresses(rows: DataFrame, source: str) -> DataFrame:
    address = F.col("address")
    known = parts(address)
    found = rows.withColumn("address", main_address(F.col("addresses")))
    return found.select(
        location_key(address).alias("location_id"),
        *[column.alias(name) for name, column in known.items() if name not in _AT],
        F.when(known["latitude"].isNotNull(), F.struct(*[known[name].alias(name) for name in _AT])).alias("_at"),
        "record_id",
        F.concat_ws("|", F.lit(f"silver.{source}"), F.col(f"{source}_id").cast("string")).alias("lw_source"),
        F.struct(heard().alias("feed"), F.lit(source).alias("of"), F.col(f"{source}_id").alias("id")).alias("_order"),
    ).where(F.col("location_id").isNotNull())
