"""Drugs as statements: ordered, dispensed, given, reported, and vaccines."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns import concepts
from jobs.columns.mapping import first_concept, mapped
from jobs.columns.references import resolved
from jobs.silver._statement import begins, excluded_by, statements

HOME = "drug_exposure"
# FHIR R4 medicationrequest-intent: these speak of what might be ordered, not of an order. What is reported is taken
# already: US Core (Medication List) has the intent plan for what patients say they take without anybody's order.
NOT_ORDERED = ("proposal", "plan", "option")
REPORTED = "plan"
# FHIR R4 medicationdispense-status: ready to be fetched, or waiting for something.
WAITING = ("in-progress", "on-hold")


def of_requests(requests: DataFrame, medications: DataFrame, concept_map: DataFrame) -> DataFrame:
    """FHIR R4 MedicationRequest: an order; from the day it was written, or its validity began, for its supply.

    One that is reported (MedicationRequest.reported[x]) is no order of this house but an entry of the medication list.
    """
    reported = F.coalesce("is_reported", F.lit(False))
    taken = reported & (F.col("intent") == REPORTED)
    not_ordered = F.when(F.col("intent").isin(*NOT_ORDERED) & ~taken, "not_ordered")
    not_to_give = F.when(F.col("is_not_to_perform"), "not_to_be_given")
    # Who only heard that it is over does not know of what.
    nameless = (F.size("codes") <= 0) & (F.size("ingredients") <= 0) & F.col("code_text").isNull()
    unnamed = F.when(nameless & F.col("medication_ref").isNull(), "known_by_number_only")
    start = F.coalesce("validity_start_date", "authored_date")
    # FHIR R4 dispenseRequest.validityPeriod: until when it may be filled, mostly a year. What was supplied lasts as
    # long as it lasts, unless the order ends before that.
    supplied = F.date_add(start, F.col("days_supply").cast("int") - 1)
    until, until_at = _until(start)
    in_time = F.coalesce(until <= supplied, F.lit(True))
    return _drugs(
        requests,
        "medication_request",
        medications,
        concept_map,
        F.when(reported, concepts.TYPE_EHR_MEDICATION_LIST).otherwise(concepts.TYPE_EHR_PRESCRIPTION),
        F.coalesce(excluded_by(F.col("status"), "cancelled", "draft"), not_ordered, not_to_give, unnamed),
        practitioner_ref=F.col("requester_ref"),
        start_date=start,
        start_at=F.when(F.col("validity_start_date").isNotNull(), F.col("validity_start_at")).otherwise(
            F.col("authored_at")
        ),
        end_date=F.when(in_time, until),
        end_at=F.when(in_time, until_at),
        quantity=F.col("quantity"),
        unit_source_value=F.coalesce("quantity_unit", "quantity_unit_code"),
        days_supply=F.col("days_supply").cast("int"),
        refills=F.col("refills"),
        stop_reason=F.col("status_reason_text"),
    )


def _until(start: Column) -> tuple[Column, Column]:
    """When an order ends: with the last of its directions, where each says its end, else when it may be filled no more.

    FHIR R4 Timing.repeat.bounds[x]: the outer limits of the schedule.
    """
    last = F.array_max(F.transform(F.col("dosages"), lambda one: F.struct(one["end_date"], one["end_at"])))
    all_end = (F.size("dosages") > 0) & F.forall("dosages", lambda one: one["end_date"].isNotNull())
    is_told = F.coalesce(all_end & (last["end_date"] >= start), F.lit(False))

    def told(name: str) -> Column:
        return F.when(is_told, last[name]).otherwise(F.col(f"validity_{name}"))

    return told("end_date"), told("end_at")


def of_dispenses(dispenses: DataFrame, medications: DataFrame, concept_map: DataFrame) -> DataFrame:
    """FHIR R4 MedicationDispense: from the day it was handed over; nobody has what was declined or still waits."""
    waits = F.when(F.col("status").isin(*WAITING) & F.col("handed_over_date").isNull(), "not_handed_over")
    return _drugs(
        dispenses,
        "medication_dispense",
        medications,
        concept_map,
        F.lit(concepts.TYPE_EHR_DISPENSING),
        F.coalesce(excluded_by(F.col("status"), "cancelled", "preparation", "declined"), waits),
        practitioner_ref=F.col("performer_ref"),
        start_date=F.coalesce("handed_over_date", "prepared_date"),
        start_at=F.when(F.col("handed_over_date").isNotNull(), F.col("handed_over_at")).otherwise(F.col("prepared_at")),
        quantity=F.col("quantity"),
        unit_source_value=F.coalesce("quantity_unit", "quantity_unit_code"),
        days_supply=F.col("days_supply").cast("int"),
        stop_reason=F.col("status_reason_text"),
    )


def of_administrations(administrations: DataFrame, medications: DataFrame, concept_map: DataFrame) -> DataFrame:
    """FHIR R4 MedicationAdministration: what was given, when it was given."""
    return _drugs(
        administrations,
        "medication_administration",
        medications,
        concept_map,
        F.lit(concepts.TYPE_EHR_ADMINISTRATION),
        excluded_by(F.col("status"), "not-done"),
        practitioner_ref=F.col("performer_ref"),
        **_span(),
        quantity=F.col("quantity"),
        unit_source_value=F.coalesce("quantity_unit", "quantity_unit_code"),
        stop_reason=F.col("status_reason_text"),
    )


def of_statements(reports: DataFrame, medications: DataFrame, concept_map: DataFrame) -> DataFrame:
    """FHIR R4 MedicationStatement: what somebody says is or was taken."""
    not_taken = F.when(F.col("status").isin("not-taken", "intended"), "not_taken")
    return _drugs(
        reports,
        "medication_statement",
        medications,
        concept_map,
        F.lit(concepts.TYPE_EHR_MEDICATION_LIST),
        F.coalesce(excluded_by(F.col("status")), not_taken),
        **{**_span(), "start_date": begins("start_date", "start_by_date", "asserted_date", "end_date")},
        stop_reason=F.col("status_reason_text"),
    )


def of_immunizations(immunizations: DataFrame, concept_map: DataFrame) -> DataFrame:
    """FHIR R4 Immunization: a vaccine given; it ends the day it begins.

    What somebody else told of it (primarySource false) is no record of those who gave it.
    """
    reported = ~F.coalesce("is_primary_source", F.lit(True))
    routed = mapped(immunizations, concept_map, "route_codes", into="route_map")
    given = begins("occurrence_date", "occurrence_by_date", "recorded_date")
    recorded = F.when(F.col("recorded_date") == given, F.col("recorded_at"))
    given_at = F.when(F.col("occurrence_date").isNotNull(), F.col("occurrence_at")).otherwise(recorded)
    return statements(
        routed,
        "immunization",
        home=F.lit(HOME),
        excluded=excluded_by(F.col("status"), "not-done"),
        codes=F.col("codes"),
        code_text=F.col("code_text"),
        type_concept_id=F.when(reported, concepts.TYPE_EHR).otherwise(concepts.TYPE_EHR_ADMINISTRATION),
        encounter_ref=F.col("encounter_ref"),
        practitioner_ref=F.col("performer_ref"),
        start_date=given,
        start_at=given_at,
        end_date=given,
        end_at=given_at,
        quantity=F.col("dose"),
        unit_source_value=F.coalesce("dose_unit", "dose_unit_code"),
        lot_number=F.col("lot_number"),
        **_route(),
    )


def _drugs(
    rows: DataFrame,
    source: str,
    medications: DataFrame,
    concept_map: DataFrame,
    type_concept_id: Column,
    excluded: Column,
    **filled: Column,
) -> DataFrame:
    """Rows whose drug is coded in place or in a Medication that they refer to."""
    named = resolved(
        rows, "medication_ref", medications, "medication_id", "_medication_id", _codes="codes", _text="code_text"
    )
    routed = mapped(named, concept_map, "route_codes", into="route_map", said_in=rows)
    return statements(
        routed,
        source,
        home=F.lit(HOME),
        excluded=excluded,
        codes=F.when(F.size("codes") > 0, F.col("codes")).otherwise(F.col("_codes")),
        code_text=F.coalesce("code_text", "_text"),
        type_concept_id=type_concept_id,
        encounter_ref=F.col("encounter_ref"),
        sig=F.col("sig"),
        **_route(),
        **filled,
    )


def _span() -> dict[str, Column]:
    return {name: F.col(name) for name in ("start_date", "start_at", "end_date", "end_at")}


def _route() -> dict[str, Column]:
    code = F.try_element_at(F.col("route_codes")["code"], F.lit(1))
    return {
        "route_concept_id": first_concept(F.when(F.size("route_codes") > 0, F.col("route_map"))),
        "route_source_value": F.coalesce("route_text", code),
    }
