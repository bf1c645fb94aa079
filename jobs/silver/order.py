"""silver.order: one ServiceRequest resource, newest version."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.dates import moment
from jobs.columns.faults import faults
from jobs.columns.fhir import (
    ANNOTATION,
    CODEABLE,
    IDENTIFIER,
    PERIOD,
    REFERENCE,
    all_codings,
    codings,
    current,
    has_content,
    identity,
    parsed,
    text_of,
)
from jobs.columns.parties import identifiers
from jobs.columns.reference_texts import aliases, reference, references, subject
from jobs.columns.spans import span, span_faults
from jobs.columns.unsaid import with_what_holds_on
from jobs.formats.hl7v2_fhir_order import UNSAID_PARTS

REQUEST = f"""
    identifier array<{IDENTIFIER}>, requisition {IDENTIFIER}, status string, intent string, priority string,
    doNotPerform boolean, category array<{CODEABLE}>, code {CODEABLE}, orderDetail array<{CODEABLE}>,
    subject {REFERENCE}, encounter {REFERENCE}, occurrenceDateTime string, occurrencePeriod {PERIOD},
    occurrenceTiming struct<event: array<string>, repeat: struct<boundsPeriod: {PERIOD}>>, authoredOn string,
    requester {REFERENCE}, performer array<{REFERENCE}>, locationReference array<{REFERENCE}>,
    reasonCode array<{CODEABLE}>, reasonReference array<{REFERENCE}>, bodySite array<{CODEABLE}>,
    specimen array<{REFERENCE}>, supportingInfo array<{REFERENCE}>, basedOn array<{REFERENCE}>,
    replaces array<{REFERENCE}>, note array<{ANNOTATION}>
"""
# What is over may be told by its number alone: HL7 v2 cancels with an ORC and nothing under it.
OVER = ("revoked", "completed", "entered-in-error")


def build(resources: DataFrame, translated: DataFrame | None = None, superseded: DataFrame | None = None) -> DataFrame:
    """One row for each order that is not deleted, in the state it is in now."""
    orders = parsed(current(resources, "ServiceRequest", translated=translated, superseded=superseded), REQUEST)
    if translated is not None:
        orders = _with_what_holds_on(orders, translated)
    r, zone = F.col("r"), F.col("time_zone")
    period, timing = r["occurrencePeriod"], r["occurrenceTiming"]
    bounds = timing["repeat"]["boundsPeriod"]
    start = F.coalesce(r["occurrenceDateTime"], period["start"], bounds["start"], F.get(timing["event"], F.lit(0)))
    end = F.coalesce(period["end"], bounds["end"])
    is_over = F.coalesce(r["status"].isin(*OVER), F.lit(False))
    return orders.select(
        *identity("order"),
        *subject(r["subject"]),
        reference(r["encounter"], "Encounter").alias("encounter_ref"),
        aliases(F.col("resource_type"), F.col("resource_id"), F.col("full_url"), r["identifier"]).alias("aliases"),
        identifiers(r["identifier"]).alias("identifiers"),
        r["requisition"]["value"].alias("group_number"),
        r["status"].alias("status"),
        r["intent"].alias("intent"),
        r["priority"].alias("priority"),
        F.coalesce(r["doNotPerform"], F.lit(False)).alias("is_not_to_perform"),
        all_codings(r["category"]).alias("category_codes"),
        codings(r["code"]).alias("codes"),
        text_of(r["code"]).alias("code_text"),
        all_codings(r["orderDetail"]).alias("detail_codes"),
        *moment("authored", r["authoredOn"], zone),
        *span(start, end, zone),
        reference(r["requester"], "Practitioner").alias("requester_ref"),
        reference(F.get(r["performer"], F.lit(0)), "Practitioner").alias("performer_ref"),
        reference(F.get(r["locationReference"], F.lit(0)), "Location").alias("location_ref"),
        all_codings(r["reasonCode"]).alias("reason_codes"),
        references(r["reasonReference"], "Condition").alias("reason_refs"),
        all_codings(r["bodySite"]).alias("body_site_codes"),
        references(r["specimen"], "Specimen").alias("specimen_refs"),
        references(r["supportingInfo"], "Observation").alias("supporting_refs"),
        references(r["basedOn"], "ServiceRequest").alias("based_on_refs"),
        references(r["replaces"], "ServiceRequest").alias("replaces_refs"),
        F.array_join(r["note"]["text"], "\n\n").alias("note_text"),
        faults(
            no_subject=reference(r["subject"], "Patient").isNull(),
            no_code=~has_content(r["code"]) & ~is_over,
            **span_faults(start, end, r["authoredOn"]),
        ).alias("faults"),
    )


def _with_what_holds_on(orders: DataFrame, translated: DataFrame) -> DataFrame:
    """What a later message on an order may leave out without taking it back: it may say no more than that it ends."""
    r, held = F.col("r"), F.col("held")
    schema = f"{REQUEST}, extension array<struct<url:string,valueString:string>>"
    places = {word: r[name] for word, name in UNSAID_PARTS.items()}
    told = with_what_holds_on(orders, translated, "ServiceRequest", schema, places)
    whole = r
    for word, name in UNSAID_PARTS.items():
        whole = whole.withField(name, held[word])
    return told.withColumn("r", F.when(held.isNull(), r).otherwise(whole)).drop("held")
