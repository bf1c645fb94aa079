"""silver.coverage: one Coverage resource, newest version."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns.contained import FIELDS, held
from jobs.columns.faults import faults
from jobs.columns.fhir import CODEABLE, IDENTIFIER, PERIOD, REFERENCE, codings, current, identity, parsed, text_of
from jobs.columns.parties import identifiers
from jobs.columns.reference_texts import aliases, reference, references, subject
from jobs.columns.spans import span, span_faults

COVERAGE = f"""
    contained array<struct<{FIELDS}, name: string>>, identifier array<{IDENTIFIER}>,
    status string, type {CODEABLE}, policyHolder {REFERENCE}, subscriber {REFERENCE}, subscriberId string,
    beneficiary {REFERENCE}, dependent string, relationship {CODEABLE}, period {PERIOD}, payor array<{REFERENCE}>,
    class array<struct<type: {CODEABLE}, value: string, name: string>>, order int, network string
"""
CLASSES = "array<struct<type_code: string, value: string, name: string>>"


def build(resources: DataFrame, translated: DataFrame | None = None, superseded: DataFrame | None = None) -> DataFrame:
    r, zone = F.col("r"), F.col("time_zone")
    period = r["period"]
    payers = F.transform(
        r["payor"], lambda ref: F.coalesce(ref["display"], held(r["contained"], ref, "Organization")["name"])
    )
    return parsed(current(resources, "Coverage", translated=translated, superseded=superseded), COVERAGE).select(
        *identity("coverage"),
        *subject(r["beneficiary"]),
        aliases(F.col("resource_type"), F.col("resource_id"), F.col("full_url"), r["identifier"]).alias("aliases"),
        reference(r["subscriber"], "Patient").alias("subscriber_ref"),
        reference(r["policyHolder"], "Patient").alias("policy_holder_ref"),
        references(r["payor"], "Organization").alias("payer_refs"),
        F.coalesce(F.array_compact(payers), F.array().cast("array<string>")).alias("payer_names"),
        r["status"].alias("status"),
        identifiers(r["identifier"]).alias("identifiers"),
        codings(r["type"]).alias("type_codes"),
        text_of(r["type"]).alias("type_text"),
        r["subscriberId"].alias("subscriber_number"),
        r["dependent"].alias("dependent_number"),
        codings(r["relationship"]).alias("relationship_codes"),
        *span(period["start"], period["end"], zone),
        _classes(r["class"]).alias("classes"),
        _class(r["class"], "plan").alias("plan"),
        _class(r["class"], "group").alias("plan_group"),
        r["order"].alias("order"),
        r["network"].alias("network"),
        faults(
            no_subject=reference(r["beneficiary"], "Patient").isNull(),
            **span_faults(period["start"], period["end"]),
        ).alias("faults"),
    )


def _type_code(one: Column) -> Column:
    # FHIR R4 coverage-class: group, subgroup, plan, subplan, class, rxbin, ...
    return F.get(one["type"]["coding"]["code"], F.lit(0))


def _classes(classes: Column) -> Column:
    shaped = F.transform(
        classes,
        lambda one: F.struct(
            _type_code(one).alias("type_code"), one["value"].alias("value"), one["name"].alias("name")
        ),
    )
    return F.coalesce(shaped, F.array().cast(CLASSES))


def _class(classes: Column, code: str) -> Column:
    """The name of the first class of this type, else its number."""
    found = F.get(F.filter(classes, lambda one: _type_code(one) == code), F.lit(0))
    return F.coalesce(found["name"], found["value"])
