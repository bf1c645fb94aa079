"""silver.document_reference: a document or clinical note, the newest version."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.attachments import ATTACHMENT, described, has_undecodable, joined, texts
from jobs.columns.dates import ends_before_start, is_malformed, moment
from jobs.columns.faults import faults
from jobs.columns.fhir import (
    CODEABLE,
    IDENTIFIER,
    PERIOD,
    REFERENCE,
    all_codings,
    codings,
    current,
    identity,
    parsed,
    text_of,
)
from jobs.columns.parties import identifiers
from jobs.columns.reference_texts import first_person, reference, references, subject

SCHEMA = f"""
    masterIdentifier {IDENTIFIER}, identifier array<{IDENTIFIER}>, status string, docStatus string, type {CODEABLE},
    category array<{CODEABLE}>, subject {REFERENCE}, date string, author array<{REFERENCE}>,
    authenticator {REFERENCE}, custodian {REFERENCE}, description string,
    content array<struct<attachment:{ATTACHMENT}>>,
    context struct<encounter:array<{REFERENCE}>,period:{PERIOD},practiceSetting:{CODEABLE}>
"""


def build(resources: DataFrame, translated: DataFrame | None = None, superseded: DataFrame | None = None) -> DataFrame:
    """One row for each document that is not deleted."""
    documents = parsed(current(resources, "DocumentReference", translated=translated, superseded=superseded), SCHEMA)
    r, zone = F.col("r"), F.col("time_zone")
    period = r["context"]["period"]
    authors = references(r["author"], "Practitioner")
    encounters = references(r["context"]["encounter"], "Encounter")
    known_as = F.concat(
        F.array(r["masterIdentifier"]), F.coalesce(r["identifier"], F.array().cast(f"array<{IDENTIFIER}>"))
    )
    attachments = r["content"]["attachment"]
    # Decoded once, for the text and for the fault.
    return documents.withColumn("_texts", texts(attachments)).select(
        *identity("document_reference"),
        *subject(r["subject"]),
        F.try_element_at(encounters, F.lit(1)).alias("encounter_ref"),
        r["status"].alias("status"),
        r["docStatus"].alias("doc_status"),
        identifiers(F.array_compact(known_as)).alias("identifiers"),
        codings(r["type"]).alias("codes"),
        text_of(r["type"]).alias("code_text"),
        all_codings(r["category"]).alias("category_codes"),
        *moment("documented", r["date"], zone),
        *moment("start", period["start"], zone),
        *moment("end", period["end"], zone),
        first_person(authors).alias("practitioner_ref"),
        authors.alias("author_refs"),
        reference(r["authenticator"], "Practitioner").alias("authenticator_ref"),
        reference(r["custodian"], "Organization").alias("organization_ref"),
        encounters.alias("encounter_refs"),
        codings(r["context"]["practiceSetting"]).alias("practice_setting_codes"),
        r["description"].alias("description"),
        joined(F.col("_texts")).alias("note_text"),
        *described(attachments),
        faults(
            no_subject=reference(r["subject"], "Patient").isNull(),
            malformed_date=is_malformed(r["date"]) | is_malformed(period["start"]) | is_malformed(period["end"]),
            bad_period=ends_before_start(period["start"], period["end"]),
            bad_attachment=has_undecodable(F.col("_texts")),
        ).alias("faults"),
    )
