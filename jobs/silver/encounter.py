"""silver.encounter: a meeting of a patient with care, the newest version; told as such, or by a benefit alone."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns.billed_visits import ANSWERS, ASKS, BENEFIT, DRAFT, NAMES, PHARMACY, visits_of
from jobs.columns.dates import ends_before_start, is_malformed, moment
from jobs.columns.faults import faults
from jobs.columns.fhir import (
    CODEABLE,
    CODING,
    IDENTIFIER,
    PERIOD,
    REFERENCE,
    all_codings,
    coding,
    codings,
    current,
    extended,
    identity,
    parsed,
    text_of,
)
from jobs.columns.moves import TOLD, in_turn, stated, told_of
from jobs.columns.parties import identifiers
from jobs.columns.reference_texts import aliases, reference, references, subject
from jobs.columns.unsaid import last_list, listed, with_what_holds_on
from jobs.formats.translation import REPLACED_BY

SCHEMA = f"""
    identifier array<{IDENTIFIER}>, status string, `class` {CODING}, type array<{CODEABLE}>, serviceType {CODEABLE},
    priority {CODEABLE}, subject {REFERENCE}, period {PERIOD}, reasonCode array<{CODEABLE}>,
    reasonReference array<{REFERENCE}>, serviceProvider {REFERENCE}, partOf {REFERENCE},
    participant array<struct<type:array<{CODEABLE}>,period:{PERIOD},individual:{REFERENCE}>>,
    diagnosis array<struct<condition:{REFERENCE},`use`:{CODEABLE},rank:int>>,
    extension array<struct<url:string,valueString:string,valueReference:{REFERENCE}>>,
    hospitalization struct<admitSource:{CODEABLE},reAdmission:{CODEABLE},dischargeDisposition:{CODEABLE}>,
    location array<struct<location:{REFERENCE},status:string,physicalType:{CODEABLE},period:{PERIOD}>>
"""
# What else of a visit a message may leave unsaid, by the word for it.
HELD = {"provider": "serviceProvider", "people": "participant", "priority": "priority", "service": "serviceType",
        "type": "type", "reason": "reasonCode", "diagnosis": "diagnosis"}  # fmt: skip
# What may be listed completely of a visit, and the segments of HL7 v2 that list it.
LISTS = {"diagnosis_list": "DG1", "procedure_list": "PR1"}
# HL7 v3 ParticipationType
ATTENDER = "ATND"
PRIMARY_PERFORMER = "PPRF"


# What `no_visit` says of benefits; those that are visits are rows beside the encounters.
RECEIVED = f"""
    SELECT CASE
        WHEN claim_ref IS NOT NULL THEN '{ANSWERS}'
        WHEN len(encounter_refs) > 0 THEN '{NAMES}'
        WHEN coalesce("use", 'claim') <> 'claim' THEN '{ASKS}'
        WHEN status = 'draft' THEN '{DRAFT}'
        WHEN list_contains([one.code FOR one IN type_codes], '{PHARMACY}') THEN '{PHARMACY}'
    END AS excluded
    FROM benefits
