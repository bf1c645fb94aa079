"""silver.medication_dispense: one MedicationDispense resource, newest version."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.dates import is_malformed, moment
from jobs.columns.faults import faults
from jobs.columns.fhir import CODEABLE, REFERENCE, codings, current, identity, parsed, text_of
from jobs.columns.medication import DOSAGE, MEDICATION, dosages, first_said, medication, names_no_medication, sig
from jobs.columns.quantities import QUANTITY, days, measured
from jobs.columns.reference_texts import reference, references, subject

DISPENSE = f"""
    {MEDICATION}, status string, statusReasonCodeableConcept {CODEABLE}, category {CODEABLE}, type {CODEABLE},
    subject {REFERENCE}, context {REFERENCE}, performer array<struct<actor: {REFERENCE}>>, location {REFERENCE},
    authorizingPrescription array<{REFERENCE}>, quantity {QUANTITY}, daysSupply {QUANTITY}, whenPrepared string,
    whenHandedOver string, dosageInstruction array<{DOSAGE}>, substitution struct<wasSubstituted: boolean>
"""


def build(resources: DataFrame, translated: DataFrame | None = None, superseded: DataFrame | None = None) -> DataFrame:
    r, zone = F.col("r"), F.col("time_zone")
    said, why = r["dosageInstruction"], r["statusReasonCodeableConcept"]
    route = first_said(said["route"])
    return parsed(
        current(resources, "MedicationDispense", translated=translated, superseded=superseded), DISPENSE
    ).select(
        *identity("medication_dispense"),
        *subject(r["subject"]),
        reference(r["context"], "Encounter").alias("encounter_ref"),
        reference(F.get(r["performer"]["actor"], F.lit(0)), "Practitioner").alias("performer_ref"),
        reference(r["location"], "Location").alias("location_ref"),
        references(r["authorizingPrescription"], "MedicationRequest").alias("prescription_refs"),
        r["status"].alias("status"),
        codings(why).alias("status_reason_codes"),
        text_of(why).alias("status_reason_text"),
        codings(r["category"]).alias("category_codes"),
        codings(r["type"]).alias("type_codes"),
        *medication(r),
        *moment("prepared", r["whenPrepared"], zone),
        *moment("handed_over", r["whenHandedOver"], zone),
        sig(said).alias("sig"),
        codings(route).alias("route_codes"),
        text_of(route).alias("route_text"),
        dosages(said, zone).alias("dosages"),
        *measured("quantity", r["quantity"]),
        # FHIR R4 MedicationDispense.daysSupply is a quantity of days by its name, even without a unit.
        days(r["daysSupply"], unless_said="d").alias("days_supply"),
        r["substitution"]["wasSubstituted"].alias("is_substituted"),
        faults(
            no_subject=reference(r["subject"], "Patient").isNull(),
            no_code=names_no_medication(r),
            malformed_date=is_malformed(r["whenPrepared"]) | is_malformed(r["whenHandedOver"]),
        ).alias("faults"),
    )
