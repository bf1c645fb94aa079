"""silver.immunization: one Immunization resource, newest version."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.dates import by_then, is_malformed, moment
from jobs.columns.faults import faults
from jobs.columns.fhir import CODEABLE, REFERENCE, all_codings, codings, current, has_content, identity, parsed, text_of
from jobs.columns.quantities import QUANTITY, measured
from jobs.columns.reference_texts import reference, references, subject

IMMUNIZATION = f"""
    status string, statusReason {CODEABLE}, vaccineCode {CODEABLE}, patient {REFERENCE}, encounter {REFERENCE},
    occurrenceDateTime string, occurrenceString string, recorded string, primarySource boolean,
    reportOrigin {CODEABLE}, location {REFERENCE}, manufacturer {REFERENCE}, lotNumber string, expirationDate string,
    site {CODEABLE}, route {CODEABLE}, doseQuantity {QUANTITY}, performer array<struct<actor: {REFERENCE}>>,
    reasonCode array<{CODEABLE}>, reasonReference array<{REFERENCE}>, isSubpotent boolean,
    protocolApplied array<struct<series: string, doseNumberPositiveInt: string, doseNumberString: string,
        targetDisease: array<{CODEABLE}>>>
"""


def build(resources: DataFrame, translated: DataFrame | None = None, superseded: DataFrame | None = None) -> DataFrame:
    r, zone = F.col("r"), F.col("time_zone")
    protocol = F.get(r["protocolApplied"], F.lit(0))
    return parsed(
        current(resources, "Immunization", translated=translated, superseded=superseded), IMMUNIZATION
    ).select(
        *identity("immunization"),
        *subject(r["patient"]),
        reference(r["encounter"], "Encounter").alias("encounter_ref"),
        reference(F.get(r["performer"]["actor"], F.lit(0)), "Practitioner").alias("performer_ref"),
        reference(r["location"], "Location").alias("location_ref"),
        reference(r["manufacturer"], "Organization").alias("manufacturer_ref"),
        r["manufacturer"]["display"].alias("manufacturer_name"),
        r["status"].alias("status"),
        codings(r["statusReason"]).alias("status_reason_codes"),
        text_of(r["statusReason"]).alias("status_reason_text"),
        codings(r["vaccineCode"]).alias("codes"),
        text_of(r["vaccineCode"]).alias("code_text"),
        *moment("occurrence", r["occurrenceDateTime"], zone),
        by_then("occurrence", r["occurrenceDateTime"]),
        r["occurrenceString"].alias("occurrence_text"),
        *moment("recorded", r["recorded"], zone),
        r["primarySource"].alias("is_primary_source"),
        codings(r["reportOrigin"]).alias("report_origin_codes"),
        r["isSubpotent"].alias("is_subpotent"),
        r["lotNumber"].alias("lot_number"),
        *moment("expiration", r["expirationDate"], zone)[:1],
        codings(r["site"]).alias("site_codes"),
        text_of(r["site"]).alias("site_text"),
        codings(r["route"]).alias("route_codes"),
        text_of(r["route"]).alias("route_text"),
        *measured("dose", r["doseQuantity"]),
        protocol["series"].alias("series"),
        F.coalesce(protocol["doseNumberPositiveInt"], protocol["doseNumberString"]).alias("dose_number"),
        all_codings(protocol["targetDisease"]).alias("target_disease_codes"),
        all_codings(r["reasonCode"]).alias("reason_codes"),
        references(r["reasonReference"], "Condition").alias("reason_refs"),
        faults(
            no_subject=reference(r["patient"], "Patient").isNull(),
            no_code=~has_content(r["vaccineCode"]),
            malformed_date=is_malformed(r["occurrenceDateTime"]) | is_malformed(r["recorded"]),
        ).alias("faults"),
    )
