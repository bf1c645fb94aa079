"""silver.consent: one Consent resource, newest version."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns.dates import moment
from jobs.columns.faults import faults
from jobs.columns.fhir import (
    CODEABLE,
    CODES,
    CODING,
    IDENTIFIER,
    PERIOD,
    REFERENCE,
    all_codings,
    codings,
    current,
    identity,
    parsed,
)
from jobs.columns.parties import identifiers
from jobs.columns.reference_texts import reference, references, subject
from jobs.columns.spans import SPAN, span, span_faults

_PROVISION = (
    f"type: string, period: {PERIOD}, actor: array<struct<role: {CODEABLE}, reference: {REFERENCE}>>,"
    f" action: array<{CODEABLE}>, securityLabel: array<{CODING}>, purpose: array<{CODING}>, class: array<{CODING}>,"
    f" code: array<{CODEABLE}>, dataPeriod: {PERIOD}"
)
CONSENT = f"""
    identifier array<{IDENTIFIER}>, status string, scope {CODEABLE}, category array<{CODEABLE}>, patient {REFERENCE},
    dateTime string, performer array<{REFERENCE}>, organization array<{REFERENCE}>, policyRule {CODEABLE},
    policy array<struct<authority: string, uri: string>>, sourceReference {REFERENCE},
    verification array<struct<verified: boolean, verificationDate: string>>,
    provision struct<{_PROVISION}, provision: array<struct<{_PROVISION}>>>
"""
PROVISIONS = (
    f"array<struct<type: string, {SPAN}, data_start_date: date, data_start_at: timestamp, data_end_date: date,"
    f" data_end_at: timestamp, actors: array<struct<role_codes: {CODES}, actor_ref: string>>, action_codes: {CODES},"
    f" security_label_codes: {CODES}, purpose_codes: {CODES}, class_codes: {CODES}, codes: {CODES}>>"
)
POLICIES = "array<struct<authority: string, uri: string>>"


def build(resources: DataFrame, translated: DataFrame | None = None, superseded: DataFrame | None = None) -> DataFrame:
    r, zone = F.col("r"), F.col("time_zone")
    rule = r["provision"]
    period, verified = rule["period"], F.filter(r["verification"], lambda one: one["verified"])
    return parsed(current(resources, "Consent", translated=translated, superseded=superseded), CONSENT).select(
        *identity("consent"),
        *subject(r["patient"]),
        references(r["performer"], "Patient").alias("performer_refs"),
        references(r["organization"], "Organization").alias("organization_refs"),
        reference(r["sourceReference"], "DocumentReference").alias("source_ref"),
        r["status"].alias("status"),
        identifiers(r["identifier"]).alias("identifiers"),
        codings(r["scope"]).alias("scope_codes"),
        all_codings(r["category"]).alias("category_codes"),
        *moment("given", r["dateTime"], zone),
        codings(r["policyRule"]).alias("policy_rule_codes"),
        F.coalesce(r["policy"], F.array().cast(POLICIES)).alias("policies"),
        F.coalesce(F.size(verified) > 0, F.lit(False)).alias("is_verified"),
        *moment("verified", F.get(verified["verificationDate"], F.lit(0)), zone),
        rule["type"].alias("provision_type"),
        *span(period["start"], period["end"], zone),
        F.when(rule.isNotNull(), F.array(_provision(rule))).otherwise(F.array()).cast(PROVISIONS).alias("provision"),
        F.coalesce(F.transform(rule["provision"], _provision), F.array()).cast(PROVISIONS).alias("exceptions"),
        faults(
            no_subject=reference(r["patient"], "Patient").isNull(),
            **span_faults(period["start"], period["end"], r["dateTime"]),
        ).alias("faults"),
    )


def _provision(rule: Column) -> Column:
    data, zone = rule["dataPeriod"], F.col("time_zone")
    actors = F.transform(
        rule["actor"],
        lambda one: F.struct(
            codings(one["role"]).alias("role_codes"), reference(one["reference"], "Practitioner").alias("actor_ref")
        ),
    )
    return F.struct(
        rule["type"].alias("type"),
        *span(rule["period"]["start"], rule["period"]["end"], zone),
        *moment("data_start", data["start"], zone),
        *moment("data_end", data["end"], zone),
        actors.alias("actors"),
        all_codings(rule["action"]).alias("action_codes"),
        F.coalesce(rule["securityLabel"], F.array()).cast(CODES).alias("security_label_codes"),
        F.coalesce(rule["purpose"], F.array()).cast(CODES).alias("purpose_codes"),
        F.coalesce(rule["class"], F.array()).cast(CODES).alias("class_codes"),
        all_codings(rule["code"]).alias("codes"),
    )
