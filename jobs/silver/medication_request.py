"""silver.medication_request: one MedicationRequest resource, newest version."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.dates import moment
from jobs.columns.faults import faults
from jobs.columns.fhir import CODEABLE, PERIOD, REFERENCE, all_codings, codings, current, identity, parsed, text_of
from jobs.columns.medication import DOSAGE, MEDICATION, dosages, first_said, medication, names_no_medication, sig
from jobs.columns.quantities import QUANTITY, days, measured
from jobs.columns.reference_texts import reference, references, subject
from jobs.columns.spans import span_faults

REQUEST = f"""
    {MEDICATION}, status string, statusReason {CODEABLE}, intent string, priority string, doNotPerform boolean,
    category array<{CODEABLE}>, reportedBoolean boolean, subject {REFERENCE}, encounter {REFERENCE}, authoredOn string,
    requester {REFERENCE}, performer {REFERENCE}, recorder {REFERENCE}, reasonCode array<{CODEABLE}>,
    reasonReference array<{REFERENCE}>, basedOn array<{REFERENCE}>, priorPrescription {REFERENCE},
    courseOfTherapyType {CODEABLE}, dosageInstruction array<{DOSAGE}>,
    dispenseRequest struct<validityPeriod: {PERIOD}, numberOfRepeatsAllowed: int, quantity: {QUANTITY},
        expectedSupplyDuration: {QUANTITY}>
"""


def build(resources: DataFrame, translated: DataFrame | None = None, superseded: DataFrame | None = None) -> DataFrame:
    r, zone = F.col("r"), F.col("time_zone")
    supply, said = r["dispenseRequest"], r["dosageInstruction"]
    valid = supply["validityPeriod"]
    route = first_said(said["route"])
    return parsed(
        current(resources, "MedicationRequest", translated=translated, superseded=superseded), REQUEST
    ).select(
        *identity("medication_request"),
        *subject(r["subject"]),
        reference(r["encounter"], "Encounter").alias("encounter_ref"),
        reference(r["requester"], "Practitioner").alias("requester_ref"),
        reference(r["performer"], "Practitioner").alias("performer_ref"),
        reference(r["recorder"], "Practitioner").alias("recorder_ref"),
        r["status"].alias("status"),
        codings(r["statusReason"]).alias("status_reason_codes"),
        text_of(r["statusReason"]).alias("status_reason_text"),
        r["intent"].alias("intent"),
        r["priority"].alias("priority"),
        F.coalesce(r["doNotPerform"], F.lit(False)).alias("is_not_to_perform"),
        r["reportedBoolean"].alias("is_reported"),
        all_codings(r["category"]).alias("category_codes"),
        *medication(r),
        *moment("authored", r["authoredOn"], zone),
        *[c for what in ("start", "end") for c in moment(f"validity_{what}", valid[what], zone)],
        codings(r["courseOfTherapyType"]).alias("course_codes"),
        sig(said).alias("sig"),
        codings(route).alias("route_codes"),
        text_of(route).alias("route_text"),
        dosages(said, zone).alias("dosages"),
        *measured("quantity", supply["quantity"]),
        days(supply["expectedSupplyDuration"]).alias("days_supply"),
        supply["numberOfRepeatsAllowed"].alias("refills"),
        all_codings(r["reasonCode"]).alias("reason_codes"),
        references(r["reasonReference"], "Condition").alias("reason_refs"),
        references(r["basedOn"], "ServiceRequest").alias("based_on_refs"),
        reference(r["priorPrescription"], "MedicationRequest").alias("prior_ref"),
        faults(
            no_subject=reference(r["subject"], "Patient").isNull(),
            no_code=names_no_medication(r),
            **span_faults(valid["start"], valid["end"], r["authoredOn"]),
        ).alias("faults"),
    )
