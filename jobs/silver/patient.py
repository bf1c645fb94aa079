"""silver.patient: a patient as an EHR knows them, the newest version."""

from __future__ import annotations

import functools

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
from jobs.columns.lists import flat
from jobs.columns.parties import ADDRESS, NAME, TELECOM, addresses, identifiers
from jobs.columns.reference_texts import aliases, first_person, reference, references
from jobs.columns.unsaid import last_list, listed, with_what_holds_on

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
    extension array<struct<url:string,valueCode:string,valueString:string,extension:{_INNER}>>
"""

# Members of a Patient by the word that a message has for what it leaves unsaid.
_HOLDS_ON = {
    "name": ("name",),
    "birth": ("birthDate", "_birthDate"),
    "gender": ("gender",),
    "address": ("address",),
    "telecom": ("telecom",),
    "language": ("communication",),
    "marital": ("maritalStatus",),
    "death": ("deceasedBoolean", "deceasedDateTime"),
    "twin": ("multipleBirthBoolean", "multipleBirthInteger"),
    "practitioner": ("generalPractitioner",),
}
_ORIGINS = {"race": RACE, "ethnicity": ETHNICITY}
# HL7 table 0203: numbers that have a field of their own (PID-19, PID-20).
_NUMBERS = ("SS", "DL")


def build(resources: DataFrame, translated: DataFrame | None = None, superseded: DataFrame | None = None) -> DataFrame:
    """One row for each patient resource that is not deleted."""
    patients = parsed(current(resources, "Patient", translated=translated, superseded=superseded), SCHEMA)
    if translated is not None:
        patients = _with_what_holds_on(patients, translated)
    else:
        patients = patients.withColumn("allergy_list", F.lit(None).cast("array<string>"))
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
        last_list(F.col("allergy_list")).alias("allergy_list"),
        faults(
            malformed_birth_date=is_malformed(r["birthDate"]),
            malformed_date=is_malformed(r["deceasedDateTime"]),
        ).alias("faults"),
    )


def _with_what_holds_on(patients: DataFrame, translated: DataFrame) -> DataFrame:
    """What a later message on a patient may leave out without taking it back."""
    r, held = F.col("r"), F.col("held")
    places = {
        **{word: F.struct(*[r[name].alias(name) for name in names]) for word, names in _HOLDS_ON.items()},
        **{word: extended(r["extension"], url) for word, url in _ORIGINS.items()},
        **{kind: _numbers(r["identifier"], kind) for kind in _NUMBERS},
    }
    # What was said in passing yields to whoever says it properly, and fills nothing in.
    proper = translated.where(F.col("last_updated").isNotNull())
    told = with_what_holds_on(patients, proper, "Patient", SCHEMA, places, {"AL1": listed(r["extension"], "AL1")})
    others = F.filter(r["extension"], lambda e: ~e["url"].isin(*_ORIGINS.values()))
    numbers = F.filter(r["identifier"], lambda i: ~_is_of(i, *_NUMBERS))
    said = {
        **{name: held[word][name] for word, names in _HOLDS_ON.items() for name in names},
        "extension": F.concat(others, F.array_compact(F.array(*[held[word] for word in _ORIGINS]))),
        "identifier": flat(F.array_compact(F.array(numbers, *[held[kind] for kind in _NUMBERS]))),
    }
    whole = functools.reduce(lambda built, name: built.withField(name, said[name]), said, r)
    whole = F.when(held.isNull(), r).otherwise(whole)
    return told.withColumns({"r": whole, "allergy_list": held["AL1"]}).drop("held")


def _is_of(identifier: Column, *types: str) -> Column:
    """Whether an identifier has one of these types (HL7 table 0203)."""
    codes = identifier["type"]["coding"]["code"]
    return F.coalesce(F.arrays_overlap(codes, F.array(*map(F.lit, types))), F.lit(False))


def _numbers(identifiers: Column, kind: str) -> Column:
    return F.filter(identifiers, lambda i: _is_of(i, kind))


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
