"""silver.specimen: a sample taken, the newest version."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.dates import ends_before_start, is_malformed, moment, spell
from jobs.columns.faults import faults
from jobs.columns.fhir import (
    ANNOTATION,
    CODEABLE,
    IDENTIFIER,
    PERIOD,
    QUANTITY,
    REFERENCE,
    all_codings,
    codings,
    current,
    identity,
    parsed,
    text_of,
)
from jobs.columns.numbers import decimal, is_no_number
from jobs.columns.parties import identifiers
from jobs.columns.reference_texts import aliases, reference, references, subject

SCHEMA = f"""
    identifier array<{IDENTIFIER}>, accessionIdentifier {IDENTIFIER}, status string, type {CODEABLE},
    subject {REFERENCE}, receivedTime string, parent array<{REFERENCE}>, condition array<{CODEABLE}>,
    collection struct<collector:{REFERENCE},collectedDateTime:string,collectedPeriod:{PERIOD},quantity:{QUANTITY},
        `method`:{CODEABLE},bodySite:{CODEABLE}>,
    note array<{ANNOTATION}>
"""


def build(resources: DataFrame, translated: DataFrame | None = None, superseded: DataFrame | None = None) -> DataFrame:
    """One row for each specimen that is not deleted."""
    specimens = parsed(current(resources, "Specimen", translated=translated, superseded=superseded), SCHEMA)
    r, zone = F.col("r"), F.col("time_zone")
    taken = r["collection"]
    collected = F.coalesce(taken["collectedDateTime"], taken["collectedPeriod"]["start"])
    ended = taken["collectedPeriod"]["end"]
    # The accession number is how a laboratory names the sample, so others may refer by it too.
    known_as = F.array_compact(
        F.concat(F.coalesce(r["identifier"], F.array().cast(f"array<{IDENTIFIER}>")), F.array(r["accessionIdentifier"]))
    )
    return specimens.select(
        *identity("specimen"),
        *subject(r["subject"]),
        aliases(F.col("resource_type"), F.col("resource_id"), F.col("full_url"), known_as).alias("aliases"),
        r["status"].alias("status"),
        identifiers(known_as).alias("identifiers"),
        codings(r["type"]).alias("codes"),
        text_of(r["type"]).alias("code_text"),
        *spell("collected", collected, ended, zone),
        *moment("arrived", r["receivedTime"], zone),
        reference(taken["collector"], "Practitioner").alias("practitioner_ref"),
        decimal(taken["quantity"]["value"]).alias("quantity"),
        taken["quantity"]["unit"].alias("quantity_unit"),
        taken["quantity"]["code"].alias("quantity_unit_code"),
        taken["quantity"]["system"].alias("quantity_unit_system"),
        codings(taken["method"]).alias("method_codes"),
        codings(taken["bodySite"]).alias("body_site_codes"),
        all_codings(r["condition"]).alias("condition_codes"),
        references(r["parent"], "Specimen").alias("parent_refs"),
        F.array_join(r["note"]["text"], "\n\n").alias("note_text"),
        faults(
            malformed_date=is_malformed(collected) | is_malformed(ended) | is_malformed(r["receivedTime"]),
            bad_period=ends_before_start(taken["collectedPeriod"]["start"], ended),
            value_not_a_number=is_no_number(taken["quantity"]["value"]),
        ).alias("faults"),
    )
