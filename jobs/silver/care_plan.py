"""silver.care_plan: one CarePlan resource, newest version."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns.dates import moment
from jobs.columns.faults import faults
from jobs.columns.fhir import (
    CODEABLE,
    CODES,
    PERIOD,
    REFERENCE,
    all_codings,
    codings,
    current,
    identity,
    parsed,
    text_of,
)
from jobs.columns.lists import compact
from jobs.columns.reference_texts import reference, references, subject
from jobs.columns.spans import SPAN, span, span_faults

DETAIL = (
    f"struct<kind: string, code: {CODEABLE}, status: string, doNotPerform: boolean, scheduledPeriod: {PERIOD},"
    f" reasonCode: array<{CODEABLE}>, reasonReference: array<{REFERENCE}>, location: {REFERENCE}, description: string,"
    f" performer: array<{REFERENCE}>, productCodeableConcept: {CODEABLE}, productReference: {REFERENCE}>"
)
CARE_PLAN = f"""
    status string, intent string, category array<{CODEABLE}>, title string, description string, subject {REFERENCE},
    encounter {REFERENCE}, period {PERIOD}, created string, author {REFERENCE}, careTeam array<{REFERENCE}>,
    addresses array<{REFERENCE}>, basedOn array<{REFERENCE}>, partOf array<{REFERENCE}>, goal array<{REFERENCE}>,
    activity array<struct<reference: {REFERENCE}, detail: {DETAIL}>>
"""
ACTIVITIES = (
    f"array<struct<activity_ref: string, kind: string, status: string, is_not_to_perform: boolean, codes: {CODES},"
    f" code_text: string, {SPAN}, reason_codes: {CODES}, reason_refs: array<string>, product_codes: {CODES},"
    f" product_ref: string, performer_refs: array<string>, location_ref: string, description: string>>"
)


def build(resources: DataFrame, translated: DataFrame | None = None, superseded: DataFrame | None = None) -> DataFrame:
    r, zone = F.col("r"), F.col("time_zone")
    period = r["period"]
    return parsed(current(resources, "CarePlan", translated=translated, superseded=superseded), CARE_PLAN).select(
        *identity("care_plan"),
        *subject(r["subject"]),
        reference(r["encounter"], "Encounter").alias("encounter_ref"),
        reference(r["author"], "Practitioner").alias("author_ref"),
        references(r["careTeam"], "CareTeam").alias("care_team_refs"),
        references(r["basedOn"], "CarePlan").alias("based_on_refs"),
        references(r["partOf"], "CarePlan").alias("part_of_refs"),
        r["status"].alias("status"),
        r["intent"].alias("intent"),
        all_codings(r["category"]).alias("category_codes"),
        compact(r["category"]["text"]).alias("category_texts"),
        r["title"].alias("title"),
        r["description"].alias("description"),
        *span(period["start"], period["end"], zone),
        *moment("created", r["created"], zone),
        references(r["addresses"], "Condition").alias("condition_refs"),
        references(r["goal"], "Goal").alias("goal_refs"),
        F.coalesce(F.transform(r["activity"], _activity), F.array()).cast(ACTIVITIES).alias("activities"),
        faults(
            no_subject=reference(r["subject"], "Patient").isNull(),
            **span_faults(period["start"], period["end"]),
        ).alias("faults"),
    )


def _activity(one: Column) -> Column:
    detail, zone = one["detail"], F.col("time_zone")
    when = detail["scheduledPeriod"]
    return F.struct(
        reference(one["reference"], "ServiceRequest").alias("activity_ref"),
        detail["kind"].alias("kind"),
        detail["status"].alias("status"),
        F.coalesce(detail["doNotPerform"], F.lit(False)).alias("is_not_to_perform"),
        codings(detail["code"]).alias("codes"),
        text_of(detail["code"]).alias("code_text"),
        *span(when["start"], when["end"], zone),
        all_codings(detail["reasonCode"]).alias("reason_codes"),
        references(detail["reasonReference"], "Condition").alias("reason_refs"),
        codings(detail["productCodeableConcept"]).alias("product_codes"),
        reference(detail["productReference"], "Medication").alias("product_ref"),
        references(detail["performer"], "Practitioner").alias("performer_refs"),
        reference(detail["location"], "Location").alias("location_ref"),
        detail["description"].alias("description"),
    )
