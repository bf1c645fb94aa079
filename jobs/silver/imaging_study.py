"""silver.imaging_study: one imaging study, as one feed tells it, newest version.

Of the DICOM headers of a study the one that arrived last counts, whole: headers do not say when they were written.
"""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.dates import is_malformed, moment
from jobs.columns.faults import faults
from jobs.columns.fhir import CODEABLE, CODES, CODING, REFERENCE, all_codings, current, identity, parsed
from jobs.columns.imaging import EXTENSION, STUDY, STUDY_TYPE, sent_as, study_uid
from jobs.columns.parties import identifier_of, identifiers
from jobs.columns.reference_texts import aliases, reference, references, subject

IMAGING_STUDY = f"""
    {STUDY}, modality array<{CODING}>, basedOn array<{REFERENCE}>, referrer {REFERENCE}, interpreter array<{REFERENCE}>,
    numberOfSeries int, numberOfInstances int, location {REFERENCE}, reasonCode array<{CODEABLE}>,
    reasonReference array<{REFERENCE}>, description string, series array<struct<modality: {CODING}>>,
    extension {EXTENSION}
"""
# HL7 table 0203, identifier types.
ACCESSION = "ACSN"


def build(resources: DataFrame, translated: DataFrame | None = None, superseded: DataFrame | None = None) -> DataFrame:
    """One row for each study that is not deleted; its series are rows of silver.imaging_series."""
    r, zone = F.col("r"), F.col("time_zone")
    named = identifiers(r["identifier"])
    # FHIR R4 ImagingStudy.modality is the list of its series' modalities; Synthea leaves it out.
    modalities = F.coalesce(r["modality"], F.array_distinct(r["series"]["modality"]), F.array())
    return parsed(current(resources, STUDY_TYPE, translated=translated, superseded=superseded), IMAGING_STUDY).select(
        *identity("imaging_study"),
        *subject(r["subject"]),
        aliases(F.col("resource_type"), F.col("resource_id"), F.col("full_url"), r["identifier"]).alias("aliases"),
        reference(r["encounter"], "Encounter").alias("encounter_ref"),
        reference(r["procedureReference"], "Procedure").alias("procedure_ref"),
        references(r["basedOn"], "ServiceRequest").alias("based_on_refs"),
        reference(r["referrer"], "Practitioner").alias("referrer_ref"),
        references(r["interpreter"], "Practitioner").alias("interpreter_refs"),
        reference(r["location"], "Location").alias("location_ref"),
        r["status"].alias("status"),
        named.alias("identifiers"),
        study_uid(r["identifier"]).alias("study_uid"),
        identifier_of(named, (), ACCESSION).alias("accession_number"),
        *moment("started", r["started"], zone),
        F.array_compact(modalities).cast(CODES).alias("modality_codes"),
        all_codings(r["procedureCode"]).alias("procedure_codes"),
        F.get(r["procedureCode"]["text"], F.lit(0)).alias("procedure_text"),
        all_codings(r["reasonCode"]).alias("reason_codes"),
        references(r["reasonReference"], "Condition").alias("reason_refs"),
        r["description"].alias("description"),
        r["numberOfSeries"].alias("series_count"),
        r["numberOfInstances"].alias("instance_count"),
        sent_as(r["extension"]).alias("sent_as"),
        faults(
            no_subject=reference(r["subject"], "Patient").isNull(),
            malformed_date=is_malformed(r["started"]),
        ).alias("faults"),
    )
