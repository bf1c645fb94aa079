"""silver.charge: one ChargeItem resource, newest version."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns.dates import moment
from jobs.columns.faults import faults
from jobs.columns.fhir import (
    CODEABLE,
    DECIMAL,
    IDENTIFIER,
    NUMBER,
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
from jobs.columns.money import AMOUNT
from jobs.columns.numbers import decimal, digits, is_no_number
from jobs.columns.parties import identifiers
from jobs.columns.reference_texts import reference, references, subject
from jobs.columns.spans import span, span_faults
from jobs.formats.hl7v2_fhir_charge import (
    BATCH,
    FEE_SCHEDULE,
    MODIFIER,
    ORDERING,
    PLACE,
    PLAN,
    PROCEDURE,
    TRANSACTION_TYPE,
    UNIT_PRICE,
)

PRICE = f"struct<value: {NUMBER}, currency: string>"
CHARGE = f"""
    extension array<struct<url: string, valueCodeableConcept: {CODEABLE}, valueMoney: {PRICE},
        valueReference: {REFERENCE}>>,
    identifier array<{IDENTIFIER}>, status string, code {CODEABLE}, subject {REFERENCE}, context {REFERENCE},
    occurrenceDateTime string, occurrencePeriod {PERIOD},
    performer array<struct<function: {CODEABLE}, actor: {REFERENCE}>>, costCenter {REFERENCE}, quantity {QUANTITY},
    priceOverride {PRICE}, enterer {REFERENCE}, enteredDate string, reason array<{CODEABLE}>,
    service array<{REFERENCE}>, productCodeableConcept {CODEABLE}, account array<{REFERENCE}>,
    supportingInformation array<{REFERENCE}>
"""


def build(resources: DataFrame, translated: DataFrame | None = None, superseded: DataFrame | None = None) -> DataFrame:
    """One row for each posting that is not deleted: charges, credits, payments, adjustments."""
    r, zone = F.col("r"), F.col("time_zone")
    start, end = F.coalesce(r["occurrenceDateTime"], r["occurrencePeriod"]["start"]), r["occurrencePeriod"]["end"]
    amount, price, quantity = r["priceOverride"], _extended(UNIT_PRICE)["valueMoney"], r["quantity"]
    procedure, modifiers = _extended(PROCEDURE)["valueCodeableConcept"], _all_extended(MODIFIER)
    known_as = identifiers(r["identifier"])
    own = F.filter(known_as, lambda one: F.coalesce(one["type_text"], F.lit("")) != BATCH)
    return parsed(current(resources, "ChargeItem", translated=translated, superseded=superseded), CHARGE).select(
        *identity("charge"),
        *subject(r["subject"]),
        reference(r["context"], "Encounter").alias("encounter_ref"),
        r["status"].alias("status"),
        _first(_extended(TRANSACTION_TYPE)["valueCodeableConcept"]["coding"]["code"]).alias("kind_code"),
        _first(own["value"]).alias("transaction_number"),
        known_as.alias("identifiers"),
        codings(r["code"]).alias("codes"),
        text_of(r["code"]).alias("code_text"),
        codings(procedure).alias("procedure_codes"),
        all_codings(modifiers["valueCodeableConcept"]).alias("modifier_codes"),
        codings(r["productCodeableConcept"]).alias("product_codes"),
        *span(start, end, zone),
        *moment("entered", r["enteredDate"], zone),
        decimal(quantity["value"]).alias("quantity"),
        quantity["unit"].alias("quantity_unit"),
        digits(amount["value"]).try_cast(AMOUNT).alias("amount"),
        decimal(price["value"]).alias("unit_price"),
        F.coalesce(amount["currency"], price["currency"]).alias("currency"),
        _performer(ordered=False).alias("performer_ref"),
        _performer(ordered=True).alias("requester_ref"),
        reference(r["enterer"], "Practitioner").alias("enterer_ref"),
        reference(_extended(PLACE)["valueReference"], "Location").alias("location_ref"),
        codings(_extended(PLAN)["valueCodeableConcept"]).alias("plan_codes"),
        codings(_extended(FEE_SCHEDULE)["valueCodeableConcept"]).alias("fee_schedule_codes"),
        reference(r["costCenter"], "Organization").alias("cost_center_ref"),
        r["costCenter"]["display"].alias("cost_center_text"),
        all_codings(r["reason"]).alias("reason_codes"),
        references(r["service"], "Procedure").alias("service_refs"),
        references(r["supportingInformation"], "ServiceRequest").alias("supporting_refs"),
        references(r["account"], "Account").alias("account_refs"),
        faults(
            no_subject=reference(r["subject"], "Patient").isNull(),
            no_code=~has_content(r["code"]) & ~has_content(procedure),
            no_date=start.isNull() & r["enteredDate"].isNull(),
            value_not_a_number=is_no_number(amount["value"])
            | is_no_number(price["value"])
            | is_no_number(quantity["value"]),
            amount_not_exact=digits(amount["value"]).try_cast(AMOUNT).cast(DECIMAL) != decimal(amount["value"]),
            **span_faults(start, end, r["enteredDate"]),
        ).alias("faults"),
    )


def _extended(url: str) -> Column:
    return extended(F.col("r")["extension"], url)


def _all_extended(url: str) -> Column:
    return F.filter(F.col("r")["extension"], lambda one: one["url"] == url)


def _first(values: Column) -> Column:
    return F.get(values, F.lit(0))


def _performer(*, ordered: bool) -> Column:
    """The first who ordered what is charged, or the first who did it."""

    def asked(one: Column) -> Column:
        return F.coalesce(F.array_contains(one["function"]["coding"]["code"], ORDERING), F.lit(False)) == ordered

    return reference(_first(F.filter(F.col("r")["performer"], asked))["actor"], "Practitioner")