"""
FOUND_AGAIN = f"SELECT count(*) FROM made WHERE resource_type = '{BENEFIT}'"


def build(
    resources: DataFrame,
    translated: DataFrame | None = None,
    superseded: DataFrame | None = None,
    benefits: DataFrame | None = None,
) -> DataFrame:
    """One row for each encounter that is not deleted, and for each benefit that alone tells of a visit."""
    encounters = parsed(current(resources, "Encounter", translated=translated, superseded=superseded), SCHEMA)
    if translated is not None:
        encounters = _with_what_holds_on(encounters, translated)
    else:
        moves = F.lit(None).cast(f"array<{TOLD}>")
        nothing = {word: F.lit(None).cast("array<string>") for word in LISTS}
        encounters = encounters.withColumns({"moves": moves, "replaced": _replaced_by(F.col("r")), **nothing})
    r, zone = F.col("r"), F.col("time_zone")
    period, stay = r["period"], r["hospitalization"]
    rows = encounters.select(
        *identity("encounter"),
        *subject(r["subject"]),
        aliases(F.col("resource_type"), F.col("resource_id"), F.col("full_url"), r["identifier"]).alias("aliases"),
        r["status"].alias("status"),
        identifiers(r["identifier"]).alias("identifiers"),
        r["class"]["code"].alias("class_code"),
        coding(r["class"]).alias("class_codes"),
        all_codings(r["type"]).alias("type_codes"),
        text_of(F.try_element_at(r["type"], F.lit(1))).alias("type_text"),
        codings(r["serviceType"]).alias("service_type_codes"),
        codings(r["priority"]).alias("priority_codes"),
        *moment("start", period["start"], zone),
        *moment("end", period["end"], zone),
        all_codings(r["reasonCode"]).alias("reason_codes"),
        references(r["reasonReference"], "Condition").alias("reason_refs"),
        _diagnoses(r["diagnosis"]).alias("diagnoses"),
        codings(stay["admitSource"]).alias("admit_source_codes"),
        codings(stay["reAdmission"]).alias("readmission_codes"),
        codings(stay["dischargeDisposition"]).alias("discharge_codes"),
        _participants(r["participant"], zone).alias("participants"),
        reference(r["serviceProvider"], "Organization").alias("organization_ref"),
        _locations(r["location"], zone).alias("locations"),
        F.coalesce(in_turn(F.col("moves"), zone), stated(_locations(r["location"], zone))).alias("moves"),
        reference(r["partOf"], "Encounter").alias("part_of_ref"),
        reference(F.col("replaced"), "Encounter").alias("replaced_by_ref"),
        *[last_list(F.col(word)).alias(word) for word in LISTS],
        faults(
            no_subject=reference(r["subject"], "Patient").isNull(),
            malformed_date=is_malformed(period["start"]) | is_malformed(period["end"]),
            bad_period=ends_before_start(period["start"], period["end"]),
        ).alias("faults"),
    )
    rows = rows.withColumns(
        {
            "practitioner_ref": _responsible(F.col("participants")),
            "location_ref": F.try_element_at("locations", F.lit(1))["location_ref"],
        }
    )
    return rows if benefits is None else rows.unionByName(visits_of(benefits), allowMissingColumns=True)


def _with_what_holds_on(encounters: DataFrame, translated: DataFrame) -> DataFrame:
    """What a later message on a visit may leave out without taking it back."""
    r, held = F.col("r"), F.col("held")
    places = {name: r[name] for name in ("status", "class", "location")}
    places |= {"start": r["period"]["start"], "end": r["period"]["end"]}
    places |= {word: r[name] for word, name in HELD.items()}
    stay = r["hospitalization"]
    places |= {"source": stay["admitSource"], "disposition": stay["dischargeDisposition"]}
    places |= {"replaced": _replaced_by(r)}
    in_turn = {word: listed(r["extension"], segment) for word, segment in LISTS.items()}
    in_turn |= {"moves": told_of(r["location"])}
    told = with_what_holds_on(encounters, translated, "Encounter", SCHEMA, places, in_turn)
    period = F.struct(held["start"].alias("start"), held["end"].alias("end"))
    whole = r.withField("status", held["status"]).withField("period", period)
    whole = whole.withField("`class`", held["class"]).withField("location", held["location"])
    for word, name in HELD.items():
        whole = whole.withField(name, held[word])
    kept = F.struct(
        held["source"].alias("admitSource"),
        stay["reAdmission"].alias("reAdmission"),
        held["disposition"].alias("dischargeDisposition"),
    )
    whole = whole.withField("hospitalization", kept)
    replaced = F.when(held.isNull(), _replaced_by(r)).otherwise(held["replaced"])
    whole = F.when(held.isNull(), r).otherwise(whole)
    lists = {word: held[word] for word in LISTS}
    return told.withColumns({"r": whole, "moves": held["moves"], "replaced": replaced, **lists}).drop("held")


def _replaced_by(r: Column) -> Column:
    """For which encounter's number this one's was given up."""
    return extended(r["extension"], REPLACED_BY)["valueReference"]


def _diagnoses(given: Column) -> Column:
    return F.transform(
        given,
        lambda d: F.struct(
            reference(d["condition"], "Condition").alias("condition_ref"),
            codings(d["use"]).alias("use_codes"),
            d["rank"].alias("rank"),
        ),
    )


def _participants(given: Column, zone: Column) -> Column:
    return F.transform(
        given,
        lambda p: F.struct(
            reference(p["individual"], "Practitioner").alias("practitioner_ref"),
            all_codings(p["type"]).alias("role_codes"),
            *moment("start", p["period"]["start"], zone),
            *moment("end", p["period"]["end"], zone),
        ),
    )


def _locations(given: Column, zone: Column) -> Column:
    return F.transform(
        given,
        lambda place: F.struct(
            reference(place["location"], "Location").alias("location_ref"),
            place["status"].alias("status"),
            codings(place["physicalType"]).alias("physical_type_codes"),
            *moment("start", place["period"]["start"], zone),
            *moment("end", place["period"]["end"], zone),
        ),
    )


def _responsible(participants: Column) -> Column:
    """The attender, else the primary performer, else the first who is a practitioner."""
    people = F.filter(participants, lambda p: p["practitioner_ref"].startswith("Practitioner"))

    def acting_as(role: str) -> Column:
        return F.try_element_at(F.filter(people, lambda p: F.array_contains(p["role_codes"]["code"], role)), F.lit(1))[
            "practitioner_ref"
        ]

    first = F.try_element_at(people, F.lit(1))["practitioner_ref"]
    return F.coalesce(acting_as(ATTENDER), acting_as(PRIMARY_PERFORMER), first)
