"""Contained resources (FHIR R4 references 2.3.0.3): what stands inside a resource and is named there by "#id"."""

from __future__ import annotations

from typing import Final

from pyspark.sql import Column
from pyspark.sql import functions as F

from jobs.columns.reference_texts import by_identifier, normal
from jobs.formats.x12_fhir_codes import NPI

_NUMBERS = "array<struct<system: string, value: string>>"
# What is read of every contained resource; who reads more of one adds to it.
FIELDS: Final = (
    f"resourceType: string, id: string, identifier: {_NUMBERS}, practitioner: struct<reference: string,"
    " identifier: struct<system: string, value: string>>"
)
# What `known_elsewhere` gives.
KNOWN: Final = "array<struct<id: string, text: string>>"
CONTAINED: Final = f"contained array<struct<{FIELDS}>>"


def held(contained: Column, ref: Column, kind: str) -> Column:
    """The contained resource of a kind that a Reference names by "#id", or null.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> said = '{"contained": [{"resourceType": "Basic", "id": "b"}, {"resourceType": "Device", "id": "c"}]}'
    >>> said = said.replace('"b"}', '"b"}, {"resourceType": "Basic", "id": "c"}')
    >>> texts = ["#c", "#b", "#d", "c", None]
    >>> ddl = "payload string, ref struct<reference: string>"
    >>> rows = spark.createDataFrame([(said, (text,)) for text in texts], ddl)
    >>> inside = F.from_json("payload", CONTAINED)["contained"]
    >>> [row.id for row in rows.select(held(inside, F.col("ref"), "Device")["id"].alias("id")).collect()]
    ['c', None, None, None, None]
    """
    wanted = F.substr(ref["reference"], F.lit(2))
    first = F.get(contained, F.array_position(contained["id"], wanted).cast("int") - 1)
    # An id should stand once in a resource (FHIR R4 dom-contained resources, 2.3.0.2); else the kind tells.
    same = F.filter(contained, lambda one: (one["id"] == wanted) & (one["resourceType"] == kind))
    found = F.when(first["resourceType"] == kind, first).otherwise(F.get(same, F.lit(0)))
    return F.when(is_inside(ref), found)


def is_inside(ref: Column) -> Column:
    """Whether a Reference names what stands inside the same resource."""
    return F.coalesce(ref["reference"].startswith("#"), F.lit(False))


def known_elsewhere(contained: Column) -> Column:
    """(id, text) of each contained resource: as what its number makes it known elsewhere, else as what stands inside.

    A contained PractitionerRole is who it says has the role.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> npi = '[{"system": "local", "value": "7"}, {"system": "http://hl7.org/fhir/sid/us-npi", "value": "1"}]'
    >>> said = [f'{{"resourceType": "Practitioner", "id": "p", "identifier": {npi}}}',
    ...     '{"resourceType": "PractitionerRole", "id": "r", "practitioner": {"reference": "#p"}}',
    ...     '{"resourceType": "PractitionerRole", "id": "s", "practitioner": {"reference": "Practitioner/2"}}',
    ...     '{"resourceType": "Organization", "id": "o"}']
    >>> rows = spark.createDataFrame([('{"contained": [%s]}' % ", ".join(said),), ("{}",)], "payload string")
    >>> read = rows.select(known_elsewhere(F.from_json("payload", CONTAINED)["contained"]).alias("known")).collect()
    >>> for one in read[0].known:
    ...     print(one.id, one.text)
    p Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|1
    r Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|1
    s Practitioner/2
    o Organization#o
    >>> read[1].known is None
    True
    """

    def numbered(one: Column) -> Column:
        numbers = F.filter(one["identifier"], lambda number: number["value"].isNotNull())
        best = F.get(numbers, F.greatest(F.array_position(numbers["system"], NPI), F.lit(1)).cast("int") - 1)
        return by_identifier(one["resourceType"], best["system"], best["value"])

    def named(one: Column) -> Column:
        bearer = one["practitioner"]
        own = numbered(held(contained, bearer, "Practitioner"))
        said = F.when(~is_inside(bearer), normal(bearer["reference"], F.lit("Practitioner")))
        number = by_identifier(F.lit("Practitioner"), bearer["identifier"]["system"], bearer["identifier"]["value"])
        inside = F.concat(one["resourceType"], F.lit("#"), one["id"])
        text = F.coalesce(own, said, number, numbered(one), inside)
        return F.struct(one["id"].alias("id"), text.alias("text"))

    return F.when(F.size(contained) > 0, F.transform(contained, named))
