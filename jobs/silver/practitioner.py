"""silver.practitioner: a person who treats, with the roles they have in organizations."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.columns.dates import is_malformed, local_date, precision
from jobs.columns.faults import faults
from jobs.columns.fhir import (
    CODEABLE,
    CODES,
    IDENTIFIER,
    PERIOD,
    REFERENCE,
    all_codings,
    current,
    identity,
    parsed,
    text_of,
)
from jobs.columns.keys import key
from jobs.columns.parties import (
    ADDRESS,
    DEA_SYSTEMS,
    DEA_TYPE,
    NAME,
    NPI_SYSTEMS,
    NPI_TYPE,
    TELECOM,
    addresses,
    identifier_of,
    identifiers,
    name_text,
)
from jobs.columns.reference_texts import aliases, reference, references

PERSON = f"""
    active boolean, identifier array<{IDENTIFIER}>, name array<{NAME}>, gender string, birthDate string,
    telecom array<{TELECOM}>, address array<{ADDRESS}>, qualification array<struct<code:{CODEABLE}>>
"""
ROLE = f"""
    active boolean, identifier array<{IDENTIFIER}>, practitioner {REFERENCE}, organization {REFERENCE},
    location array<{REFERENCE}>, code array<{CODEABLE}>, specialty array<{CODEABLE}>, telecom array<{TELECOM}>,
    period {PERIOD}
