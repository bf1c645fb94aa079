"""silver.procedure: one Procedure resource, newest version."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns.dates import by_then
from jobs.columns.faults import faults
from jobs.columns.fhir import (
    CODEABLE,
    PERIOD,
    QUANTITY,
    REFERENCE,
    all_codings,
    codings,
    current,
    extended,
    has_content,
    identity,
    parsed,
    text_of,
)
from jobs.columns.lists import flat
from jobs.columns.numbers import digits
from jobs.columns.quantities import unit
from jobs.columns.reference_texts import reference, references, subject
from jobs.columns.spans import span, span_faults
from jobs.formats.translation import LISTED

PROCEDURE = f"""
    status string, statusReason {CODEABLE}, category {CODEABLE}, code {CODEABLE}, subject {REFERENCE},
    encounter {REFERENCE}, performedDateTime string, performedPeriod {PERIOD}, performedString string,
    performedAge {QUANTITY}, performedRange struct<low: {QUANTITY}, high: {QUANTITY}>,
    performer array<struct<actor: {REFERENCE}>>, recorder {REFERENCE}, location {REFERENCE},
    reasonCode array<{CODEABLE}>, reasonReference array<{REFERENCE}>, bodySite array<{CODEABLE}>,
    outcome {CODEABLE}, partOf array<{REFERENCE}>, basedOn array<{REFERENCE}>,
    focalDevice array<struct<manipulated: {REFERENCE}>>, usedReference array<{REFERENCE}>,
    extension array<struct<url:string,valueString:string>>
"""


def build(resources: DataFrame, translated: DataFrame | None = None, superseded: DataFrame | None = None) -> DataFrame:
    r, zone = F.col("r"), F.col("time_zone")
    start = F.coalesce(r["performedDateTime"], r["performedPeriod"]["start"])
    end = r["performedPeriod"]["end"]
    devices = F.array(r["focalDevice"]["manipulated"], r["usedReference"])
    return parsed(current(resources, "Procedure", translated=translated, superseded=superseded), PROCEDURE).select(
        *identity("procedure"),
        *subject(r["subject"]),
        reference(r["encounter"], "Encounter").alias("encounter_ref"),
        reference(F.get(r["performer"]["actor"], F.lit(0)), "Practitioner").alias("performer_ref"),
        reference(r["recorder"], "Practitioner").alias("recorder_ref"),
        reference(r["location"], "Location").alias("location_ref"),
        r["status"].alias("status"),
        codings(r["statusReason"]).alias("status_reason_codes"),
        codings(r["category"]).alias("category_codes"),
        codings(r["code"]).alias("codes"),
        text_of(r["code"]).alias("code_text"),
        *span(start, end, zone),
        by_then("start", start),
        F.coalesce(r["performedString"], _aged(r["performedAge"]), _between(r["performedRange"])).alias(
            "performed_text"
        ),
        all_codings(r["reasonCode"]).alias("reason_codes"),
        references(r["reasonReference"], "Condition").alias("reason_refs"),
        all_codings(r["bodySite"]).alias("body_site_codes"),
        codings(r["outcome"]).alias("outcome_codes"),
        references(r["partOf"], "Procedure").alias("part_of_refs"),
        references(r["basedOn"], "ServiceRequest").alias("based_on_refs"),
        references(flat(devices), "Device").alias("device_refs"),
        extended(r["extension"], LISTED)["valueString"].alias("listed_by"),
        faults(
            no_subject=reference(r["subject"], "Patient").isNull(),
            no_code=~has_content(r["code"]),
            **span_faults(start, end),
        ).alias("faults"),
    )


def _aged(age: Column) -> Column:
    """An age in words, such as "12 a"; null when none is said."""
    return F.nullif(F.concat_ws(" ", digits(age["value"]), unit(age)), F.lit(""))


def _between(ages: Column) -> Column:
    return F.nullif(F.concat_ws(" - ", _aged(ages["low"]), _aged(ages["high"])), F.lit(""))
