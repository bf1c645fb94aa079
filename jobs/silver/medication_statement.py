"""silver.medication_statement: one MedicationStatement resource, newest version."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.dates import by_then, moment
from jobs.columns.faults import faults
from jobs.columns.fhir import CODEABLE, PERIOD, REFERENCE, all_codings, codings, current, identity, parsed, text_of
from jobs.columns.medication import DOSAGE, MEDICATION, dosages, first_said, medication, names_no_medication, sig
from jobs.columns.reference_texts import reference, references, subject
from jobs.columns.spans import span, span_faults

STATEMENT = f"""
    {MEDICATION}, status string, statusReason array<{CODEABLE}>, category {CODEABLE}, subject {REFERENCE},
    context {REFERENCE}, effectiveDateTime string, effectivePeriod {PERIOD}, dateAsserted string,
    informationSource {REFERENCE}, derivedFrom array<{REFERENCE}>, basedOn array<{REFERENCE}>,
    reasonCode array<{CODEABLE}>, reasonReference array<{REFERENCE}>, dosage array<{DOSAGE}>
"""


def build(resources: DataFrame, translated: DataFrame | None = None, superseded: DataFrame | None = None) -> DataFrame:
    r, zone = F.col("r"), F.col("time_zone")
    start = F.coalesce(r["effectiveDateTime"], r["effectivePeriod"]["start"])
    end = r["effectivePeriod"]["end"]
    said = r["dosage"]
    route = first_said(said["route"])
    return parsed(
        current(resources, "MedicationStatement", translated=translated, superseded=superseded), STATEMENT
    ).select(
        *identity("medication_statement"),
        *subject(r["subject"]),
        reference(r["context"], "Encounter").alias("encounter_ref"),
        reference(r["informationSource"], "Patient").alias("source_ref"),
        references(r["derivedFrom"], "MedicationRequest").alias("derived_from_refs"),
        references(r["basedOn"], "MedicationRequest").alias("based_on_refs"),
        r["status"].alias("status"),
        all_codings(r["statusReason"]).alias("status_reason_codes"),
        text_of(F.get(r["statusReason"], F.lit(0))).alias("status_reason_text"),
        codings(r["category"]).alias("category_codes"),
        *medication(r),
        *span(start, end, zone),
        by_then("start", start),
        *moment("asserted", r["dateAsserted"], zone),
        sig(said).alias("sig"),
        codings(route).alias("route_codes"),
        text_of(route).alias("route_text"),
        dosages(said, zone).alias("dosages"),
        all_codings(r["reasonCode"]).alias("reason_codes"),
        references(r["reasonReference"], "Condition").alias("reason_refs"),
        faults(
            no_subject=reference(r["subject"], "Patient").isNull(),
            no_code=names_no_medication(r),
            **span_faults(start, end, r["dateAsserted"]),
        ).alias("faults"),
    )