"""
NOBODY = "array<string>"
# Ten digits (45 CFR 162.406); ten times the same one is what forms ask for where there is none.
NPI = r"^(?!(\d)\1{9})\d{10}$"


def build(resources: DataFrame, translated: DataFrame | None = None, superseded: DataFrame | None = None) -> DataFrame:
    """One row for each practitioner with their roles; a role whose practitioner was not sent stands alone."""
    known = {"translated": translated, "superseded": superseded}
    people = _people(current(resources, "Practitioner", **known))
    placed = _roles(current(resources, "PractitionerRole", **known)).join(
        _bearers(people), on=["tenant", "feed", "bearer_ref"], how="left"
    )
    held = (
        placed.where(F.col("bearer_id").isNotNull())
        .groupBy(F.col("bearer_id").alias("practitioner_id"))
        # The struct begins with the resource id, so that sorting it gives one order whatever came first.
        .agg(F.array_sort(F.collect_list(F.struct("role", "role_aliases"))).alias("_held"))
    )
    with_roles = people.join(held, on="practitioner_id", how="left").select(
        *[c for c in people.columns if c != "aliases"],
        F.array_union("aliases", F.coalesce(F.flatten("_held.role_aliases"), F.array().cast(NOBODY))).alias("aliases"),
        F.col("_held.role").alias("roles"),
    )
    alone = placed.where(F.col("bearer_id").isNull()).withColumns(
        {"roles": F.array("role"), "aliases": F.col("role_aliases")}
    )
    alone = alone.drop("role", "role_aliases", "bearer_ref", "bearer_id")
    return _with_provider(_told(with_roles.unionByName(alone, allowMissingColumns=True)))


def _people(practitioners: DataFrame) -> DataFrame:
    r, zone = F.col("r"), F.col("time_zone")
    known_as = identifiers(r["identifier"])
    year = F.substring(r["birthDate"], 1, 4).try_cast("int")
    return parsed(practitioners, PERSON).select(
        *identity("practitioner"),
        aliases(F.col("resource_type"), F.col("resource_id"), F.col("full_url"), r["identifier"]).alias("aliases"),
        r["active"].alias("is_active"),
        *_numbers(known_as),
        known_as.alias("identifiers"),
        r["name"].alias("names"),
        name_text(r["name"]).alias("name_text"),
        r["gender"].alias("gender"),
        local_date(r["birthDate"], zone).alias("birth_date"),
        F.when(precision(r["birthDate"]).isNotNull(), year).alias("year_of_birth"),
        r["telecom"].alias("telecom"),
        addresses(r["address"]).alias("addresses"),
        all_codings(r["qualification"]["code"]).alias("qualification_codes"),
        faults(malformed_birth_date=is_malformed(r["birthDate"])).alias("faults"),
    )


def _roles(roles: DataFrame) -> DataFrame:
    r, zone = F.col("r"), F.col("time_zone")
    # A role may name its practitioner by NPI alone; then that is the one thing known of them.
    said_of_bearer = F.array(r["practitioner"]["identifier"].cast("struct<system:string,value:string>"))
    known_as = F.concat(identifiers(r["identifier"]), _as_identifiers(said_of_bearer))
    role = F.struct(
        "resource_id",
        "record_id",
        r["active"].alias("is_active"),
        reference(r["organization"], "Organization").alias("organization_ref"),
        references(r["location"], "Location").alias("location_refs"),
        all_codings(r["code"]).alias("role_codes"),
        all_codings(r["specialty"]).alias("specialty_codes"),
        text_of(F.try_element_at(r["specialty"], F.lit(1))).alias("specialty_text"),
        local_date(r["period"]["start"], zone).alias("start_date"),
        local_date(r["period"]["end"], zone).alias("end_date"),
    )
    return parsed(roles, ROLE).select(
        *identity("practitioner"),
        # Never null: a join that has to leave nulls out would have the payload read once more to find them.
        F.coalesce(reference(r["practitioner"], "Practitioner"), F.lit("")).alias("bearer_ref"),
        aliases(F.col("resource_type"), F.col("resource_id"), F.col("full_url"), r["identifier"]).alias("role_aliases"),
        role.alias("role"),
        r["active"].alias("is_active"),
        *_numbers(known_as),
        known_as.alias("identifiers"),
        r["practitioner"]["display"].alias("name_text"),
        r["telecom"].alias("telecom"),
        F.array().cast(NOBODY).alias("faults"),
    )


def _as_identifiers(pairs: Column) -> Column:
    nothing = F.lit(None).cast("string")
    return F.transform(
        F.array_compact(pairs),
        lambda i: F.struct(
            nothing.alias("use"), nothing.alias("type_code"), nothing.alias("type_text"), i["system"], i["value"]
        ),
    )


def _numbers(known_as: Column) -> list[Column]:
    return [
        identifier_of(known_as, NPI_SYSTEMS, NPI_TYPE).alias("npi"),
        identifier_of(known_as, DEA_SYSTEMS, DEA_TYPE).alias("dea"),
    ]


def _bearers(people: DataFrame) -> DataFrame:
    """By which texts roles refer to practitioners; of two who share one the smaller key, a choice that stays."""
    named = people.select("tenant", "feed", "practitioner_id", F.explode("aliases").alias("bearer_ref"))
    return named.groupBy("tenant", "feed", "bearer_ref").agg(F.min("practitioner_id").alias("bearer_id"))


def _told(rows: DataFrame) -> DataFrame:
    """What the roles say of their bearer."""
    roles = F.col("roles")
    in_use = F.filter(roles, lambda role: F.coalesce(role["is_active"], F.lit(True)))
    first = F.try_element_at(in_use, F.lit(1))

    def codes_of(field: str) -> Column:
        return F.coalesce(F.array_distinct(F.flatten(roles[field])), F.array().cast(CODES))

    return rows.withColumns(
        {
            "record_ids": F.array_union(
                F.array("record_id"), F.coalesce(roles["record_id"], F.array().cast("array<bigint>"))
            ),
            "role_codes": codes_of("role_codes"),
            "specialty_codes": codes_of("specialty_codes"),
            "specialty_text": first["specialty_text"],
            "organization_ref": first["organization_ref"],
            "location_ref": F.try_element_at(first["location_refs"], F.lit(1)),
        }
    )


def _with_provider(rows: DataFrame) -> DataFrame:
    """Add provider_id: one for all records of one person who gives care, whichever feeds tell of them.

    Those are the tenant's records of one NPI. Some give the number of a group to each of its members: where records of
    one number have several family names, only those of one name are one person.
    """
    npi = F.when(F.col("npi").rlike(NPI), F.col("npi"))
    family = F.coalesce(F.get("names", F.lit(0))["family"], F.substring_index(F.trim("name_text"), " ", -1))
    letters = F.nullif(F.regexp_replace(F.upper(family), r"[^\p{L}]", ""), F.lit(""))
    known = rows.withColumns({"_npi": npi, "_family": letters})
    of_number = Window.partitionBy("tenant", "_npi", F.when(npi.isNull(), F.col("practitioner_id")))
    is_one = F.min("_family").over(of_number).eqNullSafe(F.max("_family").over(of_number))
    same = [F.lit("npi"), F.col("tenant"), F.col("_npi")]
    return (
        known.withColumn("_is_one", is_one)
        .withColumn(
            "provider_id",
            F.when(F.col("_npi").isNotNull() & F.col("_is_one"), key("provider", *same))
            .when(F.col("_npi").isNotNull() & F.col("_family").isNotNull(), key("provider", *same, F.col("_family")))
            .otherwise(F.col("practitioner_id")),
        )
        .drop("_npi", "_family", "_is_one")
    )
