"""silver.diagnostic_report: a report of results, images or findings, the newest version."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.attachments import ATTACHMENT, described, has_undecodable, joined, texts
from jobs.columns.dates import ends_before_start, is_malformed, moment, spell
from jobs.columns.faults import faults
from jobs.columns.fhir import (
    CODEABLE,
    IDENTIFIER,
    PERIOD,
    REFERENCE,
    all_codings,
    codings,
    current,
    has_content,
    identity,
    parsed,
    text_of,
)
from jobs.columns.parties import identifiers
from jobs.columns.reference_texts import first_person, reference, references, subject

SCHEMA = f"""
    identifier array<{IDENTIFIER}>, status string, category array<{CODEABLE}>, code {CODEABLE}, subject {REFERENCE},
    encounter {REFERENCE}, effectiveDateTime string, effectivePeriod {PERIOD}, issued string,
    performer array<{REFERENCE}>, resultsInterpreter array<{REFERENCE}>, specimen array<{REFERENCE}>,
    result array<{REFERENCE}>, imagingStudy array<{REFERENCE}>, conclusion string, conclusionCode array<{CODEABLE}>,
    presentedForm array<{ATTACHMENT}>
"""


def build(resources: DataFrame, translated: DataFrame | None = None, superseded: DataFrame | None = None) -> DataFrame:
    """One row for each report that is not deleted."""
    reports = parsed(current(resources, "DiagnosticReport", translated=translated, superseded=superseded), SCHEMA)
    r, zone = F.col("r"), F.col("time_zone")
    period = r["effectivePeriod"]
    effective = F.coalesce(r["effectiveDateTime"], period["start"])
    performers = references(r["performer"], "Practitioner")
    interpreters = references(r["resultsInterpreter"], "Practitioner")
    # Decoded once, for the text and for the fault.
    return reports.withColumn("_texts", texts(r["presentedForm"])).select(
        *identity("diagnostic_report"),
        *subject(r["subject"]),
        reference(r["encounter"], "Encounter").alias("encounter_ref"),
        r["status"].alias("status"),
        identifiers(r["identifier"]).alias("identifiers"),
        all_codings(r["category"]).alias("category_codes"),
        codings(r["code"]).alias("codes"),
        text_of(r["code"]).alias("code_text"),
        *spell("effective", effective, period["end"], zone),
        *moment("issued", r["issued"], zone),
        F.coalesce(first_person(interpreters), first_person(performers)).alias("practitioner_ref"),
        performers.alias("performer_refs"),
        interpreters.alias("interpreter_refs"),
        references(r["specimen"], "Specimen").alias("specimen_refs"),
        references(r["result"], "Observation").alias("result_refs"),
        references(r["imagingStudy"], "ImagingStudy").alias("imaging_refs"),
        r["conclusion"].alias("conclusion"),
        all_codings(r["conclusionCode"]).alias("conclusion_codes"),
        # A report without a form of its own may say all it says in its conclusion.
        F.coalesce(joined(F.col("_texts")), r["conclusion"]).alias("note_text"),
        *described(r["presentedForm"]),
        faults(
            no_subject=reference(r["subject"], "Patient").isNull(),
            no_code=~has_content(r["code"]),
            malformed_date=is_malformed(effective) | is_malformed(period["end"]) | is_malformed(r["issued"]),
            bad_period=ends_before_start(period["start"], period["end"]),
            bad_attachment=has_undecodable(F.col("_texts")),
        ).alias("faults"),
    )
