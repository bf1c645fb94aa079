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
    """The key of an address in gold.location; null when nothing is known of it."""
    known = parts(address)
    said = F.coalesce(*[known[p] for p in ("address_1", "city", "state", "zip", "country_source_value")])
    return F.when(said.isNotNull(), key("location", *known.values(), address["state"]))
