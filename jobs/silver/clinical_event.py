"""silver.clinical_event: one clinical statement and one standard concept it maps to."""

from __future__ import annotations

import functools

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns.faults import faults
from jobs.columns.keys import key
from jobs.columns.mapping import NO_MATCH, TARGETS, mapped
from jobs.columns.people import own_person
from jobs.columns.references import resolved
from jobs.columns.told import told_once
from jobs.silver._event_charge import codes_of_charges, of_charges
from jobs.silver._event_claim import (
    not_standing,
    of_benefit_items,
    of_claim_diagnoses,
    of_claim_items,
    of_claim_procedures,
    speaking_alone,
)
from jobs.silver._event_condition import of_allergies, of_conditions
from jobs.silver._event_device import of_device_uses, of_devices
from jobs.silver._event_drug import (
    of_administrations,
    of_dispenses,
    of_immunizations,
    of_requests,
    of_statements,
)
from jobs.silver._event_imaging import codes_of_images, of_image_features, of_imaging_studies
from jobs.silver._event_observation import of_observations
from jobs.silver._event_procedure import of_procedures

# OMOP: the domain of the standard concept decides the table; what has no table of its own is an observation.
TABLE_OF_DOMAIN = {
    "Condition": "condition_occurrence",
    "Drug": "drug_exposure",
    "Procedure": "procedure_occurrence",
    "Measurement": "measurement",
    "Device": "device_exposure",
}
OTHER_DOMAINS = "observation"
# Inputs of which every row states something, and so has an event at least, if only to say why it gives no row of gold.
STATED = (
    *("conditions", "allergies", "observations", "procedures", "medication_requests", "medication_dispenses"),
    *("medication_administrations", "medication_statements", "immunizations", "devices", "device_uses"),
    "imaging_studies",
)
# A result or a dose told once must not be counted twice: of several concepts of these domains one is taken.
PICK_ONE = ("Measurement", "Drug")


def build(
    links: DataFrame,
    patients: DataFrame,
    encounters: DataFrame,
    practitioners: DataFrame,
    concept_map: DataFrame,
    conditions: DataFrame,
    observations: DataFrame,
    procedures: DataFrame,
    medication_requests: DataFrame,
    medication_dispenses: DataFrame,
    medication_administrations: DataFrame,
    medication_statements: DataFrame,
    medications: DataFrame,
    immunizations: DataFrame,
    allergies: DataFrame,
    devices: DataFrame,
    device_uses: DataFrame,
    claims: DataFrame,
    claim_items: DataFrame,
    claim_states: DataFrame,
    benefits: DataFrame,
    benefit_items: DataFrame,
    charges: DataFrame,
    imaging_studies: DataFrame,
    imaging_series: DataFrame,
    imaging_instances: DataFrame,
) -> DataFrame:
    """Every statement of every source, mapped and placed; unmapped ones with concept 0, none lost.

    A statement whose code maps to several standard concepts gives a row for each (declared fan-out),
    but one only in the domains of PICK_ONE.
    """
    billed = not_standing(claims, claim_states)
    alone, lines_alone = speaking_alone(benefits), speaking_alone(benefit_items)
    answered = not_standing(alone, claim_states, "benefit_id")
    answered_lines = not_standing(lines_alone, claim_states, "benefit_id")
    said = [
        of_conditions(conditions, encounters),
        of_allergies(allergies, patients),
        of_observations(observations, concept_map),
        of_procedures(procedures, encounters),
        of_requests(medication_requests, medications, concept_map),
        of_dispenses(medication_dispenses, medications, concept_map),
        of_administrations(medication_administrations, medications, concept_map),
        of_statements(medication_statements, medications, concept_map),
        of_immunizations(immunizations, concept_map),
        of_devices(devices, device_uses),
        of_device_uses(device_uses, devices),
        of_claim_diagnoses(billed),
        of_claim_procedures(billed),
        of_claim_items(not_standing(claim_items, claim_states), claims, concept_map),
        of_claim_diagnoses(answered, "benefit"),
        of_claim_procedures(answered, "benefit"),
        of_benefit_items(answered_lines, alone, concept_map),
        of_charges(charges),
        of_imaging_studies(imaging_studies, imaging_series, procedures, patients, links, concept_map),
        of_image_features(imaging_series, imaging_instances, concept_map),
    ]
    statements = functools.reduce(DataFrame.unionByName, said)
    coded = [conditions, allergies, observations, procedures, medication_requests, medication_dispenses]
    coded += [medication_administrations, medication_statements, medications, immunizations, devices, device_uses]
    coded += [claim_items, lines_alone]
    inside = [
        billing.select(F.explode(F.col(parts)["codes"]).alias("codes"))
        for billing in (claims, alone)
        for parts in ("diagnoses", "procedures")
    ]
    inside += [charges.select(codes_of_charges().alias("codes"))]
    inside += codes_of_images(imaging_studies, imaging_series)
    said_in = functools.reduce(DataFrame.union, [*[one.select("codes") for one in coded], *inside])
    with_codes = mapped(statements, concept_map, "codes", into="map", said_in=said_in)
    whose = _with_person(with_codes, links, patients)
    by_whom = resolved(whose, "practitioner_ref", practitioners, "provider_id", "provider_id")
    placed = resolved(by_whom, "encounter_ref", encounters, "encounter_id", "encounter_id")
    # Where it was done is not compared.
    nowhere = by_whom.withColumn("encounter_id", F.lit(None).cast("bigint"))
    return told_once(_fanned_out(placed), said_in=_fanned_out(nowhere))


