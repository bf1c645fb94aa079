"""What people and organizations have in common: identifiers, names, telephone numbers, addresses."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns.fhir import NUMBER, PERIOD, extended
from jobs.columns.numbers import decimal
from jobs.columns.references import resolved

NAME = "struct<use:string,text:string,family:string,given:array<string>,prefix:array<string>,suffix:array<string>>"
IDENTIFIERS = "array<struct<use:string,type_code:string,type_text:string,system:string,value:string>>"
TELECOM = "struct<system:string,value:string,use:string>"
_GEOLOCATION = f"array<struct<url:string,extension:array<struct<url:string,valueDecimal:{NUMBER}>>>>"
ADDRESS = (
    f"struct<use:string,text:string,line:array<string>,city:string,district:string,state:string,postalCode:string,"
    f"country:string,period:{PERIOD},extension:{_GEOLOCATION}>"
)
# FHIR R4 extension http://hl7.org/fhir/StructureDefinition/geolocation
GEOLOCATION = "http://hl7.org/fhir/StructureDefinition/geolocation"
NPI_SYSTEMS = ("http://hl7.org/fhir/sid/us-npi", "urn:oid:2.16.840.1.113883.4.6")
DEA_SYSTEMS = ("http://terminology.hl7.org/NamingSystem/usDEA", "urn:oid:2.16.840.1.113883.4.814")
# HL7 table 0203, identifier types.
NPI_TYPE = "NPI"
DEA_TYPE = "DEA"
# Kinds of organization that pay for care (HL7 organization-type), and that are only known to be paid for it (ours).
PAYING, PAID = ("ins", "pay"), ("payee",)
MONEY = PAYING + PAID
# Forms of places (HL7 location-physical-type) that are units of an institution: ward, wing, level, area.
UNITS = ("wa", "wi", "lvl", "area")


def identifiers(given: Column) -> Column:
    """Identifiers with the code of their type; empty when there is none.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> from jobs.columns.fhir import IDENTIFIER
    >>> one = (None, ([(None, "MR", None, None, None)], "Medical Record Number"), "http://hospital", "17")
    >>> rows = spark.createDataFrame([([one],)], f"i array<{IDENTIFIER}>")
    >>> rows.select(identifiers(F.col("i")).alias("i")).first().i
    [Row(use=None, type_code='MR', type_text='Medical Record Number', system='http://hospital', value='17')]
    """
    shaped = F.transform(
        given,
        lambda i: F.struct(
            i["use"].alias("use"),
            F.try_element_at(i["type"]["coding"]["code"], F.lit(1)).alias("type_code"),
            i["type"]["text"].alias("type_text"),
            i["system"].alias("system"),
            i["value"].alias("value"),
        ),
    )
    return F.coalesce(shaped, F.array().cast(IDENTIFIERS))


def identifier_of(shaped: Column, systems: tuple[str, ...], type_code: str) -> Column:
    """The first identifier of a naming system or of a type.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> given = [(None, None, None, "local", "1"), (None, None, None, "http://hl7.org/fhir/sid/us-npi", "9999970491")]
    >>> rows = spark.createDataFrame([(given,)], f"i {IDENTIFIERS}")
    >>> rows.select(identifier_of(F.col("i"), NPI_SYSTEMS, NPI_TYPE).alias("npi")).first().npi
    '9999970491'
    """
    mine = F.filter(
        shaped, lambda i: i["system"].isin(*systems) | F.coalesce(i["type_code"] == type_code, F.lit(False))
    )
    return F.try_element_at(mine, F.lit(1))["value"]


def name_text(names: Column) -> Column:
    """The first name in one line, as written or put together.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> rows = spark.createDataFrame([([(None, None, "Reilly", ["Ted"], ["Dr."], None)],)], f"n array<{NAME}>")
    >>> rows.select(name_text(F.col("n")).alias("n")).first().n
    'Dr. Ted Reilly'
    """
    first = F.try_element_at(names, F.lit(1))
    words = F.concat_ws(" ", first["prefix"], first["given"], first["family"], first["suffix"])
    return F.coalesce(first["text"], F.when(words != "", words))


def gives_care() -> Column:
    """Whether an organization may be a place of care: all may but those that are nothing but payers or payees.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> given = [([("pay",)],), ([("pay",), ("prov",)],), ([],)]
    >>> rows = spark.createDataFrame(given, "type_codes array<struct<code:string>>")
    >>> [row.care for row in rows.select(gives_care().alias("care")).collect()]
    [False, True, True]
    """
    codes = F.col("type_codes")
    return ~((F.size(codes) > 0) & F.forall(codes, lambda one: F.coalesce(one["code"].isin(*MONEY), F.lit(False))))


def is_unit() -> Column:
    """Whether a location is a unit where care is given: a ward, a wing, a level; no room or bed, and no site."""
    return F.coalesce(F.exists("physical_type_codes", lambda one: one["code"].isin(*UNITS)), F.lit(False))


def with_care_site(rows: DataFrame, organizations: DataFrame) -> DataFrame:
    """Add care_site_id, the organization that `organization_ref` names where it gives care; every row stays once."""
    sites = organizations.where(gives_care())
    return resolved(rows, "organization_ref", sites, "organization_id", "care_site_id")


def with_unit(rows: DataFrame, ref: str, places: DataFrame) -> DataFrame:
    """Add place_name and unit_id of the location that a column names: its care site, or that of what it lies in.

    Every row stays once.
    """
    known = places.withColumn("_unit", F.when(is_unit(), F.col("location_id")))
    found = resolved(
        rows, ref, known, "location_id", "_place_id", place_name="name", _own="_unit", _within="part_of_ref"
    )
    around = known.where(F.col("_unit").isNotNull())
    found = resolved(found, "_within", around, "_unit", "_around")
    return found.withColumn("unit_id", F.coalesce("_own", "_around")).drop("_place_id", "_own", "_within", "_around")


def addresses(given: Column) -> Column:
    """Addresses with the coordinates that the geolocation extension adds.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> parts = '[{"url": "latitude", "valueDecimal": 42.416130828036884}, {"url": "longitude", "valueDecimal": -71.2}]'
    >>> sent = '{"a": [{"line": ["1 Bay"], "postalCode": "02451", "extension": [{"url": "%s", "extension": %s}]}]}'
    >>> rows = spark.createDataFrame([(sent % (GEOLOCATION, parts),)], "sent string")
    >>> read = F.from_json("sent", f"a array<{ADDRESS}>")["a"]
    >>> row = rows.select(addresses(read).alias("a")).first()
    >>> row.a[0].lines, row.a[0].postal_code, str(row.a[0].latitude)
    (['1 Bay'], '02451', '42.416130828036884000')
    """
    return F.transform(given, lambda a: address(a, coordinate(a, "latitude"), coordinate(a, "longitude")))


def address(given: Column, latitude: Column, longitude: Column) -> Column:
    """One address in silver's shape."""
    return F.struct(
        given["use"].alias("use"),
        given["text"].alias("text"),
        given["line"].alias("lines"),
        given["city"].alias("city"),
        given["district"].alias("district"),
        given["state"].alias("state"),
        given["postalCode"].alias("postal_code"),
        given["country"].alias("country"),
        latitude.alias("latitude"),
        longitude.alias("longitude"),
        given["period"]["start"].alias("valid_from"),
        given["period"]["end"].alias("valid_to"),
    )


def coordinate(given: Column, name: str) -> Column:
    """Latitude or longitude of an address, from its geolocation extension."""
    parts = extended(given["extension"], GEOLOCATION)["extension"]
    return decimal(extended(parts, name)["valueDecimal"])
