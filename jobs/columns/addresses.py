"""Addresses: the one that counts of several, and the key under which it is a location."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from jobs.columns.keys import key


def main_address(addresses: Column) -> Column:
    """The first address in use at home or work, else the first in use, else the first (FHIR R4 Address.use, period)."""
    in_use = F.filter(addresses, lambda a: a["valid_to"].isNull() & (F.coalesce(a["use"], F.lit("")) != "old"))
    home = F.filter(in_use, lambda a: a["use"].isin("home", "work"))
    return F.coalesce(*[F.try_element_at(some, F.lit(1)) for some in (home, in_use, addresses)])


def parts(address: Column) -> dict[str, Column]:
    """The columns of gold.location that an address fills."""
    lines = address["lines"]
    state = F.upper(F.trim(address["state"]))
    return {
        "address_1": F.left(F.try_element_at(lines, F.lit(1)), F.lit(50)),
        "address_2": F.left(F.try_element_at(lines, F.lit(2)), F.lit(50)),
        "city": F.left(address["city"], F.lit(50)),
        # OMOP LOCATION.state holds two letters; a name in full stays in the source value.
        "state": F.when(F.length(state) == 2, state),
        "zip": F.left(F.regexp_replace(address["postal_code"], "[^0-9A-Za-z]", ""), F.lit(9)),
        "county": F.left(address["district"], F.lit(20)),
        "location_source_value": F.left(
            F.concat_ws(", ", address["city"], address["state"], address["country"]), F.lit(50)
        ),
        "country_source_value": F.left(address["country"], F.lit(80)),
        "latitude": address["latitude"].cast("double"),
        "longitude": address["longitude"].cast("double"),
    }


def location_key(address: Column) -> Column:
    """The key of an address in gold.location; null when nothing is known of it.

    One address has one key, however it is spelt: in capitals (X12), with a postal code of five digits or of nine,
    with its country or without.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> said = [(["1 Bay St."], "Salem", "02451", "US"), (["1 BAY ST"], "SALEM", "02451-1234", None)]
    >>> said += [(["2 Bay St."], "Salem", "02451", "US")]
    >>> kind = "lines array<string>, city string, postal_code string, country string"
    >>> nothing = {name: F.lit(None) for name in ("state", "district", "latitude", "longitude")}
    >>> rows = spark.createDataFrame(said, kind).withColumns(nothing)
    >>> found = rows.select(location_key(F.struct("*")).alias("key")).collect()
    >>> [row.key == found[0].key for row in found]
    [True, True, False]
    """
    known = parts(address)
    said = F.coalesce(*[known[p] for p in ("address_1", "city", "state", "zip", "country_source_value")])
    postal = _plain(address["postal_code"])
    is_american = postal.rlike("^([0-9]{5}|[0-9]{9})$")
    lines = _plain(F.array_join(address["lines"], " "))
    # Two places of one street, city and postal code in two countries are no case that anybody has seen.
    country = F.when(F.coalesce(postal, F.lit("")) == "", _plain(address["country"]))
    where = [lines, _plain(address["city"]), _plain(address["state"])]
    district = F.when(is_american, F.left(postal, F.lit(5))).otherwise(postal)
    return F.when(said.isNotNull(), key("location", *where, district, country))


def _plain(text: Column) -> Column:
    return F.regexp_replace(F.upper(text), r"[^\p{L}\p{N}]", "")