def _with_person(rows: DataFrame, links: DataFrame, patients: DataFrame) -> DataFrame:
    """Add person_id, and patient_id where the row names its patient, without losing or doubling a row."""
    known = resolved(rows, "patient_ref", patients, "patient_id", "_known_patient_id")
    people = links.select(F.col("patient_id").alias("_known_patient_id"), F.col("person_id").alias("_linked"))
    return (
        known.join(people, on="_known_patient_id", how="left")
        .withColumn("_is_known", F.col("_linked").isNotNull())
        .withColumn("patient_id", F.coalesce("_known_patient_id", "patient_id"))
        .withColumn("person_id", F.coalesce(F.col("_linked"), own_person(F.col("patient_id"))))
    )


def _fanned_out(rows: DataFrame) -> DataFrame:
    """One row for each standard concept; one with concept 0 where there is none."""
    nothing = F.struct(
        F.lit(NO_MATCH).alias("concept_id"),
        F.lit(None).cast("string").alias("domain_id"),
        F.lit(None).cast("string").alias("concept_class_id"),
        F.lit(None).cast("int").alias("value_concept_id"),
    )
    found = F.coalesce(F.col("map.targets"), F.array().cast(TARGETS))
    chosen = _picked(found)
    each = F.when(F.size(chosen) > 0, chosen).otherwise(F.array(nothing).cast(TARGETS))
    # What gives no gold row is kept once, at home, with its reason.
    each = F.when(F.col("excluded").isNull(), each).otherwise(F.slice(each, 1, 1))
    rows = rows.withColumn("_target", F.explode(each))
    concept = F.col("_target.concept_id")
    # A substance somebody is allergic to is not a drug somebody took.
    is_substance = (F.col("source_table") == "silver.allergy") & ~F.coalesce(
        F.col("_target.domain_id").isin("Condition", "Observation"), F.lit(False)
    )
    return rows.select(
        _event_id().alias("event_id"),
        "person_id",
        "patient_id",
        F.when(F.col("excluded").isNotNull() | is_substance, F.col("home")).otherwise(_table_of()).alias("target"),
        "excluded",
        "source_table",
        "source_row_id",
        F.when(is_substance, NO_MATCH).otherwise(concept).alias("concept_id"),
        F.coalesce(F.col("map.source_concept_id"), F.lit(NO_MATCH)).alias("source_concept_id"),
        F.col("map.vocabulary_id").alias("source_vocabulary_id"),
        F.col("map.source_code").alias("source_code"),
        F.coalesce(F.col("map.source_code"), F.col("code_text")).alias("source_value"),
        "type_concept_id",
        "encounter_id",
        "provider_id",
        "start_date",
        "start_at",
        "end_date",
        "end_at",
        "value_as_number",
        "value_as_string",
        F.when(is_substance & (concept != NO_MATCH), concept)
        .otherwise(F.coalesce("value_as_concept_id", "_target.value_concept_id"))
        .alias("value_as_concept_id"),
        "value_source_value",
        "operator_concept_id",
        "unit_concept_id",
        "unit_source_concept_id",
        "unit_source_value",
        "range_low",
        "range_high",
        "quantity",
        "days_supply",
        "refills",
        "sig",
        "route_concept_id",
        "route_source_value",
        "lot_number",
        "stop_reason",
        "status_concept_id",
        "status_source_value",
        "modifier_concept_id",
        "modifier_source_value",
        "unique_device_id",
        "production_id",
        "tenant",
        "feed",
        "record_ids",
        faults(unknown_patient=~F.col("_is_known") & F.col("excluded").isNull()).alias("faults"),
    )


def _event_id() -> Column:
    """A key for each concept of a statement, and for each value where a code stands for a concept with several."""
    target, part = F.col("_target"), F.col("part")
    said = [F.col("source_table"), F.col("source_row_id"), target["concept_id"]]
    of_value = key("event", *said, part, target["value_concept_id"])
    alone = F.when(part.isNull(), key("event", *said)).otherwise(key("event", *said, part))
    return F.when(target["value_concept_id"].isNull(), alone).otherwise(of_value)


def _picked(targets: Column) -> Column:
    """The targets without the second and later ones of a domain of which one is taken."""
    first = {domain: F.array_min(_of_domain(targets, domain)) for domain in PICK_ONE}
    return F.filter(
        targets,
        lambda t: (
            functools.reduce(
                lambda kept, domain: kept & ((t["domain_id"] != domain) | (t == first[domain])),
                PICK_ONE,
                F.lit(True),
            )
            | t["domain_id"].isNull()
        ),
    )


def _of_domain(targets: Column, domain: str) -> Column:
    return F.filter(targets, lambda t: t["domain_id"] == domain)


def _table_of() -> Column:
    domain = F.col("_target.domain_id")
    chosen = F.when(F.col("_target.concept_id") == NO_MATCH, F.col("home"))
    for name, table in TABLE_OF_DOMAIN.items():
        chosen = chosen.when(domain == name, table)
    return chosen.otherwise(OTHER_DOMAINS)
