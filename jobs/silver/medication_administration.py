"""silver.medication_administration: one MedicationAdministration resource, newest version."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.faults import faults
from jobs.columns.fhir import CODEABLE, PERIOD, REFERENCE, all_codings, codings, current, identity, parsed, text_of
from jobs.columns.medication import MEDICATION, given, medication, names_no_medication
from jobs.columns.quantities import QUANTITY, RATIO, measured
from jobs.columns.reference_texts import reference, references, subject
from jobs.columns.spans import span, span_faults

ADMINISTRATION = f"""
    {MEDICATION}, status string, statusReason array<{CODEABLE}>, category {CODEABLE}, subject {REFERENCE},
    context {REFERENCE}, effectiveDateTime string, effectivePeriod {PERIOD},
    performer array<struct<actor: {REFERENCE}>>, request {REFERENCE}, device array<{REFERENCE}>,
    reasonCode array<{CODEABLE}>, reasonReference array<{REFERENCE}>,
    dosage struct<text: string, site: {CODEABLE}, route: {CODEABLE}, method: {CODEABLE}, dose: {QUANTITY},
        rateRatio: {RATIO}, rateQuantity: {QUANTITY}>
"""


def build(resources: DataFrame, translated: DataFrame | None = None, superseded: DataFrame | None = None) -> DataFrame:
    r, zone = F.col("r"), F.col("time_zone")
    start = F.coalesce(r["effectiveDateTime"], r["effectivePeriod"]["start"])
    end = r["effectivePeriod"]["end"]
    said = r["dosage"]
    return parsed(
        current(resources, "MedicationAdministration", translated=translated, superseded=superseded), ADMINISTRATION
    ).select(
        *identity("medication_administration"),
        *subject(r["subject"]),
        reference(r["context"], "Encounter").alias("encounter_ref"),
        reference(F.get(r["performer"]["actor"], F.lit(0)), "Practitioner").alias("performer_ref"),
        reference(r["request"], "MedicationRequest").alias("request_ref"),
        references(r["device"], "Device").alias("device_refs"),
        r["status"].alias("status"),
        all_codings(r["statusReason"]).alias("status_reason_codes"),
        text_of(F.get(r["statusReason"], F.lit(0))).alias("status_reason_text"),
        codings(r["category"]).alias("category_codes"),
        *medication(r),
        *span(start, end, zone),
        said["text"].alias("sig"),
        codings(said["route"]).alias("route_codes"),
        text_of(said["route"]).alias("route_text"),
        given(said).alias("dosages"),
        # What was given at this occasion is the dose (FHIR R4 MedicationAdministration.dosage.dose).
        *measured("quantity", said["dose"]),
        all_codings(r["reasonCode"]).alias("reason_codes"),
        references(r["reasonReference"], "Condition").alias("reason_refs"),
        faults(
            no_subject=reference(r["subject"], "Patient").isNull(),
            no_code=names_no_medication(r),
            **span_faults(start, end),
        ).alias("faults"),
    )
