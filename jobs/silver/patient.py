"""silver.patient: a patient as an EHR knows them, the newest version."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns.dates import instant, is_malformed, local_date, moment, precision
from jobs.columns.faults import faults
from jobs.columns.fhir import (
    CODEABLE,
    CODES,
    CODING,
    IDENTIFIER,
    REFERENCE,
    all_codings,
    codings,
    current,
    extended,
    identity,
    parsed,
)
from jobs.columns.parties import ADDRESS, NAME, TELECOM, addresses, identifiers
from jobs.columns.reference_texts import aliases, first_person, reference, references

RACE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"
ETHNICITY = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-ethnicity"
BIRTH_SEX = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex"
BIRTH_TIME = "http://hl7.org/fhir/StructureDefinition/patient-birthTime"

# US Core writes race and ethnicity as an extension of extensions: ombCategory, detailed, text.
_INNER = f"array<struct<url:string,valueCoding:{CODING},valueString:string>>"
SCHEMA = f"""
    active boolean, name array<{NAME}>, identifier array<{IDENTIFIER}>, telecom array<{TELECOM}>,
    address array<{ADDRESS}>, gender string, birthDate string,
    _birthDate struct<extension:array<struct<url:string,valueDateTime:string>>>,
    deceasedBoolean boolean, deceasedDateTime string, maritalStatus {CODEABLE},
    communication array<struct<language:{CODEABLE},preferred:boolean>>,
    multipleBirthBoolean boolean, multipleBirthInteger int, managingOrganization {REFERENCE},
    generalPractitioner array<{REFERENCE}>, link array<struct<other:{REFERENCE},type:string>>,
    extension array<struct<url:string,valueCode:string,extension:{_INNER}>>
"""


def build(resources: DataFrame, translated: DataFrame | None = None, superseded: DataFrame | None = None) -> DataFrame:
    """One row for each patient resource that is not deleted."""
    patients = parsed(current(resources, "Patient", translated=translated, superseded=superseded), SCHEMA)
    r, zone = F.col("r"), F.col("time_zone")
    practitioners = references(r["generalPractitioner"], "Practitioner")
    return patients.select(
        *identity("patient"),
        aliases(F.col("resource_type"), F.col("resource_id"), F.col("full_url"), r["identifier"]).alias("aliases"),
        r["active"].alias("is_active"),
        r["name"].alias("names"),
        identifiers(r["identifier"]).alias("identifiers"),
        r["telecom"].alias("telecom"),
        addresses(r["address"]).alias("addresses"),
        r["gender"].alias("gender"),
        _extension(BIRTH_SEX)["valueCode"].alias("birth_sex"),
        *_birth(r["birthDate"], zone),
        F.coalesce(r["deceasedBoolean"], F.when(r["deceasedDateTime"].isNotNull(), True)).alias("is_deceased"),
        r["deceasedDateTime"].alias("deceased_sent"),
        *moment("deceased", r["deceasedDateTime"], zone),
        precision(r["deceasedDateTime"]).alias("deceased_precision"),
        *_origin(RACE, "race"),
        *_origin(ETHNICITY, "ethnicity"),
        codings(r["maritalStatus"]).alias("marital_codes"),
        _languages(r["communication"]).alias("language_codes"),
        F.coalesce(r["multipleBirthBoolean"], F.when(r["multipleBirthInteger"].isNotNull(), True)).alias(
            "is_multiple_birth"
        ),
        r["multipleBirthInteger"].alias("birth_order"),
        reference(r["managingOrganization"], "Organization").alias("organization_ref"),
        first_person(practitioners).alias("general_practitioner_ref"),
        practitioners.alias("general_practitioner_refs"),
        _links(r["link"]).alias("links"),
        faults(
            malformed_birth_date=is_malformed(r["birthDate"]),
            malformed_date=is_malformed(r["deceasedDateTime"]),
        ).alias("faults"),
    )


def _birth(text: Column, zone: Column) -> list[Column]:
    date = local_date(text, zone)
    known = precision(text)
    time = extended(F.col("r")["_birthDate"]["extension"], BIRTH_TIME)["valueDateTime"]
    year = F.coalesce(F.year(date), F.when(known.isNotNull(), F.substring(text, 1, 4).try_cast("int")))
    month = F.coalesce(F.month(date), F.when(known == "month", F.substring(text, 6, 2).try_cast("int")))
    return [
        text.alias("birth_sent"),
        date.alias("birth_date"),
        instant(time, zone).alias("birth_at"),
        known.alias("birth_precision"),
        year.alias("year_of_birth"),
        month.alias("month_of_birth"),
        F.day(date).alias("day_of_birth"),
    ]


def _extension(url: str) -> Column:
    return extended(F.col("r")["extension"], url)


def _origin(url: str, name: str) -> list[Column]:
    parts = _extension(url)["extension"]

    def codes(part: str) -> Column:
        found = F.transform(F.filter(parts, lambda e: e["url"] == part), lambda e: e["valueCoding"])
        return F.coalesce(F.array_compact(found).cast(CODES), F.array().cast(CODES))

    words = extended(parts, "text")["valueString"]
    return [
        codes("ombCategory").alias(f"{name}_codes"),
        codes("detailed").alias(f"{name}_detailed_codes"),
        words.alias(f"{name}_text"),
    ]


def _languages(communication: Column) -> Column:
    preferred = F.filter(communication, lambda c: F.coalesce(c["preferred"], F.lit(False)))
    others = F.filter(communication, lambda c: ~F.coalesce(c["preferred"], F.lit(False)))
    return all_codings(F.concat(preferred, others)["language"])


def _links(links: Column) -> Column:
    return F.transform(
        links,
        lambda one: F.struct(one["type"].alias("type"), reference(one["other"], "Patient").alias("patient_ref")),
    )
